"""The simulator without sockets: a transport for httpx that also breaks and times out as a connection does."""

import asyncio

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class InProcessTransport(httpx.AsyncBaseTransport):
    """Asks an ASGI application; cut connections and timeouts become the errors that httpx raises over sockets."""

    def __init__(self, app: ASGIApp) -> None:
        """Ask this application."""
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer; raises httpx.ReadError, and httpx.ReadTimeout if nothing comes for the read timeout."""
        limit_s = request.extensions.get("timeout", {}).get("read")
        try:
            async with asyncio.timeout(limit_s) as patience:
                return await httpx.ASGITransport(_patient(self._app, patience, limit_s)).handle_async_request(request)
        except TimeoutError as error:
            raise httpx.ReadTimeout("no answer in time", request=request) from error
        except ConnectionResetError as error:
            raise httpx.ReadError(str(error), request=request) from error


def _patient(app: ASGIApp, patience: asyncio.Timeout, limit_s: float | None) -> ASGIApp:
    """Return the application; with each piece of its answer the patience begins anew."""

    async def ask(scope: Scope, receive: Receive, send: Send) -> None:
        async def forward(message: Message) -> None:
            if limit_s is not None:
                patience.reschedule(asyncio.get_running_loop().time() + limit_s)
            await send(message)

        await app(scope, receive, forward)

    return ask
