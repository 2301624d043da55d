"""Breakers: a source that banned this address is left alone until its time, by this run and by those after it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from quantscout.documents import Breaker
from quantscout.run import Run


@asynccontextmanager
async def kept_breakers(run: Run) -> AsyncIterator[None]:
    """Tell the sources' clients of bans that still hold, and keep those that came up, also when the run fails."""
    held = await run.in_thread(run.store.load_breakers, run.hour_ms)
    for client in run.sources.clients:
        if client.source in held:
            client.leave_alone(held[client.source].until_ms / 1000, held[client.source].reason)
    try:
        yield
    finally:
        now_s = run.now_ms() / 1000
        bans = {
            c.source: Breaker(round(1000 * c.banned_until_s), c.ban_reason)
            for c in run.sources.clients
            if c.banned_until_s > now_s
        }
        new = {source: ban for source, ban in bans.items() if held.get(source) != ban}
        await run.in_thread(run.store.save_breakers, new)
