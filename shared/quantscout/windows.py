"""Windows over a contract's bars: one row per contract with every figure that gates and factors need (SPEC 3 to 5).

t is the hour's bar, the one that opens at H - 1h. Look-ups are by time, never by position: where the bar of an exact
time is missing, the figure is null. Baselines (medians, means, ATR) use what exists of the trailing 30 days.
"""

import functools
import itertools
import operator
from collections.abc import Sequence

import polars as pl

from quantscout.frames import HOUR_MS, KEY
from quantscout.order import order_rows, take

FOUR_HOURS_MS = 4 * HOUR_MS
ATR_PERIOD = 14
TREND_H = 20
WEEK_H = 168
BATCH = 200
"""Contracts whose windows are built at once: this bounds the memory."""
LONG = ("open_ms", "high", "low", "close", "volume_usdt")
"""The columns that are needed of all hours; the others are looked up at a few."""

FIGURES = (
    "history_h", "last_open_ms", "last_close", "open", "high", "low", "close", "volume_usdt", "taker_buy_usdt",
    "close_1h_ago", "volume_1h_ago_usdt", "close_4h_ago", "close_7d_ago", "sma20", "high_20h", "atr14_1h",
    "volume_24h_usdt", "fullest_bar_ratio", "fullest_bar_move_ratio", "volume_median_usdt", "adv30_usdt",
    "change_4h_ratio", "change_4h_std_ratio", "atr14_4h", "bars_4h", "atr_pct",
)  # fmt: skip


def build_4h_bars(bars: pl.DataFrame, hour_ms: int, key: Sequence[str] = KEY) -> pl.DataFrame:
    """Return the 4h bars of the blocks 00, 04, 08 … that closed by the hour; only blocks with all four 1h bars.

    `bars` are verified 1h bars sorted by contract (its columns are `key`) and time; the result is sorted likewise.
    """
    block = pl.col("open_ms") // FOUR_HOURS_MS * FOUR_HOURS_MS
    # Times rise by whole hours: where the third row before is of the same block, all four are there.
    whole = pl.all_horizontal(block == block.shift(3), *(pl.col(name) == pl.col(name).shift(3) for name in key))
    parts = {
        "open": _four("open")[0],
        "high": pl.max_horizontal(_four("high")),
        "low": pl.min_horizontal(_four("low")),
        "close": _four("close")[3],
        "volume_coins": functools.reduce(operator.add, _four("volume_coins")),
        "volume_usdt": functools.reduce(operator.add, _four("volume_usdt")),
    }
    known = [value.alias(name) for name, value in parts.items() if name in bars.columns]
    marked = bars.with_columns((whole & (block + FOUR_HOURS_MS <= hour_ms)).alias("whole"))
    return marked.select(pl.col(*key).filter("whole"), block.filter("whole").alias("open_ms"), *known)


def _four(column: str) -> list[pl.Expr]:
    """Return a column of the four hours of each whole block, oldest first."""
    return [pl.col(column).shift(rows).filter("whole") for rows in (3, 2, 1, 0)]


def true_range(key: Sequence[str] = KEY) -> pl.Expr:
    """Return Wilder's true range; null in the first row of each contract (rows sorted by contract and time)."""
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in key)
    before = pl.col("close").shift(1)
    # The largest of high - low, |high - before| and |low - before|, to the last bit: rounding keeps their order.
    return pl.when(same).then(_larger(before, pl.col("high")) - _smaller(before, pl.col("low")))


