"""Bars that a venue omits because nothing traded (SPEC 3): filled only between two real bars of one answer."""

import polars as pl

from quantscout.frames import BARS


def fill_between(bars: pl.DataFrame, interval_ms: int) -> pl.DataFrame:
    """Return one contract's bars of ONE answer, sorted, with the omitted ones between them: no volume, previous close.

    `bars` are `frames.BARS`. Nothing is filled next to a bar that would not pass verification, nor where the distance
    is no multiple of the interval. A filled bar has `filled` true; taker volume stays null where the venue has none.
    """
    ordered = bars.sort("open_ms", maintain_order=True)
    if len(bars) < 2 or ordered["open_ms"].diff().max() == interval_ms:  # noqa: PLR2004 - the usual answer, quickly
        return ordered
    following = pl.col("open_ms").shift(-1)
    distance = following - pl.col("open_ms")
    hole = (distance > interval_ms) & (distance % interval_ms == 0) & _real() & _real().shift(-1)
    before = ordered.with_columns(following.alias("following")).filter(hole)
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


def _real() -> pl.Expr:
    body_low, body_high = pl.min_horizontal("open", "close"), pl.max_horizontal("open", "close")
    sound = (
        (pl.col("low") > 0)
        & (pl.col("low") <= body_low)
        & (body_high <= pl.col("high"))
        & (pl.col("volume_coins") >= 0)
    )
    return sound.fill_null(value=False)
