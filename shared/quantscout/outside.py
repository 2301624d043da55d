"""What comes from neither venue: supply, attention and dominance (CoinGecko), aggregates of finalists (Coinalyze)."""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TypeVar

import polars as pl

from quantscout.errors import AnswerError, Problem, SourceError, problem_of
from quantscout.frames import DAY_MS, HOUR_MS, IDENTITY, KEY, SUPPLY, conform, empty, stack
from quantscout.run import Run
from quantscout.store import DOMINANCE, DOMINANCE_BLOCKS, IDENTITY_BLOCKS, SUPPLY_BLOCKS
from quantscout.universe import match_coingecko
from quantscout.venues.coinalyze import AGGREGATES, Coinalyze
from quantscout.venues.coingecko import ATTENTION, COINS, CoinGecko

T = TypeVar("T")

ALL = "all"
SUPPLY_PAGES = 8
"""The 2,000 largest coins; smaller ones than that are on no futures venue."""
WEEK_MS = 7 * DAY_MS
DOMINANCE_TOLERANCE_MS = 3 * HOUR_MS
BINANCE_CODE = "A"


@dataclass
class Outside:
    """What was read for the hour; `trending` is None when no provider answered."""

    coins: pl.DataFrame = field(default_factory=lambda: empty(COINS))
    supply: pl.DataFrame = field(default_factory=lambda: empty(SUPPLY))
    identity: pl.DataFrame = field(default_factory=lambda: empty(IDENTITY))
    attention: pl.DataFrame | None = None
    dominance_change: dict[str, float | None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


async def read_outside(run: Run) -> Outside:
    """Return the stored supply and identities of the last day, and what CoinGecko says now (with a key)."""
    since_ms = run.hour_ms - int(run.settings.supply_max_age_h * HOUR_MS) + HOUR_MS
    fresh = pl.col("as_of_ms").is_between(since_ms, run.hour_ms)
    outside = Outside(
        supply=(await run.in_thread(run.store.load, SUPPLY_BLOCKS, ALL, since_ms, run.hour_ms)).filter(fresh),
        identity=(await run.in_thread(run.store.load, IDENTITY_BLOCKS, ALL, since_ms, run.hour_ms)).filter(fresh),
    )
    if run.sources.coingecko is not None:
        await _read_coingecko(outside, run.sources.coingecko, run)
    return outside


async def _read_coingecko(outside: Outside, source: CoinGecko, run: Run) -> None:
    """Make three independent calls: one that fails costs the others nothing."""
    outside.attention = await _tried(source.fetch_trending(), outside.problems)
    now = await _tried(source.fetch_dominance(), outside.problems)
    if now is not None:
        await _keep_dominance(outside, conform([(run.hour_ms, now.btc_pct, now.usdt_pct)], DOMINANCE), run)
    if not outside.supply.filter(pl.col("source") == "coingecko").height:
        answer = await _tried(source.fetch_supply(SUPPLY_PAGES), outside.problems)
        if answer is not None:
            outside.coins = answer.frame
            outside.problems += answer.problems


async def _tried(call: Awaitable[T], problems: list[Problem]) -> T | None:
    try:
        return await call
    except (SourceError, AnswerError) as error:
        problems.append(problem_of(error))
        return None


async def _keep_dominance(outside: Outside, now: pl.DataFrame, run: Run) -> None:
    since_ms = run.hour_ms - WEEK_MS - DOMINANCE_TOLERANCE_MS
    held = await run.in_thread(run.store.load, DOMINANCE_BLOCKS, ALL, since_ms, run.hour_ms)
    await run.in_thread(run.store.save, DOMINANCE_BLOCKS, ALL, [(run.hour_ms, now)])
    outside.dominance_change = dominance_change(held, now, run.hour_ms)


def dominance_change(held: pl.DataFrame, now: pl.DataFrame, hour_ms: int) -> dict[str, float | None]:
    """Return the change in points over 7 days of `btc_pct` and `usdt_pct`; None until seven days are stored.

    The earlier value is the last one stored at or before seven days ago, at most three hours older than that.
    """
    then_ms = hour_ms - WEEK_MS
    past = held.filter(pl.col("at_ms").is_between(then_ms - DOMINANCE_TOLERANCE_MS, then_ms)).sort("at_ms").tail(1)
    changes: dict[str, float | None] = {}
    for name in ("btc_pct", "usdt_pct"):
        before, after = (frame[name].item() if frame.height else None for frame in (past, now))
        changes[name] = None if before is None or after is None else after - before
    return changes


async def keep_supply(outside: Outside, listing: pl.DataFrame, open_interest: pl.DataFrame, run: Run) -> pl.DataFrame:
    """Return the supply per coin and source for this hour and store what the state lacked of it, with its hour.

    Figures of the last day stand; only coins without one get the new one, so that a repeated run sees the same.
    """
    coins = match_coingecko(listing, outside.coins, run.settings).filter(pl.col("supply_coins") > 0)
    from_coingecko = coins.select(
        "coin", pl.lit("coingecko").alias("source"), "supply_coins", pl.col("coin_id").alias("source_id")
    )
    with_supply = open_interest.filter((pl.col("supply_coins") > 0) & (pl.col("at_ms") <= run.hour_ms)).sort(
        *KEY, "at_ms"
    )
    latest = with_supply.unique(KEY, keep="last", maintain_order=True).join(listing.select(*KEY, "coin"), on=KEY)
    from_binance = latest.unique("coin", keep="first", maintain_order=True).select(
        "coin", pl.lit("binance").alias("source"), "supply_coins", pl.lit(None, pl.String).alias("source_id")
    )
    read = conform(pl.concat([from_coingecko, from_binance]).with_columns(as_of_ms=pl.lit(run.hour_ms)), SUPPLY)
    new = read.join(outside.supply, on=["coin", "source"], how="anti")
    await run.in_thread(run.store.save, SUPPLY_BLOCKS, ALL, [(run.hour_ms, new)])
    return (
        stack([outside.supply, new], SUPPLY)
        .sort("coin", "source", "as_of_ms")
        .unique(("coin", "source"), keep="last", maintain_order=True)
    )


async def keep_identity(outside: Outside, listing: pl.DataFrame, run: Run) -> None:
    """Remember for a day which unit prefixes were confirmed: CoinGecko's prices are read only once a day."""
    confirmed = listing.filter(pl.col("unit_confirmed").fill_null(value=False))
    rows = conform(confirmed.with_columns(as_of_ms=pl.lit(run.hour_ms)), IDENTITY)
    new = rows.join(outside.identity, on=KEY, how="anti")
    await run.in_thread(run.store.save, IDENTITY_BLOCKS, ALL, [(run.hour_ms, new)])


def trending_coins(outside: Outside, supply: pl.DataFrame) -> pl.DataFrame | None:
    """Return coin and rank of what is searched for, matched by CoinGecko's id; None when nobody answered.

    Without any id nothing can be matched: attention is unknown then, not zero.
    """
    ids = supply.filter(pl.col("source") == "coingecko").select("coin", pl.col("source_id").alias("coin_id"))
    if outside.attention is None or not ids.height:
        return None
    return conform(outside.attention, ATTENTION).join(ids, on="coin_id").select("coin", "rank").sort("rank")


async def read_finalists(source: Coinalyze, universe: pl.DataFrame, run: Run, problems: list[Problem]) -> pl.DataFrame:
    """Return coin and Coinalyze's aggregates for the ranked coins that it covers, best first, within a minute's calls.

    A coin is found through the contract on Binance that Coinalyze's own market list names; names are never guessed.
    """
    finalists = (
        universe.filter(pl.col("rank").is_not_null())
        .sort("rank")
        .select("coin", "rank")
        .unique("coin", keep="first", maintain_order=True)
    )
    on_binance = universe.filter((pl.col("venue") == "binance") & pl.col("ineligible").is_null()).select(
        "coin", "contract"
    )
    try:
        markets = await source.fetch_markets()
        known = markets.frame.filter((pl.col("exchange") == BINANCE_CODE) & pl.col("is_perpetual"))
        found = (
            finalists.join(on_binance, on="coin")
            .join(known, left_on="contract", right_on="symbol_on_exchange")
            .sort("rank")
        )
        symbols = found["coinalyze_symbol"].to_list()[: min(source.symbols_per_minute - 1, run.settings.finalists)]
        answer = await source.fetch_aggregates(symbols, run.hour_ms)
    except (SourceError, AnswerError) as error:
        problems.append(problem_of(error))
        return conform([], AGGREGATES).with_columns(coin=pl.lit("")).head(0)
    problems += [*markets.problems, *answer.problems]
    return found.select("coin", "coinalyze_symbol").join(answer.frame, on="coinalyze_symbol")
