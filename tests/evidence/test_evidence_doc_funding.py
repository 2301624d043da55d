"""Funding of the picks: the sum of a day's settlements where all of them are known, against a plain loop."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.made_archive import SMALL, make_frames, write
from evidence.made_judged import START_MS, Plan, make_judged
from quantscout.errors import InputError
from quantscout.frames import HOUR_MS
from quantscout_local.evidence.evidence_doc_funding import (
    Paid,
    load_settlements,
    rate_funding,
    say_funding,
    sum_funding,
)
from quantscout_local.evidence.kpis_models import Kpi
from quantscout_local.evidence.replay_files import FUNDING, describe_series
from quantscout_local.evidence.stats_population import build_population

DAY_H = 24


def settlements_of(hours: list[int], interval_h: list[int | None]) -> pl.DataFrame:
    """Return settlements of one contract, each at a rate that no other sum of them has."""
    columns: dict[str, Any] = {
        "contract": ["A"] * len(hours),
        "settled_ms": [START_MS + HOUR_MS * hour for hour in hours],
        "rate_ratio": [2.0**-place for place in range(len(hours))],
        "interval_h": interval_h,
    }
    return pl.DataFrame(columns, schema_overrides={"interval_h": pl.Int64, "settled_ms": pl.Int64})


def naive(rows: list[dict[str, Any]], hour_ms: int) -> float | None:
    """Return the sum by a walk through the settlements; None where one may be missing."""
    end_ms = hour_ms + DAY_H * HOUR_MS
    later = [row["settled_ms"] for row in rows if row["settled_ms"] >= end_ms]
    if not later or not any(row["settled_ms"] <= hour_ms for row in rows):
        return None
    asked = [row for row in rows if hour_ms < row["settled_ms"] <= later[0]]
    if any(row["interval_h"] is None for row in asked):
        return None
    return float(sum(row["rate_ratio"] for row in asked if row["settled_ms"] <= end_ms))


@given(
    gaps=st.lists(st.sampled_from([1, 2, 4, 8]), min_size=1, max_size=30),
    lost=st.sets(st.integers(0, 30)),
    asked=st.lists(st.integers(0, 100), min_size=1, max_size=5, unique=True),
)
def test_a_day_is_summed_as_a_plain_loop_does(gaps: list[int], lost: set[int], asked: list[int]) -> None:
    """After H up to H + 24 h; a day that begins before the first, ends after the last, or has a hole, is not known."""
    hours = [sum(gaps[:place]) for place in range(len(gaps) + 1)]
    known: list[int | None] = [None, *(None if place in lost else gap for place, gap in enumerate(gaps))]
    settlements = settlements_of(hours, known)
    picks = pl.DataFrame({"contract": "A", "hour_ms": [START_MS + HOUR_MS * hour for hour in asked]})
    found = dict(sum_funding(picks.with_row_index("pick"), settlements).iter_rows())
    rows = settlements.to_dicts()
    expected = {place: naive(rows, START_MS + HOUR_MS * hour) for place, hour in enumerate(asked)}
    assert found == {place: value for place, value in expected.items() if value is not None}


def test_the_settlement_of_the_entry_is_not_the_picks_and_that_of_the_exit_is() -> None:
    """Every 8 hours: a day holds three, the one at H before the entry not among them."""
    settlements = settlements_of([0, 8, 16, 24, 32], [None, 8, 8, 8, 8])
    picks = pl.DataFrame({"pick": [0], "contract": ["A"], "hour_ms": [START_MS]})
    assert sum_funding(picks, settlements)["funding_ratio"].to_list() == [2.0**-1 + 2.0**-2 + 2.0**-3]


def test_the_mean_is_of_the_picks_that_are_known() -> None:
    """A constant rate every 8 h for one contract: its picks pay three times it, and the net return is less by that."""
    made = make_judged(3, Plan(hours=300, contracts=60))
    population = build_population(made.judged, made.hours)
    picks = population.complete.filter("picked", pl.col("venue") == "binance")
    contract = picks["contract"].mode().sort()[0]
    hours = list(range(-8, 400, 8))
    settlements = settlements_of(hours, [None, *[8] * (len(hours) - 1)])
    settlements = settlements.with_columns(contract=pl.lit(contract), rate_ratio=pl.lit(0.0004))
    paid, own = rate_funding(population, settlements, 1), picks.filter(pl.col("contract") == contract)
    assert {kpi.n for kpi in paid} == {own.height}
    assert paid.funding.value == pytest.approx(0.0012)
    assert paid.net.value == pytest.approx(own["net_return_24h_ratio"].mean())
    assert paid.net_less_funding.value == pytest.approx(own["net_return_24h_ratio"].mean() - 0.0012)  # type: ignore[operator]


def test_the_archive_s_settlements_are_read(tmp_path: Path) -> None:
    """Floored to the minute, with their intervals; of another archive than was replayed nothing is taken."""
    market = write(tmp_path / "archive", make_frames(SMALL))
    about = {"series": describe_series(market)}
    found = load_settlements(market, about)
    assert found is not None
    assert found.height
    assert (found["settled_ms"] % HOUR_MS == 0).all()
    with pytest.raises(InputError, match="not the archive that was replayed"):
        load_settlements(market, {"series": {}})
    (market / FUNDING).unlink()
    assert load_settlements(market, {"series": describe_series(market)}) is None


@given(value=st.floats(-0.01, 0.01).filter(lambda value: abs(value) > 1e-4), width=st.floats(0, 0.01))
def test_paid_or_received_goes_with_the_sign(value: float, width: float) -> None:
    """And the interval stands in the same direction, unless it holds 0."""
    funding = Kpi(name="any", value=value, low=value - width, high=value + width, unit="return", n=1234)
    rest = Kpi(name="any", value=-0.02, low=-0.03, high=-0.01, unit="return", n=1234)
    said = say_funding(Paid(funding, rest, rest), 20300)
    assert f"a long {'paid' if value > 0 else 'received'} {100 * abs(value):.2f} % on average" in said
    assert ("interval of what is paid" in said) == (abs(value) <= width)
    assert "1,234 of 20,300 picks" in said


def test_without_settlements_it_says_that_funding_is_left_out() -> None:
    """No figure is made up."""
    assert say_funding(None, 5).endswith("for none of the picks are the settlements known.")
