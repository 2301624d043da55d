"""What became of a contract after an hour: returns, excursions, barriers (SPEC 8), for all hours of all contracts.

H is the hour of a report; the entry is the open of the bar that opens at H, the day is the 24 bars that open at H to
H + 23 h. Everything is looked up by time: a day that lacks one of its bars has no outcome, and says so. Columnar, so
that years of bars and the 24 hours behind a live report take the same way.
"""

from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from quantscout.clock import iso
from quantscout.errors import InputError
from quantscout.frames import HOUR_MS, KEY, Schema

HORIZON_H = 24
TARGET_RATIO = 0.10
STOP_RATIO = 0.05
ROUNDING = 1e-9
"""Prices are decimals: one that lies exactly on a barrier has reached it, whatever its last binary digit."""

COMPLETE, NO_ENTRY, INCOMPLETE = "complete", "no_entry", "incomplete"

OUTCOMES: Schema = {
    "venue": pl.String,
    "contract": pl.String,
    "hour_ms": pl.Int64,
    "entry_price": pl.Float64,
    "return_1h_ratio": pl.Float64,
    "return_4h_ratio": pl.Float64,
    "return_24h_ratio": pl.Float64,
    "best_24h_ratio": pl.Float64,
    "worst_24h_ratio": pl.Float64,
    "hit10": pl.Boolean,
    "barrier": pl.Int8,  # 1: +10 % first, -1: -5 % first or in the same bar, 0: neither in 24 h
    "barrier_h": pl.Int8,  # the hour (1 to 24) in which that was decided
    "barrier_return_ratio": pl.Float64,
    "net_return_24h_ratio": pl.Float64,  # return_24h less the costs of both sides
    "outcome": pl.String,  # complete, no_entry (no bar opens at H), incomplete (one of the 24 bars is missing)
}
FIGURES = tuple(name for name in OUTCOMES if name not in {*KEY, "hour_ms", "outcome"})
RETURNS_H = (1, 4, HORIZON_H)
BAR = ("open", "high", "low", "close")


@dataclass(frozen=True)
class Costs:
    """What a side of a trade costs, as a fraction of its value: the taker's fee, and the slippage."""

    taker_fee_ratio: float = 0.0005
    slippage_ratio: float = 0.001

    def __post_init__(self) -> None:
        for name, value in (("taker_fee_ratio", self.taker_fee_ratio), ("slippage_ratio", self.slippage_ratio)):
            if not 0 <= value < 1:
                raise InputError(f"{name} is {value}: a cost per side is a fraction from 0 to 1, such as 0.0005")

    @property
    def both_sides_ratio(self) -> float:
        """What buying and selling cost together."""
        return 2 * (self.taker_fee_ratio + self.slippage_ratio)


def build_outcomes(bars: pl.DataFrame, costs: Costs | None = None) -> pl.DataFrame:
    """Return OUTCOMES for every hour at which a bar opens, and for the hour after each bar that has no next one.

    `bars` are verified closed 1h bars, at least KEY, open_ms, open, high, low, close, in any order. Sorted by KEY and
    hour. Figures are null unless the outcome is complete, but for the entry price where there is an entry. Raises
    InputError for two bars of one hour and for a bar that opens at no full hour.
    """
    if bars.is_empty():
        return pl.DataFrame(schema=dict(OUTCOMES))
    placed = _placed(bars)
    place = pl.col("place")
    # Places rise, by one an hour: where the 23rd row after is 23 places on, all between are there.
    whole = (place.shift(1 - HORIZON_H) - place == HORIZON_H - 1).fill_null(value=False)
    marked = placed.rows.with_columns(whole.alias("whole"), _decided().alias("decided"))
    days = marked.select("place", *_judged(costs or Costs()))
    ends = placed.rows.filter((place.shift(-1) - place).fill_null(0) != 1)
    blank = [pl.lit(None, OUTCOMES[name]).alias(name) for name in FIGURES]
    none = ends.select(place + 1, *blank, pl.lit(NO_ENTRY).alias("outcome"))
    return placed.named(days.merge_sorted(none, key="place"))


