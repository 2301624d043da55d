"""The backfill: the trailing 30 days of 1h bars of every eligible contract, as far as the state lacks them.

Idempotent: what is stored is not asked for again. Resumable: it works in slices, newest first, writes each when it is
there, and stops in time; the next call goes on with what is still missing. The same way heals gaps. At the end it
folds finished days (folding.py).
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import polars as pl

from quantscout.breakers import kept_breakers
from quantscout.clock import check_not_future
from quantscout.errors import SourceError
from quantscout.folding import fold_days
from quantscout.frames import BARS, HOUR_MS, stack
from quantscout.holes import Gap, find_gaps
from quantscout.run import Run
from quantscout.store import BACKFILLED_BLOCKS, BAR_BLOCKS, by_hour
from quantscout.sweep import sweep
from quantscout.venue_hour import VenueHour, open_venue, tells_taker
from quantscout.verify import verify_bars

SLICE_H = 498
"""Hours of one slice, the unit that is fetched for all contracts and then written: one request of each venue's size."""
BATCH = 200
"""Contracts that are asked for between two looks at the remaining time."""


class Filled(NamedTuple):
    """What one venue's backfill did."""

    venue: str
    contracts: int
    asked: int
    rows: int
    remaining: int
    failed: str
    problems: int


async def run_backfill(run: Run, remaining_s: Callable[[], float], reserve_s: float = 90.0) -> list[Filled]:
    """Fill the state of every venue; raises SourceError only when no venue could be opened at all.

    `remaining_s` tells the time that is left; below `reserve_s` no further batch is begun (one may wait for
    a venue's next minute).
    """
    check_not_future(run.hour, run.now())
    async with kept_breakers(run):
        return await _fill_venues(run, lambda: remaining_s() > reserve_s)


async def _fill_venues(run: Run, has_time: Callable[[], bool]) -> list[Filled]:
    hours = await asyncio.gather(*(open_venue(venue, run) for venue in run.sources.venues))
    if all(hour.failed for hour in hours):
        raise SourceError("all venues", "unavailable", "; ".join(f"{hour.name}: {hour.failed}" for hour in hours))
    filled = list(await asyncio.gather(*(_fill_venue(hour, run, has_time) for hour in hours)))
    if has_time():
        await run.in_thread(fold_days, run.store, [hour.name for hour in hours], run.hour_ms)
    return filled


async def _fill_venue(hour: VenueHour, run: Run, has_time: Callable[[], bool]) -> Filled:
    eligible = hour.listing.filter(pl.col("ineligible").is_null())
    slices = _slices(run)
    screened, filled = [
        await run.in_thread(run.store.load, kind, hour.name, slices[-1][0], run.hour_ms)
        for kind in (BAR_BLOCKS, BACKFILLED_BLOCKS)
    ]
    asked = rows = remaining = 0
    for first_ms, last_ms in slices:
        held = pl.concat([screened, filled])
        gaps = find_gaps(eligible, held, first_ms, last_ms)
        done, fetched = await _fetch_gaps(hour, gaps, run, has_time, tells_taker(hour.venue, held))
        new = fetched.join(screened, on=BAR_BLOCKS.unique, how="anti").join(filled, on=BAR_BLOCKS.unique, how="anti")
        filled = pl.concat([filled, new])
        await run.in_thread(run.store.append, BACKFILLED_BLOCKS, hour.name, by_hour(new, "open_ms", HOUR_MS))
        asked, rows, remaining = asked + done, rows + new.height, remaining + len(gaps) - done
    return Filled(hour.name, eligible.height, asked, rows, remaining, hour.failed, len(hour.problems))


def _slices(run: Run) -> list[tuple[int, int]]:
    """Return the windows of open times `first <= open < last`, newest first, that cover the whole history."""
    oldest = run.hour_ms - (run.settings.history_h + 1) * HOUR_MS
    ends = range(run.hour_ms, oldest, -SLICE_H * HOUR_MS)
    return [(max(end - SLICE_H * HOUR_MS, oldest), end) for end in ends]


async def _fetch_gaps(
    hour: VenueHour, gaps: list[Gap], run: Run, has_time: Callable[[], bool], known_taker: bool
) -> tuple[int, pl.DataFrame]:
    """Return how many gaps were asked for in time, and the verified bars that came."""
    spans = {gap.contract.name: (gap.since_ms, gap.until_ms) for gap in gaps}
    done, frames = 0, []
    while done < len(gaps) and has_time():
        batch = [gap.contract for gap in gaps[done : done + BATCH]]
        swept = await sweep(batch, lambda c: hour.venue.fetch_bars(c, HOUR_MS, *spans[c.name]), BARS, "bars")
        needs_taker = known_taker or tells_taker(hour.venue, swept.frame)
        checked = verify_bars(swept.frame, HOUR_MS, run.hour_ms, needs_taker=needs_taker)
        hour.problems += [*swept.problems, *checked.problems]
        frames.append(checked.bars)
        done += len(batch)
    return done, stack(frames, BARS)
