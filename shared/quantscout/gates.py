"""The table of gates (SPEC 4), in the order of their cost. The first that a contract fails is its reason.

A guardrail is a gate with the same limit at every level: it never widens. An unknown value passes no gate, but for the
market cap at L3 (flagged) and what `Settings.unknown_passes` names.
"""

from typing import Literal, NamedTuple

import polars as pl

from quantscout.settings import Settings, Unknowable

LEVELS = ("L0", "L1", "L2", "L3")
WIDEST = len(LEVELS) - 1


class Gate(NamedTuple):
    """One gate: the reason code of a failure, the column it tests, and its limit per level."""

    reason: str
    column: str
    sense: Literal["at_least", "at_most", "below"]
    limits: tuple[float, float, float, float]
    unknown_reason: str
    stage: Literal["cheap", "scored_set", "level"]
    """cheap: decided before per-contract calls; scored_set: also limits the scored set; level: only the ranking."""
    unknown_passes_from: int = len(LEVELS)
    setting: Unknowable | None = None


def _always(limit: float) -> tuple[float, float, float, float]:
    return (limit, limit, limit, limit)


GATES: tuple[Gate, ...] = (
    Gate("late", "bar_age_h", "at_most", _always(0), "no_bars", "cheap"),
    Gate("short_history", "history_h", "at_least", _always(60), "no_bars", "cheap"),
    Gate("short_history", "bars_4h", "at_least", _always(15), "short_history", "cheap"),
    Gate("volume_24h_low", "volume_24h_usdt", "at_least", _always(100_000), "volume_24h_unknown", "cheap"),
    Gate("volume_24h_high", "volume_24h_usdt", "below", _always(50_000_000), "volume_24h_unknown", "cheap"),
    Gate("funding_high", "funding_8h_ratio", "at_most", _always(0.003), "funding_unknown", "cheap"),
    Gate("spread_wide", "spread_ratio", "at_most", _always(0.01), "spread_unknown", "cheap", setting="spread"),
    Gate("adv30_percentile_high", "adv30_percentile", "at_most", (0.20, 0.30, 0.50, 0.60), "short_history", "cheap"),
    Gate("atr_percentile_low", "atr_percentile", "at_least", (0.75, 0.65, 0.50, 0.40), "short_history", "cheap"),
    Gate("market_cap_high", "market_cap_usd", "below", (100e6, 150e6, 300e6, 300e6), "market_cap_unknown", "scored_set",
         unknown_passes_from=WIDEST),
    Gate("min_notional_high", "min_notional_usdt", "at_most", (5, 10, 20, 50), "min_notional_unknown", "level",
         setting="min_notional"),
    Gate("depth_high", "depth_usdt", "below", (50e3, 100e3, 250e3, 500e3), "depth_unknown", "level", setting="depth"),
)  # fmt: skip


def _passes(gate: Gate, level: int) -> pl.Expr:
    value, limit = pl.col(gate.column), gate.limits[level]
    return {"at_least": value >= limit, "at_most": value <= limit, "below": value < limit}[gate.sense]


def _failure(gate: Gate, level: int, settings: Settings) -> tuple[pl.Expr, pl.Expr]:
    """Return two conditions: the value fails, and the value is unknown and must not be."""
    unknown = pl.col(gate.column).is_null()
    excused = level >= gate.unknown_passes_from or gate.setting in settings.unknown_passes
    return ~unknown & ~_passes(gate, level), unknown & pl.lit(not excused)


def first_failure(
    level: int, settings: Settings, stages: tuple[str, ...] = ("cheap", "scored_set", "level")
) -> list[pl.Expr]:
    """Return `reason`, `reason_value`, `reason_limit` of the first gate of these stages that fails; else null."""
    reasons, values, limits = [], [], []
    for gate in (g for g in GATES if g.stage in stages):
        fails, unknown = _failure(gate, level, settings)
        reasons.append(pl.when(fails).then(pl.lit(gate.reason)).when(unknown).then(pl.lit(gate.unknown_reason)))
        limits.append(pl.when(fails | unknown).then(pl.lit(float(gate.limits[level]))))
        values.append(pl.when(fails | unknown).then(pl.struct(pl.col(gate.column).cast(pl.Float64).alias("value"))))
    value = pl.coalesce(values).struct.field("value")
    return [
        pl.coalesce(reasons).alias("reason"),
        value.alias("reason_value"),
        pl.coalesce(limits).alias("reason_limit"),
    ]


