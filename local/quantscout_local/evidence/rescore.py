"""The scored rows of a replay as arrays, so that other weights rank every hour again in a fraction of a second.

A change of weights needs no new replay: norms, penalty and boost of a row do not depend on them. A change of gates does
(ablate_gates.py): it changes the scored set, and with it every z.
"""

from typing import NamedTuple, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quantscout.errors import InputError
from quantscout.factors import NAMES
from quantscout.gates import WIDEST
from quantscout.regime import RegimeName
from quantscout_local.evidence.stats_bootstrap import Array
from quantscout_local.evidence.stats_population import COMPLETE, ROW, Population, build_population

REGIMES: tuple[RegimeName, ...] = get_args(RegimeName)
NORMS = tuple(f"{name}_norm" for name in NAMES)
NET = "net_return_24h_ratio"
NEVER = 127
"""Level of a row that passes the gates of none."""
PASSES = "passes_from"
NEEDED = ("coin", "adv30_usdt", "penalty", "boost", *NORMS)
BEYOND_GATES = ("same_coin", "insufficient_coverage", "too_few_coins")
"""Reasons that a row has although it passes all gates of its hour's level."""
STRATUM = ("at", "venue", "adv30_quintile", "atr_quintile")

Whole = NDArray[np.signedinteger]
Yes = NDArray[np.bool_]


class Sheet(NamedTuple):
    """Arrays per row of the scored sets (by hour, coin, venue, contract), per hour, and per stratum of controls."""

    hours_ms: NDArray[np.int64]
    regime: Whole
    """Per hour, index into REGIMES."""
    at: Whole
    """Per row, the number of its hour."""
    starts: Whole
    """Where each coin of each hour begins."""
    tie: Whole
    """The order of rows that are equal in all else: venue, contract."""
    norms: Array
    """Factors x rows; NaN is missing."""
    penalty: Array
    boost: Array
    adv30_usdt: Array
    passes_from: Whole
    """The first level whose gates the row passes; NEVER if none."""
    complete: Yes
    hit: Array
    net: Array
    stratum: Whole
    strata: Array
    """Strata x (rows, hits, sum of net returns) of all judged rows with an outcome."""


class Replayed(NamedTuple):
    """What the replay itself found, to be found again: per row score (NaN: none) and rank (0: none)."""

    score: Array
    rank: Whole
    exact: bool
    """Whether the norms were stored in full precision."""


class Loaded(NamedTuple):
    """A sheet, what the replay made of it, and whether the level of an hour can be chosen again."""

    sheet: Sheet
    replayed: Replayed
    levels_known: bool


def build_sheet(judged: pl.DataFrame | pl.LazyFrame, hours: pl.DataFrame) -> Loaded:
    """Return the sheet of judged rows: from the first hour to the last that has a complete outcome.

    Raises InputError for a missing column, and for all that build_population refuses.
    """
    kinds = judged.lazy().collect_schema()
    lacking = [f"judged rows: {name}" for name in NEEDED if name not in kinds]
    lacking += [f"hours: {name}" for name in ("regime", "level", "status") if name not in hours.columns]
    if lacking:
        raise InputError(f"the replay has no column {', '.join(lacking)}: replay again with this version")
    population = build_population(judged, hours)
    rows = _scored(population, judged, known=PASSES in kinds)
    exact = all(kinds[name] == pl.Float64 for name in (*NORMS, "penalty", "boost"))
    replayed = Replayed(
        _floats(rows, "score"),
        (rows["rank"].fill_null(0) * rows["published"]).cast(pl.Int32).to_numpy(),
        exact,
    )
    return Loaded(_to_arrays(rows, population), replayed, PASSES in kinds)


