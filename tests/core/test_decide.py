"""One fate per contract: the level, the order, one coin on two venues, and hours with little or nothing."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

import market_frames as mf
from quantscout.decide import PICKS, Decision, base_board, funnel, missing, shortlist
from quantscout.factors import NAMES
from quantscout.frames import HOUR_MS, LISTING, conform
from quantscout.gates import LEVELS, WIDEST
from quantscout.settings import Settings
from quantscout.windows import build_windows


@pytest.fixture(scope="module")
def hour() -> mf.Hour:
    """Return a small market whose hour is decided at L1."""
    return mf.made_hour(4)


@pytest.fixture(scope="module")
def decision(hour: mf.Hour) -> Decision:
    """Return its decision."""
    return mf.decide_hour(hour)


def _row(decision: Decision, contract: str) -> dict[str, Any]:
    return decision.universe.filter(pl.col("contract") == contract).row(0, named=True)


def _ranked(decision: Decision) -> pl.DataFrame:
    return decision.universe.filter(pl.col("fate") == "ranked").sort("rank")


def _relisted(hour: mf.Hour, contract: str, **values: Any) -> mf.Hour:
    mine = pl.col("contract") == contract
    columns = [
        pl.when(mine).then(pl.lit(value, hour.listing.schema[name])).otherwise(name).alias(name)
        for name, value in values.items()
    ]
    return hour._replace(listing=hour.listing.with_columns(columns))


def test_level_is_the_first_with_five_coins(decision: Decision) -> None:
    """The strict level holds too few coins, the next one enough."""
    counts = [decision.passed_per_level[name] for name in LEVELS]
    assert decision.level == next(k for k, count in enumerate(counts) if count >= PICKS)
    assert counts == sorted(counts)


def test_ranked_are_the_coins_of_the_level(decision: Decision) -> None:
    """As many contracts are ranked as distinct coins pass the chosen level."""
    assert decision.level is not None
    assert _ranked(decision).height == decision.passed_per_level[LEVELS[decision.level]]


def test_ineligible_contract_keeps_its_listings_reason(hour: mf.Hour) -> None:
    """What the universe refuses is refused first, with the listing's own value, whatever else it is."""
    best = _ranked(mf.decide_hour(hour))["contract"][0]
    other = mf.decide_hour(_relisted(hour, best, ineligible="delisting", ineligible_value="2026-03-09"))
    row = _row(other, best)
    assert (row["fate"], row["reason"], row["reason_value"]) == ("rejected", "delisting", "2026-03-09")


def test_contract_without_bars_is_told_so(hour: mf.Hour) -> None:
    """A listed contract that no bar is known of is rejected for that."""
    name = hour.listing["contract"][0]
    row = _row(mf.decide_hour(hour._replace(bars=hour.bars.filter(pl.col("contract") != name))), name)
    assert (row["reason"], row["reason_value"]) in {("no_bars", None), ("delisting", "announced")}


def test_late_contract_tells_the_age_of_its_bar(hour: mf.Hour, decision: Decision) -> None:
    """A contract whose newest bar is three hours old is late by three."""
    best = _ranked(decision)["contract"][0]
    gone = (pl.col("contract") == best) & (pl.col("open_ms") >= hour.hour_ms - 3 * HOUR_MS)
    row = _row(mf.decide_hour(hour._replace(bars=hour.bars.filter(~gone))), best)
    assert (row["reason"], float(row["reason_value"]), row["reason_limit"]) == ("late", 3.0, 0.0)


def test_rejected_by_a_gate_tells_value_and_limit(decision: Decision) -> None:
    """A contract with too wide a spread shows the spread and the limit."""
    row = decision.universe.filter(pl.col("reason") == "spread_wide").row(0, named=True)
    assert float(row["reason_value"]) == row["spread_ratio"] > row["reason_limit"] == 0.01


def _twins(hour: mf.Hour, decision: Decision) -> tuple[mf.Hour, str, str]:
    """Return the hour with the best two ranked contracts made one coin."""
    first, second = _ranked(decision)["contract"][:2]
    coin = _row(decision, first)["coin"]
    return _relisted(hour, second, coin=coin), first, second


def test_one_coin_is_one_candidate(hour: mf.Hour, decision: Decision) -> None:
    """Of two contracts of a coin the better one is ranked, the other is rejected as the same coin."""
    together, first, second = _twins(hour, decision)
    other = mf.decide_hour(together)
    assert _row(other, first)["fate"] == "ranked"
    assert (_row(other, second)["reason"], _row(other, second)["reason_value"]) == (
        "same_coin",
        _row(other, first)["coin"],
    )


def test_ranks_skip_no_number_for_a_second_contract(hour: mf.Hour, decision: Decision) -> None:
    """The coin behind two contracts of one coin has the next rank."""
    ranked = _ranked(mf.decide_hour(_twins(hour, decision)[0]))
    assert ranked["rank"].to_list() == list(range(1, ranked.height + 1))