def _larger(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Return the larger of two numbers that are known, in half of max_horizontal's time."""
    return pl.when(one > other).then(one).otherwise(other)


def _smaller(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    return pl.when(one < other).then(one).otherwise(other)


def wilder_last(values: pl.Expr, period: int = ATR_PERIOD) -> pl.Expr:
    """Return the last value of Wilder's smoothing of a contract's series whose first value is null (a true range).

    The seed is the mean of the first `period` values, then s' = s + (x - s) / period, as in Wilder (1978) and TA-Lib.
    Null with fewer than `period` values.
    """
    known = values.slice(1)
    smoothed = known.slice(0, period).mean().append(known.slice(period)).ewm_mean(alpha=1 / period, adjust=False).last()
    return pl.when(known.len() >= period).then(smoothed)


def _at(column: str, open_ms: int) -> pl.Expr:
    return pl.col(column).filter(pl.col("open_ms") == open_ms).first()


def _whole(column: pl.Expr, first_ms: int, last_ms: int) -> tuple[pl.Expr, pl.Expr]:
    """Return the values of the bars that open in the range, and whether every hour of it is there."""
    inside = pl.col("open_ms").is_between(first_ms, last_ms)
    return column.filter(inside), inside.sum() == (last_ms - first_ms) // HOUR_MS + 1


def _now(t: int) -> list[pl.Expr]:
    """Return what is looked up at exact times: the hour's bar, closes and volume before it, and the 4h change."""
    ago = {
        "close_1h_ago": ("close", 1),
        "volume_1h_ago_usdt": ("volume_usdt", 1),
        "close_4h_ago": ("close", 4),
        "close_7d_ago": ("close", WEEK_H),
    }
    return [
        *(_at(name, t).alias(name) for name in ("open", "high", "low", "close", "volume_usdt", "taker_buy_usdt")),
        *(_at(column, t - hours * HOUR_MS).alias(name) for name, (column, hours) in ago.items()),
        (_at("close", t) / _at("close", t - FOUR_HOURS_MS) - 1).alias("change_4h_ratio"),
    ]


def _trend(t: int) -> list[pl.Expr]:
    closes, all_closes = _whole(pl.col("close"), t - (TREND_H - 1) * HOUR_MS, t)
    highs, all_highs = _whole(pl.col("high"), t - TREND_H * HOUR_MS, t - HOUR_MS)
    return [
        pl.when(all_closes).then(closes.mean()).alias("sma20"),
        pl.when(all_highs).then(highs.max()).alias("high_20h"),
    ]


def _day(t: int) -> list[pl.Expr]:
    volume, all_day = _whole(pl.col("volume_usdt"), t - 23 * HOUR_MS, t)
    inside = pl.col("open_ms") > t - 24 * HOUR_MS
    body = (pl.col("close") / pl.col("open") - 1).abs().filter(inside)
    fullest = pl.col("volume_usdt").filter(inside).arg_max()
    return [
        pl.when(all_day).then(volume.sum()).alias("volume_24h_usdt"),
        pl.when(all_day & (volume.sum() > 0)).then(volume.max() / volume.sum()).alias("fullest_bar_ratio"),
        body.get(fullest, null_on_oob=True).alias("fullest_bar_move_ratio"),
    ]


def _trailing(t: int, history_h: int) -> list[pl.Expr]:
    volume, first_ms = pl.col("volume_usdt"), t - history_h * HOUR_MS
    return [
        pl.len().cast(pl.Int64).alias("history_h"),
        pl.col("open_ms").last().alias("last_open_ms"),
        pl.col("close").last().alias("last_close"),
        wilder_last(pl.col("true_range")).alias("atr14_1h"),
        volume.filter(pl.col("open_ms") < t).median().alias("volume_median_usdt"),
        (24 * volume.filter(pl.col("open_ms") > first_ms).mean()).alias("adv30_usdt"),
        pl.col("change").std(ddof=0).alias("change_4h_std_ratio"),
    ]


def _month(bars: pl.DataFrame, hour_ms: int, history_h: int) -> pl.DataFrame:
    """Return the figures over a month of bars, which are sorted by contract `number` and time."""
    number = pl.col("number")
    before = (number == number.shift(4)) & (pl.col("open_ms") - pl.col("open_ms").shift(4) == FOUR_HOURS_MS)
    change = pl.when(before).then(pl.col("close") / pl.col("close").shift(4) - 1).alias("change")
    hourly = bars.with_columns(true_range(["number"]).alias("true_range"), change)
    blocks = build_4h_bars(bars.drop("volume_usdt"), hour_ms, ["number"])
    blocks = blocks.with_columns(true_range(["number"]).alias("true_range"))
    of_blocks = wilder_last(pl.col("true_range")).alias("atr14_4h"), pl.len().cast(pl.Int64).alias("bars_4h")
    figures = hourly.group_by("number", maintain_order=True).agg(*_trailing(hour_ms - HOUR_MS, history_h))
    atr_4h = blocks.group_by("number", maintain_order=True).agg(*of_blocks)
    return figures.join(atr_4h, on="number", how="left", maintain_order="left")


def _recent(long: pl.DataFrame, bars: pl.DataFrame, row: pl.Series, t: int, history_h: int) -> pl.DataFrame:
    """Return the figures of the last day, and of a week ago where the window reaches so far: of a few hours' bars."""
    hours = [*range(25), WEEK_H] if history_h >= WEEK_H else range(25)
    near = long["open_ms"].is_in([t - hour * HOUR_MS for hour in hours])
    few = long.filter(near).with_columns(take(bars, row.filter(near), ("open", "taker_buy_usdt")))
    return few.group_by("number", maintain_order=True).agg(*_now(t), *_trend(t), *_day(t))


def build_windows(bars: pl.DataFrame, hour_ms: int, history_h: int = 720) -> pl.DataFrame:
    """Return one row per contract from verified 1h bars; uses the bars that open in [H - (history_h + 1) h, H - 1h].

    `atr_pct` is a percentage of the newest close; `history_h` counts the bars of the trailing window. The order of the
    bars does not matter. Contracts are taken in batches, which bounds the memory.
    """
    t = hour_ms - HOUR_MS
    order = order_rows(bars, "open_ms", t - history_h * HOUR_MS, t)
    long = pl.DataFrame([order.number, *take(bars, order.row, LONG)])
    ends = [*order.starts[::BATCH], long.height] if long.height else [0, 0]
    months = pl.concat([_month(long[first:end], hour_ms, history_h) for first, end in itertools.pairwise(ends)])
    days = _recent(long, bars, order.row, t, history_h)
    joined = order.names(bars).join(months, on="number", how="left").join(days, on="number", how="left")
    atr_pct = (100 * pl.col("atr14_4h") / pl.col("last_close")).alias("atr_pct")
    return joined.sort(KEY).with_columns(atr_pct, pl.col("bars_4h").fill_null(0)).select(*KEY, *FIGURES)
