"""The 1h bars of a stretch of hours: verified, holes filled, in runs without a hole; what was dropped is counted.

Almost all bars of an archive are sound and follow each other hour by hour. A cheap test finds the contracts of which
that is not so; they take the product's own way (fill_between, verify_bars), contract by contract.
"""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import polars as pl

from quantscout.errors import Problem
from quantscout.frames import BARS, HOUR_MS, KEY, conform
from quantscout.venues.binance_answers import NAME
from quantscout.venues.gaps import fill_between
from quantscout.verify import verify_bars
from quantscout_local.evidence.replay_files import HOURS_1H, TAKER_1H, read_where

PRICES = ("open", "high", "low", "close")
COLUMNS = ("symbol", "open_time", *PRICES, "volume", "quote_volume")
TAKER = "taker_buy_quote_volume"


class Stretch(NamedTuple):
    """The bars that open in a stretch of hours, sorted by contract and time.

    `bars` are verified frames.BARS with `run` (a number per uninterrupted row of hours) and `before_ms` (the last bar
    of the contract before its run; null for none in the stretch). `raw` is what the archive says of the contracts that
    are not in order. `opened` has contract, open_ms, price of every recorded bar: who trades in which hour.
    """

    bars: pl.DataFrame
    raw: pl.DataFrame
    opened: pl.DataFrame
    dropped: Counter[str]


def load_stretch(folder: Path, names: pl.Enum, first_ms: int, last_ms: int, counted_ms: int) -> Stretch:
    """Return the bars that open from the first to the last time; rows dropped are counted from `counted_ms` on."""
    rows = load_recorded(folder, names, first_ms, last_ms)
    faulty = rows.select(pl.col("contract").filter(~_in_order())).to_series().unique()
    dropped: Counter[str] = Counter()
    opened = rows.select("contract", "open_ms", pl.col("close").alias("price"))
    raw = rows.clear()
    if faulty.len():
        is_faulty = pl.col("contract").is_in(faulty.implode())
        raw, rows = rows.filter(is_faulty), rows.filter(~is_faulty)
        mended = mend(raw, last_ms + HOUR_MS, names)
        dropped = _count(raw.filter(pl.col("open_ms") >= counted_ms), last_ms + HOUR_MS)
        rows = pl.concat([rows, mended]).sort("contract", "open_ms")
        opened = opened.unique(["contract", "open_ms"], keep="last", maintain_order=True)
    return Stretch(find_runs(rows), raw, opened, dropped)


def load_recorded(
    folder: Path, names: pl.Enum, first_ms: int, last_ms: int, *, symbols: list[str] | None = None
) -> pl.DataFrame:
    """Return frames.BARS of both 1h series as they are recorded, sorted by contract and time.

    Where both know a bar, the one with takers. With `symbols`, of these contracts alone.
    """
    where = pl.col("open_time").is_between(first_ms, last_ms)
    if symbols is not None:
        where &= pl.col("symbol").is_in(symbols)
    plain = read_where(folder, HOURS_1H, COLUMNS, where)
    split = read_where(folder, TAKER_1H, (*COLUMNS, TAKER), where)
    if split.height:
        plain = plain.join(split, on=["symbol", "open_time"], how="anti")
    both = pl.concat([split, plain], how="diagonal") if split.height else plain.with_columns(_nothing(TAKER))
    contract = pl.col("symbol").cast(names).alias("contract")
    renamed = both.rename(
        {"open_time": "open_ms", "volume": "volume_coins", "quote_volume": "volume_usdt", TAKER: "taker_buy_usdt"}
    )
    venue, filled = pl.lit(NAME).cast(pl.Enum([NAME])).alias("venue"), pl.lit(value=False).alias("filled")
    frame = renamed.with_columns(contract, venue, filled).select(*BARS)
    floats = [name for name, kind in BARS.items() if kind == pl.Float64]
    known = frame.with_columns(pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in floats)
    return known if _is_sorted(known) else known.sort("contract", "open_ms", maintain_order=True)


def _nothing(name: str) -> pl.Expr:
    return pl.lit(None, pl.Float64).alias(name)


def _is_sorted(bars: pl.DataFrame) -> bool:
    number, time = bars["contract"].to_physical().cast(pl.Int64), bars["open_ms"]
    step = number.diff()
    return bool(((step > 0) | ((step == 0) & (time.diff() >= 0))).fill_null(value=True).all())


def _in_order() -> pl.Expr:
    """Tell of each row (sorted by contract and time) whether it surely passes and follows its forerunner by an hour."""
    body_low, body_high = pl.min_horizontal("open", "close"), pl.max_horizontal("open", "close")
    follows = (pl.col("open_ms") - pl.col("open_ms").shift(1) == HOUR_MS) | (
        pl.col("contract") != pl.col("contract").shift(1)
    )
    sound = (
        (pl.col("open_ms") % HOUR_MS == 0)
        & (pl.min_horizontal(PRICES) > 0)
        & (pl.col("low") <= body_low)
        & (pl.col("high") >= body_high)
        & (pl.col("volume_coins") >= 0)
        & (pl.col("volume_usdt") >= 0)
        & (pl.col("taker_buy_usdt").fill_null(0.0) >= 0)
        & pl.all_horizontal(pl.col(name).is_not_null() for name in PRICES)
    )
    return sound.fill_null(value=False) & follows.fill_null(value=True)


def mend(raw: pl.DataFrame, hour_ms: int, names: pl.Enum) -> pl.DataFrame:
    """Return the verified bars of recorded ones up to an hour, omitted ones filled, as the product does it."""
    texts = raw.with_columns(pl.col(*KEY).cast(pl.String))
    parts = [fill_between(part, HOUR_MS) for part in texts.partition_by("contract", maintain_order=True)]
    bars = verify_bars(pl.concat(parts) if parts else texts, HOUR_MS, hour_ms).bars
    return bars.with_columns(pl.col("venue").cast(pl.Enum([NAME])), pl.col("contract").cast(names)).select(*BARS)


def _count(raw: pl.DataFrame, hour_ms: int) -> Counter[str]:
    """Return how many recorded rows verification drops, by reason."""
    return count_rows(verify_bars(conform(raw, BARS), HOUR_MS, hour_ms).problems)


def count_rows(problems: list[Problem]) -> Counter[str]:
    """Return the rows that problems speak of ("3 rows dropped"), by reason."""
    counted: Counter[str] = Counter()
    for problem in problems:
        counted[problem.reason] += int(problem.detail.split()[0])
    return counted


def find_runs(bars: pl.DataFrame) -> pl.DataFrame:
    """Add `run` and `before_ms` (see Stretch) to verified bars that are sorted by contract and time."""
    same = pl.col("contract") == pl.col("contract").shift(1)
    starts = ~(same & (pl.col("open_ms") - pl.col("open_ms").shift(1) == HOUR_MS)).fill_null(value=False)
    last = pl.when(same).then(pl.col("open_ms").shift(1))
    marked = bars.with_columns(starts.cum_sum().cast(pl.UInt32).alias("run"), last.alias("before_ms"))
    return marked.with_columns(pl.col("before_ms").first().over("run"))
