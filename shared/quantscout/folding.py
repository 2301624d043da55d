"""Folding: the hours of a finished day become one block, which costs half to read (docs/state.md).

Nothing is deleted: where a day's block is absent, half written or stale, its hours are read. So a fold may end
anywhere, come twice, or not at all.
"""

from collections.abc import Sequence

from quantscout.frames import DAY_MS, HOUR_MS
from quantscout.store import BAR_BLOCKS, FUNDING_BLOCKS, OPEN_INTEREST_BLOCKS, Store

FOLDED = (BAR_BLOCKS, OPEN_INTEREST_BLOCKS, FUNDING_BLOCKS)
"""Kinds that are read over a month; the others are small."""
OVER_H = 2
"""A day's last run may be delivered until 50 minutes after its hour."""
UNITS_MOST = 400.0
"""Write units that one call may use: a venue's day of bars, and the small kinds."""
UNITS_LEAST = 50.0
"""With less left no further day is read."""
REACH_DAYS = 14
"""What was not folded by then stays in hours until it expires."""


def fold_days(store: Store, venues: Sequence[str], hour_ms: int) -> int:
    """Fold finished days, oldest first, as many as `UNITS_MOST` allows, and return how many were folded.

    A day that is larger by itself stays as it is: the first hour of an empty state is as dense as a day's block.
    """
    days, left, count = _finished(hour_ms), UNITS_MOST, 0
    series = [(kind, venue) for venue in venues for kind in FOLDED]
    done = [store.folded(kind, venue, days[0], days[-1]) for kind, venue in series]
    for day_ms in days:
        for (kind, venue), folded in zip(series, done, strict=True):
            if left < UNITS_LEAST:
                return count
            units = 0.0 if day_ms in folded else store.fold(kind, venue, day_ms, left)
            left, count = left - units, count + (units > 0)
    return count


def _finished(hour_ms: int) -> range:
    """Return the days, oldest first, of which no run is to be expected any more."""
    last_ms = (hour_ms - (24 + OVER_H) * HOUR_MS) // DAY_MS * DAY_MS
    return range(last_ms - REACH_DAYS * DAY_MS, last_ms + 1, DAY_MS)