def percentiles() -> list[pl.Expr]:
    """Return `adv30_percentile` and `atr_percentile`: mid-ranks (rank - 1/2) / n within the venue, ties share theirs.

    The population is every eligible contract with enough history; the others get null.
    """
    enough = pl.col("ineligible").is_null() & (pl.col("history_h") >= 60) & (pl.col("bars_4h") >= 15)
    columns = {"adv30_percentile": "adv30_usdt", "atr_percentile": "atr_pct"}
    ranked = []
    for name, column in columns.items():
        value = pl.when(enough).then(pl.col(column))
        ranked.append(((value.rank("average").over("venue") - 0.5) / value.count().over("venue")).alias(name))
    return ranked


FLAGS: dict[str, pl.Expr] = {
    "late": pl.col("close") / pl.col("close_7d_ago") - 1 > 0.30,
    "wash_like": (pl.col("fullest_bar_ratio") > 0.60) & (pl.col("fullest_bar_move_ratio") < 0.005),
    "crowded_longs": (pl.col("funding_8h_ratio") > 0.0005) & (pl.col("oi_change_24h_pct") > 20),
    "trapped_longs": (pl.col("oi_change_4h_pct") > pl.col("oi_change_4h_std_pct"))
    & (pl.col("change_4h_ratio") < -pl.col("change_4h_std_ratio")),
    "perp_led": pl.col("volume_24h_usdt") > 4 * pl.col("spot_volume_24h_usdt"),
    "new_listing": pl.col("listed_days") <= 7,
    "funding_interval_changed": pl.col("funding_interval_changed"),
    "venues_disagree": pl.col("venues_differ_ratio") > 0.02,
    "market_cap_unknown": pl.col("market_cap_usd").is_null(),
    "depth_unknown": pl.col("depth_usdt").is_null(),
    "spread_unknown": pl.col("spread_ratio").is_null(),
    "book_not_whole": pl.col("depth_usdt").is_not_null() & ~pl.col("reaches_band"),
}
"""Risk flags (SPEC 4): shown, not excluding. An unknown input raises no flag; the last four name what is unknown."""


def flags() -> pl.Expr:
    """Return the list of a contract's flags, in the order of the table."""
    raised = [pl.when(test.fill_null(value=False)).then(pl.lit(name)) for name, test in FLAGS.items()]
    return pl.concat_list(raised).list.drop_nulls().alias("flags")


def venues_differ() -> pl.Expr:
    """Return the spread of a coin's 4h return between the venues, as a ratio; null where only one knows it."""
    known = pl.when(pl.col("ineligible").is_null()).then(pl.col("change_4h_ratio"))
    spread = (known.max() - known.min()).over("coin")
    return pl.when(known.count().over("coin") > 1).then(spread).alias("venues_differ_ratio")


REASONS: dict[str, str] = {
    "not_trading": "the venue does not trade it now",
    "not_perpetual": "it is not a perpetual contract on a coin",
    "not_usdt": "it is not quoted and settled in USDT",
    "not_coin": "its underlying is no single coin (index, stock, metal, pre-market)",
    "delisting": "its delisting is announced",
    "pre_market": "it is in its pre-market stage",
    "no_bars": "no verified bar is known of it",
    "late": "its bar of this hour was missing; the value is the age of its newest bar in hours",
    "short_history": "it has less than 60 h of closed bars, or fewer than 15 whole 4h bars",
    "volume_24h_low": "it trades too little in 24 h to be bought and sold (USDT)",
    "volume_24h_high": "it trades too much in 24 h for a micro-cap (USDT)",
    "volume_24h_unknown": "a bar of its last 24 h is missing, so the volume is unknown",
    "funding_high": "longs pay too much funding (per 8 h, as a fraction)",
    "funding_unknown": "its current funding is unknown",
    "spread_wide": "its spread is too wide (fraction of mid)",
    "spread_unknown": "its spread is unknown",
    "adv30_percentile_high": "it trades too much compared with the venue's other contracts (percentile of adv30)",
    "atr_percentile_low": "it moves too little compared with the venue's other contracts (percentile of atr_pct)",
    "market_cap_high": "its market cap is too large (USD)",
    "market_cap_unknown": "its market cap is unknown, which is not the same as small",
    "min_notional_high": "its smallest order is too large (USDT)",
    "min_notional_unknown": "its smallest order is unknown",
    "depth_high": "its order book is too deep for a micro-cap (USDT within 1 % of mid)",
    "depth_unknown": "its order book is unknown",
    "insufficient_coverage": "too few of the score's weights have data (share of weights)",
    "same_coin": "the same coin's contract on the other venue ranks better",
    "too_few_coins": "fewer than five coins could be ranked in this hour, so nothing is",
}
"""What a reason code says to a person. Every code of the universe, the gates and the fates has its line."""
