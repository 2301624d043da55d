"""The market of `make bench-score`: 1,300 contracts on two venues with 30 days of 1h bars, made by a seed.

Bars come as the state holds them, hour by hour; some contracts are young, some miss a few bars, one in fifty is late.
What costs a call per contract is there for the shortlist alone, as in production. No price here is a real one.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from quantscout import frames
from quantscout.decide import LONG_SHORT, Details, Evidence, base_board, shortlist
from quantscout.frames import DAY_MS, HOUR_MS, KEY, MINUTE_MS, conform
from quantscout.regime import Regime
from quantscout.settings import Settings
from quantscout.windows import build_windows

HOUR = 1_772_366_400_000
"""2026-03-01T12:00Z: a block of four hours closes."""
CONTRACTS = {"binance": 789, "kucoin": 511}
SHARED = 400
"""Coins that are listed on both venues."""
BARS_H = 721
"""The trailing 720 h and the hour itself."""
SETTLED_H = 752
REGIME = Regime("neutral", {}, [])
Dice = np.random.Generator


class Market(NamedTuple):
    """Everything that the decision of one hour needs."""

    listing: pl.DataFrame
    bars: pl.DataFrame
    evidence: Evidence

    def save(self, folder: Path) -> None:
        """Write every frame as Parquet."""
        tables = {"listing": self.listing, "bars": self.bars, "supply": self.evidence.supply}
        tables |= self.evidence.details._asdict() | {"trending": self.trending}
        for name, table in tables.items():
            table.write_parquet(folder / f"{name}.parquet")

    @property
    def trending(self) -> pl.DataFrame:
        """Return the coins that people search, with their ranks."""
        assert self.evidence.trending is not None
        return self.evidence.trending


def load_market(folder: Path) -> Market:
    """Return a saved market. The bars come in a chunk per venue and hour, as the blocks of the state do."""
    tables = {path.stem: pl.read_parquet(path) for path in folder.glob("*.parquet")}
    bars = pl.concat(tables["bars"].partition_by("venue", "open_ms", maintain_order=True), rechunk=False)
    details = Details(**{name: tables[name] for name in Details._fields})
    return Market(tables["listing"], bars, Evidence(details, tables["supply"], tables["trending"]))


def make_market(seed: int = 4) -> Market:
    """Return the market of a seed; the same seed makes the same market."""
    dice = np.random.default_rng(seed)
    listing = _listing(dice)
    bars = _bars(listing, dice)
    settings = Settings()
    few = shortlist(base_board(listing, build_windows(bars, HOUR), HOUR), settings).select(*KEY, "price")
    coins = listing.unique("coin", keep="first", maintain_order=True).sort("coin")
    trending = pl.DataFrame({"coin": coins["coin"].gather(list(range(3, 150, 10))), "rank": range(1, 16)})
    details = Details(_quarters(few, dice), _interest(few, dice), _funding(few, dice), *_books(few, dice))
    return Market(listing, bars, Evidence(details, _supply(coins, dice), trending))


def _listing(dice: Dice) -> pl.DataFrame:
    """Return both venues' listings, identified: the first coins are on both, prices agree to a few basis points."""
    parts = []
    prices = 10 ** dice.uniform(-3, 2, 2_000)
    for venue, count in CONTRACTS.items():
        first = 0 if venue == "binance" else CONTRACTS["binance"] - SHARED
        numbers = np.arange(first, first + count)
        price, half = prices[numbers] * np.exp(dice.normal(0, 0.0005, count)), dice.choice([2e-4, 1e-3, 6e-3], count)
        quoted = dice.random(count) > 0.03
        leaving = pl.Series(dice.random(count) < 0.01)
        names = pl.DataFrame({"coin": [f"C{k:04d}" for k in numbers]})
        part = names.with_columns(
            pl.lit(venue).alias("venue"),
            pl.format("{}USDT" if venue == "binance" else "{}USDTM", "coin").alias("contract"),
            pl.col("coin").alias("base"),
            pl.when(leaving).then(pl.lit("delisting")).alias("ineligible"),
            pl.when(leaving).then(pl.lit("announced")).alias("ineligible_value"),
            pl.Series(HOUR - (DAY_MS * dice.choice([3.5, 20, 400, 900], count, p=[0.01, 0.01, 0.55, 0.43])))
            .cast(pl.Int64)
            .alias("listed_ms"),
            pl.lit(1.0).alias("lot_coins"),
            pl.Series(dice.choice([1.0, 5.0, 20.0, 100.0], count, p=[0.1, 0.75, 0.1, 0.05])).alias("min_notional_usdt"),
            pl.Series(price).alias("price"),
            pl.when(pl.Series(quoted)).then(pl.Series(price * (1 - half))).alias("bid"),
            pl.when(pl.Series(quoted)).then(pl.Series(price * (1 + half))).alias("ask"),
            pl.Series(dice.normal(5e-5, 2e-4, count)).alias("funding_rate_ratio"),
            pl.Series(dice.choice([1, 4, 8], count, p=[0.1, 0.6, 0.3])).cast(pl.Int64).alias("funding_interval_h"),
            pl.lit(None, pl.Float64).alias("open_interest_coins"),
            pl.lit(HOUR).alias("snapshot_ms"),
        )
        parts.append(part)
    known = [pl.format("{}-USDT-PERP", "coin").alias("symbol"), pl.lit(1.0).alias("multiplier")]
    known += [pl.lit("confirmed").alias("identity_status"), pl.lit(None, pl.Boolean).alias("unit_confirmed")]
    whole = pl.concat(parts)
    return whole.select(*frames.LISTING, "coin").with_columns(known)


