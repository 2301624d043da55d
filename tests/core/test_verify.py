"""A row that fails is dropped with a reason, never repaired."""

from typing import Any

import polars as pl
import pytest

from quantscout.frames import BARS, HOUR_MS, conform
from quantscout.verify import late_contracts, verify_bars

HOUR = 500_000 * HOUR_MS
GOOD: dict[str, Any] = {
    "venue": "binance", "contract": "AUSDT", "open_ms": HOUR - HOUR_MS, "open": 2.0, "high": 3.0, "low": 1.0,
    "close": 2.5, "volume_coins": 10.0, "volume_usdt": 20.0, "taker_buy_usdt": 5.0, "filled": False,
}  # fmt: skip


def _bars(*changes: dict[str, Any]) -> pl.DataFrame:
    return conform([tuple((GOOD | change).values()) for change in changes], BARS)


def _reasons(*changes: dict[str, Any]) -> list[str]:
    return [problem.reason for problem in verify_bars(_bars(*changes), HOUR_MS, HOUR).problems]


def test_good_bar_passes_unchanged() -> None:
    """A bar that keeps every rule comes out as it went in."""
    checked = verify_bars(_bars({}), HOUR_MS, HOUR)
    assert checked.bars.equals(_bars({}))
    assert checked.problems == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"open_ms": HOUR - HOUR_MS + 1}, "bar_misaligned"),
        ({"open_ms": None}, "bar_misaligned"),
        ({"close": None}, "bar_price_missing"),
        ({"close": float("nan")}, "bar_price_missing"),
        ({"high": float("inf")}, "bar_price_missing"),
        ({"open": 0.0, "low": 0.0}, "bar_price_not_positive"),
        ({"low": -1.0}, "bar_price_not_positive"),
        ({"low": 2.1}, "bar_high_low_inconsistent"),
        ({"high": 2.4}, "bar_high_low_inconsistent"),
        ({"volume_usdt": None}, "bar_volume_missing"),
        ({"volume_coins": -1.0}, "bar_volume_negative"),
        ({"taker_buy_usdt": -1.0}, "bar_volume_negative"),
    ],
)
def test_broken_bar_is_dropped_with_its_reason(change: dict[str, Any], reason: str) -> None:
    """Each broken rule has its own reason, and the row is gone."""
    checked = verify_bars(_bars(change), HOUR_MS, HOUR)
    assert checked.bars.is_empty()
    assert [problem.reason for problem in checked.problems] == [reason]


def test_running_bar_is_left_out_without_a_problem() -> None:
    """The venue's newest bar is still open: that is no fault of anybody."""
    checked = verify_bars(_bars({}, {"open_ms": HOUR}), HOUR_MS, HOUR)
    assert checked.bars["open_ms"].to_list() == [HOUR - HOUR_MS]
    assert checked.problems == []


def test_bar_without_a_takers_side_passes() -> None:
    """Not every venue has the taker's side: unknown is no error."""
    assert verify_bars(_bars({"taker_buy_usdt": None}), HOUR_MS, HOUR).bars.height == 1


def test_bar_without_trades_passes() -> None:
    """Zero volume at one price is a bar of a quiet hour."""
    quiet = {"open": 2.0, "high": 2.0, "low": 2.0, "close": 2.0, "volume_coins": 0.0, "volume_usdt": 0.0}
    assert verify_bars(_bars(quiet), HOUR_MS, HOUR).bars.height == 1


def test_equal_duplicates_are_one_row() -> None:
    """The same bar twice, as pages overlap, is one bar."""
    assert verify_bars(_bars({}, {}), HOUR_MS, HOUR).bars.height == 1


def test_different_duplicates_are_both_dropped() -> None:
    """Two stories about one bar: nobody can say which is right."""
    assert _reasons({}, {"close": 2.6}) == ["bar_duplicate"]
    assert verify_bars(_bars({}, {"close": 2.6}), HOUR_MS, HOUR).bars.is_empty()


def test_good_bars_come_out_in_order() -> None:
    """Rows are sorted by contract and time."""
    earlier = {"open_ms": HOUR - 2 * HOUR_MS}
    checked = verify_bars(_bars({"contract": "B"}, {}, earlier), HOUR_MS, HOUR)
    assert checked.bars.select("contract", "open_ms").rows() == [
        ("AUSDT", HOUR - 2 * HOUR_MS), ("AUSDT", HOUR - HOUR_MS), ("B", HOUR - HOUR_MS),
    ]  # fmt: skip


def test_dropped_rows_are_counted_per_contract_and_reason() -> None:
    """One problem says how many rows of a contract broke a rule."""
    earlier = {"close": None, "open_ms": HOUR - 2 * HOUR_MS}
    (problem,) = verify_bars(_bars({"close": None}, earlier), HOUR_MS, HOUR).problems
    assert (problem.contract, problem.detail) == ("AUSDT", "2 rows dropped")


def test_late_contracts_are_those_without_the_hours_bar() -> None:
    """Asked contracts whose newest bar is older, or that have none, are late."""
    bars = _bars({}, {"contract": "B", "open_ms": HOUR - 2 * HOUR_MS})
    assert late_contracts(bars, ["C", "B", "AUSDT"], HOUR) == ["B", "C"]
