"""What a market in the tests makes up, by a seed: bars, a second venue, holes, spreads, books, supply.

A value depends on the seed and the contract's name, so the same seed makes the same market, bit for bit.
"""

import math
from collections.abc import Iterable
from random import Random
from typing import Any

import polars as pl

from quantscout.frames import DAY_MS, HOUR_MS, KEY, MINUTE_MS

Values = tuple[Any, ...]
Row = dict[str, Any]


def dice_of(seed: int, row: Row, purpose: str) -> Random:
    """Return the random numbers of one contract for one purpose."""
    return Random(f"{seed} {row['venue']} {row['contract']} {purpose}")


def walk(dice: Random, name: str, hours: int, hour_ms: int) -> Iterable[Values]:
    """Return a contract's 1h bars before the hour, as frames.BARS: a random walk with its own price and volume."""
    price, volume = dice.uniform(0.01, 20), 10 ** dice.uniform(3.7, 5.7)
    for k in range(hours, 0, -1):
        start, price = price, price * math.exp(dice.gauss(0, 0.01))
        high, low = max(start, price) * (1 + dice.random() / 100), min(start, price) * (1 - dice.random() / 100)
        traded = volume * math.exp(dice.gauss(0, 0.8))
        yield "binance", name, hour_ms - k * HOUR_MS, start, high, low, price, traded / price, traded, None, False


def second_venue(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Return the rows of some contracts as a second venue has them: smaller, and a little dearer."""
    smaller = {"volume_coins", "volume_usdt", "open_interest_coins", "rate_ratio"}
    dearer = {"open", "high", "low", "close"}
    scaled = [pl.col(c) * (0.31 if c in smaller else 1.0007) for c in frame.columns if c in smaller | dearer]
    some = frame.filter(pl.col("contract").is_in(names))
    return some.with_columns(pl.lit("kucoin").alias("venue"), pl.col("contract") + "M", *scaled)


def with_holes(bars: pl.DataFrame, hour_ms: int, seed: int) -> pl.DataFrame:
    """Take out one of the last 30 bars of every sixteenth contract, and three older ones of every twenty-fifth."""
    dice, gone = Random(f"{seed} holes"), []
    for venue, contract in bars.select(KEY).unique().sort(KEY).rows():
        ages = [dice.randint(1, 30)] if dice.random() < 0.06 else []
        ages += [dice.randint(31, 700) for _ in range(3)] if dice.random() < 0.04 else []
        gone += [(venue, contract, hour_ms - age * HOUR_MS) for age in ages]
    holes = pl.DataFrame(gone, schema={"venue": pl.String, "contract": pl.String, "open_ms": pl.Int64}, orient="row")
    return bars.join(holes, on=[*KEY, "open_ms"], how="anti", maintain_order="left")


def with_gaps(rows: pl.DataFrame, name: str, seed: int) -> pl.DataFrame:
    """Take out all rows of every twenty-fifth contract, and every 41st row of the others (a prime: all ages)."""
    dice = Random(f"{seed} {name}")
    contracts = rows.select(KEY).unique().sort(KEY)
    kept = contracts.filter(pl.Series([dice.random() > 0.04 for _ in range(contracts.height)], dtype=pl.Boolean))
    some = rows.join(kept, on=KEY, how="semi", maintain_order="left").with_row_index("row")
    return some.filter(pl.col("row") * 31 % 41 > 0).drop("row")


def with_taker(bars: pl.DataFrame, hour_ms: int, seed: int) -> pl.DataFrame:
    """Give the hour's bars of the first venue a taker's side; the second venue has none."""
    first = pl.col("venue") == "binance"
    names = bars.filter(first)["contract"].unique().sort()
    shares = {name: Random(f"{seed} {name} taker").uniform(0.3, 0.7) for name in names}
    share = pl.col("contract").replace_strict(shares, default=None, return_dtype=pl.Float64)
    here = first & (pl.col("open_ms") == hour_ms - HOUR_MS)
    return bars.with_columns(pl.when(here).then(pl.col("volume_usdt") * share).alias("taker_buy_usdt"))


def listed(row: Row, hour_ms: int, seed: int) -> Values:
    """Return a contract's line of frames.LISTING, made up around its newest bar."""
    dice = dice_of(seed, row, "listing")
    price = row["close"] * (1 + dice.gauss(0, 0.0005))
    half = dice.choices([0.0002, 0.001, 0.002, 0.006], [5, 5, 5, 1])[0]
    bid, ask = (None, None) if dice.random() < 0.04 else (price * (1 - half), price * (1 + half))
    leaving = ("delisting", "announced") if dice.random() < 0.02 else (None, None)
    listed_ms = hour_ms - round(dice.choice([3.5, 7, 40, 400, 900]) * DAY_MS)
    least = dice.choices([1.0, 5.0, 20.0, 100.0, None], [1, 5, 1, 1, 1])[0]
    rate = dice.choices([dice.gauss(5e-5, 2e-4), 5e-5, 1e-4, 0.004, None], [24, 12, 12, 4, 2])[0]
    interval_h = dice.choice([1, 4, 4, 8])
    key, base = (row["venue"], row["contract"]), row["contract"].split("USDT")[0]
    return *key, base, *leaving, listed_ms, 1.0, least, price, bid, ask, rate, interval_h, None, hour_ms


def quarter(row: Row, hour_ms: int, seed: int) -> Iterable[Values]:
    """Return the contract's last 15m bar, for nine of ten."""
    dice, close = dice_of(seed, row, "quarter"), row["close"]
    start = close * math.exp(dice.gauss(0, 0.006))
    prices = start, max(start, close), min(start, close), close
    if dice.random() < 0.9:
        yield row["venue"], row["contract"], hour_ms - 15 * MINUTE_MS, *prices, 10.0, 10 * close, None, False


def book(row: Row, hour_ms: int, seed: int) -> Iterable[Values]:
    """Return the contract's order book, for most."""
    dice = dice_of(seed, row, "book")
    depth, share = 10 ** dice.uniform(3.6, 5.8), dice.uniform(0.2, 0.8)
    if dice.random() < 0.93:
        sides = depth * share, depth * (1 - share)
        yield row["venue"], row["contract"], hour_ms, row["close"], *sides, dice.random() < 0.9


def long_short(row: Row, seed: int) -> Iterable[Values]:
    """Return the contract's long/short ratio, for four of five."""
    dice = dice_of(seed, row, "long_short")
    if dice.random() < 0.8:
        yield row["venue"], row["contract"], dice.uniform(0.5, 3)


def supply(row: Row, hour_ms: int, seed: int) -> Iterable[Values]:
    """Return a coin's circulating supply from up to two sources, which now and then disagree."""
    dice = Random(f"{seed} {row['coin']} supply")
    coins = 10 ** dice.uniform(6.8, 8.7) / (row["price"] / row["multiplier"])
    if dice.random() < 0.8:
        yield row["coin"], "binance", coins, None, hour_ms
    if dice.random() < 0.5:
        yield row["coin"], "coingecko", coins * dice.choice([0.7, 0.9, 1.0, 1.1, 1.3]), "made-up", hour_ms