def _walks(
    listing: pl.DataFrame, hours: int, step: float, dice: Dice
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return prices [hours + 1, contracts] that end at the listing's, each with its own restlessness."""
    own = step * dice.lognormal(0, 0.5, listing.height)
    logs = np.cumsum(dice.standard_t(4, (hours + 1, listing.height)) * own, axis=0)
    walks: np.ndarray[tuple[int, int], np.dtype[np.float64]] = listing["price"].to_numpy() * np.exp(logs - logs[-1])
    return walks


def _bars(listing: pl.DataFrame, dice: Dice) -> pl.DataFrame:
    count = listing.height
    price = _walks(listing, BARS_H, 0.008, dice)
    start, close = price[:-1], price[1:]
    spread = 1 + np.abs(dice.normal(0, 0.004, (2, BARS_H, count)))
    volume = 10 ** dice.uniform(3.2, 6.2, count) * dice.lognormal(0, 0.8, (BARS_H, count))
    columns = {
        "open": start, "high": np.maximum(start, close) * spread[0], "low": np.minimum(start, close) / spread[1],
        "close": close, "volume_coins": volume / close, "volume_usdt": volume,
        "taker_buy_usdt": volume * dice.uniform(0.3, 0.7, (BARS_H, count)),
    }  # fmt: skip
    age = np.repeat(np.arange(BARS_H, 0, -1), count)
    kept = (age <= np.tile((HOUR - listing["listed_ms"].to_numpy()) // HOUR_MS, BARS_H)) & (
        dice.random(age.size) > 2e-5
    )
    kept &= (age > 1) | (dice.random(age.size) > 0.005)
    keys = pl.concat([listing.select(KEY)] * BARS_H, rechunk=True)
    rows = keys.with_columns(
        pl.Series("open_ms", HOUR - HOUR_MS * age),
        *(pl.Series(name, values.ravel()) for name, values in columns.items()),
        pl.lit(value=False).alias("filled"),
    )
    taker = pl.when(pl.col("venue") == "binance").then("taker_buy_usdt").alias("taker_buy_usdt")
    rows = rows.filter(pl.Series(kept)).with_columns(taker).select(*frames.BARS)
    return pl.concat([rows.filter(pl.col("venue") == venue) for venue in CONTRACTS])


def _quarters(few: pl.DataFrame, dice: Dice) -> pl.DataFrame:
    move = np.exp(dice.normal(0, 0.006, few.height))
    prices = [pl.col("price").alias(name) for name in ("close", "high")]
    start = [(pl.col("price") * pl.Series(move)).alias(name) for name in ("open", "low")]
    rest = [pl.lit(1e4).alias(name) for name in ("volume_coins", "volume_usdt", "taker_buy_usdt")]
    opened, filled = pl.lit(HOUR - 15 * MINUTE_MS).alias("open_ms"), pl.lit(value=False).alias("filled")
    return conform(few.with_columns(opened, *prices, *start, *rest, filled), frames.BARS).filter(_most(few, dice))


def _most(frame: pl.DataFrame, dice: Dice, share: float = 0.95) -> pl.Series:
    return pl.Series(dice.random(frame.height) < share)


def _interest(few: pl.DataFrame, dice: Dice) -> pl.DataFrame:
    walks = _walks(few.with_columns((1e8 / pl.col("price")).alias("price")), BARS_H - 1, 0.01, dice)
    hours = np.repeat(np.arange(BARS_H - 1, -1, -1), few.height)
    rows = pl.concat([few.select(KEY)] * BARS_H, rechunk=True).with_columns(
        pl.Series("at_ms", HOUR - HOUR_MS * hours),
        pl.Series("open_interest_coins", walks.ravel()),
        pl.lit(None, pl.Float64).alias("supply_coins"),
    )
    return conform(rows.filter(_most(rows, dice, 0.999)).sort(*KEY, "at_ms"), frames.OPEN_INTEREST)


def _funding(few: pl.DataFrame, dice: Dice) -> pl.DataFrame:
    """Return settlements every 1, 4 or 8 hours."""
    every = few.select(KEY).with_columns(pl.Series("every_h", dice.choice([1, 4, 8], few.height, p=[0.1, 0.6, 0.3])))
    hours = pl.DataFrame({"hours": range(SETTLED_H, -1, -1)})
    at = (HOUR - HOUR_MS * pl.col("hours")).alias("settled_ms")
    rows = every.join(hours, how="cross").filter((HOUR // HOUR_MS - pl.col("hours")) % pl.col("every_h") == 0)
    rate = pl.Series("rate_ratio", dice.normal(5e-5, 1.5e-4, rows.height))
    return conform(rows.with_columns(at, rate), frames.FUNDING).sort(*KEY, "settled_ms")


def _books(few: pl.DataFrame, dice: Dice) -> tuple[pl.DataFrame, pl.DataFrame]:
    depth, share = 10 ** dice.uniform(3.6, 5.8, few.height), dice.uniform(0.2, 0.8, few.height)
    books = few.with_columns(
        pl.lit(HOUR).alias("at_ms"), pl.col("price").alias("mid"), pl.lit(value=True).alias("reaches_band"),
        pl.Series("bids_usdt", depth * share), pl.Series("asks_usdt", depth * (1 - share)),
    )  # fmt: skip
    ratios = few.with_columns(pl.Series("long_short_ratio", dice.uniform(0.5, 3, few.height)))
    return conform(books, frames.BOOK).filter(_most(few, dice)), conform(ratios, LONG_SHORT)


def _supply(coins: pl.DataFrame, dice: Dice) -> pl.DataFrame:
    """Return one or two sources' figures; now and then they disagree by more than is allowed."""
    held = 10 ** dice.uniform(6.8, 8.7, coins.height)
    base = coins.select("coin", (pl.Series(held) / pl.col("price")).alias("supply_coins"))
    base = base.with_columns(pl.lit(None, pl.String).alias("source_id"), pl.lit(HOUR).alias("as_of_ms"))
    off = pl.Series(dice.choice([0.7, 0.9, 1.0, 1.1, 1.4], coins.height))
    other = base.with_columns(pl.lit("coingecko").alias("source"), pl.col("supply_coins") * off)
    first = base.with_columns(pl.lit("binance").alias("source"))
    parts = (part.filter(_most(part, dice, share)) for part, share in ((first, 0.85), (other, 0.5)))
    return pl.concat([conform(part, frames.SUPPLY) for part in parts])
