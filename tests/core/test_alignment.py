"""Open interest and settlements that do not stand on the hour are dropped with a reason, never moved."""

from typing import Any

import pytest

from quantscout.frames import FUNDING, HOUR_MS, MINUTE_MS, OPEN_INTEREST, conform
from quantscout.verify import Checked, verify_open_interest, verify_settlements

HOUR = 500_000 * HOUR_MS


def held(*rows: tuple[Any, ...]) -> Checked:
    """Verify open interest of (time, coins) of one contract."""
    return verify_open_interest(conform([("binance", "A", *row, None) for row in rows], OPEN_INTEREST), HOUR)


def settled(*rows: tuple[Any, ...]) -> Checked:
    """Verify settlements of (time, rate) of one contract."""
    return verify_settlements(conform([("binance", "A", *row) for row in rows], FUNDING))


def test_good_rows_pass_unchanged() -> None:
    """Rows on full hours come out as they went in, zero included."""
    for checked in (held((HOUR, 2.0), (HOUR - HOUR_MS, 0.0)), settled((HOUR, 1e-4), (HOUR - HOUR_MS, 0.0))):
        assert (checked.rows.height, checked.problems) == (2, [])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((HOUR - MINUTE_MS, 1.0), "open_interest_misaligned"),
        ((None, 1.0), "open_interest_misaligned"),
        ((HOUR, None), "open_interest_missing"),
        ((HOUR, float("nan")), "open_interest_missing"),
        ((HOUR, -1.0), "open_interest_negative"),
    ],
)
def test_bad_open_interest_is_dropped_with_its_reason(row: tuple[Any, ...], reason: str) -> None:
    """Each broken rule has its own reason, and the row is gone."""
    checked = held(row)
    assert (checked.rows.height, [problem.reason for problem in checked.problems]) == (0, [reason])


@pytest.mark.parametrize(
    ("row", "reason"), [((HOUR - MINUTE_MS, 1e-4), "funding_misaligned"), ((HOUR, None), "funding_missing")]
)
def test_bad_settlement_is_dropped_with_its_reason(row: tuple[Any, ...], reason: str) -> None:
    """A settlement beside the hour belongs to no interval, one without a rate says nothing."""
    checked = settled(row)
    assert (checked.rows.height, [problem.reason for problem in checked.problems]) == (0, [reason])


def test_rows_of_one_time_that_differ_are_both_dropped() -> None:
    """Two stories about one hour: nobody can say which is right."""
    stories = held((HOUR, 1.0), (HOUR, 2.0)), settled((HOUR, 1e-4), (HOUR, 2e-4))
    assert [checked.rows.height for checked in stories] == [0, 0]
    assert [p.reason for checked in stories for p in checked.problems] == [
        "open_interest_duplicate",
        "funding_duplicate",
    ]


def test_equal_rows_are_one_row() -> None:
    """What pages bring twice is one row."""
    assert [c.rows.height for c in (held((HOUR, 1.0), (HOUR, 1.0)), settled((HOUR, 1e-4), (HOUR, 1e-4)))] == [1, 1]


def test_open_interest_after_the_hour_is_left_out_without_a_problem() -> None:
    """A later row is no fault of anybody."""
    checked = held((HOUR + HOUR_MS, 1.0), (HOUR + 1, 1.0), (HOUR, 1.0))
    assert (checked.rows["at_ms"].to_list(), checked.problems) == ([HOUR], [])


def test_dropped_rows_are_counted_per_contract() -> None:
    """One problem per contract and reason says how many rows."""
    (problem,) = held((HOUR - 1, 1.0), (HOUR - 2, 1.0), (HOUR, 1.0)).problems
    assert (problem.source, problem.contract, problem.detail) == ("binance", "A", "2 rows dropped")