def _scored(population: Population, judged: pl.DataFrame | pl.LazyFrame, *, known: bool) -> pl.DataFrame:
    """Return the scored rows of the population with all that a score is made of, their stratum and their level."""
    extra = [name for name in (*NEEDED, PASSES, "reason") if name not in population.rows.columns]
    have = judged.lazy().collect_schema().names()
    wanted = judged.lazy().filter(pl.col("in_scored_set")).select(*ROW, *(name for name in extra if name in have))
    scored = population.rows.filter("in_scored_set").join(wanted.collect(), on=ROW, how="left", maintain_order="left")
    scored = scored.join(population.hours.select("hour_ms", "level", "regime"), on="hour_ms", how="left")
    strata = _strata(population).select(*STRATUM, "stratum")
    placed = scored.join(strata, on=STRATUM, how="left").with_columns(
        pl.col("stratum").fill_null(strata.height), (pl.col("status") != "no_data").alias("published")
    )
    level = pl.col(PASSES) if known else _level_by_reason()
    return placed.with_columns(level.fill_null(NEVER).alias(PASSES)).sort("at", "coin", "venue", "contract")


def _level_by_reason() -> pl.Expr:
    """Return the hour's own level for a row that its gates let through: all that can be told without `passes_from`."""
    passes = pl.col("reason").is_null() | pl.col("reason").cast(pl.String).is_in(BEYOND_GATES)
    return pl.when(passes).then(pl.col("level").fill_null(WIDEST))


def _strata(population: Population) -> pl.DataFrame:
    sums = pl.len().alias("n"), pl.col("hit10").sum().alias("hits"), pl.col(NET).cast(pl.Float64).sum().alias("net")
    grouped = population.rows.filter(pl.col("outcome") == COMPLETE).group_by(STRATUM).agg(sums)
    return grouped.sort(STRATUM).with_row_index("stratum")


def _floats(rows: pl.DataFrame, name: str) -> Array:
    return rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _to_arrays(rows: pl.DataFrame, population: Population) -> Sheet:
    hours, strata = population.hours, _strata(population)
    at = rows["at"].cast(pl.Int32).to_numpy()
    coin = rows["coin"].cast(pl.String).rank("dense").to_numpy()
    changes = (np.diff(at) != 0) | (np.diff(coin.astype(np.int64)) != 0)
    place = {name: number for number, name in enumerate(REGIMES)}
    return Sheet(
        hours["hour_ms"].to_numpy(),
        hours["regime"].cast(pl.String).replace_strict(place, return_dtype=pl.Int32).to_numpy(),
        at,
        np.flatnonzero(np.concatenate([np.ones(min(at.size, 1), bool), changes])).astype(np.int32),
        rows.select(pl.struct("venue", "contract").rank("dense")).to_series().cast(pl.Int32).to_numpy(),
        np.stack([_floats(rows, name) for name in NORMS]),
        np.nan_to_num(_floats(rows, "penalty")),
        np.nan_to_num(_floats(rows, "boost")),
        _floats(rows, "adv30_usdt"),
        rows[PASSES].cast(pl.Int32).to_numpy(),
        (rows["outcome"] == COMPLETE).fill_null(value=False).to_numpy(),
        _floats(rows, "hit10"),
        _floats(rows, NET),
        rows["stratum"].cast(pl.Int32).to_numpy(),
        np.vstack([strata.select("n", "hits", "net").cast(pl.Float64).to_numpy(), np.zeros((1, 3))]),
    )


def take_hours(sheet: Sheet, first_ms: int, last_ms: int) -> Sheet:
    """Return the sheet of a stretch of hours, both ends included; controls are of the same hour, so they stay whole."""
    first, end = (int(k) for k in np.searchsorted(sheet.hours_ms, [first_ms, last_ms + 1]))
    low, high = (int(k) for k in np.searchsorted(sheet.at, [first, end]))
    hourly = {name: getattr(sheet, name)[first:end] for name in ("hours_ms", "regime")}
    rowwise = ("tie", "penalty", "boost", "adv30_usdt", "passes_from", "complete", "hit", "net", "stratum")
    rows = {name: getattr(sheet, name)[low:high] for name in rowwise}
    inside = (sheet.starts >= low) & (sheet.starts < high)
    return sheet._replace(
        **hourly,
        **rows,
        at=sheet.at[low:high] - first,
        norms=sheet.norms[:, low:high],
        starts=sheet.starts[inside] - low,
    )
