"""Coinalyze's aggregates of the finalists: who is asked about, within a minute's calls, and what is read.

They contain the venue's own figures: they stand beside them, confirm nothing and order nothing (docs/identity.md).
"""

import asyncio

import polars as pl

from quantscout.aggregates import (
    AGGREGATES,
    COUNTS,
    HISTORIES,
    MEMBERS,
    Plan,
    build_aggregates,
    further_markets,
    plan_calls,
)
from quantscout.decide import PICKS
from quantscout.errors import Problem
from quantscout.frames import KEY, conform, empty
from quantscout.identity import UNIT_PREFIXES
from quantscout.outside import tried
from quantscout.run import Run
from quantscout.venues.coinalyze import Coinalyze
from quantscout.venues.coinalyze_answers import history_schema

CONTRACT = ("coin", "rank", "price_usd", "coinalyze_symbol", "multiplier")


def choose_finalists(universe: pl.DataFrame, markets: pl.DataFrame, count: int) -> pl.DataFrame:
    """Return aggregates.MEMBERS: the main markets of at most so many coins, the most useful first, then further ones.

    The five that are published come before the next ranks, and in both groups those whose own venue has no long/short
    ratio before those where Coinalyze's would only stand beside it. The main market is Binance's contract of the coin,
    for another venue's contract only where the prices confirm that it is the same coin; a coin without one is covered
    through the first other exchange, if that one's price agrees.
    """
    ranked = universe.filter(pl.col("rank").is_not_null()).sort("rank", *KEY).unique("coin", keep="first")
    coins = ranked.with_columns(_ticker(), (pl.col("last_close") / pl.col("multiplier")).alias("price_usd"))
    further = further_markets(coins.select("coin", "rank", "ticker", "price_usd"), markets)
    own = _own_markets(coins, universe, markets)
    mains = pl.concat([own, _first_of(further, own)])
    order = pl.col("rank") > PICKS, pl.col("long_short_ratio").is_not_null(), pl.col("rank")
    ratios = coins.select("coin", "long_short_ratio")
    chosen = mains.join(ratios, on="coin", how="left").sort(*order).head(count).select(*MEMBERS)
    beside = further.join(chosen.select("coin"), on="coin", how="semi", maintain_order="left")
    rest = beside.join(chosen.select("coin", "coinalyze_symbol"), on=["coin", "coinalyze_symbol"], how="anti",
                       maintain_order="left")  # fmt: skip
    return pl.concat([chosen, rest])


def _ticker() -> pl.Expr:
    """Return the contract's name without the unit that it is known to carry."""
    ticker = pl.col("base")
    for prefix, units in UNIT_PREFIXES.items():
        carries = (pl.col("multiplier") == units) & pl.col("base").str.starts_with(prefix)
        ticker = pl.when(carries).then(pl.col("base").str.slice(len(prefix))).otherwise(ticker)
    return ticker.alias("ticker")


def _own_markets(coins: pl.DataFrame, universe: pl.DataFrame, markets: pl.DataFrame) -> pl.DataFrame:
    """Return `MEMBERS`: Binance's market of each coin that surely is the coin's."""
    listed = universe.filter(pl.col("coinalyze_symbol").is_not_null() & pl.col("ineligible").is_null())
    symbols = listed.sort(KEY).unique("coin", keep="first").select("coin", "coinalyze_symbol", "multiplier")
    sure = pl.col("coinalyze_symbol").is_not_null() | (pl.col("identity_status") == "confirmed")
    own = coins.filter(sure).select("coin", "rank", "price_usd").join(symbols, on="coin").select(*CONTRACT)
    known = own.join(markets, on="coinalyze_symbol", how="left")
    return conform(known.with_columns(is_main=pl.lit(value=True), is_sure=pl.lit(value=True)), MEMBERS)


def _first_of(further: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """Return `MEMBERS`: the first market of each coin that has none of its own."""
    first = further.join(own, on="coin", how="anti", maintain_order="left").unique(
        "coin", keep="first", maintain_order=True
    )
    return first.with_columns(is_main=pl.lit(value=True))


async def read_finalists(
    source: Coinalyze, universe: pl.DataFrame, markets: pl.DataFrame, run: Run, problems: list[Problem]
) -> pl.DataFrame:
    """Return aggregates.AGGREGATES of the finalists (`choose_finalists`), within what a minute's calls allow.

    A history that cannot be read costs its own figures only; a coin without any figure is not among them.
    """
    members = choose_finalists(universe, markets, run.settings.finalists)
    plan = plan_calls(members, source.calls_for_histories)
    found = await asyncio.gather(*(_history(source, name, plan, run.hour_ms, problems) for name in HISTORIES))
    histories = dict(zip(HISTORIES, found, strict=True))
    aggregated = build_aggregates(plan.members, histories, run.hour_ms, run.settings.price_agreement_ratio)
    problems += aggregated.problems
    figures = [name for name in AGGREGATES if name not in ("coin", "main_market", *COUNTS)]
    return aggregated.frame.filter(pl.any_horizontal(pl.col(figures).is_not_null()))


async def _history(source: Coinalyze, name: str, plan: Plan, hour_ms: int, problems: list[Problem]) -> pl.DataFrame:
    nothing = empty(history_schema(name))
    if not plan.symbols[name]:
        return nothing
    answer = await tried(source.fetch_history(name, plan.symbols[name], hour_ms), problems)
    return nothing if answer is None else answer
