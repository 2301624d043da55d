"""What the hours of a range had and lacked: statuses, the funnel by week, and for how long which series was missing.

`hours` has a row per hour: hour_ms, status, level (0 to 3, null), listed, eligible, with_data, scored_set, passed and
`lacking`, the names of what no source gave for that hour.
"""

from collections.abc import Mapping

import polars as pl

from quantscout.frames import DAY_MS
from quantscout.page.content import FUNNEL, LEVELS, NO_LEVEL, Lack, Week

WEEK_MS = 7 * DAY_MS
MONDAY_MS = 4 * DAY_MS
"""The epoch began on a Thursday."""


def count_statuses(hours: pl.DataFrame) -> dict[str, int]:
    """Return how many hours ended in each status, the most frequent first."""
    counts = hours.group_by(pl.col("status").cast(pl.String)).len().sort("len", "status", descending=[True, False])
    return {str(status): int(count) for status, count in counts.iter_rows()}


def list_lacking(hours: pl.DataFrame) -> tuple[Lack, ...]:
    """Return what some hours lacked, with the first and last of them; what was missing longest comes first."""
    at = pl.col("hour_ms")
    names = hours.select("hour_ms", pl.col("lacking").alias("what")).explode("what").drop_nulls()
    rows = names.group_by("what").agg(at.n_unique().alias("hours"), at.min().alias("first"), at.max().alias("last"))
    sorted_rows = rows.sort("hours", "what", descending=[True, False]).select("what", "hours", "first", "last")
    return tuple(Lack(str(what), hours_, hours.height, first, last) for what, hours_, first, last in sorted_rows.rows())


def build_weeks(hours: pl.DataFrame) -> tuple[Week, ...]:
    """Return the weeks that have hours, in order: the median of each count, and the hours at each level."""
    start = ((pl.col("hour_ms") - MONDAY_MS) // WEEK_MS * WEEK_MS + MONDAY_MS).alias("start_ms")
    named = pl.format("L{}", pl.col("level").cast(pl.Int64)).fill_null(NO_LEVEL).alias("level")
    placed = hours.select(start, named, *FUNNEL)
    medians = placed.group_by("start_ms").agg(pl.len().alias("hours"), *(pl.col(name).median() for name in FUNNEL))
    levels = placed.group_by("start_ms", "level").len().rows()
    by_week: dict[int, dict[str, int]] = {}
    for start_ms, level, count in levels:
        by_week.setdefault(start_ms, {})[level] = count
    return tuple(_week(row, by_week[row["start_ms"]]) for row in medians.sort("start_ms").to_dicts())


def _week(row: Mapping[str, int | float | None], levels: Mapping[str, int]) -> Week:
    start_ms, hours = row["start_ms"], row["hours"]
    assert isinstance(start_ms, int), "a week has its start"
    assert isinstance(hours, int), "a week has hours"
    return Week(start_ms, hours, {name: row[name] for name in FUNNEL}, {name: levels.get(name, 0) for name in LEVELS})