class _Placed(NamedTuple):
    """Bars by contract and hour. A bar's `place` is its hour, counted from `first_ms`, plus `stride` per contract."""

    rows: pl.DataFrame
    names: pl.DataFrame
    stride: int
    first_ms: int

    def named(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return OUTCOMES of rows that have a place instead of contract and hour."""
        number = rows["place"] // self.stride
        hour_ms = (rows["place"] % self.stride * HOUR_MS + self.first_ms).alias("hour_ms")
        return rows.with_columns(*(self.names[name].gather(number) for name in KEY), hour_ms).select(*OUTCOMES)


def _placed(bars: pl.DataFrame) -> _Placed:
    """Return the bars at their places; refuse those that stand twice or open at no full hour (InputError)."""
    times = bars["open_ms"]
    _refuse(bars.filter(times % HOUR_MS != 0), "opens at no full hour")
    hours = times // HOUR_MS
    first, last = hours.min(), hours.max()
    assert isinstance(first, int), "there is a bar"
    assert isinstance(last, int), "there is a bar"
    stride = last - first + 1 + HORIZON_H  # no day reaches from a contract's last bar to the next one's first
    names = bars.select(KEY).unique().sort(KEY).with_row_index("number")
    number = bars.select(KEY).join(names, on=KEY, how="left", maintain_order="left")["number"].cast(pl.Int64)
    place = (number * stride + hours - first).alias("place")
    rows = bars.select(*BAR).with_columns(place)
    if not place.is_sorted():
        rows = rows.sort("place")
    twice = rows["place"].filter(rows["place"].diff() == 0)
    _refuse(bars.filter(place.is_in(twice.to_list())) if twice.len() else bars.clear(), "stands twice")
    return _Placed(rows, names, stride, first * HOUR_MS)


def _refuse(wrong: pl.DataFrame, what: str) -> None:
    for row in wrong.head(1).to_dicts():
        raise InputError(
            f"the bar of {row['venue']}:{row['contract']} at {iso(row['open_ms'])} {what}; "
            "outcomes take verified 1h bars, each once: verify the archive first"
        )


def _target(entry: pl.Expr) -> pl.Expr:
    return entry * (1 + TARGET_RATIO - ROUNDING)


def _decided() -> pl.Expr:
    """Return the hour (1 to 24) in which the day reached a barrier: above 0 the target, below 0 the stop, else 0."""
    target, stop = _target(pl.col("open")), pl.col("open") * (1 - STOP_RATIO + ROUNDING)
    decided = pl.lit(0, pl.Int8)
    for hour in range(HORIZON_H, 0, -1):  # the first hour is asked last, and so has the last word; in it, the stop
        high, low = pl.col("high").shift(1 - hour), pl.col("low").shift(1 - hour)
        decided = pl.when(high >= target).then(pl.lit(hour, pl.Int8)).otherwise(decided)
        decided = pl.when(low <= stop).then(pl.lit(-hour, pl.Int8)).otherwise(decided)
    return decided


def _judged(costs: Costs) -> list[pl.Expr]:
    """Return FIGURES and outcome of the day of each bar."""
    entry, decided = pl.col("open"), pl.col("decided")
    closes = {hours: pl.col("close").shift(1 - hours) / entry - 1 for hours in RETURNS_H}
    best = pl.col("high").rolling_max(HORIZON_H).shift(1 - HORIZON_H)
    worst = pl.col("low").rolling_min(HORIZON_H).shift(1 - HORIZON_H)
    day = closes[HORIZON_H]
    of_barrier = pl.when(decided > 0).then(TARGET_RATIO).when(decided < 0).then(-STOP_RATIO).otherwise(day)
    figures = {
        **{f"return_{hours}h_ratio": change for hours, change in closes.items()},
        "best_24h_ratio": best / entry - 1,
        "worst_24h_ratio": worst / entry - 1,
        "hit10": best >= _target(entry),
        "barrier": decided.sign(),
        "barrier_h": pl.when(decided == 0).then(pl.lit(HORIZON_H, pl.Int8)).otherwise(decided.abs()),
        "barrier_return_ratio": of_barrier,
        "net_return_24h_ratio": day - costs.both_sides_ratio,
    }
    outcome = pl.when("whole").then(pl.lit(COMPLETE)).otherwise(pl.lit(INCOMPLETE)).alias("outcome")
    known = (pl.when("whole").then(value).alias(name) for name, value in figures.items())
    return [entry.alias("entry_price"), *known, outcome]
