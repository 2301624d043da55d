"""The same hour with something changed: rows after it, their order, the unit of a coin's price, a factor's data.

Each property of the decision is one sentence about such a pair of hours.
"""

from collections.abc import Iterable
from typing import NamedTuple

import polars as pl

import market_frames as mf
from quantscout import frames
from quantscout.frames import HOUR_MS, KEY, MINUTE_MS
from quantscout.identity import EVIDENCE
from quantscout.settings import Settings
from quantscout.universe import identify

PRICES = ("open", "high", "low", "close")


class Timed(NamedTuple):
    """A series: its column of time, how long after H its first later row stands, what makes a row wild."""

    time: str
    first_later_ms: int
    wild: dict[str, float]


BAR_WILD = dict.fromkeys(PRICES, 3.0) | dict.fromkeys(("volume_coins", "volume_usdt", "taker_buy_usdt"), 7.0)
TIMED = {
    "bars": Timed("open_ms", 0, BAR_WILD),
    "last_15m": Timed("open_ms", 0, BAR_WILD),
    "open_interest": Timed("at_ms", 1, {"open_interest_coins": 5.0}),
    "funding": Timed("settled_ms", 1, {"rate_ratio": -40.0}),
}
Series = dict[str, pl.DataFrame]


def series_of(h: mf.Hour) -> Series:
    """Return the hour's frames that have a time."""
    details = h.evidence.details
    return {
        "bars": h.bars,
        "last_15m": details.last_15m,
        "open_interest": details.open_interest,
        "funding": details.funding,
    }


def with_series(h: mf.Hour, series: Series) -> mf.Hour:
    """Return the hour with some of its series replaced."""
    others = {name: frame for name, frame in series.items() if name != "bars"}
    return mf.with_details(h, **others)._replace(bars=series.get("bars", h.bars))


# After H


def later(name: str, hour_ms: int) -> pl.Expr:
    """Tell which rows of a series could not be known at the hour."""
    return pl.col(TIMED[name].time) >= hour_ms + TIMED[name].first_later_ms


def rows_after(h: mf.Hour) -> int:
    """Return how many rows of the hour's series are later than it."""
    return sum(frame.select(later(name, h.hour_ms).sum()).item() for name, frame in series_of(h).items())


def cut(h: mf.Hour) -> mf.Hour:
    """Return the hour with every series ended at H."""
    return with_series(h, {name: frame.filter(~later(name, h.hour_ms)) for name, frame in series_of(h).items()})


def with_echo(h: mf.Hour, hours: int) -> mf.Hour:
    """Return the hour in which each series goes on after H with a copy of its last hours, where it has no own rows."""
    longer = {}
    for name, frame in series_of(h).items():
        time = TIMED[name].time
        recent = frame.filter(~later(name, h.hour_ms) & (pl.col(time) > h.hour_ms - hours * HOUR_MS))
        moved = recent.with_columns(pl.col(time) + hours * HOUR_MS).filter(later(name, h.hour_ms))
        longer[name] = pl.concat([frame, moved]).unique([*KEY, time], keep="first", maintain_order=True)
    return with_series(h, longer)


def with_wild_future(h: mf.Hour) -> mf.Hour:
    """Return the hour with every number after H changed: prices x 3, volumes x 7, interest x 5, rates x -40."""
    wild = {}
    for name, frame in series_of(h).items():
        after = later(name, h.hour_ms)
        columns = [pl.when(after).then(pl.col(c) * by).otherwise(c).alias(c) for c, by in TIMED[name].wild.items()]
        wild[name] = frame.with_columns(columns)
    return with_series(h, wild)


def with_newcomers(h: mf.Hour, count: int = 5) -> mf.Hour:
    """Return the hour with contracts that begin after H, and their lines in the listing."""
    models = h.listing.filter(pl.col("venue") == "binance").head(count)
    names = {name: f"NEWCOMER{k}USDT" for k, name in enumerate(models["contract"])}
    mine = pl.col("contract").is_in(list(names))
    rename = pl.col("contract").replace(names)
    more = {
        name: pl.concat([frame, frame.filter(mine & later(name, h.hour_ms)).with_columns(rename)])
        for name, frame in series_of(h).items()
    }
    own = rename.str.strip_suffix("USDT")
    lines = models.with_columns(
        rename, own.alias("base"), own.alias("coin"), (own + "-USDT-PERP").alias("symbol"), listed_ms=h.hour_ms
    )
    return with_series(h, more)._replace(listing=pl.concat([h.listing, lines]))


