"""The decision of an hour: from canonical frames to one fate per contract. Pure: the same frames, the same bytes.

The board is one frame with a row per listed contract; it grows by columns (windows, positions, gates, factors, score)
and ends as the hour's universe: every listed contract ranked, or rejected with its first reason and the value.
"""

from typing import NamedTuple

import polars as pl

from quantscout import gating, positions, score, universe
from quantscout.factors import NAMES, factor_values
from quantscout.frames import DAY_MS, HOUR_MS, KEY, MINUTE_MS, Schema
from quantscout.gates import GATES, LEVELS, WIDEST
from quantscout.regime import FACTOR_VALUE, Regime
from quantscout.settings import Settings

PICKS = 5
DEPTH = next(gate for gate in GATES if gate.name == "depth")


LONG_SHORT: Schema = {"venue": pl.String, "contract": pl.String, "long_short_ratio": pl.Float64}


class Details(NamedTuple):
    """What came by calls per contract: BARS of H - 15 min, OPEN_INTEREST, FUNDING, BOOK, LONG_SHORT."""

    last_15m: pl.DataFrame
    open_interest: pl.DataFrame
    funding: pl.DataFrame
    books: pl.DataFrame
    long_short: pl.DataFrame


class Evidence(NamedTuple):
    """Everything that the decision looks at besides the board."""

    details: Details
    supply: pl.DataFrame
    """frames.SUPPLY, at most one row per coin and source."""
    trending: pl.DataFrame | None
    """coin, rank (1 is first); None when no provider answered."""


class Decision(NamedTuple):
    """The universe with every fate, and how the hour went."""

    universe: pl.DataFrame
    level: int | None
    """Index into gates.LEVELS; None when not even the widest level holds five coins."""
    passed_per_level: dict[str, int]
    """Distinct coins that could be ranked at each level."""


def base_board(listing: pl.DataFrame, windows: pl.DataFrame, hour_ms: int) -> pl.DataFrame:
    """Return the board as far as the cheap gates need it."""
    board = listing.join(windows, on=KEY, how="left").sort(KEY)
    return board.with_columns(board_values(pl.lit(hour_ms))).with_columns(*gating.percentiles(), gating.venues_differ())


def board_values(hour_ms: pl.Expr) -> list[pl.Expr]:
    """Return what the cheap gates need besides windows and percentiles, for the hour that each row is of."""
    mid = (pl.col("bid") + pl.col("ask")) / 2
    age = (hour_ms - HOUR_MS - pl.col("last_open_ms")) // HOUR_MS
    return [
        age.alias("bar_age_h"),  # whole hours: polars divides by a literal through its reciprocal, 1 h would not be 1.0
        pl.when((pl.col("bid") > 0) & (pl.col("ask") >= pl.col("bid")))
        .then((pl.col("ask") - pl.col("bid")) / mid)
        .alias("spread_ratio"),
        pl.when(pl.col("funding_interval_h") > 0)
        .then(pl.col("funding_rate_ratio") * 8 / pl.col("funding_interval_h"))
        .alias("funding_8h_ratio"),
        ((hour_ms - pl.col("listed_ms")) / DAY_MS).alias("listed_days"),
    ]


