"""The truth: what the same market answers without faults, read once for all hours."""

from collections.abc import Awaitable, Iterable
from typing import NamedTuple

import polars as pl

from quantscout.environment import Environment
from quantscout.frames import BARS, FUNDING, HOUR_MS, KEY, OPEN_INTEREST, Schema, stack
from quantscout.secrets import SourceKeys
from quantscout.sources import open_sources
from quantscout.sweep import contracts_of
from quantscout.venues.base import Venue
from quantscout_local.simulator.app import create_app
from quantscout_local.simulator.clock import SimulatorClock
from quantscout_local.simulator.in_process import InProcessTransport
from quantscout_local.simulator.market import Market
from quantscout_local.simulator.virtual import VirtualTime
from soak.watch import Watch

STRIDE_H, OVERLAP_H = 300, 190
"""Answers overlap, so that a bar that the venue omits stands between real ones of some answer, whatever its hour."""
BEFORE_H = 800
INTEREST_H = 700
URLS = {
    "BINANCE_URL": "http://simulator/binance",
    "KUCOIN_URL": "http://simulator/kucoin",
    "KUCOIN_UNIFIED_URL": "http://simulator/kucoin-unified/api/ua/v1",
    "COINALYZE_URL": "http://simulator/coinalyze/v1",
    "COINGECKO_URL": "http://simulator/coingecko/api/v3",
}


class Truth(NamedTuple):
    """Every row that a faultless venue has, by kind; filled bars are those that the venue omits for good."""

    bars: pl.DataFrame
    open_interest: pl.DataFrame
    funding: pl.DataFrame


def environment(share: float) -> Environment:
    """Return the addresses of the simulator, and which share of its limits is used."""
    return Environment.model_validate({"TABLE_NAME": "state", "BUDGET_SHARE": share, **URLS})


async def read_truth(market: Market, time: VirtualTime, first_ms: int, last_ms: int) -> Truth:
    """Return the truth from a month before the first hour to the last one."""
    clock = SimulatorClock(first_ms, source_ms=time.now_ms)
    app = create_app(market, first_ms, clock=clock)
    watch = Watch(InProcessTransport(app), clock.now_ms)
    parts, names = [], set[str]()  # of contracts that were eligible at some time: they may leave in between
    for hour_ms in [*range(first_ms, last_ms, STRIDE_H * HOUR_MS), last_ms]:
        app.state.stage.move(hour_ms)
        async with open_sources(environment(1000), SourceKeys(), lambda: clock.now_ms() / 1000, watch) as sources:
            parts += [await _read_venue(venue, hour_ms, first_ms, names) for venue in sources.venues]
    return Truth(
        _once([part.bars for part in parts], BARS, "open_ms"),
        _once([part.open_interest for part in parts], OPEN_INTEREST, "at_ms"),
        _once([part.funding for part in parts], FUNDING, "settled_ms"),
    )


def _once(frames: list[pl.DataFrame], schema: Schema, moment: str) -> pl.DataFrame:
    """Return each row once; a bar that one answer has and another one filled in is the real one."""
    order = ["filled"] if "filled" in schema else []
    rows = stack(frames, schema).unique().sort(*KEY, moment, *order)
    return rows.unique([*KEY, moment], keep="first", maintain_order=True)


async def _read_venue(venue: Venue, hour_ms: int, first_ms: int, names: set[str]) -> Truth:
    listing = (await venue.fetch_listing()).frame
    names |= set(listing.filter(pl.col("ineligible").is_null())["contract"])
    contracts, since_ms = contracts_of(listing.filter(pl.col("contract").is_in(names))), hour_ms - INTEREST_H * HOUR_MS
    oldest_ms = first_ms - BEFORE_H * HOUR_MS
    spans = [(hour_ms - back * HOUR_MS, hour_ms - (back - 490) * HOUR_MS) for back in (490, BEFORE_H)]
    return Truth(
        await _all((venue.fetch_bars(c, HOUR_MS, *span) for c in contracts for span in spans), BARS),
        await _all((venue.fetch_open_interest(c, since_ms, hour_ms) for c in contracts), OPEN_INTEREST),
        await _all((venue.fetch_funding(c, oldest_ms, hour_ms) for c in contracts), FUNDING),
    )


async def _all(asked: Iterable[Awaitable[pl.DataFrame]], schema: Schema) -> pl.DataFrame:
    return stack([await frame for frame in asked], schema)