# Order


def shuffled(h: mf.Hour, seed: int) -> mf.Hour:
    """Return the hour with the rows of every input in another order, the listing identified anew from its rows."""

    def mixed(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.sample(fraction=1, shuffle=True, seed=seed)

    details = {name: mixed(frame) for name, frame in h.evidence.details._asdict().items()}
    trending = None if h.evidence.trending is None else mixed(h.evidence.trending)
    raw = mixed(h.listing).select(frames.LISTING.keys())
    moved = mf.with_details(h, **details)._replace(
        bars=mixed(h.bars), listing=identify(raw, mf.NO_PRICES, frames.empty(EVIDENCE), Settings())
    )
    return moved._replace(evidence=moved.evidence._replace(supply=mixed(h.evidence.supply), trending=trending))


# The unit of a coin


def dearer(h: mf.Hour, coin: str, by: float) -> mf.Hour:
    """Return the hour in which a coin is `by` times dearer and its amounts are as much smaller; USDT amounts stay."""
    contracts = h.listing.filter(pl.col("coin") == coin)["contract"].to_list()
    mine = pl.col("contract").is_in(contracts)

    def scaled(frame: pl.DataFrame, multiplied: Iterable[str], divided: Iterable[str] = ()) -> pl.DataFrame:
        columns = [(name, pl.col(name) * by) for name in multiplied] + [(name, pl.col(name) / by) for name in divided]
        return frame.with_columns(pl.when(mine).then(x).otherwise(name).alias(name) for name, x in columns)

    d, supply = h.evidence.details, h.evidence.supply
    coins = pl.when(pl.col("coin") == coin).then(pl.col("supply_coins") / by).otherwise("supply_coins")
    moved = mf.with_details(
        h,
        last_15m=scaled(d.last_15m, PRICES, ["volume_coins"]),
        open_interest=scaled(d.open_interest, [], ["open_interest_coins"]),
        books=scaled(d.books, ["mid"]),
    )._replace(
        bars=scaled(h.bars, PRICES, ["volume_coins"]),
        listing=scaled(h.listing, ["price", "bid", "ask"], ["open_interest_coins"]),
    )
    return moved._replace(evidence=moved.evidence._replace(supply=supply.with_columns(coins.alias("supply_coins"))))


# A factor's data


def without(h: mf.Hour, factor: str, contracts: list[str]) -> mf.Hour:
    """Return the hour in which some contracts lack what a factor is computed from."""
    lost, d, t = pl.col("contract").is_in(contracts), h.evidence.details, h.hour_ms - HOUR_MS
    gone = {"mom60m": t - HOUR_MS, "breakout": t - 20 * HOUR_MS}
    if factor in gone:
        return h._replace(bars=h.bars.filter(~lost | (pl.col("open_ms") != gone[factor])))
    if factor in ("vol_spike", "aggressor"):
        column = {"vol_spike": "volume_usdt", "aggressor": "taker_buy_usdt"}[factor]
        old = lost & ((pl.col("open_ms") < t - 23 * HOUR_MS) | (pl.lit(factor == "aggressor")))
        blank = pl.lit(0.0 if factor == "vol_spike" else None, pl.Float64)
        return h._replace(bars=h.bars.with_columns(pl.when(old).then(blank).otherwise(column).alias(column)))
    names = {"mom15m": "last_15m", "oi_change": "open_interest", "ob_imbalance": "books", "liquidity": "books"}
    if factor in names:
        return mf.with_details(h, **{names[factor]: d._asdict()[names[factor]].filter(~lost)})
    return h._replace(evidence=h.evidence._replace(trending=None))


def quarters_around(h: mf.Hour) -> mf.Hour:
    """Return the hour with the 15m bars before and after the last one, wild."""
    quarters = h.evidence.details.last_15m
    others = [quarters.with_columns(pl.col("open_ms") + k * 15 * MINUTE_MS, pl.col("close") * 3) for k in (-1, 1, 2)]
    return mf.with_details(h, last_15m=pl.concat([others[0], quarters, *others[1:]]))
