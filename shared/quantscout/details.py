"""The calls per contract for the shortlist: last 15m bar, open interest, funding, order book, long/short (SPEC 3).

Open interest and settlements are kept in the state, so that an hour asks only for what is new.
"""

import asyncio

import polars as pl

from quantscout.decide import LONG_SHORT, Details
from quantscout.frames import BARS, BOOK, DAY_MS, FUNDING, HOUR_MS, KEY, MINUTE_MS, OPEN_INTEREST, conform, stack
from quantscout.run import Run
from quantscout.store import FUNDING_BLOCKS, OPEN_INTEREST_BLOCKS, Kind
from quantscout.sweep import Fetch, Swept, contracts_of, sweep
from quantscout.venue_hour import VenueHour, fetch_bars_of
from quantscout.venues.base import Contract
from quantscout.verify import verify_open_interest, verify_settlements

MONTH_H = 720
FUNDING_MARGIN_H = 32
"""Settlements before the 30 days: the interval of the first one and the rate of a day earlier come from them."""
OPEN_INTEREST_FIRST_H = {"binance": 499, "kucoin": 199}
"""How far back one request reaches."""
SCHEMAS = (BARS, OPEN_INTEREST, FUNDING, BOOK, LONG_SHORT)


async def gather_details(hour: VenueHour, shortlist: pl.DataFrame, run: Run) -> Details:
    """Ask for everything that the shortlisted contracts of a venue need, all kinds at once."""
    contracts = contracts_of(shortlist.filter(pl.col("venue") == hour.name))
    quarters, (interest, ratios), funding, books = await asyncio.gather(
        fetch_bars_of(hour, contracts, 15 * MINUTE_MS, 1, run),
        _statistics(hour, contracts, run),
        _funding(hour, contracts, run),
        _books(hour, contracts, run),
    )
    return Details(quarters, interest, funding, books, ratios)


async def _statistics(hour: VenueHour, contracts: list[Contract], run: Run) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return open interest and long/short ratios. They share an allowance; the scored one goes first."""
    interest = await _open_interest(hour, contracts, run)
    return interest, await _long_short(hour, contracts, run)


def merge_details(parts: list[Details]) -> Details:
    """Return the venues' frames below each other; without any venue, empty frames."""
    return Details(*(stack([part[k] for part in parts], schema) for k, schema in enumerate(SCHEMAS)))


def _kept(hour: VenueHour, swept: Swept) -> pl.DataFrame:
    hour.problems += swept.problems
    return swept.frame


async def _held(hour: VenueHour, kind: Kind, hours: int, run: Run) -> pl.DataFrame:
    return await run.in_thread(run.store.load, kind, hour.name, run.hour_ms - hours * HOUR_MS, run.hour_ms)


async def _open_interest(hour: VenueHour, contracts: list[Contract], run: Run) -> pl.DataFrame:
    """Return the stored series with the new rows; the venue's snapshot is the hour's row where it has one for all."""
    held = await _held(hour, OPEN_INTEREST_BLOCKS, MONTH_H, run)
    held = held.filter(pl.col("at_ms") <= run.hour_ms)
    snapshot, problems = verify_open_interest(_snapshot_of(hour, run), run.hour_ms)
    hour.problems += problems
    known = stack([held, snapshot], OPEN_INTEREST)
    need = {ms: set(known.filter(pl.col("at_ms") == ms)["contract"]) for ms in _needed_ms(run.hour_ms)}
    asked = [c for c in contracts if any(c.name not in have for have in need.values())]
    newest = dict(held.group_by("contract").agg(pl.col("at_ms").max()).rows())
    reach_ms = OPEN_INTEREST_FIRST_H.get(hour.name, 199) * HOUR_MS

    async def fetch(contract: Contract) -> pl.DataFrame:
        since_ms = max(newest.get(contract.name, 0) - DAY_MS, run.hour_ms - reach_ms)
        return await hour.venue.fetch_open_interest(contract, since_ms, run.hour_ms)

    fetched = verify_open_interest(_kept(hour, await sweep(asked, fetch, OPEN_INTEREST, "open_interest")), run.hour_ms)
    hour.problems += fetched.problems
    new = stack([fetched.rows, snapshot], OPEN_INTEREST).unique(
        OPEN_INTEREST_BLOCKS.unique, keep="first", maintain_order=True
    )
    return await _keep_new(hour, OPEN_INTEREST_BLOCKS, held, new, run)


