"""Faults of the way: connections that break, answers that trickle, answers that end in the middle."""

import asyncio
from typing import NoReturn

from starlette.types import Receive, Scope, Send

from quantscout_local.simulator.faults.register import Strike
from quantscout_local.simulator.wire import Whole, raw, send_whole

ABORT, CUT = "quantscout.abort", "cut"
"""The ASGI extension by which the simulator's server cuts a connection, and its function."""
_PIECES = 5


async def broken(strike: Strike, scope: Scope, receive: Receive) -> None:
    """Cut the connection, at once or after the time of a timeout; a client that leaves earlier ends it."""
    if strike.rule.kind == "timeout":
        waiting = asyncio.ensure_future(strike.faults.sleep(strike.rule.length_s))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({waiting, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:  # also where the request itself is cancelled: nothing stays pending
            waiting.cancel()
            leaving.cancel()
            await asyncio.gather(waiting, leaving, return_exceptions=True)
    _cut(scope)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _cut(scope: Scope) -> None:
    """Cut the connection; where the server has no way to do that, in a process, raise what a client would meet."""
    extension = scope.get("extensions", {}).get(ABORT)
    if extension is None:
        _raise_reset()
    extension[CUT]()


def _raise_reset() -> NoReturn:
    raise ConnectionResetError("the simulator cut the connection, as its plan of faults says")


async def send_struck(strikes: list[Strike], send: Send, found: Whole) -> None:
    """Send an answer whole, cut in half, or slowly."""
    by_kind = {strike.rule.kind: strike for strike in strikes}
    if truncated := by_kind.get("truncated"):
        truncated.note()
        found = found._replace(body=found.body[: max(len(found.body) // 2, 1)])
    if slow := by_kind.get("slow_body"):
        slow.note()
        await _send_slowly(slow, send, found)
    else:
        await send_whole(send, found)


async def _send_slowly(strike: Strike, send: Send, found: Whole) -> None:
    headers = {"content-length": str(len(found.body)), "content-type": found.media_type, **found.headers}
    await send({"type": "http.response.start", "status": found.status, "headers": raw(headers)})
    size = -(-len(found.body) // _PIECES)
    for place in range(_PIECES):
        await strike.faults.sleep(strike.rule.length_s / _PIECES)
        piece = found.body[place * size : (place + 1) * size]
        await send({"type": "http.response.body", "body": piece, "more_body": place < _PIECES - 1})
