"""The board of decide.py over all hours at once: a row per contract that trades and hour, up to the percentiles."""

from typing import NamedTuple

import polars as pl

from quantscout import gating
from quantscout.decide import board_values
from quantscout.frames import HOUR_MS
from quantscout.settings import Settings
from quantscout.venues.binance_answers import NAME
from quantscout.windows import build_windows
from quantscout_local.evidence.columns import FIGURES, build_columns
from quantscout_local.evidence.columns_funding import add_current
from quantscout_local.evidence.replay_bars import Stretch, mend
from quantscout_local.evidence.replay_contracts import Contracts

HOUR = ("hour_ms",)
ROW = ("contract", "hour_ms")
NEVER_THERE = ("bid", "ask", "depth_usdt", "market_cap_usd", "bids_usdt", "asks_usdt", "trending_points")
"""Columns of gates and factors for which no archive has data."""


class Span(NamedTuple):
    """The hours to judge, both ends included."""

    first_ms: int
    last_ms: int

    @property
    def hours(self) -> int:
        """How many hours there may be."""
        return (self.last_ms - self.first_ms) // HOUR_MS + 1


def build_board(
    stretch: Stretch, contracts: Contracts, funding: pl.DataFrame, span: Span, settings: Settings
) -> pl.DataFrame:
    """Return a row per eligible contract and hour with all that the cheap gates look at, sorted by hour and contract.

    `funding` is what `columns_funding.known_rates` returns. The figures of hours in which a contract has no verified
    bars are null.
    """
    hour = (pl.col("open_ms") + HOUR_MS).alias("hour_ms")
    eligible = contracts.listed.filter(pl.col("ineligible").is_null()).drop("venue")
    trading = stretch.opened.filter(hour.is_between(span.first_ms, span.last_ms)).with_columns(hour).drop("open_ms")
    figures = _figures(stretch, trading, contracts.names, span, settings.history_h)
    board = figures.join(eligible, on="contract", how="inner").sort("hour_ms", "contract")
    price = pl.when(pl.col("price") > 0).then("price")
    least = pl.max_horizontal("notional_usdt", pl.col("least_coins") * price)
    known = pl.col("notional_usdt").is_not_null() & pl.col("least_coins").is_not_null() & price.is_not_null()
    empty = [pl.lit(None, pl.Float64).alias(name) for name in NEVER_THERE]
    priced = add_current(board, funding).with_columns(pl.when(known).then(least).alias("min_notional_usdt"), *empty)
    return priced.with_columns(board_values(pl.col("hour_ms"))).with_columns(gating.percentiles(HOUR))


def _figures(stretch: Stretch, trading: pl.DataFrame, names: pl.Enum, span: Span, history_h: int) -> pl.DataFrame:
    """Return a row per contract that trades and hour with its price and windows: the odd ones made hour by hour."""
    until = stretch.bars.filter(pl.col("open_ms") < span.last_ms)
    columns = build_columns(until, span.first_ms, history_h)
    regular = columns.filter("regular").drop("regular").with_columns(pl.col("close").alias("price"))
    if not stretch.raw.height:
        return regular
    others = trading.join(regular, on=ROW, how="anti")
    parts = [
        _windows(stretch, hour_ms, rows["contract"], names, history_h)
        for (hour_ms,), rows in others.partition_by("hour_ms", as_dict=True).items()
    ]
    odd = others.join(pl.concat(parts), on=ROW, how="left") if parts else others
    venue = pl.lit(NAME).cast(regular["venue"].dtype).alias("venue")
    return pl.concat([regular, odd.with_columns(venue)], how="diagonal")


def _windows(stretch: Stretch, hour_ms: int, contracts: pl.Series, names: pl.Enum, history_h: int) -> pl.DataFrame:
    """Return the windows of some contracts at one hour, by windows.py."""
    inside = pl.col("open_ms").is_between(hour_ms - (history_h + 1) * HOUR_MS, hour_ms - HOUR_MS)
    raw = stretch.raw.filter(inside, pl.col("contract").is_in(contracts.implode()))
    windows = build_windows(mend(raw, hour_ms, names), hour_ms, history_h)
    return windows.select(pl.col("contract").cast(names), pl.lit(hour_ms).alias("hour_ms"), *FIGURES)
