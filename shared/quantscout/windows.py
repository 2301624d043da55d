"""Windows over a contract's bars: one row per contract with every figure that gates and factors need (SPEC 3 to 5).

t is the hour's bar, the one that opens at H - 1h. Look-ups are by time, never by position: where the bar of an exact
time is missing, the figure is null. Baselines (medians, means, ATR) use what exists of the trailing 30 days.
"""

import polars as pl

from quantscout.frames import HOUR_MS, KEY

FOUR_HOURS_MS = 4 * HOUR_MS
ATR_PERIOD = 14
TREND_H = 20
BATCH = 200
"""Contracts whose windows are built at once."""


def build_4h_bars(bars: pl.DataFrame, hour_ms: int) -> pl.DataFrame:
    """Return the 4h bars of the blocks 00, 04, 08 … that closed by the hour; only blocks with all four 1h bars.

    `bars` are verified 1h bars sorted by contract and time; the result is sorted likewise.
    """
    block = (pl.col("open_ms") // FOUR_HOURS_MS * FOUR_HOURS_MS).alias("open_ms")
    sums = [pl.col(name).sum() for name in ("volume_coins", "volume_usdt") if name in bars.columns]
    blocks = bars.group_by(*KEY, block, maintain_order=True).agg(
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        *sums,
        pl.len().alias("hours"),
    )
    whole = (pl.col("hours") == 4) & (pl.col("open_ms") + FOUR_HOURS_MS <= hour_ms)  # noqa: PLR2004
    return blocks.filter(whole).drop("hours")


def true_range() -> pl.Expr:
    """Return Wilder's true range; null in the first row of each contract (rows sorted by contract and time)."""
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in KEY)
    before = pl.when(same).then(pl.col("close").shift(1))
    gaps = (pl.col("high") - before).abs(), (pl.col("low") - before).abs()
    return pl.when(before.is_not_null()).then(pl.max_horizontal(pl.col("high") - pl.col("low"), *gaps))


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


def _trend(t: int) -> list[pl.Expr]:
    closes, all_closes = _whole(pl.col("close"), t - (TREND_H - 1) * HOUR_MS, t)
    highs, all_highs = _whole(pl.col("high"), t - TREND_H * HOUR_MS, t - HOUR_MS)
    return [
        pl.when(all_closes).then(closes.mean()).alias("sma20"),
        pl.when(all_highs).then(highs.max()).alias("high_20h"),
        wilder_last(pl.col("true_range")).alias("atr14_1h"),
    ]


def _volume(t: int, history_h: int) -> list[pl.Expr]:
    day, all_day = _whole(pl.col("volume_usdt"), t - 23 * HOUR_MS, t)
    trailing = pl.col("open_ms") < t
    fullest = pl.col("volume_usdt").filter(pl.col("open_ms") > t - 24 * HOUR_MS).arg_max()
    body = (pl.col("close") / pl.col("open") - 1).abs().filter(pl.col("open_ms") > t - 24 * HOUR_MS)
    return [
        pl.when(all_day).then(day.sum()).alias("volume_24h_usdt"),
        pl.when(all_day & (day.sum() > 0)).then(day.max() / day.sum()).alias("fullest_bar_ratio"),
        body.get(fullest, null_on_oob=True).alias("fullest_bar_move_ratio"),
        pl.col("volume_usdt").filter(trailing).median().alias("volume_median_usdt"),
        (24 * pl.col("volume_usdt").filter(pl.col("open_ms") > t - history_h * HOUR_MS).mean()).alias("adv30_usdt"),
    ]


def _change_4h(t: int) -> list[pl.Expr]:
    """Return the 4h price change and the standard deviation of a contract's own 4h changes over the window."""
    change = pl.col("change_4h_ratio")
    return [_at("change_4h_ratio", t).alias("change_4h_ratio"), change.std(ddof=0).alias("change_4h_std_ratio")]


def _changes(bars: pl.DataFrame) -> pl.DataFrame:
    """Add the true range and, where the bar four hours before is there, the 4h change of the close."""
    before = pl.all_horizontal(
        *(pl.col(k) == pl.col(k).shift(4) for k in KEY), pl.col("open_ms") - pl.col("open_ms").shift(4) == FOUR_HOURS_MS
    )
    change = pl.when(before).then(pl.col("close") / pl.col("close").shift(4) - 1)
    return bars.with_columns(true_range().alias("true_range"), change.alias("change_4h_ratio"))


def build_windows(bars: pl.DataFrame, hour_ms: int, history_h: int = 720) -> pl.DataFrame:
    """Return one row per contract from verified 1h bars; uses the bars that open in [H - (history_h + 1) h, H - 1h].

    `atr_pct` is a percentage of the newest close; `history_h` counts the bars of the trailing window. The order of the
    bars does not matter. Contracts are taken in batches, which bounds the memory.
    """
    t = hour_ms - HOUR_MS
    columns = (*KEY, "open_ms", "open", "high", "low", "close", "volume_usdt", "taker_buy_usdt")
    window = bars.lazy().filter(pl.col("open_ms").is_between(t - history_h * HOUR_MS, t)).select(columns)
    names = window.select(KEY).unique().sort(KEY).collect()
    batches = [window.join(names[k : k + BATCH].lazy(), on=KEY, how="semi") for k in range(0, names.height, BATCH)]
    parts = [_windows_of(batch.sort(*KEY, "open_ms").collect(), hour_ms, history_h) for batch in batches]
    return pl.concat(parts) if parts else _windows_of(window.collect(), hour_ms, history_h)


def _windows_of(inside: pl.DataFrame, hour_ms: int, history_h: int) -> pl.DataFrame:
    t = hour_ms - HOUR_MS
    now = ("open", "high", "low", "close", "volume_usdt", "taker_buy_usdt")
    ago = {
        "close_1h_ago": ("close", 1),
        "volume_1h_ago_usdt": ("volume_usdt", 1),
        "close_4h_ago": ("close", 4),
        "close_7d_ago": ("close", 168),
    }
    hourly = (
        _changes(inside)
        .group_by(*KEY, maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("history_h"),
            pl.col("open_ms").last().alias("last_open_ms"),
            pl.col("close").last().alias("last_close"),
            *(_at(name, t).alias(name) for name in now),
            *(_at(column, t - hours * HOUR_MS).alias(name) for name, (column, hours) in ago.items()),
            *_trend(t),
            *_volume(t, history_h),
            *_change_4h(t),
        )
    )
    joined = hourly.join(_atr_4h(inside, hour_ms), on=KEY, how="left", maintain_order="left")
    return joined.with_columns((100 * pl.col("atr14_4h") / pl.col("last_close")).alias("atr_pct"))


def _atr_4h(bars: pl.DataFrame, hour_ms: int) -> pl.DataFrame:
    blocks = build_4h_bars(bars, hour_ms).with_columns(true_range().alias("true_range"))
    return blocks.group_by(*KEY, maintain_order=True).agg(
        wilder_last(pl.col("true_range")).alias("atr14_4h"), pl.len().cast(pl.Int64).alias("bars_4h")
    )
