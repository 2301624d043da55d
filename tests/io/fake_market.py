"""A small market made by a seed: every figure of a coin at every hour, for the fake venues to answer from.

The smaller a coin, the more it moves, so that a handful passes the strict gate.
"""

from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple
from zlib import crc32

import numpy as np
import polars as pl

from quantscout.frames import BARS, DAY_MS, FUNDING, HOUR_MS, OPEN_INTEREST, conform

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)
HOURS_BEFORE, HOURS_AFTER = 1_300, 30
FIRST_MS = NOON_MS - HOURS_BEFORE * HOUR_MS
SEED = 7
PLAIN_COINS = 34
FUNDING_INTERVAL_H = 8


class Coin(NamedTuple):
    """What sets a coin apart. `size` is its place by size, 0 the smallest."""

    base: str
    size: int
    price: float = 1.0
    listed_ms: int = NOON_MS - 900 * DAY_MS
    ineligible: str | None = None

    @property
    def volume_usdt_h(self) -> float:
        """Typical volume of an hour on the larger venue."""
        return float(20_000 * 1.15**self.size)

    @property
    def volatility(self) -> float:
        """Standard deviation of an hour's log return."""
        return float(0.03 * 0.96**self.size)

    @property
    def supply_coins(self) -> float:
        """Circulating supply, so that the market cap at noon is 5 M USD times the place by size."""
        return 5e6 * (self.size + 1) / self.price


COINS = (
    *(Coin(f"C{k:02d}", k, price=0.1 * (k + 1)) for k in range(PLAIN_COINS)),
    Coin("FRESH", 4, price=2.0, listed_ms=NOON_MS - 3 * DAY_MS),
    Coin("PEP", 6, price=0.00001),
    Coin("BTC", 60, price=90_000.0),
    Coin("ETH", 55, price=3_000.0),
    Coin("GONE", 9, ineligible="delisting"),
)
BY_BASE = {coin.base: coin for coin in COINS}


def _dice(coin: Coin, what: str) -> np.random.Generator:
    return np.random.default_rng([SEED, crc32(f"{coin.base} {what}".encode())])


@cache
def make_bars(  # noqa: PLR0913 - each is one thing that sets a series apart
    venue: str, contract: str, coin: Coin, units: float, share: float, *, taker: bool
) -> pl.DataFrame:
    """Return all 1h bars; a contract unit is `units` coins, and `share` of the coin's volume trades here."""
    dice, hours = _dice(coin, "bars"), HOURS_BEFORE + HOURS_AFTER
    steps = np.cumsum(dice.normal(0, coin.volatility, hours))
    close = coin.price * units * np.exp(steps - steps[HOURS_BEFORE - 1])
    start = np.concatenate([close[:1], close[:-1]])
    reach = 1 + np.abs(dice.normal(0, coin.volatility / 2, (2, hours)))
    volume = share * coin.volume_usdt_h * np.exp(dice.normal(0, 0.5, hours))
    frame = pl.DataFrame({
        "open_ms": FIRST_MS + np.arange(hours, dtype=np.int64) * HOUR_MS, "open": start, "close": close,
        "high": np.maximum(start, close) * reach[0], "low": np.minimum(start, close) / reach[1],
        "volume_usdt": volume, "volume_coins": volume / close, "split": volume * dice.uniform(0.3, 0.7, hours),
    })  # fmt: skip
    bought = pl.col("split") if taker else pl.lit(None, pl.Float64)
    named = frame.with_columns(
        pl.lit(venue).alias("venue"),
        pl.lit(contract).alias("contract"),
        bought.alias("taker_buy_usdt"),
        pl.lit(value=False).alias("filled"),
    )
    return conform(named, BARS).filter(pl.col("open_ms") >= coin.listed_ms)


@cache
def make_open_interest(venue: str, contract: str, coin: Coin, units: float, *, supply: bool) -> pl.DataFrame:
    """Return the open interest at every full hour, with the circulating supply where the venue tells it."""
    dice, hours = _dice(coin, f"{venue} positions"), HOURS_BEFORE + HOURS_AFTER
    held = 1e6 / (coin.price * units) * np.exp(np.cumsum(dice.normal(0, 0.02, hours)))
    rows = pl.DataFrame(
        {"at_ms": FIRST_MS + np.arange(1, hours + 1, dtype=np.int64) * HOUR_MS, "open_interest_coins": held}
    )
    known = pl.lit(coin.supply_coins if supply else None, pl.Float64)
    named = rows.with_columns(
        pl.lit(venue).alias("venue"), pl.lit(contract).alias("contract"), known.alias("supply_coins")
    )
    return conform(named, OPEN_INTEREST).filter(pl.col("at_ms") >= coin.listed_ms)


@cache
def make_funding(venue: str, contract: str, coin: Coin) -> pl.DataFrame:
    """Return the settlements, every 8 hours."""
    dice = _dice(coin, f"{venue} funding")
    first = -(-FIRST_MS // (FUNDING_INTERVAL_H * HOUR_MS)) * FUNDING_INTERVAL_H * HOUR_MS
    times = range(first, NOON_MS + HOURS_AFTER * HOUR_MS, FUNDING_INTERVAL_H * HOUR_MS)
    rows = [
        (venue, contract, at, float(rate)) for at, rate in zip(times, dice.normal(1e-4, 5e-5, len(times)), strict=True)
    ]
    return conform([row for row in rows if row[2] >= coin.listed_ms], FUNDING)
