"""Hours in which nothing can be ranked: no pick is made, and the report says why and what to do."""

from collections.abc import Callable
from datetime import UTC, datetime

import polars as pl
import pytest

import market_frames as mf
from quantscout.decide import PICKS, Decision, funnel
from quantscout.frames import HOUR_MS
from quantscout.message import build_email, build_sms
from quantscout.models import Report
from quantscout.regime import Regime
from quantscout.report import Facts, build_report
from quantscout.settings import Settings

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
BEFORE = pl.col("open_ms") < mf.NOON - 10 * HOUR_MS
Loss = Callable[[mf.Hour], mf.Hour]
Few = tuple[Loss, str, str]
AGAIN = "see the sources and notes for what they did not bring, then run the hour again"
NOBODY = "no venue listed a contract that counts"
EXPLAIN = "quantscout explain COIN shows every gate of a contract"
NULL = pl.lit(None, pl.Float64)


def _listed(**columns: pl.Expr) -> Loss:
    return lambda h: h._replace(listing=h.listing.with_columns(**columns))


def _without(*details: str) -> Loss:
    return lambda h: mf.with_details(h, **{name: getattr(h.evidence.details, name).clear() for name in details})


def _with_bars(rows: pl.Expr) -> Loss:
    return lambda h: h._replace(bars=h.bars.filter(rows))


def _four_coins(h: mf.Hour) -> mf.Hour:
    """Leave the four best coins; the others pay too much funding, and still count for the percentiles."""
    ranked = mf.decide_hour(h).universe.filter(pl.col("fate") == "ranked").sort("rank")
    best = pl.col("coin").is_in(ranked["coin"][: PICKS - 1].to_list())
    return _listed(funding_rate_ratio=pl.when(best).then("funding_rate_ratio").otherwise(0.1))(h)


def _no_taker_no_quarter(h: mf.Hour) -> mf.Hour:
    """Leave 0.41 of the weights: bars alone, without takers' side, books, open interest and attention."""
    bars = h.bars.with_columns(taker_buy_usdt=NULL)
    poor = _without("last_15m", "books", "open_interest")(h._replace(bars=bars))
    return poor._replace(evidence=poor.evidence._replace(trending=None))


LOSSES: dict[str, Few] = {
    "nothing listed": (lambda h: h._replace(listing=h.listing.clear()), NOBODY, AGAIN),
    "nothing eligible": (_listed(ineligible=pl.lit("not_trading")), NOBODY, AGAIN),
    "no bars": (_with_bars(pl.lit(value=False)), "no verified bar is known of it", AGAIN),
    "old bars": (_with_bars(BEFORE), "its bar of this hour was missing", AGAIN),
    "short history": (
        _with_bars(pl.col("open_ms") >= mf.NOON - 50 * HOUR_MS), "it has less than 60 h of closed bars",
        "let the backfill finish, then run the hour again",
    ),
    "no funding": (_listed(funding_rate_ratio=NULL), "its current funding is unknown", AGAIN),
    "no quotes": (_listed(bid=NULL, ask=NULL), "its spread is unknown", AGAIN),
    "wide quotes": (_listed(bid=pl.lit(0.9), ask=pl.lit(1.1)), "its spread is too wide (fraction of mid)", EXPLAIN),
    "dear funding": (_listed(funding_rate_ratio=pl.lit(0.1)), "longs pay too much funding", EXPLAIN),
}  # fmt: skip


def _decide(loss: Loss, settings: Settings | None = None) -> Decision:
    return mf.decide_hour(loss(mf.made_hour(4)), settings)


def _report(decision: Decision, settings: Settings | None = None) -> Report:
    return build_report(decision, Facts(mf.NOON, NOW, Regime("neutral", {}, []), {}, [], None), settings or Settings())


@pytest.mark.parametrize("name", LOSSES)
def test_an_hour_that_cannot_be_scored_says_why_and_what_to_do(name: str) -> None:
    """No data, no pick; the report's reason names what stopped most contracts, and a next step that fits."""
    loss, cause, step = LOSSES[name]
    report = _report(_decide(loss))
    assert (report.status, report.gate_level, report.ranked_gems) == ("no_data", None, [])
    assert report.gate_reason.startswith(f"no level holds {PICKS} coins that can be scored: ")
    assert cause in report.gate_reason
    assert report.gate_reason.endswith(f"next step: {step}")


@pytest.mark.parametrize("name", LOSSES)
def test_every_contract_of_such_an_hour_has_its_fate(name: str) -> None:
    """Nobody is ranked, everybody has a reason, and the funnel adds up."""
    decision = _decide(LOSSES[name][0])
    counts = funnel(decision.universe)
    assert (decision.level, counts["ranked"], counts["passed"]) == (None, 0, 0)
    assert decision.universe["reason"].null_count() == 0
    assert isinstance(counts["by_reason"], dict)
    assert sum(counts["by_reason"].values()) == counts["listed"]


def test_an_hour_with_four_coins_ranks_none() -> None:
    """A scored set of fewer than five coins: each that would have passed says so."""
    decision = _decide(_four_coins, Settings(min_values_for_z=2))
    assert 0 < decision.passed_per_level["L3"] < PICKS
    report = _report(decision)
    assert report.ranked_gems == []
    assert f"L3 {decision.passed_per_level['L3']}" in report.gate_reason
    assert set(decision.universe.filter("in_scored_set")["reason"]) >= {"too_few_coins"}


def test_fewer_coins_than_a_z_needs_are_not_scored() -> None:
    """With the scored set smaller than eight no factor has a z, and what is left of the weights does not suffice."""
    decision = _decide(_four_coins)
    inside = decision.universe.filter("in_scored_set")
    assert 0 < inside.height < Settings().min_values_for_z
    assert inside["coverage"].max() == pytest.approx(0.10)  # regime and liquidity are no z
    assert "insufficient_coverage" in inside["reason"]
    assert _report(decision).ranked_gems == []


def test_an_hour_without_books_is_not_ranked() -> None:
    """A book that is not there fits no gate at any level, however good the rest is."""
    decision = _decide(_without("books"))
    assert decision.passed_per_level == {"L0": 0, "L1": 0, "L2": 0, "L3": 0}
    assert decision.universe.filter(pl.col("in_scored_set"))["reason"].is_in(["depth_unknown", "min_notional_high",
        "min_notional_unknown"]).all()  # fmt: skip


def test_what_may_be_unknown_by_setting_still_needs_its_coverage() -> None:
    """A setting excuses the gate, not the score: too few weights with data rank nobody."""
    excused = Settings(unknown_passes=frozenset({"depth", "spread", "min_notional"}))
    decision = _decide(_no_taker_no_quarter, excused)
    inside = decision.universe.filter("in_scored_set")
    assert inside.height >= PICKS
    assert set(inside["reason"]) <= {"insufficient_coverage", "min_notional_high"}
    assert float(inside["coverage"].max()) < excused.min_coverage  # type: ignore[arg-type]
    assert _report(decision, excused).ranked_gems == []


@pytest.mark.parametrize("name", LOSSES)
def test_the_message_of_such_an_hour_tells_the_cause(name: str) -> None:
    """Whoever gets the alarm reads the cause; the SMS stays within its limit."""
    report = _report(_decide(LOSSES[name][0]))
    assert LOSSES[name][1] in " ".join(build_email(report).split())
    assert "nothing published. no level holds 5 coins" in build_sms(report)
    assert len(build_sms(report)) <= 153
