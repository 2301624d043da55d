"""What comes from neither venue: supply, attention and dominance (CoinGecko), the list of markets (Coinalyze).

The slow part, supply and which coin is which, is read about once a day and kept with its hour (docs/identity.md).
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TypeVar, cast

import polars as pl

from quantscout.clock import is_snapshot_of
from quantscout.errors import AnswerError, Problem, SourceError, problem_of
from quantscout.frames import DAY_MS, HOUR_MS, KEY, SUPPLY, conform, empty, stack
from quantscout.identity import EVIDENCE, listed_by_coinalyze, whole
from quantscout.run import Run
from quantscout.settings import Settings
from quantscout.store import DOMINANCE, DOMINANCE_BLOCKS, SUPPLY_BLOCKS, Kind
from quantscout.universe import coin_ids, match_coingecko
from quantscout.venues.coinalyze import Coinalyze
from quantscout.venues.coinalyze_answers import MARKETS
from quantscout.venues.coingecko import ATTENTION, COINS, CoinGecko

T = TypeVar("T")

ALL = "all"
SUPPLY_PAGES = 8
"""The 2,000 largest coins; smaller ones than that are on no futures venue."""
REFRESH_H = 24
WEEK_MS = 7 * DAY_MS
NOT_OF_THIS_HOUR = "what it says now is not of this hour and was left out"
DOMINANCE_TOLERANCE_MS = 3 * HOUR_MS
EVIDENCE_BLOCKS = Kind("evidence", EVIDENCE, (*KEY, "source", "name", "multiplier", "read_ms"))


@dataclass
class Outside:
    """What was read for the hour; `trending` is None when no provider answered."""

    coins: pl.DataFrame = field(default_factory=lambda: empty(COINS))
    supply: pl.DataFrame = field(default_factory=lambda: empty(SUPPLY))
    identity: pl.DataFrame = field(default_factory=lambda: empty(EVIDENCE))
    """Evidence of earlier hours, and which contracts Coinalyze lists."""
    markets: pl.DataFrame = field(default_factory=lambda: empty(MARKETS))
    """Coinalyze's, of all its exchanges."""
    attention: pl.DataFrame | None = None
    dominance_change: dict[str, float | None] = field(default_factory=dict)
    supply_as_of_ms: int | None = None
    """The hour of CoinGecko's newest supply that is used; None where none is."""
    problems: list[Problem] = field(default_factory=list)


def refresh_h(settings: Settings) -> float:
    """Return the age from which a figure is read again: a day, and early enough for some attempts before it is void."""
    return min(REFRESH_H, settings.supply_max_age_h / 2)


async def read_outside(run: Run) -> Outside:
    """Return the stored supply and evidence that are young enough, and what CoinGecko and Coinalyze say (with a key).

    A source that is out costs nothing that is stored: figures stand until `supply_max_age_h`, and every hour tries
    again from `refresh_h` on.
    """
    since_ms = run.hour_ms - int(run.settings.supply_max_age_h * HOUR_MS) + HOUR_MS
    supply = await run.in_thread(run.store.load, SUPPLY_BLOCKS, ALL, since_ms, run.hour_ms)
    evidence = await run.in_thread(run.store.load, EVIDENCE_BLOCKS, ALL, since_ms, run.hour_ms)
    outside = Outside(
        supply=_newest(supply.filter(pl.col("as_of_ms").is_between(since_ms, run.hour_ms)), ["coin", "source"]),
        identity=_newest(evidence.filter(pl.col("read_ms").is_between(since_ms, run.hour_ms)), [*KEY, "source"]),
    )
    coingecko, coinalyze = run.sources.coingecko, run.sources.coinalyze
    reads = [] if coingecko is None else [_read_coingecko(outside, coingecko, run)]
    reads += [] if coinalyze is None else [_read_coinalyze(outside, coinalyze)]
    await asyncio.gather(*reads)
    return outside


