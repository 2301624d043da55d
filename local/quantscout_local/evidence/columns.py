"""The windows of windows.py over all hours at once: every look-up by time is a shift within a run of bars.

A run has no hole, so that its rows are its hours. Where a window reaches over the beginning of a run into an earlier
one, or begins among filled bars, the figures are not `regular`: those few rows go by windows.py itself.
"""

import polars as pl

from quantscout.frames import HOUR_MS
from quantscout.windows import ATR_PERIOD, TREND_H, build_4h_bars, true_range

BLOCK_H = 4
FOREVER_MS = 1 << 62
RUN = ["run"]
NEEDED = ("venue", "contract", "run", "before_ms", "open_ms", "high", "low", "close", "volume_usdt", "taker_buy_usdt",
          "filled")  # fmt: skip
KEPT = ("venue", "contract", "open_ms", "high", "low", "close", "volume_usdt", "taker_buy_usdt", "filled")
FIGURES = (
    "history_h", "last_open_ms", "last_close", "high", "low", "close", "volume_usdt", "taker_buy_usdt", "close_1h_ago",
    "volume_1h_ago_usdt", "close_4h_ago", "sma20", "high_20h", "atr14_1h", "volume_24h_usdt",
    "volume_median_usdt", "adv30_usdt", "change_4h_ratio", "bars_4h", "atr_pct",
)  # fmt: skip
"""Those of windows.FIGURES that a factor is likely to take, by the same names; flags would take more."""


def build_columns(bars: pl.DataFrame, first_ms: int, history_h: int) -> pl.DataFrame:
    """Return venue, contract, hour_ms, FIGURES and `regular` of every hour from the first on in which a bar closes.

    `bars` are those of replay_bars.Stretch, from `history_h + 1` hours before the first hour on.
    """
    place = pl.int_range(pl.len(), dtype=pl.Int32).over(RUN).alias("place")
    hourly = bars.select(NEEDED).with_columns(place, true_range(RUN).alias("true_range"))
    smooth = _smoothed(hourly, history_h + 1).alias("atr14_1h")
    blocks = _of_blocks(hourly, history_h)
    known = hourly.select(*KEPT, *_hourly(history_h)).with_columns(smooth, *blocks)
    hour = (pl.col("open_ms") + HOUR_MS).alias("hour_ms")
    atr_pct = (100 * pl.col("atr14_4h") / pl.col("close")).alias("atr_pct")
    newest = pl.col("open_ms").alias("last_open_ms"), pl.col("close").alias("last_close")
    named = known.filter(hour >= first_ms, ~pl.col("filled")).with_columns(hour, atr_pct, *newest)
    return named.select("venue", "contract", "hour_ms", *FIGURES, "regular")


def _over(value: pl.Expr) -> pl.Expr:
    return value.over(RUN)


def _hourly(history_h: int) -> list[pl.Expr]:
    close, volume = pl.col("close"), pl.col("volume_usdt")
    high_20h = pl.col("high").rolling_max(TREND_H).shift(1)
    # Rolling sums carry a rest: a window in which nothing traded must be exactly 0.
    idle = volume.rolling_max(history_h, min_samples=1) == 0
    mean = pl.when(idle).then(0.0).otherwise(volume.rolling_mean(history_h, min_samples=1))
    day = pl.when(volume.rolling_max(24) == 0).then(0.0).otherwise(volume.rolling_sum(24))
    earliest_ms = pl.col("open_ms") - history_h * HOUR_MS
    alone = (pl.col("before_ms") < earliest_ms).fill_null(value=True)
    whole = ~_over(pl.col("filled").shift(history_h)).fill_null(value=False)
    return [
        pl.min_horizontal(pl.col("place") + 1, pl.lit(history_h + 1, pl.Int32)).cast(pl.Int64).alias("history_h"),
        _over(close.shift(1)).alias("close_1h_ago"),
        _over(volume.shift(1)).alias("volume_1h_ago_usdt"),
        _over(close.shift(4)).alias("close_4h_ago"),
        _over(close / close.shift(4) - 1).alias("change_4h_ratio"),
        _over(close.rolling_mean(TREND_H)).alias("sma20"),
        _over(high_20h).alias("high_20h"),
        _over(day).alias("volume_24h_usdt"),
        _over(volume.rolling_median(history_h, min_samples=1).shift(1)).alias("volume_median_usdt"),
        _over(24 * mean).alias("adv30_usdt"),
        (alone & whole).alias("regular"),
    ]


