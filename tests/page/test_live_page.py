"""The page of the live picks: from nothing at all to some days of hours; no interval, and so no claim."""

from collections.abc import Sequence

import polars as pl
import pytest

from page.made_page import START_MS, read_page
from quantscout.evaluation_models import JUDGED, EvaluatedHour, Group, Pick
from quantscout.frames import BARS, HOUR_MS, empty
from quantscout.outcomes import Costs
from quantscout.page.content import PageContent
from quantscout.page.live import Live, build_live_content
from quantscout.page.live_deciles import rate_deciles
from quantscout.page.render import write_live_page
from quantscout.settings import Settings


def make_pick(rank: int, *, complete: bool = True) -> Pick:
    """Return a pick that returned rank percent less costs; those of rank 1 and 2 hit."""
    known = {
        "entry_price": 2.0, "return_24h_ratio": rank / 100, "best_24h_ratio": 0.15 if rank <= 2 else 0.05,
        "worst_24h_ratio": -0.02, "hit10": rank <= 2, "barrier": 0, "barrier_h": 24,
        "net_return_24h_ratio": rank / 100 - 0.003, "controls": 4, "controls_hit": 1,
    }  # fmt: skip
    return Pick(
        rank=rank, venue="kucoin", contract=f"C{rank}USDTM", symbol=f"C{rank}-USDT-PERP", coin=f"C{rank}",
        score=70 - rank, outcome="complete" if complete else "incomplete", **(known if complete else {}),
    )  # fmt: skip


def make_hour(number: int, picks: Sequence[Pick], excluded: str = "") -> EvaluatedHour:
    """Return an evaluated hour with these picks."""
    return EvaluatedHour(
        hour_ms=START_MS + number * HOUR_MS, evaluated_ms=START_MS + (number + 24) * HOUR_MS, settled=True,
        excluded=excluded, status="ok", level=1, late_s=95,
        funnel={"listed": 1289, "eligible": 1200, "with_data": 1190, "scored_set": 90, "passed": 12, "ranked": 12},
        lacking=["social"], population=Group(rows=1190, complete=1180, hits=118),
        scored=Group(rows=90, complete=90, hits=18), picks=list(picks),
    )  # fmt: skip


def build(hours: Sequence[EvaluatedHour], bars: pl.DataFrame | None = None) -> PageContent:
    """Return the content for these hours."""
    return build_live_content(Live(hours, Settings(), Costs(), bars=bars))


def values_of(content: PageContent) -> dict[str, float | None]:
    """Return the figures by name."""
    return {figure.name: figure.value for figure in content.kpis}


def text_of(content: PageContent) -> str:
    """Return the words of the page."""
    return " ".join(read_page(write_live_page(content)).all("body")[0].text.split())


def test_without_an_hour_nothing_is_known() -> None:
    """The page is there, says so, and has no number that could be taken for a result."""
    content = build([])
    assert set(values_of(content).values()) == {None}
    assert content.verdict.answer == "cannot_be_told"
    text = text_of(content)
    assert "Nothing is known yet" in text
    assert "No pick has been evaluated" in text
    assert "0.0 %" not in text
    assert "0.00 %" not in text


def test_without_a_complete_outcome_nothing_is_known() -> None:
    """Three picks that lack a bar are counted, and judged by nothing."""
    content = build([make_hour(0, [make_pick(rank, complete=False) for rank in (1, 2, 3)])])
    assert values_of(content)["precision_at_5"] is None
    assert (content.basis.picks, content.basis.complete_picks, content.basis.lost) == (3, 0, {"incomplete": 3})
    assert "3 evaluated picks lack a bar" in text_of(content)
    assert not content.best
    assert not content.months


def test_three_picks_make_figures_without_intervals() -> None:
    """Two of three hit; of four controls each, one: 2/3 over 1/4. It is said where the intervals are."""
    content = build([make_hour(0, [make_pick(rank) for rank in (1, 2, 3)])])
    known = values_of(content)
    assert known["precision_at_5"] == pytest.approx(2 / 3)
    assert known["base_rate"] == pytest.approx(0.1)
    assert known["lift_over_matched"] == pytest.approx(8 / 3)
    assert known["mean_net_return_24h"] == pytest.approx(0.017)
    assert all(figure.low is None and figure.high is None for figure in content.kpis)
    assert content.verdict.answer == "cannot_be_told"
    assert "interval: see quantscout kpis" in text_of(content)


def test_few_picks_are_halved_into_best_and_worst() -> None:
    """Of three, two are the best and one the worst; none stands in both."""
    content = build([make_hour(0, [make_pick(rank) for rank in (1, 2, 3)])])
    assert [pick.coin for pick in content.best] == ["C3", "C2"]
    assert [pick.coin for pick in content.worst] == ["C1"]