def _needed_ms(hour_ms: int) -> list[int]:
    """Return the times that the 4h and 24h changes need."""
    return [hour_ms - hours * HOUR_MS for hours in (0, 4, 24)]


def _snapshot_of(hour: VenueHour, run: Run) -> pl.DataFrame:
    """Return the listing's open interest as rows that stand at the hour; empty where it came in another hour."""
    with_value = hour.listing.filter(pl.col("ineligible").is_null() & pl.col("open_interest_coins").is_not_null())
    supply = pl.lit(None, pl.Float64).alias("supply_coins")
    rows = with_value.select(*KEY, pl.lit(run.hour_ms).alias("at_ms"), "open_interest_coins", supply)
    return conform(rows, OPEN_INTEREST)


async def _keep_new(hour: VenueHour, kind: Kind, held: pl.DataFrame, fetched: pl.DataFrame, run: Run) -> pl.DataFrame:
    """Save the rows that the state lacks and return both together."""
    new = fetched.join(held, on=kind.unique, how="anti")
    await run.in_thread(run.store.save, kind, hour.name, [(run.hour_ms, new)])
    return stack([held, new], kind.schema).sort(kind.unique)


async def _funding(hour: VenueHour, contracts: list[Contract], run: Run) -> pl.DataFrame:
    """Return the stored settlements with the new ones: one sweep over all where the venue has it, else per contract."""
    span_h = MONTH_H + FUNDING_MARGIN_H
    first_ms = run.hour_ms - span_h * HOUR_MS
    held = (await _held(hour, FUNDING_BLOCKS, span_h, run)).filter(pl.col("settled_ms") <= run.hour_ms)
    newest = dict(held.group_by("contract").agg(pl.col("settled_ms").max()).rows())
    intervals = dict(hour.listing.select("contract", "funding_interval_h").rows())
    recent = [ms for ms in newest.values() if ms > run.hour_ms - DAY_MS]
    swept = "funding_sweep" in hour.venue.offers and bool(recent)
    fetched = []
    if swept:
        fetched.append(_kept(hour, await _funding_of_all(hour, min(recent), run)))
    # A contract that was away for longer than the sweep reaches back is asked for by itself: no hole stays.
    reached_ms = min(recent) if swept else run.hour_ms
    due = [
        c
        for c in contracts
        if c.name not in newest or (newest[c.name] < reached_ms and _is_due(newest[c.name], intervals[c.name], run))
    ]

    async def fetch(contract: Contract) -> pl.DataFrame:
        return await hour.venue.fetch_funding(contract, newest.get(contract.name, first_ms), run.hour_ms)

    fetched.append(_kept(hour, await sweep(due, fetch, FUNDING, "funding")))
    known = set(newest) | {c.name for c in contracts}
    wanted = verify_settlements(stack(fetched, FUNDING).filter(pl.col("contract").is_in(sorted(known))))
    hour.problems += wanted.problems
    return await _keep_new(hour, FUNDING_BLOCKS, held, wanted.rows, run)


def _is_due(newest_ms: int, interval_h: int | None, run: Run) -> bool:
    return newest_ms + (interval_h or 1) * HOUR_MS <= run.hour_ms


async def _funding_of_all(hour: VenueHour, since_ms: int, run: Run) -> Swept:
    everything: Fetch = lambda _: hour.venue.fetch_funding_of_all(since_ms + 1, run.hour_ms)  # noqa: E731
    return await sweep([Contract("*")], everything, FUNDING, "funding_of_all")


async def _books(hour: VenueHour, contracts: list[Contract], run: Run) -> pl.DataFrame:
    """Return one book per contract; one stamped after the hour's run is left out (it would look ahead).

    An earlier stamp is the time of the last change in a quiet book: it stands.
    """
    books = _kept(hour, await sweep(contracts, hour.venue.fetch_book, BOOK, "order_book"))
    in_time = books.filter(pl.col("at_ms").fill_null(run.hour_ms) < run.hour_ms + HOUR_MS)
    if late := books.height - in_time.height:
        hour.notes.append(f"{late} order books are not of this hour and were left out")
    return in_time


async def _long_short(hour: VenueHour, contracts: list[Contract], run: Run) -> pl.DataFrame:
    asked = contracts if "long_short" in hour.venue.offers else []

    async def fetch(contract: Contract) -> pl.DataFrame:
        ratio = await hour.venue.fetch_long_short_ratio(contract, run.hour_ms)
        return conform([(hour.name, contract.name, ratio)], LONG_SHORT)

    return _kept(hour, await sweep(asked, fetch, LONG_SHORT, "long_short"))