def _smoothed(ranged: pl.DataFrame, rows: int) -> pl.Series:
    """Return Wilder's smoothing of `true_range` over a window of so many rows, the seed at the window's start.

    One recursion E runs through the whole run. A window that begins later has another seed M (the mean of its first 14
    true ranges) at the place S where E stood: both then take the same steps, and each takes 13/14 of their difference.
    """
    steps = rows - 1 - ATR_PERIOD
    if steps < 0:
        return pl.Series("smooth", [None] * ranged.height, pl.Float64)
    value, place = pl.col("true_range"), pl.col("place")
    with_mean = ranged.select("run", "place", "true_range", _over(value.rolling_mean(ATR_PERIOD)).alias("mean"))
    steady = pl.when(place > ATR_PERIOD).then(value).when(place == ATR_PERIOD).then("mean")
    one = with_mean.with_columns(_over(steady.ewm_mean(alpha=1 / ATR_PERIOD, adjust=False)).alias("one"))
    decay = (1 - 1 / ATR_PERIOD) ** steps
    # A window that begins with its run has the run's own seed; elsewhere the shift stays within the run.
    away = (pl.col("one") - pl.col("mean")).shift(steps)
    return one.select(pl.when(place >= rows - 1).then(pl.col("one") - decay * away).otherwise("one")).to_series()


def _blocks_of_window(history_h: int) -> list[int]:
    """Return how many whole blocks of 4 h a window has, by the hour modulo 4."""
    rows = history_h + 1
    return [hour // BLOCK_H + (rows - hour) // BLOCK_H for hour in range(BLOCK_H)]


def _of_blocks(hourly: pl.DataFrame, history_h: int) -> list[pl.Series]:
    """Return `atr14_4h` and `bars_4h` of the blocks that had closed by the hour and lie within its window."""
    blocks = build_4h_bars(hourly.select("run", "open_ms", "high", "low", "close"), FOREVER_MS, RUN)
    place = pl.int_range(pl.len(), dtype=pl.Int32).over(RUN).alias("place")
    ranged = blocks.with_columns(place, true_range(RUN).alias("true_range"))
    counts = _blocks_of_window(history_h)
    smooth = {count: _smoothed(ranged, count) for count in set(counts)}
    hour = hourly["open_ms"] // HOUR_MS + 1
    ends = ((hour % BLOCK_H == 0) & (hourly["place"] >= BLOCK_H - 1)).cast(pl.UInt32).cum_sum()
    last = pl.select(pl.when(ends > 0).then(ends - 1)).to_series()  # the newest block so far, of whichever run
    own = ranged["run"].gather(last) == hourly["run"]
    found = pl.DataFrame([hour.alias("hour"), own.alias("own"), ranged["place"].gather(last).alias("block")])
    found = found.with_columns(series.gather(last).alias(f"atr_{count}") for count, series in smooth.items())
    atr, most = pl.lit(None, pl.Float64), pl.lit(None, pl.Int32)
    for rest, count in enumerate(counts):
        fits = pl.col("own") & (pl.col("hour") % BLOCK_H == rest)
        atr = pl.when(fits).then(pl.col(f"atr_{count}")).otherwise(atr)
        most = pl.when(fits).then(pl.lit(count, pl.Int32)).otherwise(most)
    bars_4h = pl.when(pl.col("block") + 1 < most).then(pl.col("block") + 1).when(most >= 0).then(most)
    both = found.select(atr.alias("atr14_4h"), bars_4h.fill_null(0).cast(pl.Int64).alias("bars_4h"))
    return both.get_columns()