def test_an_hour_without_a_report_is_counted_and_not_measured() -> None:
    """It has no row in the funnel, and is named among what was left out."""
    content = build([make_hour(0, []), make_hour(1, [], excluded="no_report")])
    assert content.basis.exclusions == {"hours left out (no_report)": 1}
    assert sum(week.hours for week in content.weeks) == 1


def test_a_late_hour_is_named_and_in_no_figure() -> None:
    """Its picks are neither counted nor shown: their entry was there before the report."""
    late = make_hour(1, [make_pick(rank) for rank in (4, 5)], excluded="late")
    alone, both = (build(hours) for hours in ([make_hour(0, [make_pick(1)])], [make_hour(0, [make_pick(1)]), late]))
    assert both.basis.exclusions == {"hours left out (late)": 1}
    assert (values_of(both), both.best, both.worst) == (values_of(alone), alone.best, alone.worst)
    assert (both.basis.picks, both.months) == (1, alone.months)
    assert "at most 10 minutes after" in text_of(both)


def test_hours_that_nobody_judged_are_named() -> None:
    """They have no item and no row: their number stands with the other exclusions."""
    content = build_live_content(Live([make_hour(0, [make_pick(1)])], Settings(), Costs(), lost=7))
    assert content.basis.exclusions == {"hours left out (not_evaluated)": 7}


def test_hours_of_unknown_delay_are_named() -> None:
    """Items of earlier versions do not tell when their report was made: nothing is claimed of them."""
    old = make_hour(0, [make_pick(1)]).model_copy(update={"late_s": None})
    assert "1 hour was evaluated by a version that did not keep when the report was made" in text_of(build([old]))
    assert "did not keep when" not in text_of(build([make_hour(0, [make_pick(1)])]))


def test_what_stopped_trading_is_named_where_survivorship_is() -> None:
    """It has no outcome, and the page does not claim that it counts."""
    text = text_of(build([make_hour(0, [make_pick(1, complete=False), make_pick(2)])]))
    assert "One that stopped trading within 24 hours has no outcome" in text
    assert "every contract that was listed in its hour is counted" not in text
    assert "1 incomplete" in text


def test_months_are_told_apart() -> None:
    """A month's figures are those of its own hours."""
    november = 19 * 24 + 1
    content = build([make_hour(0, [make_pick(1)]), make_hour(november, [make_pick(5)])])
    precision = [group.figure("precision_at_5") for group in content.months]
    assert [group.name for group in content.months] == ["2025-10", "2025-11"]
    assert [figure.value for figure in precision if figure] == [1.0, 0.0]


def test_bars_at_hand_make_charts() -> None:
    """A pick whose bars are given has its chart; 24 of 30 bars are its day."""
    rows = [
        {"venue": "kucoin", "contract": "C1USDTM", "open_ms": START_MS + hour * HOUR_MS, "open": 2.0, "high": 2.2,
         "low": 1.9, "close": 2.1}
        for hour in range(-3, 27)
    ]  # fmt: skip
    bars = pl.concat([empty(BARS), pl.DataFrame(rows)], how="diagonal")
    content = build([make_hour(0, [make_pick(1)])], bars=bars)
    assert len(content.best[0].bars) == 24
    assert content.best[0].bars[0].open_ms == START_MS
    assert len(read_page(write_live_page(content)).all("svg")) == 5


def make_judged(hours: int, contracts: int) -> pl.DataFrame:
    """Return judged rows: the score is the contract's number, and the upper half hits; the last has no outcome."""
    rows = [
        {"hour_ms": START_MS + hour * HOUR_MS, "venue": "binance", "contract": f"C{number}", "in_scored_set": True,
         "score": float(number), "hit10": 2 * number >= contracts,
         "outcome": "incomplete" if number == contracts - 1 else "complete"}
        for hour in range(hours) for number in range(contracts)
    ]  # fmt: skip
    return pl.concat([pl.DataFrame(schema=dict(JUDGED)), pl.DataFrame(rows)], how="diagonal_relaxed")


def test_deciles_are_those_of_the_hour() -> None:
    """Of twenty contracts two are in each decile; the one without an outcome is placed and not counted."""
    deciles = rate_deciles(make_judged(3, 20), "rows")
    assert [figure.value for figure in deciles] == [0.0] * 5 + [1.0] * 5
    assert [figure.n for figure in deciles] == [6] * 9 + [3]


def test_too_few_contracts_have_no_deciles() -> None:
    """Nine scored contracts cannot be cut into ten."""
    assert rate_deciles(make_judged(3, 9), "rows") == ()
    assert rate_deciles(pl.DataFrame(schema=dict(JUDGED)), "rows") == ()
