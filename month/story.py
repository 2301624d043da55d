"""Hour after hour on the state: bars as the screen brings them, the backfill every six hours, a gap in the middle."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl

from month.venue import ArchiveVenue
from quantscout.backfill import run_backfill
from quantscout.capacity import Spent
from quantscout.clock import from_ms
from quantscout.folding import fold_days
from quantscout.frames import HOUR_MS
from quantscout.run import Run
from quantscout.settings import Settings
from quantscout.sources import Sources
from quantscout.store import BAR_BLOCKS, Store
from quantscout.venue_hour import gather_bars, open_venue

BACKFILL_EVERY_H = 6
GAP_H = 30


@dataclass
class Costs:
    """What the runs of one kind cost, one entry each."""

    spent: list[Spent] = field(default_factory=list)
    load_s: list[float] = field(default_factory=list)


@dataclass
class Played:
    """What was measured; `differences` are rows that state and archive do not share."""

    hours: Costs = field(default_factory=Costs)
    backfills: Costs = field(default_factory=Costs)
    differences: int = 0
    rows: int = 0
    has_gap: bool = False
    healed_after_h: int | None = None
    wall_s: float = 0.0


class Month:
    """Plays hours of some venues on one state."""

    def __init__(self, store: Store, venues: list[ArchiveVenue], history_h: int) -> None:
        """Begin with what the table holds."""
        self.store, self.venues, self.settings = store, venues, Settings(history_h=history_h)

    def _run(self, hour_ms: int) -> Run:
        for venue in self.venues:
            venue.hour_ms = hour_ms

        def now() -> datetime:
            return datetime.fromtimestamp(hour_ms / 1000 + 10, UTC)

        return Run(from_ms(hour_ms), Sources(tuple(self.venues), None, None), self.store, self.settings, now)

    def screen(self, hour_ms: int) -> Spent:
        """Bring the hour's bars as a run does, and return what it cost."""

        async def work() -> None:
            run = self._run(hour_ms)
            hours = await asyncio.gather(*(open_venue(venue, run) for venue in self.venues))
            await asyncio.gather(*(gather_bars(hour, run) for hour in hours))

        asyncio.run(work())
        return self.store.spent()

    def bring(self, hour_ms: int) -> None:
        """Store the hour's bars as its run would, without reading the month before."""
        for venue in self.venues:
            venue.hour_ms = hour_ms
            self.store.save(BAR_BLOCKS, venue.name, [(hour_ms, venue.held(hour_ms - HOUR_MS, hour_ms))])

    def backfill(self, hour_ms: int) -> Spent:
        """Run the backfill, and return what it cost."""
        asyncio.run(run_backfill(self._run(hour_ms), lambda: 900.0))
        return self.store.spent()

    def missing(self, hour_ms: int) -> tuple[int, int]:
        """Return how many rows of the history state and archive do not share, bit for bit, and how many there are."""
        first_ms = hour_ms - self.settings.history_h * HOUR_MS
        differences = rows = 0
        for venue in self.venues:
            inside = pl.col("open_ms") >= first_ms
            held = self.store.load_bars(venue.name, first_ms, hour_ms, inside).sort("contract", "open_ms")
            truth = venue.held(first_ms, hour_ms).sort("contract", "open_ms")
            rows += truth.height
            if not held.equals(truth):
                both = pl.concat([held, truth])
                differences += int(both.is_unique().sum())
        self.store.spent()
        return differences, rows


def fill(month: Month, first_ms: int, hours: int, tell: Callable[[str], None]) -> None:
    """Bring so many hours and fold them, as quickly as they can be written."""
    for number in range(hours):
        hour_ms = first_ms + number * HOUR_MS
        month.bring(hour_ms)
        if number % BACKFILL_EVERY_H == 0:
            fold_days(month.store, [venue.name for venue in month.venues], hour_ms)
        if number % 120 == 0:
            tell(f"{number} of {hours} hours brought")
    month.store.spent()


def play(month: Month, first_ms: int, hours: int, tell: Callable[[str], None]) -> Played:
    """Play so many hours; in the middle 30 hours have no run at all."""
    began_s, played = time.monotonic(), Played()
    gap = range(hours // 2, hours // 2 + GAP_H) if hours > 2 * GAP_H else range(0)
    played.has_gap = bool(gap)
    for number in range(hours):
        hour_ms = first_ms + number * HOUR_MS
        if number in gap:
            continue
        played.hours.spent.append(month.screen(hour_ms))
        if number % BACKFILL_EVERY_H == 0:
            played.backfills.spent.append(month.backfill(hour_ms))
        if gap and number >= gap.stop and played.healed_after_h is None and not month.missing(hour_ms)[0]:
            played.healed_after_h = number - gap.stop
        if number % 48 == 0:
            tell(f"{number} of {hours} hours, {time.monotonic() - began_s:.0f} s")
    played.differences, played.rows = month.missing(first_ms + (hours - 1) * HOUR_MS)
    played.wall_s = time.monotonic() - began_s
    return played
