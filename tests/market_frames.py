"""Inputs of a decision: a real hour of the archive, or a small made-up market; and the same as plain Python values.

What the archive does not hold (spread, book, 15m bar, taker split, supply, a second venue) is made up from a seed, and
now and then left out, so that every path of missing data is walked.
"""

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import NamedTuple

import polars as pl

import made_market
import naive
from quantscout import frames
from quantscout.decide import LONG_SHORT, Decision, Details, Evidence, base_board, decide
from quantscout.frames import HOUR_MS, KEY, MINUTE_MS, conform
from quantscout.identity import EVIDENCE
from quantscout.regime import Regime, RegimeName
from quantscout.settings import Settings
from quantscout.universe import identify
from quantscout.windows import build_windows

ARCHIVE = Path(__file__).parents[2] / "shared" / "market"
NEEDS_ARCHIVE = f"the market archive is not there: {ARCHIVE}"
NOON = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp() * 1000)
FIRST_HOUR_MS = int(datetime(2025, 9, 16, tzinfo=UTC).timestamp() * 1000)
"""From here on the archive's bars reach back at least 60 h, from the next on its open interest reaches back a day."""
FIRST_INTEREST_MS = int(datetime(2026, 2, 21, 8, tzinfo=UTC).timestamp() * 1000)
LAST_HOUR_MS = int(datetime(2026, 3, 3, tzinfo=UTC).timestamp() * 1000)
BAR = ("open", "high", "low", "close", "volume_usdt", "taker_buy_usdt")
NO_PRICES = pl.DataFrame(schema={"ticker": pl.String, "price_usd": pl.Float64})


class Hour(NamedTuple):
    """Everything that `decide` needs for one hour."""

    hour_ms: int
    listing: pl.DataFrame
    bars: pl.DataFrame
    evidence: Evidence
    regime: Regime


class Series(NamedTuple):
    """The series of one venue, as far as they are not made up."""

    bars: pl.DataFrame
    open_interest: pl.DataFrame
    funding: pl.DataFrame


def decide_hour(h: Hour, settings: Settings | None = None) -> Decision:
    """Return the decision, by the way that the pipeline takes."""
    chosen = settings or Settings()
    board = base_board(h.listing, build_windows(h.bars, h.hour_ms, chosen.history_h), h.hour_ms)
    return decide(board, h.evidence, h.regime, h.hour_ms, chosen)


def with_details(h: Hour, **parts: pl.DataFrame) -> Hour:
    """Return the hour with some of its details replaced."""
    return h._replace(evidence=h.evidence._replace(details=h.evidence.details._replace(**parts)))


# A real hour


