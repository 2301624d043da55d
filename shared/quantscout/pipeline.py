"""The story of one run, from the hour to the report. Fetch, identify, gate, ask about the few, score, report."""

import asyncio
from typing import NamedTuple

import polars as pl

from quantscout.account import build_account
from quantscout.aggregates import AGGREGATES
from quantscout.breakers import kept_breakers
from quantscout.clock import check_not_future
from quantscout.decide import Decision, Details, Evidence, base_board, decide, shortlist
from quantscout.details import gather_details, merge_details
from quantscout.finalists import read_finalists
from quantscout.frames import DAY_MS, HOUR_MS, KEY, LISTING, stack
from quantscout.models import Report
from quantscout.outside import Outside, keep_identity, keep_supply, read_outside, trending_coins
from quantscout.regime import Regime, RegimeInputs, classify
from quantscout.report import Facts, build_report
from quantscout.run import Run
from quantscout.sweep import contracts_of
from quantscout.trend import SMA_DAYS, build_regime_inputs
from quantscout.universe import identify
from quantscout.venue_hour import VenueHour, fetch_bars_of, gather_bars, open_venue
from quantscout.windows import build_windows

LEADERS = ("BTC", "ETH")
"""The coins whose bars give the regime."""


class Outcome(NamedTuple):
    """The report that stands for the hour, and whether this run made it."""

    report: Report
    is_new: bool
    universe: pl.DataFrame | None = None
    """Every listed contract with all its figures, where this run made the report."""


async def run_hour(run: Run) -> Outcome:
    """Return the report of the hour; it and the universe (one row per listed contract) are in the state then.

    A venue that is out becomes an entry of `sources`; without anything to rank the report's status is no_data. A run
    that comes too late to see anything never replaces an earlier report that has its five. Raises StateError where a
    later attempt has taken the hour over; nothing is stored then.
    """
    check_not_future(run.hour, run.now())
    async with kept_breakers(run):
        return await _screen(run)


async def _screen(run: Run) -> Outcome:
    outside, hours = await asyncio.gather(read_outside(run), _open_venues(run))
    listing = identify(stack([hour.listing for hour in hours], LISTING), outside.coins, outside.identity, run.settings)
    board = await _board(hours, listing, run)
    regime, details = await asyncio.gather(
        _regime(hours, listing, outside, run), _details(hours, shortlist(board, run.settings), run)
    )
    evidence = await _evidence(listing, outside, details, run)
    await run.reach("fetched")
    decision = decide(board, evidence, regime, run.hour_ms, run.settings)
    decision, covered = await _with_aggregates(decision, outside, run)
    covered["coingecko"] = evidence.supply.filter(pl.col("source") == "coingecko").height
    sources, warnings = build_account(run, hours, outside, covered)
    previous = await run.in_thread(run.store.load_report, run.hour_ms - HOUR_MS)
    facts = Facts(run.hour_ms, run.now(), regime, sources, warnings, previous)
    report = build_report(decision, facts, run.settings)
    await run.reach("scored")
    return await _keep(report, decision.universe, run)


async def _keep(report: Report, universe: pl.DataFrame, run: Run) -> Outcome:
    """Store the universe, then the report: who finds a report finds its universe, whole."""
    stored = await run.in_thread(run.store.load_report, run.hour_ms)
    if report.status == "no_data" and stored is not None and stored.ranked_gems:
        return Outcome(stored, is_new=False)
    await run.in_thread(run.store.save_universe, universe, run.hour_ms)
    await run.in_thread(run.store.save_report, report, run.hour_ms, run.attempt)
    await run.reach("stored")
    return Outcome(report, is_new=True, universe=universe)


async def _open_venues(run: Run) -> list[VenueHour]:
    return await asyncio.gather(*(open_venue(venue, run) for venue in run.sources.venues))


async def _board(hours: list[VenueHour], listing: pl.DataFrame, run: Run) -> pl.DataFrame:
    """Return the board of all contracts. Of their bars only the leaders' are kept: a month of all is much memory."""
    await asyncio.gather(*(gather_bars(hour, run) for hour in hours))
    bars = pl.concat([hour.bars for hour in hours])
    leaders = listing.filter(pl.col("coin").is_in(LEADERS)).select(KEY)
    for hour in hours:
        hour.bars = hour.bars.join(leaders, on=KEY, how="semi").sort(*KEY, "open_ms")
    windows = build_windows(bars, run.hour_ms, run.settings.history_h)
    return base_board(listing, windows, run.hour_ms)


async def _details(hours: list[VenueHour], few: pl.DataFrame, run: Run) -> Details:
    return merge_details(await asyncio.gather(*(gather_details(hour, few, run) for hour in hours if not hour.failed)))


async def _evidence(listing: pl.DataFrame, outside: Outside, details: Details, run: Run) -> Evidence:
    await keep_identity(outside, listing, run)  # before the supply, which stops CoinGecko's being read for a day
    supply = await keep_supply(outside, listing, details.open_interest, run)
    return Evidence(details, supply, trending_coins(outside, supply))


async def _regime(hours: list[VenueHour], listing: pl.DataFrame, outside: Outside, run: Run) -> Regime:
    """Return the regime by the first venue that has BTC; without one every input is unknown."""
    eligible = listing.filter(pl.col("ineligible").is_null())
    for hour in hours:
        here = eligible.filter(pl.col("venue") == hour.name)
        btc, eth = (here.filter(pl.col("coin") == coin) for coin in LEADERS)
        if btc.height:
            daily = await fetch_bars_of(hour, contracts_of(btc), DAY_MS, SMA_DAYS, run)
            of_btc, of_eth = (hour.bars.join(coin.select(KEY), on=KEY, how="semi") for coin in (btc, eth))
            return classify(build_regime_inputs(of_btc, of_eth, daily, outside.dominance_change, run.hour_ms))
    return classify(RegimeInputs())


async def _with_aggregates(decision: Decision, outside: Outside, run: Run) -> tuple[Decision, dict[str, int]]:
    """Add Coinalyze's figures of the finalists (they inform, they order nothing), and count the coins covered."""
    names = {name: f"coinalyze_{name}" for name in AGGREGATES if name != "coin"}
    if run.sources.coinalyze is None or decision.level is None:
        blank = [pl.lit(None, AGGREGATES[name]).alias(column) for name, column in names.items()]
        return decision._replace(universe=decision.universe.with_columns(blank)), {"coinalyze": 0}
    coinalyze, markets = run.sources.coinalyze, outside.markets
    found = await read_finalists(coinalyze, decision.universe, markets, run, outside.problems)
    joined = decision.universe.join(found.rename(names), on="coin", how="left", maintain_order="left")
    ratio = pl.coalesce("long_short_ratio", "coinalyze_long_short_ratio")
    return decision._replace(universe=joined.with_columns(ratio.alias("long_short_ratio"))), {"coinalyze": found.height}
