"""Small pieces of ASGI: a whole answer sent at once, and headers added to one that somebody else sends."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

JSON = "application/json"
Headers = Mapping[str, str]


class Whole(NamedTuple):
    """A whole answer."""

    status: int
    body: bytes
    headers: Headers = MappingProxyType({})
    media_type: str = JSON


def refusal(status: int, said: Any, headers: Headers | None = None) -> Whole:
    """Return a refusal with a JSON body."""
    return Whole(status, orjson.dumps(said), headers or {})


def raw(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Return headers as ASGI has them."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


async def send_whole(send: Send, found: Whole) -> None:
    """Send an answer in one piece."""
    own = {"content-length": str(len(found.body)), "content-type": found.media_type}
    await send({"type": "http.response.start", "status": found.status, "headers": raw({**own, **found.headers})})
    await send({"type": "http.response.body", "body": found.body})


def with_headers(send: Send, headers: Headers) -> Send:
    """Return a `send` that adds headers which the answer does not have yet."""

    async def forward(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {name for name, _ in message["headers"]}
            more = [(name, value) for name, value in raw(headers) if name not in there]
            message = {**message, "headers": [*message["headers"], *more]}
        await send(message)

    return forward


async def captured(app: ASGIApp, scope: Scope, receive: Receive) -> Whole:
    """Return the whole answer of an application instead of sending it."""
    start: Message = {}
    parts: list[bytes] = []

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, keep)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
    headers.pop("content-length", None)
    return Whole(start["status"], b"".join(parts), headers, headers.pop("content-type", JSON))
