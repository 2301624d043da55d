"""Bars that a venue omits because nothing traded (SPEC 3): filled only between two real bars of one answer."""

import polars as pl

from quantscout.frames import BARS

LONGEST_HOLE = 1_500  # bars: as many as the largest answer of any venue spans


def fill_between(bars: pl.DataFrame, interval_ms: int) -> pl.DataFrame:
    """Return one contract's bars of ONE answer, sorted, with the omitted ones between them: no volume, previous close.

    `bars` are `frames.BARS`. Nothing is filled next to a bar that would not pass verification (broken, misaligned, or
    told twice in different words), nor in a hole longer than an answer. A filled bar has `filled` true; taker volume
    stays null where the venue has none.
    """
    ordered = bars.sort("open_ms", maintain_order=True)
    if len(bars) < 2 or ordered["open_ms"].diff().max() == interval_ms:  # noqa: PLR2004 - the usual answer, quickly
        return ordered
    real = ordered.unique(maintain_order=True).with_columns(_real(interval_ms).alias("real"))
    following = pl.col("open_ms").shift(-1)
    steps = (following - pl.col("open_ms")) // interval_ms
    hole = steps.is_between(2, LONGEST_HOLE) & pl.col("real") & pl.col("real").shift(-1)
    before = real.with_columns(following.alias("following")).filter(hole)
    if before.is_empty():
        return ordered
    opens = pl.int_ranges(pl.col("open_ms") + interval_ms, "following", interval_ms)
    filled = (
        before.with_columns(opens.alias("open_ms"))
        .explode("open_ms", empty_as_null=False)
        .with_columns(
            *(pl.col("close").alias(name) for name in ("open", "high", "low")),
            *(pl.lit(0.0).alias(name) for name in ("volume_coins", "volume_usdt")),
            (pl.col("taker_buy_usdt") * 0).alias("taker_buy_usdt"),
            pl.lit(True).alias("filled"),
        )
    )
    return pl.concat([ordered, filled.select(*BARS)]).sort("open_ms", maintain_order=True)


def _real(interval_ms: int) -> pl.Expr:
    """Return whether a row would pass verification; volumes may be unknown, as they are in older answers."""
    body_low, body_high = pl.min_horizontal("open", "close"), pl.max_horizontal("open", "close")
    sound = (
        (pl.col("open_ms") % interval_ms == 0)
        & pl.col("open_ms").is_unique()
        & pl.all_horizontal(pl.col(name) > 0 for name in ("open", "high", "low", "close"))
        & (pl.col("low") <= body_low)
        & (body_high <= pl.col("high"))
        & (pl.col("volume_coins") >= 0)
        & (pl.col("volume_usdt").fill_null(0.0) >= 0)
        & (pl.col("taker_buy_usdt").fill_null(0.0) >= 0)
    )
    return sound.fill_null(value=False)
