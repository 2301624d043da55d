"""What a run carries along: its hour, the sources, the state, the settings, and the outside's clock."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import ParamSpec, TypeVar

from quantscout.clock import seconds_until_final, to_ms
from quantscout.ledger import Lease, Stage
from quantscout.settings import Settings
from quantscout.sources import Sources
from quantscout.store import Store

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Run:
    """One run of one hour. The clock comes from the handler, so that nothing here reads one."""

    hour: datetime
    sources: Sources
    store: Store
    settings: Settings
    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    loading: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a month of bars is read: one venue after the other needs half the memory of both at once."""
    lease: Lease | None = None
    """The run's hold on its hour; None where no record is kept (the backfill, a replay)."""

    @property
    def hour_ms(self) -> int:
        """H as epoch ms."""
        return to_ms(self.hour)

    def now_ms(self) -> int:
        """Return the clock as epoch ms."""
        return to_ms(self.now())

    @property
    def attempt(self) -> int | None:
        """The number of this run among those of its hour; None where no record is kept."""
        return None if self.lease is None else self.lease.attempt

    async def reach(self, stage: Stage) -> None:
        """Write into the run record that a stage is reached; raises StateError if the hour was taken over."""
        if self.lease is not None:
            await self.in_thread(self.lease.reach, stage)

    async def wait_until_final(self, venue_now: datetime) -> None:
        """Return when, by the venue's clock, the bars that close at H are final."""
        pause_s = seconds_until_final(self.hour, venue_now)
        if pause_s:
            await self.sleep(pause_s)

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do blocking work (DynamoDB) beside the requests that are under way."""
        return await asyncio.to_thread(work, *args, **kwargs)
