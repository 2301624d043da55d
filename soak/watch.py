"""The watch: stands between the product's clients and the simulator, and sees who asks what he must not."""

from collections import Counter
from collections.abc import Callable

import httpx

from quantscout.http import SourceClient
from quantscout_local.simulator.in_process import InProcessTransport

BANNED = 418
BLOCKED = frozenset({403, 451})


class Watch:
    """A listener of `open_sources`; `broken` are the rules that a client broke, `answers` what came, by source."""

    def __init__(self, transport: InProcessTransport, now_ms: Callable[[], int]) -> None:
        """Send everything on by this transport."""
        self._inner, self._now_ms = transport, now_ms
        self.broken: list[str] = []
        self.answers: Counter[tuple[str, str]] = Counter()
        self._blocked: dict[str, int] = {}
        self._banned_until_ms: dict[str, int] = {}

    def transport(self, source: str) -> httpx.AsyncBaseTransport:
        """Return the transport of one source's client."""
        return _Watched(self, source)

    def listen(self, client: SourceClient) -> None:
        """Leave the client as it is."""

    def begin_run(self) -> None:
        """Forget the blocks of the run before; a ban goes on."""
        self._blocked.clear()

    def is_banned(self, source: str) -> bool:
        """Tell whether a ban of a source holds now."""
        return self._now_ms() < self._banned_until_ms.get(source, 0)

    async def send(self, source: str, request: httpx.Request) -> httpx.Response:
        """Note the request, send it on, and note the answer."""
        if source in self._blocked:
            self.broken.append(f"{source}: {request.url.path} asked after a {self._blocked[source]} in the same run")
        if self.is_banned(source):
            self.broken.append(f"{source}: {request.url.path} asked during a ban")
        try:
            response = await self._inner.handle_async_request(request)
        except httpx.TransportError as error:
            self.answers[source, type(error).__name__] += 1
            raise
        self._note(source, response)
        return response

    def _note(self, source: str, response: httpx.Response) -> None:
        self.answers[source, str(response.status_code)] += 1
        if response.status_code in BLOCKED:
            self._blocked[source] = response.status_code
        if response.status_code == BANNED:
            until_ms = self._now_ms() + round(1000 * float(response.headers["retry-after"]))
            self._banned_until_ms[source] = max(until_ms, self._banned_until_ms.get(source, 0))


class _Watched(httpx.AsyncBaseTransport):
    def __init__(self, watch: Watch, source: str) -> None:
        self._watch, self._source = watch, source

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._watch.send(self._source, request)