def real_hours(count: int, seed: int) -> list[int]:
    """Return different hours of the archive by a seed, each with at least 40 h of bars after it.

    Every second one has open interest (the last of them a full 4 h) while there are any; the others are from anywhere.
    """
    anywhere = Random(f"{seed} anywhere").sample(range(FIRST_HOUR_MS, LAST_HOUR_MS, HOUR_MS), 2 * count)
    times = range(FIRST_INTEREST_MS, LAST_HOUR_MS, 4 * HOUR_MS)
    known = Random(f"{seed} known").sample(times, min(count // 2, len(times)))
    return [*known, *(hour_ms for hour_ms in anywhere if hour_ms not in known)][:count]


def name_of(hour_ms: int) -> str:
    """Return an hour as a test's id."""
    return f"{datetime.fromtimestamp(hour_ms / 1000, UTC):%Y-%m-%dT%H:%MZ}"


def archive_bars(interval: str) -> pl.LazyFrame:
    """Return all bars of an interval ("1h", "4h") of the archive, as frames.BARS without the taker's side."""
    names = {"open_time": "open_ms", "volume": "volume_coins", "quote_volume": "volume_usdt"}
    unknown = [pl.lit(None, pl.Float64).alias("taker_buy_usdt"), pl.lit(value=False).alias("filled")]
    return _archive(interval, names).with_columns(unknown).select(frames.BARS.keys())


def _archive(name: str, names: dict[str, str]) -> pl.LazyFrame:
    rows = pl.scan_parquet(ARCHIVE / f"binance_um_{name}.parquet").rename({"symbol": "contract", **names})
    return rows.with_columns(pl.lit("binance").alias("venue"))


def real_hour(hour_ms: int, regime: RegimeName = "neutral", seed: int = 1, later_h: int = 0) -> Hour:
    """Return the archive's hour, with a made-up second venue; `later_h` adds that many hours after H."""
    until = hour_ms + later_h * HOUR_MS
    bars = archive_bars("1h").filter(pl.col("open_ms").is_between(hour_ms - 725 * HOUR_MS, until - 1)).collect()
    held = _archive("oi_4h", {"timestamp": "at_ms", "sum_open_interest": "open_interest_coins"})
    held = held.filter(pl.col("at_ms") <= until).with_columns(pl.lit(None, pl.Float64).alias("supply_coins"))
    paid = _archive("funding", {"funding_time": "settled_ms", "funding_rate": "rate_ratio"})
    paid = paid.with_columns(pl.col("settled_ms") // MINUTE_MS * MINUTE_MS).filter(pl.col("settled_ms") <= until)
    series = Series(bars, conform(held.collect(), frames.OPEN_INTEREST), conform(paid.collect(), frames.FUNDING))
    return make_hour(series, hour_ms, regime, seed)


# A made-up hour


def made_hour(seed: int = 1, contracts: int = 70, hours: int = 110, regime: RegimeName = "neutral") -> Hour:
    """Return a small market by a seed: random walks, hourly open interest, funding every 4 h."""
    names = [f"C{k:02d}USDT" for k in range(contracts)]
    bars = [bar for name in names for bar in made_market.walk(Random(f"{seed} {name}"), name, hours, NOON)]
    times = [NOON - k * HOUR_MS for k in range(200)]
    dice = {name: Random(f"{seed} {name} positions") for name in names}
    held = [("binance", n, at, 1e6 * math.exp(dice[n].gauss(0, 0.05)), None) for n in names for at in times]
    paid = [("binance", n, at, dice[n].gauss(1e-4, 1e-4)) for n in names for at in times if at % (4 * HOUR_MS) == 0]
    series = conform(bars, frames.BARS), conform(held, frames.OPEN_INTEREST), conform(paid, frames.FUNDING)
    return make_hour(Series(*series), NOON, regime, seed)


# What both need besides


def make_hour(series: Series, hour_ms: int, regime: RegimeName, seed: int) -> Hour:
    """Return the hour with a second venue, holes, and everything else that a decision needs, by the seed."""
    bars, held, paid = _two_venues(series, hour_ms, seed)
    newest = bars.filter(pl.col("open_ms") < hour_ms).group_by(KEY).agg(pl.all().sort_by("open_ms").last())
    rows = newest.sort(KEY).to_dicts()
    listing = conform([made_market.listed(row, hour_ms, seed) for row in rows], frames.LISTING)
    known = identify(listing, NO_PRICES, frames.empty(EVIDENCE), Settings())
    details = Details(
        _made(rows, frames.BARS, lambda row: made_market.quarter(row, hour_ms, seed)),
        held,
        paid,
        _made(rows, frames.BOOK, lambda row: made_market.book(row, hour_ms, seed)),
        _made(rows, LONG_SHORT, lambda row: made_market.long_short(row, seed)),
    )
    coins = known.filter(pl.col("ineligible").is_null()).sort(KEY).unique("coin", keep="first", maintain_order=True)
    supply = _made(coins.to_dicts(), frames.SUPPLY, lambda row: made_market.supply(row, hour_ms, seed))
    trending = pl.DataFrame({"coin": coins["coin"][3::7][:15]}).with_columns(
        pl.int_range(1, pl.len() + 1).alias("rank")
    )
    return Hour(hour_ms, known, bars, Evidence(details, supply, trending), Regime(regime, {}, []))


def _two_venues(series: Series, hour_ms: int, seed: int) -> Series:
    twins = sorted(set(series.bars["contract"]))[::7]
    bars, held, paid = (pl.concat([frame, made_market.second_venue(frame, twins)]) for frame in series)
    whole = made_market.with_taker(made_market.with_holes(bars, hour_ms, seed), hour_ms, seed)
    return Series(whole, made_market.with_gaps(held, "interest", seed), made_market.with_gaps(paid, "funding", seed))


def _made(
    rows: list[made_market.Row], schema: frames.Schema, maker: Callable[[made_market.Row], Iterable[made_market.Values]]
) -> pl.DataFrame:
    return conform([line for row in rows for line in maker(row)], schema)


# The same in plain Python


def plain(h: Hour) -> naive.Market:
    """Return the hour as dicts and lists, for the second implementation."""
    d, e = h.evidence.details, h.evidence
    bars: dict[naive.Key, naive.Bars] = {}
    for (venue, contract), frame in h.bars.partition_by(KEY, as_dict=True).items():
        bars[venue, contract] = dict(zip(frame["open_ms"], map(naive.Bar._make, frame.select(BAR).rows()), strict=True))
    supply: dict[str, dict[str, float]] = {}
    for coin, source, value in e.supply.select("coin", "source", "supply_coins").rows():
        supply.setdefault(coin, {})[source] = value
    return naive.Market(
        hour=h.hour_ms,
        listing=h.listing.to_dicts(),
        bars=bars,
        quarter={
            (venue, contract): naive.Bar(*rest) for venue, contract, *rest in d.last_15m.select(*KEY, *BAR).rows()
        },
        open_interest={k: dict(v) for k, v in _by_contract(d.open_interest, "at_ms", "open_interest_coins").items()},
        funding=_by_contract(d.funding, "settled_ms", "rate_ratio"),
        books={(row["venue"], row["contract"]): row for row in d.books.to_dicts()},
        supply=supply,
        trending=None if e.trending is None else dict(e.trending.select("coin", "rank").rows()),
        regime=h.regime.name,
    )


def _by_contract(frame: pl.DataFrame, time: str, value: str) -> dict[naive.Key, list[tuple[int, float]]]:
    found: dict[naive.Key, list[tuple[int, float]]] = {}
    for venue, contract, at, x in frame.select(*KEY, time, value).rows():
        found.setdefault((venue, contract), []).append((at, x))
    return found
