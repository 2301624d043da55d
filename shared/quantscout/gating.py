"""The gates applied: the first failure of each contract, percentiles within the venue, flags (SPEC 4)."""

from collections.abc import Sequence

import polars as pl

from quantscout.gates import FLAGS, GATES, MIN_BARS_4H, MIN_HISTORY_H, Gate
from quantscout.settings import Settings


def _passes(gate: Gate, limit: float) -> pl.Expr:
    value = pl.col(gate.column)
    return {"at_least": value >= limit, "at_most": value <= limit, "below": value < limit}[gate.sense]


def _failure(gate: Gate, level: int, settings: Settings) -> tuple[pl.Expr, pl.Expr]:
    """Return two conditions: the value fails, and the value is unknown and must not be."""
    unknown = pl.col(gate.column).is_null()
    excused = level >= gate.unknown_passes_from or gate.setting in settings.unknown_passes
    return ~unknown & ~_passes(gate, settings.limits_of(gate)[level]), unknown & pl.lit(not excused)


def first_failure(
    level: int, settings: Settings, stages: tuple[str, ...] = ("cheap", "scored_set", "level")
) -> list[pl.Expr]:
    """Return `reason`, `reason_value`, `reason_limit` of the first gate of these stages that fails; else null."""
    reasons, values, limits = [], [], []
    for gate in (g for g in GATES if g.stage in stages):
        fails, unknown = _failure(gate, level, settings)
        reasons.append(pl.when(fails).then(pl.lit(gate.reason)).when(unknown).then(pl.lit(gate.unknown_reason)))
        limits.append(pl.when(fails | unknown).then(pl.lit(float(settings.limits_of(gate)[level]))))
        values.append(pl.when(fails | unknown).then(pl.struct(pl.col(gate.column).cast(pl.Float64).alias("value"))))
    value = pl.coalesce(values).struct.field("value")
    return [
        pl.coalesce(reasons).alias("reason"),
        value.alias("reason_value"),
        pl.coalesce(limits).alias("reason_limit"),
    ]


REASON_NUMBERS = tuple(reason for gate in GATES for reason in (gate.reason, gate.unknown_reason))
"""What the numbers of `first_reason` mean: of each gate the reason of a failure, then that of an unknown value."""


def first_reason(level: int, settings: Settings, stages: tuple[str, ...] = ("cheap", "scored_set", "level")) -> pl.Expr:
    """Return the place in `REASON_NUMBERS` of `first_failure`'s reason, else null: for frames of many hours."""
    numbers = []
    for place, gate in enumerate(GATES):
        if gate.stage in stages:
            fails, unknown = _failure(gate, level, settings)
            failed, unseen = (pl.lit(2 * place + k, pl.Int8) for k in (0, 1))
            numbers.append(pl.when(fails).then(failed).when(unknown).then(unseen))
    return pl.coalesce(numbers).alias("reason_number")


def percentiles(over: Sequence[str] = ()) -> list[pl.Expr]:
    """Return `adv30_percentile` and `atr_percentile`: mid-ranks (rank - 1/2) / n within the venue, ties share theirs.

    The population is every eligible contract with enough history; the others get null. In a frame of several hours
    `over` names the columns that tell them apart.
    """
    within = [*over, "venue"]
    enough = (
        pl.col("ineligible").is_null() & (pl.col("history_h") >= MIN_HISTORY_H) & (pl.col("bars_4h") >= MIN_BARS_4H)
    )
    columns = {"adv30_percentile": "adv30_usdt", "atr_percentile": "atr_pct"}
    ranked = []
    for name, column in columns.items():
        value = pl.when(enough).then(pl.col(column))
        ranked.append(((value.rank("average").over(within) - 0.5) / value.count().over(within)).alias(name))
    return ranked


def flags() -> pl.Expr:
    """Return the list of a contract's flags, in the order of the table."""
    raised = [pl.when(test.fill_null(value=False)).then(pl.lit(name)) for name, test in FLAGS.items()]
    return pl.concat_list(raised).list.drop_nulls().alias("flags")


def venues_differ() -> pl.Expr:
    """Return the spread of a coin's 4h return between the venues, as a ratio; null where only one knows it."""
    known = pl.when(pl.col("ineligible").is_null()).then(pl.col("change_4h_ratio"))
    here = known.mean().over("coin", "venue")  # a coin may have two contracts on a venue: with and without a unit
    both = pl.col("venue").filter(known.is_not_null()).n_unique().over("coin") > 1
    return pl.when(both).then((here.max() - here.min()).over("coin")).alias("venues_differ_ratio")
