"""What goes over the wire, noted on its way: a transport around the real ones that changes nothing."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import httpx

from quantscout.http import CONNECTIONS_PER_POOL, POOLS, SIMULATED_HEADER, Transport
from quantscout.spool import Stored

KEPT_HEADERS = (
    *("content-type", "date", "retry-after", "x-mbx-used-weight-1m", SIMULATED_HEADER),
    *("gw-ratelimit-limit", "gw-ratelimit-remaining", "gw-ratelimit-reset"),
)
"""What a limit, a fault or a simulation is known by; none carries a key."""


@dataclass(slots=True)
class Attempt:
    """A row of `tape.ATTEMPTS` while it is made; `call` is set when the tape is."""

    source: str
    path: str
    query: str
    attempt: int
    began_ms: float
    took_ms: float | None = None
    status: int | None = None
    headers: str = "{}"
    body: bytes | Stored | None = None  # bytes until the call is over
    failure: str | None = None
    call: int | None = None


Begin = Callable[[httpx.Request], Attempt]
End = Callable[[Attempt], None]


class RecordingTransport(httpx.AsyncBaseTransport):
    """Sends each request through the real transport that is least busy, and notes what comes of it."""

    def __init__(self, inner: Sequence[Transport], begin: Begin, end: End) -> None:
        """Take the real ones; `begin` makes the note of a request, `end` hears when it is complete."""
        self._inner, self._busy = inner, [0] * len(inner)
        self._note, self._end = begin, end

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the real answer, whose body is noted while it is read."""
        attempt, pool = self._note(request), min(range(len(self._busy)), key=self._busy.__getitem__)
        self._busy[pool] += 1
        done = partial(self._done, attempt, pool)
        try:
            response = await self._inner[pool].handle_async_request(request)
        except BaseException as error:
            done(error)
            raise
        kept = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        attempt.status, attempt.headers = response.status_code, json.dumps(kept)
        if response.is_closed:  # the body came with it
            attempt.body = response.content
            done(None)
        else:
            assert isinstance(response.stream, httpx.AsyncByteStream), "asked asynchronously"
            response.stream = _Heard(response.stream, attempt, response.headers, done)
        return response

    def _done(self, attempt: Attempt, pool: int, error: BaseException | None) -> None:
        self._busy[pool] -= 1
        attempt.failure = None if error is None else f"{type(error).__name__}: {error}"
        self._end(attempt)

    async def aclose(self) -> None:
        """Close the real ones."""
        for transport in self._inner:
            await transport.aclose()


class _Heard(httpx.AsyncByteStream):
    """A body that is noted while it passes."""

    def __init__(
        self,
        stream: httpx.AsyncByteStream,
        attempt: Attempt,
        headers: httpx.Headers,
        done: Callable[[BaseException | None], None],
    ) -> None:
        self._stream, self._attempt, self._headers, self._done = stream, attempt, headers, done
        self._chunks: list[bytes] = []
        self._error: BaseException | None = None
        self._open = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._stream:
                self._chunks.append(chunk)
                yield chunk
        except BaseException as error:
            self._error = error
            raise

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            if self._open:
                self._open = False
                self._attempt.body = _decoded(self._headers, b"".join(self._chunks))
                self._done(self._error)


def _decoded(headers: httpx.Headers, raw: bytes) -> bytes:
    """Return a body without its compression, where that can be undone."""
    if "content-encoding" not in headers:
        return raw
    try:
        encoding = {"content-encoding": headers["content-encoding"]}
        return httpx.Response(httpx.codes.OK, headers=encoding, content=raw).content
    except httpx.DecodingError:
        return raw


def build_pools() -> list[Transport]:
    """Return what a source's client has by itself: several small pools (one large one is many times slower)."""
    limits = httpx.Limits(max_connections=CONNECTIONS_PER_POOL, max_keepalive_connections=CONNECTIONS_PER_POOL)
    tls = httpx.create_ssl_context()
    return [httpx.AsyncHTTPTransport(verify=tls, limits=limits) for _ in range(POOLS)]