def test_too_few_coins_rank_nobody(hour: mf.Hour) -> None:
    """With four coins that pass every gate there is no level and no pick, and each says why."""
    ranked = _ranked(mf.decide_hour(hour))["coin"][:4]
    few = hour._replace(listing=hour.listing.filter(pl.col("coin").is_in(ranked.implode())))
    other = mf.decide_hour(few, Settings(min_values_for_z=2))
    assert other.level is None
    assert _ranked(other).is_empty()
    assert funnel(other.universe)["ranked"] == 0


def test_uncovered_contract_is_rejected_for_it(hour: mf.Hour, decision: Decision) -> None:
    """Below the least coverage a contract is rejected with its coverage and the limit."""
    best = _ranked(decision)["contract"][0]
    strict = mf.decide_hour(hour, Settings(min_coverage=1))
    rejected = strict.universe.filter(pl.col("reason") == "insufficient_coverage")
    assert all(float(value) < 1 for value in rejected["reason_value"])
    assert set(rejected["reason_limit"]) == {1.0}
    assert _row(decision, best)["coverage"] >= 0.6


EMPTY: dict[str, Callable[[mf.Hour], mf.Hour]] = {
    "no listing": lambda h: h._replace(listing=h.listing.clear()),
    "no bars": lambda h: h._replace(bars=h.bars.clear()),
    "nothing eligible": lambda h: h._replace(listing=h.listing.with_columns(ineligible=pl.lit("not_trading"))),
    "no details": lambda h: mf.with_details(h, **{n: f.clear() for n, f in h.evidence.details._asdict().items()}),
    "no supply, nothing trending": lambda h: h._replace(
        evidence=h.evidence._replace(supply=h.evidence.supply.clear(), trending=h.evidence.trending.clear())  # type: ignore[union-attr]
    ),
}


@pytest.mark.parametrize("loss", EMPTY)
def test_hour_without_data_is_decided(hour: mf.Hour, loss: str) -> None:
    """An hour that lacks a whole input still gives every listed contract its fate."""
    empty = EMPTY[loss](hour)
    counts = funnel(mf.decide_hour(empty).universe)
    reasons = counts["by_reason"]
    assert isinstance(reasons, dict)
    assert counts["listed"] == empty.listing.height == sum(reasons.values()) + int(str(counts["ranked"]))


def test_unknown_trend_is_not_zero_attention(hour: mf.Hour) -> None:
    """Without a provider attention is unknown; with one, a coin it does not list has zero."""
    silent = mf.decide_hour(hour._replace(evidence=hour.evidence._replace(trending=None)))
    assert silent.universe["social"].null_count() == silent.universe.height
    assert set(mf.decide_hour(hour).universe["social"]) >= {0.0, 15.0}


def test_spread_of_crossed_quotes_is_unknown() -> None:
    """An ask below the bid, or a missing side, is no spread."""
    names = list(LISTING)
    quotes = [(1.0, 1.01), (1.01, 1.0), (None, 1.0), (0.0, 1.0)]
    rows: list[dict[str, Any]] = [
        {"venue": "v", "contract": str(k), "bid": b, "ask": a} for k, (b, a) in enumerate(quotes)
    ]
    listing = conform([tuple(row.get(name) for name in names) for row in rows], LISTING).with_columns(coin="contract")
    empty = mf.made_hour().bars.clear()
    board = base_board(listing, build_windows(empty, mf.NOON), mf.NOON)
    assert board["spread_ratio"].to_list() == [pytest.approx(0.01 / 1.005), None, None, None]


def test_shortlist_is_the_widest_level_of_the_cheap_gates(hour: mf.Hour, decision: Decision) -> None:
    """Calls per contract are spent on those that a cheap gate of the widest level does not exclude."""
    board = base_board(hour.listing, build_windows(hour.bars, hour.hour_ms), hour.hour_ms)
    listed = set(shortlist(board, Settings()).select("venue", "contract").rows())
    scored = set(decision.universe.filter("in_scored_set").select("venue", "contract").rows())
    assert scored <= listed
    assert WIDEST == 3


def test_missing_names_every_absent_part() -> None:
    """What a score or a message had to do without is named."""
    row: dict[str, object] = {f"{name}_norm": 0.5 for name in NAMES}
    others = (
        "market_cap_usd", "spread_ratio", "min_notional_usdt", "funding_z", "funding_change_z", "long_short_ratio",
    )  # fmt: skip
    row |= dict.fromkeys(others, 1.0)
    assert missing(row) == []
    assert missing(row | {"mom15m_norm": None, "long_short_ratio": None}) == ["mom15m", "long_short_ratio"]
