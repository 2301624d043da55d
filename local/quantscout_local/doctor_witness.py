"""What the product's own client meets on the wire, kept for the doctor; and its habit of asking again, taken away."""

import ssl
import time
from collections.abc import Callable
from typing import NamedTuple

import httpx

from quantscout.http import SourceClient, Transport
from quantscout.http_faults import fault_of
from quantscout.limits import Clock

PATIENCE_S = 20.0
"""Longer than the client's own timeouts (5 s to connect, 10 s to read): they end a request first, and say why."""
BuildClient = Callable[[Transport], SourceClient]


class Seen(NamedTuple):
    """One answer: what it said of the limits, and how long it took."""

    status: int
    headers: httpx.Headers
    took_s: float


class Witness(httpx.AsyncBaseTransport):
    """Sends each request through the real transport and keeps status, headers and time; counts all."""

    def __init__(self, inner: Transport, give_up: Callable[[], None]) -> None:
        """`give_up` is called at each failure, before the client could think of trying again."""
        self._inner, self._give_up = inner, give_up
        self.seen: list[Seen] = []
        self.requests = 0
        self.cut = False  # whether a request went out and was given up

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the real answer, read to its end."""
        self.requests += 1
        began_s = time.perf_counter()
        try:
            response = await self._inner.handle_async_request(request)
            await response.aread()
        except BaseException:
            self.cut = True
            self._give_up()
            raise
        self.seen.append(Seen(response.status_code, response.headers, time.perf_counter() - began_s))
        if fault_of(response) is not None:
            self._give_up()
        return response

    async def aclose(self) -> None:
        """Close the real one."""
        await self._inner.aclose()


class Patient:
    """A source under examination: its client, which asks once and never again, and what was seen."""

    def __init__(self, build: BuildClient, clock: Clock, inner: Transport | None = None) -> None:
        """`inner` is the network unless a test says otherwise; `clock` is the client's."""
        self.clock = clock
        self.witness = Witness(inner or httpx.AsyncHTTPTransport(verify=_tls()), self._give_up)
        self.client = build(self.witness)

    def be_patient(self) -> None:
        """Allow the next request its time; to be called before each, since a failure ends all patience."""
        self.client.deadline_s = self.clock() + PATIENCE_S

    def _give_up(self) -> None:
        # The client tries again only where a retry could begin before its deadline: the first failure stands.
        self.client.deadline_s = float("-inf")

    def header(self, name: str, nth: int = -1) -> str | None:
        """Return a header of the latest answer (or the nth), None where there is none."""
        seen = self.witness.seen
        return seen[nth].headers.get(name) if seen else None

    def number(self, name: str, nth: int = -1) -> int | None:
        """Return a header that is a whole number, else None."""
        text = self.header(name, nth) or ""
        return int(text) if text.isdecimal() else None


def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()
