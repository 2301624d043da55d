"""The tables of gates, flags and reasons (SPEC 4). What applies them is gating.py.

The gates stand in the order of their cost; the first that a contract fails is its reason. A guardrail is a gate with
the same limit at every level: it never widens, and a setting may only tighten it. An unknown value passes no gate, but
for the market cap at L3 (flagged) and what `Settings.unknown_passes` names. `Settings.gate_limits` may set other
limits, within `bounds`.
"""

from typing import Literal, NamedTuple

import polars as pl

LEVELS = ("L0", "L1", "L2", "L3")
WIDEST = len(LEVELS) - 1
MIN_HISTORY_H = 60
"""Closed hours that the percentiles' population has at least: ATR(14) needs 15 bars of 4h."""
MIN_BARS_4H = 15

Limits = tuple[float, float, float, float]
Unknowable = Literal["funding", "spread", "depth", "min_notional"]


class Gate(NamedTuple):
    """One gate: its name, the reason code of a failure, the column it tests, and its limit per level."""

    name: str
    reason: str
    column: str
    sense: Literal["at_least", "at_most", "below"]
    limits: Limits
    bounds: tuple[float, float]
    """Between which a setting may move a limit."""
    unit: str
    unknown_reason: str
    stage: Literal["cheap", "scored_set", "level"]
    """cheap: decided before per-contract calls; scored_set: also limits the scored set; level: only the ranking."""
    why: str
    unknown_passes_from: int = len(LEVELS)
    setting: Unknowable | None = None

    @property
    def is_guardrail(self) -> bool:
        """Return whether the limit is the same at every level."""
        return len(set(self.limits)) == 1


def always(limit: float) -> Limits:
    """Return a guardrail's limits: the same at every level."""
    return (limit, limit, limit, limit)


GATES: tuple[Gate, ...] = (
    Gate("late", "late", "bar_age_h", "at_most", always(0), (0, 0), "h", "no_bars", "cheap",
         "a number without this hour's bar would be an old number"),
    Gate("history", "short_history", "history_h", "at_least", always(MIN_HISTORY_H), (MIN_HISTORY_H, 720), "h",
         "no_bars", "cheap", "baselines need a past"),
    Gate("history_4h", "short_history", "bars_4h", "at_least", always(MIN_BARS_4H), (MIN_BARS_4H, 180), "4h bars",
         "short_history", "cheap", "ATR(14) needs 15 true bars"),
    Gate("volume_24h_min", "volume_24h_low", "volume_24h_usdt", "at_least", always(100_000), (100_000, 50e6), "USDT",
         "volume_24h_unknown", "cheap", "what nobody trades cannot be bought and sold"),
    Gate("volume_24h_max", "volume_24h_high", "volume_24h_usdt", "below", always(50_000_000), (100_000, 50e6), "USDT",
         "volume_24h_unknown", "cheap", "what everybody trades is no micro-cap"),
    Gate("funding", "funding_high", "funding_8h_ratio", "at_most", always(0.003), (-0.01, 0.003), "fraction per 8 h",
         "funding_unknown", "cheap", "longs that pay this much are crowded", setting="funding"),
    Gate("spread", "spread_wide", "spread_ratio", "at_most", always(0.01), (0, 0.01), "fraction of mid",
         "spread_unknown", "cheap", "the spread is paid twice", setting="spread"),
    Gate("adv30_percentile", "adv30_percentile_high", "adv30_percentile", "at_most", (0.20, 0.30, 0.50, 0.60), (0, 1),
         "percentile in the venue", "short_history", "cheap", "small compared with the others of its venue"),
    Gate("atr_percentile", "atr_percentile_low", "atr_percentile", "at_least", (0.75, 0.65, 0.50, 0.40), (0, 1),
         "percentile in the venue", "short_history", "cheap", "what never moves will hardly move next"),
    Gate("market_cap", "market_cap_high", "market_cap_usd", "below", (100e6, 150e6, 300e6, 300e6), (0, 1e13), "USD",
         "market_cap_unknown", "scored_set", "a micro-cap is small", unknown_passes_from=WIDEST),
    Gate("min_notional", "min_notional_high", "min_notional_usdt", "at_most", (5, 10, 20, 50), (0, 1e6), "USDT",
         "min_notional_unknown", "level", "one small order must be possible", setting="min_notional"),
    Gate("depth", "depth_high", "depth_usdt", "below", (50e3, 100e3, 250e3, 500e3), (0, 1e9), "USDT within 1 % of mid",
         "depth_unknown", "level", "a thick book does not jump", setting="depth"),
)  # fmt: skip


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
    "funding_unknown": pl.col("funding_8h_ratio").is_null(),
    "book_not_whole": pl.col("mid").is_not_null() & ~pl.col("reaches_band"),
}
"""Risk flags (SPEC 4): shown, not excluding. An unknown input raises no flag; the last five name what is unknown."""


FLAG_MEANINGS: dict[str, str] = {
    "late": "it has risen more than 30 % in 7 days: the move may be over",
    "wash_like": "one bar holds over 60 % of the day's volume and moved the price less than 0.5 %",
    "crowded_longs": "longs pay over 0.05 % per 8 h, and open interest rose more than 20 % in 24 h",
    "trapped_longs": "in 4 h open interest rose and the price fell, both by more than is usual for it in 30 days",
    "perp_led": "its futures trade more than four times its spot volume",
    "new_listing": "it was listed at most 7 days ago",
    "funding_interval_changed": "its funding interval changed within 48 h",
    "venues_disagree": "its 4 h returns on the two venues differ by more than 2 %",
    "market_cap_unknown": "its market cap is unknown, which is not the same as small",
    "depth_unknown": "its order book is unknown",
    "spread_unknown": "its spread is unknown",
    "funding_unknown": "its current funding is unknown, so nothing says whether its longs are crowded",
    "book_not_whole": "its order book was not seen as far as 1 % from mid: its depth is unknown or at least as shown",
}
"""What a flag says to a person. Every flag has its line."""


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
