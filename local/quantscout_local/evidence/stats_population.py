"""What is measured: judged rows with their picks and strata, and the hours that have an outcome."""

from typing import NamedTuple

import numpy as np
import polars as pl

from quantscout.clock import iso
from quantscout.errors import InputError
from quantscout.factors import FACTORS
from quantscout_local.evidence.stats_bootstrap import Array, Resamples

PICKS = 5
QUINTILES = 5
ROW = ("hour_ms", "venue", "contract")
NEEDED = (
    *ROW, "in_scored_set", "score", "rank", "adv30_percentile", "atr_percentile", "entry_price", "hit10",
    "worst_24h_ratio", "return_24h_ratio", "net_return_24h_ratio", "outcome",
    *(f"{factor.name}_norm" for factor in FACTORS),
)  # fmt: skip
FALL_RATIO = -0.10
"""The mirror image of a hit: whoever only picks what moves much has as many of these more."""
COMPLETE = "complete"
NO_DATA = "no_data"


class Population(NamedTuple):
    """`rows` of the evaluated hours, in order, with `at` (number of the hour), `picked`, `fall10`, strata; `hours`."""

    rows: pl.DataFrame
    hours: pl.DataFrame

    @property
    def complete(self) -> pl.DataFrame:
        """Return the rows whose outcome is known."""
        return self.rows.filter(pl.col("outcome") == COMPLETE)

    @property
    def lost_picks(self) -> dict[str, int]:
        """Return how many picks have no outcome, by reason; they are in no figure."""
        lost = self.rows.filter("picked", pl.col("outcome") != COMPLETE)
        return dict(lost.group_by("outcome").len().sort("outcome").iter_rows())


def build_population(judged: pl.DataFrame | pl.LazyFrame, hours: pl.DataFrame) -> Population:
    """Return the population: the hours from the first to the last that has a complete outcome, in their order.

    Raises InputError where nothing is complete, an hour is listed twice or not at all, a row is there twice, or a
    column is missing (a factor's norm may be).
    """
    have = set(judged.collect_schema().names())
    if lacking := [name for name in NEEDED if name not in have and not name.endswith("_norm")]:
        raise InputError(f"the judged rows have no column {', '.join(lacking)}: replay again with this version")
    rows = judged.lazy().select(name for name in NEEDED if name in have).sort(ROW).collect()
    _refuse(rows, hours)
    first, last = _complete_span(rows)
    kept = hours.filter(pl.col("hour_ms").is_between(first, last)).sort("hour_ms").with_row_index("at")
    placed = rows.join(kept.select("hour_ms", "at", "status"), on="hour_ms", how="inner", maintain_order="left")
    return Population(_with_strata(placed), kept)


def _with_strata(rows: pl.DataFrame) -> pl.DataFrame:
    """Quintile = min(4, floor(5 percentile)); a pick is one of the five of an hour that published five."""
    return rows.with_columns(
        *(
            (QUINTILES * pl.col(f"{name}_percentile")).floor().clip(0, QUINTILES - 1).cast(pl.Int8)
            .alias(f"{name}_quintile")
            for name in ("adv30", "atr")
        ),
        fall10=pl.col("worst_24h_ratio") <= FALL_RATIO,
        picked=((pl.col("rank") <= PICKS) & (pl.col("status") != NO_DATA)).fill_null(value=False),
    )  # fmt: skip


def _complete_span(rows: pl.DataFrame) -> tuple[int, int]:
    evaluated = rows.filter(pl.col("outcome") == COMPLETE)["hour_ms"]
    if not evaluated.len():
        raise InputError("no judged row has a complete outcome: an hour needs 24 hours of bars after it; judge more")
    first, last = evaluated[0], evaluated[-1]
    return int(first), int(last)


def _refuse(rows: pl.DataFrame, hours: pl.DataFrame) -> None:
    if hours["hour_ms"].is_duplicated().any():
        raise InputError("the table of hours lists an hour twice: replay into an empty folder")
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in ROW)  # they are sorted
    twice = rows.select(ROW).filter(same)
    if twice.height:
        hour_ms, venue, contract = twice.row(0)
        raise InputError(f"{venue} {contract} is judged twice at {iso(hour_ms)}: replay into an empty folder")
    stray = rows.filter(~pl.col("hour_ms").is_in(hours["hour_ms"].to_list()))["hour_ms"]
    if stray.len():
        raise InputError(f"{iso(stray[0])} has judged rows and no row in the table of hours: replay it again")


def sum_by_hour(rows: pl.DataFrame, hours: int, *columns: str) -> Array:
    """Return the sums of columns (nulls as 0) per number of the hour `at`: hours x columns, added in row order."""
    at = rows["at"].to_numpy()
    values = [rows[name].cast(pl.Float64).fill_null(0).to_numpy() for name in columns]
    return np.stack([np.bincount(at, weights=value, minlength=hours) for value in values], axis=1)


def total_by_part(resamples: Resamples, rows: pl.DataFrame, parts: int, *columns: str) -> dict[str, Array]:
    """Return each column's totals by `part` (0 to parts - 1), (1 + samples) x parts; `n` counts the rows."""
    placed = rows.filter(pl.col("part").is_not_null()).with_columns(
        pl.col("at").cast(pl.Int64) * parts + pl.col("part"), pl.lit(1).alias("n")
    )
    sums = sum_by_hour(placed, resamples.hours * parts, *columns, "n")
    wide = sums.reshape(resamples.hours, parts, -1).transpose(0, 2, 1).reshape(resamples.hours, -1)
    totals = resamples.total(wide)
    return {name: totals[:, i * parts : (i + 1) * parts] for i, name in enumerate((*columns, "n"))}


def total_by_name(resamples: Resamples, rows: pl.DataFrame, *columns: str) -> dict[str, Array]:
    """Return each column's total in every sample; `n` is the number of rows."""
    counted = rows.with_columns(pl.lit(1).alias("n"))
    totals = resamples.total(sum_by_hour(counted, resamples.hours, *columns, "n"))
    return {name: totals[:, place] for place, name in enumerate((*columns, "n"))}
