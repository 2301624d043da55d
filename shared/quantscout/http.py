"""The way out: one asynchronous client per source, with its budgets, retries, deadline and ban.

One pool of 100 connections spends most of its time on its own bookkeeping (measured: 12 times slower), so a source has
ten clients of ten connections, and each request waits for one of the hundred slots outside httpx.
"""

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import cycle
from types import TracebackType
from typing import NamedTuple, Self

import httpx

from quantscout import __version__
from quantscout.errors import MESSAGE_CHARS, InputError, SourceError
from quantscout.http_faults import fault_of, message_of, retry_after_of
from quantscout.limits import Budget, Clock, Sleep
from quantscout.redaction import KEYS
from quantscout.retry import build_retrying

POOLS = 10
CONNECTIONS_PER_POOL = 10
TIMEOUT = httpx.Timeout(connect=5.0, read=10.0, write=5.0, pool=5.0)
SIMULATED_HEADER = "x-quantscout-simulated"
LEAST_BAN_S = 120.0
"""A ban that does not say how long it lasts; the venues' shortest."""

Params = Mapping[str, str | int]
Transport = httpx.AsyncBaseTransport
Correction = Callable[[httpx.Headers, Mapping[str, Budget]], None]


class Endpoint(NamedTuple):
    """One line of a source's table: where, what it costs, from which budget, and how many rows at most."""

    path: str
    weight: int = 1
    budget: str = "default"
    rows: int = 0


class Spent(NamedTuple):
    """What was asked of one budget so far, retries included."""

    requests: int = 0
    weight: int = 0


class Request(NamedTuple):
    """One thing to ask; tried again, it is the same."""

    path: str
    params: Params
    weight: int
    budget: str
    contract: str | None