def shortlist(board: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Return the contracts that pass the widest level of the cheap gates: those worth a call each."""
    reason = gating.first_failure(WIDEST, settings, stages=("cheap",))[0]
    return board.filter(pl.col("ineligible").is_null() & reason.is_null())


def with_evidence(board: pl.DataFrame, e: Evidence, regime: Regime, hour_ms: int, settings: Settings) -> pl.DataFrame:
    """Return the board with all that came by calls per contract, the market caps, the flags and the factors' values."""
    d = e.details
    last = d.last_15m.filter(pl.col("open_ms") == hour_ms - 15 * MINUTE_MS)
    quarter = last.select(*KEY, pl.col("open").alias("open_15m"), pl.col("close").alias("close_15m"))
    current = board.filter(pl.col("ineligible").is_null()).select(*KEY, "funding_rate_ratio", "funding_interval_h")
    funding = positions.build_funding(current, d.funding, hour_ms, settings).drop("funding_8h_ratio")
    held = positions.build_open_interest(d.open_interest, hour_ms)
    full = board.drop("open_interest_coins")
    for part in (quarter, held, funding, d.books.drop("at_ms"), d.long_short):
        full = full.join(part.unique(KEY, keep="first", maintain_order=True), on=KEY, how="left")
    full = full.join(universe.market_caps(board, e.supply, settings), on=KEY, how="left").sort(KEY)
    points = pl.lit(None, pl.Float64) if e.trending is None else _trending_points(e.trending)
    full = full.with_columns(
        *_book(settings),
        pl.lit(None, pl.Float64).alias("spot_volume_24h_usdt"),
        pl.lit(FACTOR_VALUE[regime.name]).alias("regime_value"),
        points.alias("trending_points"),
    )
    return full.with_columns(*factor_values(), gating.flags())


def _book(settings: Settings) -> list[pl.Expr]:
    """Return the book's figures as far as they are known.

    Where the longest answer of a venue ends within the band the sums are lower bounds: enough to say that a book is
    too deep, never that it is thin.
    """
    bids, asks, whole = pl.col("bids_usdt"), pl.col("asks_usdt"), pl.col("reaches_band").fill_null(value=True)
    too_deep = bids + asks >= settings.limits_of(DEPTH)[WIDEST]
    return [
        pl.when(whole | too_deep).then(bids + asks).alias("depth_usdt"),
        *(pl.when(whole).then(side).alias(name) for name, side in (("bids_usdt", bids), ("asks_usdt", asks))),
    ]


def _trending_points(trending: pl.DataFrame) -> pl.Expr:
    ranks = {coin: 16.0 - rank for coin, rank in trending.select("coin", "rank").rows()}
    return pl.col("coin").replace_strict(ranks, default=0.0, return_dtype=pl.Float64)


def decide(board: pl.DataFrame, evidence: Evidence, regime: Regime, hour_ms: int, settings: Settings) -> Decision:
    """Return every contract's fate: the gate at the first level with five coins that can be scored, then the order."""
    return judge(with_evidence(board, evidence, regime, hour_ms, settings), regime, settings)


def judge(full: pl.DataFrame, regime: Regime, settings: Settings) -> Decision:
    """Return every contract's fate from a board that has all gate values and factor values (`with_evidence`)."""
    widest = gating.first_failure(WIDEST, settings, stages=("cheap", "scored_set"))[0]
    in_set = pl.col("ineligible").is_null() & widest.is_null()
    full = full.with_columns(in_set.alias("in_scored_set"))
    scored = score.score_set(full.filter("in_scored_set"), regime.name, settings)
    extra = [name for name in scored.columns if name not in full.columns]
    scored_board = full.join(scored.select(*KEY, *extra), on=KEY, how="left").sort(KEY)
    passed = {name: _rankable(scored_board, level, settings)["coin"].n_unique() for level, name in enumerate(LEVELS)}
    level = next((k for k, name in enumerate(LEVELS) if passed[name] >= PICKS), None)
    chosen = WIDEST if level is None else level
    return Decision(_with_fates(scored_board, chosen, settings, ranked=level is not None), level, passed)


def covered(settings: Settings) -> pl.Expr:
    """Tell whether the weights with data reach the minimum; the tolerance is for sums of decimal weights in binary."""
    return pl.col("score").is_not_null() & (pl.col("coverage") >= settings.min_coverage - 1e-9)


def _rankable(board: pl.DataFrame, level: int, settings: Settings) -> pl.DataFrame:
    reason = gating.first_failure(level, settings)[0]
    return board.filter(pl.col("ineligible").is_null() & reason.is_null() & covered(settings))


def _with_fates(board: pl.DataFrame, level: int, settings: Settings, *, ranked: bool) -> pl.DataFrame:
    """Add fate, reason, reason_value (text), reason_limit and rank; a coin's second contract names the first."""
    best = score.order(_rankable(board, level, settings))
    firsts = best.unique("coin", keep="first", maintain_order=True).with_columns(
        pl.int_range(1, pl.len() + 1).alias("rank")
    )
    ranks = best.join(firsts.select("coin", "rank"), on="coin", how="left", maintain_order="left")
    ranks = ranks.join(
        firsts.select(*KEY, pl.lit(value=True).alias("leads")), on=KEY, how="left", maintain_order="left"
    )
    ranks = ranks.select(*KEY, "rank", pl.col("leads").fill_null(value=False))
    gate, value, limit = gating.first_failure(level, settings)
    joined = board.with_columns(gate.alias("gate"), value.alias("gate_value"), limit.alias("gate_limit")).join(
        ranks, on=KEY, how="left"
    )
    return (
        joined.sort(KEY).with_columns(_fate(settings, ranked=ranked)).drop("gate", "gate_value", "gate_limit", "leads")
    )


def _fate(settings: Settings, *, ranked: bool) -> list[pl.Expr]:
    outside, gated = pl.col("ineligible").is_not_null(), pl.col("gate").is_not_null()
    uncovered, second = pl.col("rank").is_null(), pl.col("leads").not_()
    cases = [
        (outside, pl.col("ineligible"), pl.col("ineligible_value"), pl.lit(None, pl.Float64)),
        (gated, pl.col("gate"), pl.col("gate_value").cast(pl.String), pl.col("gate_limit")),
        (uncovered, pl.lit("insufficient_coverage"), pl.col("coverage").cast(pl.String), pl.lit(settings.min_coverage)),
        (second, pl.lit("same_coin"), pl.col("coin"), pl.lit(None, pl.Float64)),
        (pl.lit(not ranked), pl.lit("too_few_coins"), pl.lit(None, pl.String), pl.lit(float(PICKS))),
    ]
    reason, value, limit = pl.lit(None, pl.String), pl.lit(None, pl.String), pl.lit(None, pl.Float64)
    for applies, code, found, bound in reversed(cases):
        reason = pl.when(applies).then(code).otherwise(reason)
        value = pl.when(applies).then(found).otherwise(value)
        limit = pl.when(applies).then(bound).otherwise(limit)
    fate = pl.when(reason.is_null()).then(pl.lit("ranked")).otherwise(pl.lit("rejected"))
    rank = pl.when(reason.is_null()).then("rank")
    return [
        fate.alias("fate"),
        reason.alias("reason"),
        value.alias("reason_value"),
        limit.alias("reason_limit"),
        rank.alias("rank"),
    ]


def funnel(universe_frame: pl.DataFrame) -> dict[str, int | dict[str, int]]:
    """Return how many contracts stood at each stage; listed = ranked + the sum of by_reason."""
    eligible = universe_frame.filter(pl.col("ineligible").is_null())
    reasons = (
        universe_frame.filter(pl.col("fate") == "rejected")["reason"]
        .value_counts()
        .sort("count", "reason", descending=[True, False])
    )
    return {
        "listed": universe_frame.height,
        "eligible": eligible.height,
        "with_data": eligible.filter(pl.col("bar_age_h") == 0).height,
        "scored_set": int(universe_frame["in_scored_set"].sum()),
        "passed": universe_frame.filter((pl.col("fate") == "ranked") | (pl.col("reason") == "same_coin")).height,
        "ranked": universe_frame.filter(pl.col("fate") == "ranked").height,
        "by_reason": dict(reasons.rows()),
    }


def missing(row: dict[str, object]) -> list[str]:
    """Return what a contract's score and messages had to do without, by name."""
    absent = [name for name in NAMES if row[f"{name}_norm"] is None]
    others = {"market_cap": "market_cap_usd", "spread": "spread_ratio", "min_notional": "min_notional_usdt",
              "funding_history": "funding_z", "funding_change_history": "funding_change_z",
              "long_short_ratio": "long_short_ratio"}  # fmt: skip
    return absent + [name for name, column in others.items() if row[column] is None]
