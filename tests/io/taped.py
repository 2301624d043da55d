"""A small simulated market without sockets, faults in front of it, and the recording of an hour over both."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from io import BytesIO
from typing import Any, NamedTuple
from zlib import crc32

import httpx
import polars as pl
import pytest

from quantscout.clock import from_ms
from quantscout.environment import Environment, parse_environment
from quantscout.models import Report
from quantscout.pipeline import Outcome, run_hour
from quantscout.recording import Recorder, open_recorder
from quantscout.run import Run
from quantscout.secrets import SourceKeys
from quantscout.settings import Settings
from quantscout.sources import open_sources
from quantscout.store import Store
from quantscout.tape import Tape, parse_tape
from quantscout_local.simulator import DEFAULT_HOUR_MS, create_app, make_market
from quantscout_local.simulator.app import offset_s
from quantscout_local.simulator.market import Market
from quantscout_local.stack import SOURCE_PATHS

HOUR = from_ms(DEFAULT_HOUR_MS)
CLIENT = httpx.AsyncClient
CANARY = "canary-key-5d1e"
KEYS = SourceKeys.model_validate({"coinalyze_api_key": CANARY, "coingecko_api_key": CANARY + "-2"})
SETTINGS = Settings(history_h=120)
SIMULATOR = {name: "http://simulator.test" + path for name, path in SOURCE_PATHS.items()}
ENVIRONMENT: Environment = parse_environment({"TABLE_NAME": "state", "BUDGET_SHARE": "1000", **SIMULATOR})

Fault = Callable[[httpx.Request, int], httpx.Response | None]
"""What befalls a request at its how-manieth attempt: an answer instead of the real one, or an exception of httpx."""


@cache
def small_market() -> Market:
    """Return a sixth of the embedded market."""
    market, kept = make_market(), ("BTCUSDT", "ETHUSDT")
    few = {name: one for k, (name, one) in enumerate(market.binance.items()) if k % 6 == 0 or name in kept}
    bases = {one.base for one in few.values()}
    return replace(market, binance=few, kucoin={n: one for n, one in market.kucoin.items() if one.source.base in bases})


class Between(httpx.AsyncBaseTransport):
    """Stands between client and simulator, and lets faults happen; keeps what was sent.

    Answers come in another order every time: a replay must not depend on it.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, fault: Fault) -> None:
        """Ask through the inner one."""
        self._inner, self._fault = inner, fault
        self.sent: list[httpx.Request] = []
        self._times: Counter[str] = Counter()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer, or what befalls the request instead."""
        await asyncio.sleep(0.04 * random.random())
        self.sent.append(request)
        self._times[str(request.url)] += 1
        instead = self._fault(request, self._times[str(request.url)])
        return instead or await self._inner.handle_async_request(request)


def no_fault(_: httpx.Request, __: int) -> httpx.Response | None:
    """Let everything pass."""
    return None


SPARED = ("/timestamp", "/contracts/active", "/allTickers", "/time", "/exchangeInfo")
"""Without these a venue is out, and there is no storm to sail through."""
ANSWERS = (
    httpx.Response(503, json={"code": -1, "msg": "try later"}),
    httpx.Response(200, content=b"<html>\xff\x00"),
    httpx.Response(200, content=b'{"code": "200000", "data": "\xc3\xa9"}'),
    httpx.Response(429, json={"code": "429000", "msg": "busy"}),
)
ERRORS = (httpx.ReadTimeout, httpx.ReadError)


def storm(request: httpx.Request, attempt: int) -> httpx.Response | None:
    """Let a fifth of all requests fail, every fifth of them for ever; and KuCoin ban us in the middle of its books."""
    dice = crc32(f"{request.url.path}?{request.url.query.decode()}".encode()) % 150
    if request.url.path.endswith("/level2/snapshot") and dice > 120:
        return httpx.Response(418, json={"code": "418", "msg": "banned"}, headers={"retry-after": "300"})
    if dice >= 30 or (attempt > 1 and dice >= 6) or request.url.path.endswith(SPARED):
        return None
    kind = dice % (len(ANSWERS) + len(ERRORS))
    if kind >= len(ANSWERS):
        raise ERRORS[kind - len(ANSWERS)]("broken", request=request)
    answer = ANSWERS[kind]
    return httpx.Response(answer.status_code, content=answer.content)


class Recorded(NamedTuple):
    """A recording: the report and the universe of the run, its tape as a file, and the requests that were sent."""

    report: Report
    universe: pl.DataFrame
    file: bytes
    sent: list[httpx.Request]

    @property
    def tape(self) -> Tape:
        """The tape, parsed."""
        return parse_tape(BytesIO(self.file), "a.qst")


def bare_report(**fields: str) -> Report:
    """Return a report of these fields alone, where no more is looked at."""
    construct: Any = Report.model_construct
    report: Report = construct(**fields)
    return report


def run_hour_plainly(store: Store) -> Report:
    """Run the small market's hour over this state, with nobody listening."""
    app = create_app(small_market(), DEFAULT_HOUR_MS)
    with pytest.MonkeyPatch.context() as patch:
        network = httpx.ASGITransport(app)
        patch.setattr("quantscout.http.httpx.AsyncClient", partial(_client_over, network))
        return asyncio.run(_run(store, _clock_of(app), None)).report


def _client_over(network: httpx.AsyncBaseTransport, **options: Any) -> httpx.AsyncClient:
    return CLIENT(**options | {"transport": network})


def record(store: Store, fault: Fault = no_fault, within_s: float = float("inf")) -> Recorded:
    """Run the small market's hour over this state, and record it; `within_s` is all the time that its requests have."""
    app = create_app(small_market(), DEFAULT_HOUR_MS)
    between, now = Between(httpx.ASGITransport(app), fault), _clock_of(app)
    with pytest.MonkeyPatch.context() as patch, open_recorder(now, KEYS) as tape:
        patch.setattr("quantscout.recording.build_pools", lambda: [between])
        patch.setattr("quantscout.retry._jitter", lambda _: 0.0)
        (report, _, universe), file = asyncio.run(_run(store, now, tape, within_s)), BytesIO()
        tape.finish(ENVIRONMENT, SETTINGS, report, file)
    assert universe is not None
    return Recorded(report, universe, file.getvalue(), between.sent)


def _clock_of(app: object) -> Callable[[], datetime]:
    return lambda: datetime.now(UTC) + timedelta(seconds=offset_s(app))


async def _run(
    store: Store, now: Callable[[], datetime], tape: Recorder | None, within_s: float = float("inf")
) -> Outcome:
    with tape.listening(store) if tape else nullcontext():
        async with open_sources(ENVIRONMENT, KEYS, lambda: now().timestamp(), tape) as sources:
            sources.finish_by(now().timestamp() + within_s)
            return await run_hour(Run(HOUR, sources, store, SETTINGS, tape.now if tape else now))