class SourceClient:
    """Asks one source over HTTP; an asynchronous context manager.

    `base_url` may name alternate hosts, separated by commas: a request that failed goes to the next one.
    `secret_headers` carry a key; they appear in no message, repr or log. `deadline_s` (by `clock`) ends everything,
    waiting included; `banned_until_s` leaves the source alone. Afterwards `simulated`, `spent` and `retried` tell what
    was met and used, `refusal` why it was asked no more.
    """

    def __init__(  # noqa: PLR0913 (each is one thing that differs between sources or in tests)
        self,
        source: str,
        base_url: str,
        budgets: Mapping[str, Budget],
        *,
        secret_headers: Mapping[str, str] | None = None,
        transport: Transport | None = None,
        correct: Correction | None = None,
        clock: Clock = time.time,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Refuse a key that no header can carry (InputError)."""
        self.source, self.budgets = source, budgets
        self.deadline_s, self.banned_until_s, self.ban_reason = float("inf"), float("-inf"), ""
        self.simulated: set[str] = set()
        self.spent: dict[str, Spent] = {name: Spent() for name in budgets}
        self.retried: Counter[str] = Counter()
        self.refusal: SourceError | None = None
        self._hosts = [host.strip().rstrip("/") for host in base_url.split(",")]
        self._correct, self._clock, self._sleep = correct, clock, sleep
        self._secrets = _checked(source, secret_headers or {})
        self._clients = [self._build_client(transport) for _ in range(POOLS)]
        self._slots: asyncio.Queue[httpx.AsyncClient] = asyncio.Queue()
        for slot in range(POOLS * CONNECTIONS_PER_POOL):
            self._slots.put_nowait(self._clients[slot % POOLS])

    def __repr__(self) -> str:
        return f"SourceClient({self.source})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients:
            await client.aclose()

    def leave_alone(self, until_s: float, reason: str) -> None:
        """Ask nothing until this time (by `clock`): the source has banned this address."""
        if until_s > self.banned_until_s:
            self.banned_until_s, self.ban_reason = until_s, reason

    def follow_clock(self, drift_s: float) -> None:
        """Align the windows to the venue's clock, which is so far ahead of ours."""
        for budget in self.budgets.values():
            budget.drift_s = drift_s

    async def ask(self, endpoint: Endpoint, params: Params | None = None, contract: str | None = None) -> bytes:
        """Return the body of a line of the source's table, as `get`."""
        return await self.get(endpoint.path, params, endpoint.weight, endpoint.budget, contract)

    async def get(
        self,
        path: str,
        params: Params | None = None,
        weight: int = 1,
        budget: str = "default",
        contract: str | None = None,
    ) -> bytes:
        """Return the body of a 200 answer; `path` may be a whole address on another host of the same source.

        Raises SourceError: of the last attempt, or `deadline` when the run's time was over first.
        """
        request = Request(path, params or {}, weight, budget, contract)
        remaining_s = self._remaining_s()
        if remaining_s <= 0:
            raise self._too_late(request)
        try:
            async with asyncio.timeout(None if remaining_s == float("inf") else remaining_s):
                retrying = build_retrying(self._sleep, self._remaining_s)
                response: httpx.Response = await retrying(self._attempts(request))
        except TimeoutError as error:
            raise self._too_late(request) from error
        self.simulated.update(response.headers.get(SIMULATED_HEADER, "").split())
        return response.content

    def _too_late(self, request: Request) -> SourceError:
        return SourceError(self.source, "deadline", f"the run's time was over at {request.path}", request.contract)

    def _remaining_s(self) -> float:
        return self.deadline_s - self._clock()

    def _attempts(self, request: Request) -> Callable[[], Awaitable[httpx.Response]]:
        """Return the function of one attempt; each goes to the next host, and all but the first are counted."""
        hosts = cycle(self._hosts)
        failures: list[str] = []

        async def attempt() -> httpx.Response:
            self.retried.update(failures[-1:])
            try:
                return await self._attempt(request, next(hosts))
            except SourceError as error:
                failures.append(error.fault)
                raise

        return attempt

    async def _attempt(self, request: Request, host: str) -> httpx.Response:
        await self.budgets[request.budget].take(request.weight)
        client = await self._slots.get()
        try:
            await self.budgets[request.budget].take(0)  # the source may have asked for a pause in the meantime
            self._check_admitted(request)
            response = await self._send(client, request, host)
        finally:
            self._slots.put_nowait(client)
        if self._correct is not None:
            self._correct(response.headers, self.budgets)
        if fault_of(response) is not None:
            raise self._failure(response, request)
        return response

    def _check_admitted(self, request: Request) -> None:
        """Refuse to send where the source is not to be asked: it banned us, or refuses this place altogether."""
        if self._clock() < self.banned_until_s:
            until = datetime.fromtimestamp(self.banned_until_s, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            raise SourceError(self.source, "banned", f"left alone until {until}: {self.ban_reason}", request.contract)
        if self.refusal is not None:
            raise SourceError(self.source, self.refusal.fault, self.refusal.detail, request.contract)

    def _failure(self, response: httpx.Response, request: Request) -> SourceError:
        """Return the error of an answer, and remember what concerns the requests after it."""
        now_s = self._clock()
        fault = fault_of(response) or "unavailable"
        detail = self._public(f"HTTP {response.status_code} at {request.path}: {message_of(response)}")
        after_s = retry_after_of(response, datetime.fromtimestamp(now_s, tz=UTC))
        error = SourceError(self.source, fault, detail, request.contract, retry_after_s=after_s)
        if fault == "banned":
            self.leave_alone(now_s + max(after_s or 0.0, LEAST_BAN_S), detail)
        elif fault in ("blocked_region", "refused"):
            self.refusal = error
        elif fault == "rate_limited" and after_s is not None:
            self.budgets[request.budget].pause(after_s)
        return error

    async def _send(self, client: httpx.AsyncClient, request: Request, host: str) -> httpx.Response:
        url = request.path if request.path.startswith("http") else host + request.path
        requests, spent = self.spent[request.budget]
        self.spent[request.budget] = Spent(requests + 1, spent + request.weight)
        try:
            return await client.get(url, params=dict(request.params))
        except httpx.TimeoutException as error:
            detail = f"{type(error).__name__} at {request.path}"
            raise SourceError(self.source, "timeout", detail, request.contract) from error
        except (httpx.RequestError, httpx.InvalidURL) as error:
            detail = self._public(f"{type(error).__name__} at {request.path}: {error}")
            raise SourceError(self.source, "unavailable", detail, request.contract) from error

    def _build_client(self, transport: Transport | None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            headers={"User-Agent": f"quantscout/{__version__}", "Accept": "application/json", **self._secrets},
            timeout=TIMEOUT,
            limits=httpx.Limits(max_connections=CONNECTIONS_PER_POOL, max_keepalive_connections=CONNECTIONS_PER_POOL),
            transport=transport,
            verify=_tls(),
        )

    def _public(self, text: str) -> str:
        """Return the text as one short line without any key that a source may have echoed."""
        for secret in self._secrets.values():
            text = text.replace(secret, "***")
        return " ".join(KEYS.text(text).split())[:MESSAGE_CHARS]


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _checked(source: str, headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers; a key that no header can carry is refused here, before an error further down quotes it."""
    clean = {name: value.strip() for name, value in headers.items()}
    if not all(value.isascii() and value.isprintable() and value for value in clean.values()):
        raise InputError(f"the key of {source} is empty or has characters that a header cannot carry: store it again")
    return clean
