"""The way out: one asynchronous client per source, its request budgets, and what an answer's status means.

One pool of 100 connections spends most of its time on its own bookkeeping (measured: 12 times slower), so a source has
ten clients of ten connections, and each request waits for one of the hundred slots outside httpx.
"""

import asyncio
import json
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx

from quantscout import __version__
from quantscout.errors import MESSAGE_CHARS, OVERLOAD_CODE, InputError, SourceError, SourceFault

POOLS = 10
CONNECTIONS_PER_POOL = 10
TIMEOUT = httpx.Timeout(connect=5.0, read=10.0, write=5.0, pool=5.0)
SIMULATED_HEADER = "x-quantscout-simulated"
FAULTS: Mapping[int, SourceFault] = {
    403: "refused",
    418: "rate_limited",
    429: "rate_limited",
    451: "blocked_region",
}
SHORT_BODY_BYTES = 1_000  # a refusal is short; longer bodies are data and not looked into here

Params = Mapping[str, str | int]
Transport = httpx.AsyncBaseTransport


class Endpoint(NamedTuple):
    """One line of a source's table: where, what it costs, from which budget, and how many rows at most."""

    path: str
    weight: int = 1
    budget: str = "default"
    rows: int = 0


class Spent(NamedTuple):
    """What was asked of one budget so far."""

    requests: int = 0
    weight: int = 0


class Budget:
    """A venue's allowance in its own units: `weight` per window of `window_s` seconds.

    The window is aligned to the venue's clock (Binance's minute), or starts with the first request (KuCoin).
    """

    def __init__(
        self,
        weight: float,
        window_s: float,
        *,
        aligned: bool = False,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take clock and sleep from outside, so that a test needs no minute."""
        self.weight, self.window_s, self.aligned = weight, window_s, aligned
        self.drift_s = 0.0  # the venue's clock minus ours
        self._clock, self._sleep = clock, sleep
        self._start_s, self._used = float("-inf"), 0.0

    async def take(self, weight: float = 1) -> None:
        """Return when the window has room for this weight; a request larger than a whole window gets one of its own."""
        while True:
            now_s = self._clock() + self.drift_s
            if not self._start_s <= now_s < self._start_s + self.window_s:
                self._start_s, self._used = now_s - (now_s % self.window_s if self.aligned else 0), 0.0
            if not self._used or self._used + weight <= self.weight:
                self._used += weight
                return
            await self._sleep(self._start_s + self.window_s - now_s)


class SourceClient:
    """Asks one source over HTTP, within its budgets; `simulated` and `spent` tell afterwards what it met and used.

    `secret_headers` carry a key; they appear in no message, repr or log. An asynchronous context manager.
    """

    def __init__(
        self,
        source: str,
        base_url: str,
        budgets: Mapping[str, Budget],
        *,
        secret_headers: Mapping[str, str] | None = None,
        transport: Transport | None = None,
    ) -> None:
        """Refuse a key that no header can carry (InputError)."""
        self.source, self.budgets = source, budgets
        self.simulated: set[str] = set()
        self.spent: dict[str, Spent] = {name: Spent() for name in budgets}
        self._secrets = _checked(source, secret_headers or {})
        self._clients = [self._build_client(base_url, transport) for _ in range(POOLS)]
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

    async def get(
        self,
        path: str,
        params: Params | None = None,
        weight: int = 1,
        budget: str = "default",
        contract: str | None = None,
    ) -> bytes:
        """Return the body of a 200 answer; `path` may be a whole address on another host of the same source.

        Raises SourceError. Every failure leaves here typed, so a retry, a breaker or a deadline can wrap `_attempt`.
        """
        response = await self._attempt(path, params or {}, weight, budget, contract)
        self.simulated.update(response.headers.get(SIMULATED_HEADER, "").split())
        return response.content

    async def ask(self, endpoint: Endpoint, params: Params | None = None, contract: str | None = None) -> bytes:
        """Return the body of a line of the source's table, as `get`."""
        return await self.get(endpoint.path, params, endpoint.weight, endpoint.budget, contract)

    async def _attempt(
        self, path: str, params: Params, weight: int, budget: str, contract: str | None
    ) -> httpx.Response:
        await self.budgets[budget].take(weight)
        requests, spent = self.spent[budget]
        self.spent[budget] = Spent(requests + 1, spent + weight)
        response = await self._send(path, params, contract)
        fault = _fault_of(response)
        if fault is not None:
            detail = self._public(f"HTTP {response.status_code} at {path}: {_message_of(response)}")
            raise SourceError(self.source, fault, detail, contract)
        return response

    async def _send(self, path: str, params: Params, contract: str | None) -> httpx.Response:
        client = await self._slots.get()
        try:
            return await client.get(path, params=dict(params))
        except httpx.TimeoutException as error:
            raise SourceError(self.source, "timeout", f"{type(error).__name__} at {path}", contract) from error
        except httpx.RequestError as error:
            detail = self._public(f"{type(error).__name__} at {path}: {error}")
            raise SourceError(self.source, "unavailable", detail, contract) from error
        finally:
            self._slots.put_nowait(client)

    def _build_client(self, base_url: str, transport: Transport | None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=base_url,
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
        return " ".join(text.split())[:MESSAGE_CHARS]


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _checked(source: str, headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers; a key that no header can carry is refused here, before an error further down quotes it."""
    clean = {name: value.strip() for name, value in headers.items()}
    if not all(value.isascii() and value.isprintable() and value for value in clean.values()):
        raise InputError(f"the key of {source} is empty or has characters that a header cannot carry: store it again")
    return clean


def _fault_of(response: httpx.Response) -> SourceFault | None:
    status = response.status_code
    if str(_refusal_of(response).get("code")) == OVERLOAD_CODE:
        return "rate_limited"
    if status == httpx.codes.OK:
        return None
    return FAULTS.get(status, "bad_request" if httpx.codes.is_client_error(status) else "unavailable")


def _refusal_of(response: httpx.Response) -> dict[str, Any]:
    """Return the source's own words as `code` and `msg`, from a short JSON object; nested in CoinGecko's case."""
    if len(response.content) > SHORT_BODY_BYTES:
        return {}
    try:
        said = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(said, dict):
        return {}
    for wrapper in ("error", "status"):
        said = said.get(wrapper, said) if isinstance(said, dict) else said
    if not isinstance(said, dict):
        return {"msg": said}
    return {"code": said.get("code", said.get("error_code")), "msg": _first(said, "msg", "message", "error_message")}


def _first(said: Mapping[str, Any], *names: str) -> Any:
    return next((said[name] for name in names if name in said), None)


def _message_of(response: httpx.Response) -> str:
    """Return the source's code and message for a person; never a whole body, which may be a page of HTML."""
    said = _refusal_of(response)
    words = [str(value) for value in (said.get("code"), said.get("msg")) if value is not None]
    return ": ".join(words) or "without a message"
