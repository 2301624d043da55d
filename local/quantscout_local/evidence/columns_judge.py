"""The decision of decide.py over all hours at once: scored set, score, the level of each hour, ranks and reasons."""

from typing import NamedTuple

import polars as pl

from quantscout import gating, score
from quantscout.decide import PICKS, covered
from quantscout.factors import factor_values
from quantscout.gates import LEVELS, WIDEST
from quantscout.regime import FACTOR_VALUE, RegimeName
from quantscout.settings import Settings

HOUR = ("hour_ms",)
ROW = ["contract", "hour_ms"]
CHEAP = ("cheap", "scored_set")
SCORED = ("score", "coverage", "penalty", "boost")
STAGES = (*CHEAP, "level")
NUMBER = "reason_number"
UNCOVERED, TOO_FEW = len(gating.REASON_NUMBERS), len(gating.REASON_NUMBERS) + 1


class Decided(NamedTuple):
    """`rows` are the board's with `in_scored_set`, score, norms, rank and reason; `levels` has hour_ms and level."""

    rows: pl.DataFrame
    levels: pl.DataFrame


def in_scored_set(board: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Return the rows of the scored sets."""
    return board.filter(gating.first_reason(WIDEST, settings, CHEAP).is_null())


def score_hours(scored: pl.DataFrame, regimes: dict[int, RegimeName], settings: Settings) -> pl.DataFrame:
    """Return the rows of the scored sets with norms, coverage, penalty, boost and score; each hour is a set by itself.

    `scored` has what `columns_details.add_details` and `columns_funding.add_funding` add.
    """
    named = pl.DataFrame({"hour_ms": list(regimes), "regime_name": list(regimes.values())},
                         schema={"hour_ms": pl.Int64, "regime_name": pl.String})  # fmt: skip
    whole = scored.join(named, on="hour_ms", how="left", maintain_order="left")
    by_name: dict[tuple[RegimeName], pl.DataFrame] = whole.partition_by("regime_name", as_dict=True)
    parts = []
    for (regime,), rows in (by_name or {("neutral",): whole}).items():
        valued = rows.with_columns(pl.lit(FACTOR_VALUE[regime]).alias("regime_value")).with_columns(factor_values())
        parts.append(score.score_set(valued, regime, settings, HOUR))
    return pl.concat(parts)


def decide_hours(board: pl.DataFrame, scored: pl.DataFrame, settings: Settings) -> Decided:
    """Return what became of every row of the board: the level of its hour, its rank, or why it has none.

    A contract is its own coin (replay_contracts refuses two of one base asset): no rank is shared.
    """
    judged = scored.with_columns(covered(settings).alias("covered"), *_reasons(settings, STAGES))
    levels = board.select(pl.col("hour_ms").unique()).join(_levels(judged), on="hour_ms", how="left").sort("hour_ms")
    placed = _ranked(judged.join(levels, on="hour_ms", how="left", maintain_order="left"))
    norms = [name for name in scored.columns if name.endswith("_norm")]
    found = placed.select(*ROW, *SCORED, *norms, "rank", pl.col(NUMBER).alias("found"), pl.lit(True).alias("inside"))
    rows = board.join(levels, on="hour_ms", how="left", maintain_order="left")
    rows = rows.with_columns(_reasons(settings, CHEAP)).with_columns(_chosen().alias(NUMBER))
    both = rows.drop("level", *LEVELS).join(found, on=ROW, how="left", maintain_order="left")
    inside = pl.col("inside").fill_null(value=False)
    number = pl.when(inside).then("found").otherwise(NUMBER)
    kept = both.with_columns(inside.alias("in_scored_set"), _reason(number)).drop("inside", "found", NUMBER)
    return Decided(kept, levels)


def _reason(number: pl.Expr) -> pl.Expr:
    texts = pl.Series([*gating.REASON_NUMBERS, "insufficient_coverage", "too_few_coins"])
    return pl.lit(texts).gather(number.cast(pl.UInt32)).alias("reason")


def _reasons(settings: Settings, stages: tuple[str, ...]) -> list[pl.Expr]:
    """Return the first gate that fails, at each level."""
    return [gating.first_reason(k, settings, stages).alias(name) for k, name in enumerate(LEVELS)]


def _chosen() -> pl.Expr:
    """Return the reason at the hour's level; in an hour without one, at the widest."""
    found = pl.col(LEVELS[WIDEST])
    for level in range(WIDEST):
        found = pl.when(pl.col("level") == level).then(pl.col(LEVELS[level])).otherwise(found)
    return found


def _levels(judged: pl.DataFrame) -> pl.DataFrame:
    """Return hour_ms, level: the first at which five coins can be ranked; null where none holds so many."""
    counts = [(pl.col(name).is_null() & pl.col("covered")).sum().alias(name) for name in LEVELS]
    held = judged.group_by("hour_ms").agg(counts)
    level = pl.coalesce(pl.when(pl.col(name) >= PICKS).then(pl.lit(k, pl.Int8)) for k, name in enumerate(LEVELS))
    return held.select("hour_ms", level.alias("level"))


def _ranked(judged: pl.DataFrame) -> pl.DataFrame:
    """Add rank and reason to the scored sets' rows."""
    reasoned = judged.with_columns(_chosen().alias(NUMBER))
    can = pl.col(NUMBER).is_null() & pl.col("covered")
    best = score.order(reasoned.filter(can).select(*ROW, "venue", "symbol", "score", "coverage", "adv30_usdt"), HOUR)
    place = (pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("hour_ms")).alias("place")
    placed = reasoned.join(best.select(*ROW, place), on=ROW, how="left", maintain_order="left")
    ranked = pl.col("level").is_not_null()
    after = pl.when(~can).then(UNCOVERED).when(~ranked).then(TOO_FEW)
    return placed.with_columns(
        pl.when(ranked).then("place").alias("rank"), pl.coalesce(NUMBER, after.cast(pl.Int8)).alias(NUMBER)
    )
