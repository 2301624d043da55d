"""The equity curve of the rule, against a book of single positions and against worked examples."""

import itertools
from typing import Any

import numpy as np
import polars as pl
import pytest

from evidence.made_judged import COST_RATIO, HOLD_H, START_MS, Plan, make_hours, make_judged
from quantscout.frames import HOUR_MS
from quantscout_local.evidence.equity import Equity, build_equity
from quantscout_local.evidence.equity_risk import rate_equity, rate_turnover, to_days
from quantscout_local.evidence.kpis_models import Kpi
from quantscout_local.evidence.stats_bootstrap import draw_hours
from quantscout_local.evidence.stats_population import Population, build_population

HOURS = 72


@pytest.fixture(scope="module")
def population() -> Population:
    """Return three days of 40 contracts, with an hour missing and a pick without outcome."""
    made = make_judged(5, Plan(hours=HOURS, contracts=40))
    hole = START_MS + 30 * HOUR_MS
    gone = (pl.col("hour_ms") == START_MS) & (pl.col("rank") == 2)
    judged = made.judged.with_columns(outcome=pl.when(gone).then(pl.lit("incomplete")).otherwise("outcome"))
    return build_population(judged.filter(pl.col("hour_ms") != hole), made.hours.filter(pl.col("hour_ms") != hole))


@pytest.fixture(scope="module")
def equity(population: Population) -> Equity:
    """Return their curve."""
    return build_equity(population)


def naive_curve(population: Population) -> list[float]:
    """Keep a book: each position's money, marked every hour at the contract's price, fees at entry and exit."""
    prices = {(r["hour_ms"], r["contract"]): r["entry_price"] for r in population.rows.iter_rows(named=True)}
    picks = population.complete.filter("picked").to_dicts()
    capital, curve, side = 1.0, [], COST_RATIO / 2
    book: list[dict[str, Any]] = []
    for hour in range(HOURS + HOLD_H - 1):
        now = START_MS + hour * HOUR_MS
        start = capital
        for pick in (pick for pick in picks if pick["hour_ms"] == now):
            position = {"stake": start / 24 / 5, "mark": 1.0, "fee": side, **pick}
            book.append(position)
            capital -= position["stake"] * side
        for position in book:
            age = (now + HOUR_MS - position["hour_ms"]) // HOUR_MS
            price = prices.get((now + HOUR_MS, position["contract"]))
            mark = position["mark"] if price is None else price / position["entry_price"]
            if age == HOLD_H:
                mark = 1 + position["return_24h_ratio"]
                capital -= position["stake"] * side
            capital += position["stake"] * (mark - position["mark"])
            position["mark"] = mark
        book = [position for position in book if now + HOUR_MS - position["hour_ms"] < HOLD_H * HOUR_MS]
        curve.append(capital)
    return curve


def test_the_curve_equals_a_book_of_positions(population: Population, equity: Equity) -> None:
    """Position by position, hour by hour, with the hole and the idle fifth."""
    assert equity.series["equity"].to_list() == pytest.approx(naive_curve(population), rel=1e-9)


def test_marks_that_are_not_there_are_counted(population: Population, equity: Equity) -> None:
    """The missing hour, and the hours after the last judged one."""
    known = set(population.rows.select("hour_ms", "contract").iter_rows())
    picks = population.complete.filter("picked").select("hour_ms", "contract").rows()
    wanted = [(ms + age * HOUR_MS, contract) for ms, contract in picks for age in range(1, 24)]
    assert (equity.marks, equity.marks_missing) == (len(wanted), sum(want not in known for want in wanted))


def test_after_a_day_nearly_all_the_capital_is_invested(equity: Equity) -> None:
    """24 hours times 1/24; less the one idle fifth, and apart from what was won or lost meanwhile."""
    assert equity.series["invested_ratio"][26] == pytest.approx(1.0, abs=0.06)
    assert equity.series["invested_ratio"][0] == pytest.approx(4 / 5 / 24)


def test_drawdown_is_the_distance_from_the_highest_so_far(equity: Equity) -> None:
    """The start counts as a high."""
    curve = [1.0, *equity.series["equity"]]
    naive = [1 - value / max(curve[: place + 2]) for place, value in enumerate(curve[1:])]
    assert equity.series["drawdown_ratio"].to_list() == pytest.approx(naive)


def rate(equity: Equity) -> dict[str, Kpi]:
    """Return the risks by name."""
    return {kpi.name: kpi for kpi in rate_equity(equity, 1, 24, 200)}


def with_returns(returns: list[float]) -> Equity:
    """Return a curve of given hourly returns."""
    hours = START_MS + HOUR_MS * np.arange(len(returns))
    return Equity(pl.DataFrame({"hour_ms": hours, "return_ratio": returns}), 0, 0)


def test_risks_of_a_known_curve() -> None:
    """Up 10 %, down 20 %, up 5 %: return and drawdown by hand."""
    kpis = rate(with_returns([0.10, -0.20, 0.05] + [0.0] * 300))
    assert kpis["total_return"].value == pytest.approx(1.1 * 0.8 * 1.05 - 1)
    assert kpis["max_drawdown"].value == pytest.approx(0.20)


def test_a_loss_from_the_first_hour_on_is_a_drawdown() -> None:
    """Below the capital at the start."""
    assert rate(with_returns([-0.10] + [0.0] * 50))["max_drawdown"].value == pytest.approx(0.10)


def test_sharpe_ratio_is_of_whole_days() -> None:
    """Mean over deviation of the days, times the root of 365; hours that fill no day are left out."""
    returns = np.random.default_rng(1).normal(0.0001, 0.01, 24 * 30 + 7)
    days = [float(np.prod(1 + returns[24 * day : 24 * day + 24]) - 1) for day in range(30)]
    assert to_days(returns[None, :])[0].tolist() == pytest.approx(days)
    expected = np.mean(days) / np.std(days, ddof=1) * np.sqrt(365)
    assert rate(with_returns(returns.tolist()))["sharpe_ratio"].value == pytest.approx(expected)


def test_a_few_days_have_no_sharpe_ratio() -> None:
    """Nine days say nothing."""
    assert rate(with_returns([0.01, -0.01] * 110))["sharpe_ratio"].value is None


def test_five_new_names_each_hour_turn_the_capital_over_once_a_day() -> None:
    """1/24 bought each hour; the share of new names is counted against the hour before."""
    made = make_judged(6, Plan(hours=48, contracts=40, persistence=0.999))
    population = build_population(made.judged, make_hours(48))
    turnover, new = rate_turnover(population, draw_hours(48, 1, 24, 100))
    fives = [set(hour["contract"]) for hour in population.rows.filter("picked").partition_by("at")]
    share = np.mean([len(after - before) / 5 for before, after in itertools.pairwise(fives)])
    assert turnover.value == pytest.approx(1.0)
    assert new.value == pytest.approx(share)
    assert new.n == 5 * 47