def _newest(rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Return the rows of each key's last reading."""
    read_ms = pl.col("as_of_ms" if "as_of_ms" in rows.columns else "read_ms")
    return rows.filter(read_ms == read_ms.max().over(key)).sort(key)


async def _read_coingecko(outside: Outside, source: CoinGecko, run: Run) -> None:
    """Make three independent calls: one that fails costs the others nothing.

    A replayed hour asks nothing: what is said now would look ahead, and be kept as if it had been said then.
    """
    if not is_snapshot_of(run.hour_ms, run.now_ms()):
        outside.problems.append(Problem(source.name, None, "not_of_this_hour", NOT_OF_THIS_HOUR))
        return
    outside.attention = await tried(source.fetch_trending(), outside.problems)
    now = await tried(source.fetch_dominance(), outside.problems)
    if now is not None:
        await _keep_dominance(outside, conform([(run.hour_ms, now.btc_pct, now.usdt_pct)], DOMINANCE), run)
    age_h = _supply_age_h(outside.supply, run.hour_ms)
    is_there = outside.attention is not None or now is not None  # else eight pages more would only cost the month
    if is_there and (age_h is None or age_h >= refresh_h(run.settings)):
        answer = await tried(source.fetch_supply(SUPPLY_PAGES), outside.problems)
        if answer is not None:
            outside.coins = answer.frame
            outside.problems += answer.problems
            return
    outside.problems[:] = [_with_age(problem, age_h, run.settings) for problem in outside.problems]


def _supply_age_h(supply: pl.DataFrame, hour_ms: int) -> float | None:
    newest_ms = supply.filter(pl.col("source") == "coingecko")["as_of_ms"].max()
    return None if newest_ms is None else (hour_ms - cast("int", newest_ms)) / HOUR_MS


def _with_age(problem: Problem, age_h: float | None, settings: Settings) -> Problem:
    """Say with CoinGecko's failure which of its figures are used in spite of it."""
    if problem.source != "coingecko" or problem.contract is not None or age_h is None:
        return problem
    stands = f"; its supply read {age_h:.0f} h ago stands until it is {settings.supply_max_age_h:g} h old"
    return problem._replace(detail=problem.detail + stands)


async def _read_coinalyze(outside: Outside, source: Coinalyze) -> None:
    """Read which contracts it lists: the only way to its symbols, one call."""
    markets = await tried(source.fetch_markets(), outside.problems)
    if markets is not None:
        outside.problems += markets.problems
        outside.markets = markets.frame
        outside.identity = pl.concat([outside.identity, listed_by_coinalyze(markets.frame)])


async def tried(call: Awaitable[T], problems: list[Problem]) -> T | None:
    """Return what the call returns; None, and the problem among the others, where the source does not answer."""
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

    A figure stands until `refresh_h`, so that a repeated run sees the same; then the new one takes its place, and where
    there is none the old one stands on with its age. CoinGecko's counts only for a coin that still is its entry.
    """
    coins = match_coingecko(listing, outside.coins).filter(pl.col("supply_coins") > 0)
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
    young = outside.supply.filter(pl.col("as_of_ms") > _refresh_before_ms(run))
    new = read.join(young, on=["coin", "source"], how="anti")
    await run.in_thread(run.store.save, SUPPLY_BLOCKS, ALL, [(run.hour_ms, new)])
    ids = coin_ids(listing).select("coin", pl.col("coin_id").alias("source_id"))
    held = _newest(stack([outside.supply, new], SUPPLY), ["coin", "source"])
    own = held.filter(pl.col("source") != "coingecko")
    used = held.join(ids, on=["coin", "source_id"], how="semi")
    outside.supply_as_of_ms = cast("int | None", used["as_of_ms"].max())
    return pl.concat([own, used]).sort("coin", "source")


def _refresh_before_ms(run: Run) -> int:
    return run.hour_ms - int(refresh_h(run.settings) * HOUR_MS)


async def keep_identity(outside: Outside, listing: pl.DataFrame, run: Run) -> None:
    """Remember what prices said of each contract's coin: CoinGecko is read only once a day, and a venue may be out."""
    proof = listing.select(*KEY, "coin_evidence").drop_nulls("coin_evidence").explode("coin_evidence")
    rows = whole(proof.unnest("coin_evidence"), EVIDENCE)
    seen = rows.filter(pl.col("read_ms").is_null() & pl.col("verdict").is_in(["agrees", "disagrees"]))
    young = outside.identity.filter(pl.col("read_ms") > _refresh_before_ms(run))
    new = seen.join(young, on=[*KEY, "source", "name", "multiplier", "verdict"], how="anti").select(*KEY, "source")
    rows_now = conform(
        seen.join(new, on=[*KEY, "source"], how="semi").with_columns(read_ms=pl.lit(run.hour_ms)), EVIDENCE
    )
    await run.in_thread(run.store.save, EVIDENCE_BLOCKS, ALL, [(run.hour_ms, rows_now)])


def trending_coins(outside: Outside, supply: pl.DataFrame) -> pl.DataFrame | None:
    """Return coin and rank of what is searched for, matched by CoinGecko's id; None when nobody answered.

    Without any id nothing can be matched: attention is unknown then, not zero.
    """
    ids = supply.filter(pl.col("source") == "coingecko").select("coin", pl.col("source_id").alias("coin_id"))
    if outside.attention is None or not ids.height:
        return None
    return conform(outside.attention, ATTENTION).join(ids, on="coin_id").select("coin", "rank").sort("rank")
