"""Open interest and funding of a contract against its own past."""

from statistics import pstdev
from typing import Any

import polars as pl
import pytest

import naive
from quantscout.frames import FUNDING, HOUR_MS, OPEN_INTEREST, conform
from quantscout.positions import build_funding, build_open_interest, normalise_settlements
from quantscout.settings import Settings

HOUR = 500_000 * HOUR_MS


def _interest(**by_age: float | None) -> dict[str, Any]:
    rows = [("binance", "A", HOUR - int(age[1:]) * HOUR_MS, coins, None) for age, coins in by_age.items()]
    return build_open_interest(conform(rows, OPEN_INTEREST), HOUR).row(0, named=True)


def test_change_is_between_exact_hours() -> None:
    """The change over 4 h and over 24 h is in percent of the earlier value."""
    row = _interest(h0=110.0, h4=100.0, h24=88.0)
    assert (row["oi_change_4h_pct"], row["oi_change_24h_pct"]) == (pytest.approx(10), pytest.approx(25))


@pytest.mark.parametrize("rows", [{"h0": 1.0, "h3": 1.0, "h5": 1.0}, {"h1": 1.0, "h4": 1.0}, {"h0": 1.0, "h4": 0.0}])
def test_change_without_both_ends_is_unknown(rows: dict[str, float]) -> None:
    """A missing end, or nothing to compare with, leaves the change unknown."""
    assert _interest(**rows)["oi_change_4h_pct"] is None


def test_row_beside_the_hour_is_not_used() -> None:
    """A snapshot one minute late is not the hour's."""
    rows = [("binance", "A", HOUR - 4 * HOUR_MS, 1.0, None), ("binance", "A", HOUR + 60_000, 2.0, None)]
    frame = build_open_interest(conform(rows, OPEN_INTEREST), HOUR)
    assert frame["oi_change_4h_pct"].to_list() == [None]


def test_own_deviation_is_over_all_4h_changes() -> None:
    """The deviation is the population's, of every pair of rows four hours apart."""
    row = _interest(h0=110.0, h4=100.0, h8=80.0, h1=50.0)
    assert row["oi_change_4h_std_pct"] == pytest.approx(pstdev([10.0, 25.0]))


def _paid(rows: list[tuple[int, float]], contract: str = "A") -> pl.DataFrame:
    return conform([("binance", contract, HOUR - age * HOUR_MS, rate) for age, rate in rows], FUNDING)


def _rates(rows: list[tuple[int, float]]) -> list[tuple[Any, ...]]:
    return normalise_settlements(_paid(rows)).select("interval_h", "rate_8h_ratio").rows()


@pytest.mark.parametrize(("interval", "rate"), [(1, 8e-4), (2, 4e-4), (4, 2e-4), (8, 1e-4)])
def test_rate_is_normalised_by_its_own_interval(interval: int, rate: float) -> None:
    """The interval in force is the distance to the settlement before."""
    assert _rates([(interval, 1.0), (0, 1e-4)])[1] == (interval, pytest.approx(rate))


def test_interval_may_change_over_time() -> None:
    """Each settlement has its own interval."""
    assert [interval for interval, _ in _rates([(13, 0.0), (5, 0.0), (1, 0.0), (0, 0.0)])] == [None, 8, 4, 1]


@pytest.mark.parametrize("gap", [3, 12, 16])
def test_settlement_after_a_gap_is_unusable(gap: int) -> None:
    """A distance that no venue uses means a missing row: the rate cannot be normalised."""
    assert _rates([(gap, 1.0), (0, 1.0)])[1] == (None, None)


LOST = {
    "one is missing": ([16, 12, 4, 0], [None, 4, None, 4]),
    "two are missing, apart": ([24, 20, 12, 8, 0], [None, 4, None, 4, 8]),
    "one of every hour": ([5, 4, 2, 1, 0], [None, 1, None, 1, 1]),
    "the newest may be the first of a longer interval": ([12, 8, 0], [None, 4, 8]),
    "the oldest may be the last of a longer interval": ([12, 4, 0], [None, 8, 4]),
    "a longer interval that stays": ([20, 16, 8, 0], [None, 4, 8, 8]),
    "a change over an odd step": ([11, 10, 8, 4, 0], [None, 1, 2, 4, 4]),
}


@pytest.mark.parametrize(("ages", "intervals"), LOST.values(), ids=list(LOST))
def test_a_lost_settlement_is_no_longer_interval(ages: list[int], intervals: list[int | None]) -> None:
    """A single doubled distance between two equal ones is a hole, in both implementations; any other is an interval."""
    assert [interval for interval, _ in _rates([(age, 1e-4) for age in ages])] == intervals
    by_hand = naive.usable_settlements([(HOUR - age * HOUR_MS, 1e-4) for age in ages], HOUR)
    used = [(HOUR - age * HOUR_MS, 8e-4 / hours) for age, hours in zip(ages, intervals, strict=True) if hours]
    assert [at for at, _ in by_hand] == [at for at, _ in used]
    assert [rate for _, rate in by_hand] == pytest.approx([rate for _, rate in used])


def test_a_lost_settlement_of_another_contract_changes_nothing() -> None:
    """The neighbours of a distance are those of its own contract."""
    frame = normalise_settlements(pl.concat([_paid([(8, 1.0), (4, 1.0)]), _paid([(8, 1.0), (0, 1.0)], "B")]))
    assert frame["interval_h"].to_list() == [None, 4, None, 8]


def test_first_settlement_of_a_contract_is_unusable() -> None:
    """Another contract's settlement before is no distance."""
    frame = normalise_settlements(pl.concat([_paid([(4, 1.0)]), _paid([(0, 1.0)], "B")]))
    assert frame["interval_h"].to_list() == [None, None]


def _funding(rows: list[tuple[int, float]], rate: float | None = 3e-4, interval: int | None = 8) -> dict[str, Any]:
    current = pl.DataFrame(
        [("binance", "A", rate, interval)], orient="row",
        schema={"venue": pl.String, "contract": pl.String, "funding_rate_ratio": pl.Float64,
                "funding_interval_h": pl.Int64},
    )  # fmt: skip
    return build_funding(current, _paid(rows), HOUR, Settings()).row(0, named=True)


ALTERNATING = [(8 * k, 1e-4 if k % 2 else 2e-4) for k in range(61)]


def test_rate_is_compared_with_the_contracts_own_past() -> None:
    """Alternating 1 and 2 have mean 1.5 and deviation 0.5, so 3 is three deviations above."""
    assert _funding(ALTERNATING)["funding_z"] == pytest.approx(3.0)


def test_current_rate_is_normalised_by_its_own_interval() -> None:
    """1.5 per 4 h is 3 per 8 h."""
    assert _funding(ALTERNATING, 1.5e-4, 4)["funding_z"] == pytest.approx(3.0)


def test_funding_that_never_moved_has_z_zero() -> None:
    """Without spread a rate is neither high nor low."""
    row = _funding([(8 * k, 0.1) for k in range(60)], 0.1)
    assert (row["funding_z"], row["funding_change_z"]) == (0.0, 0.0)


@pytest.mark.parametrize(("settlements", "known"), [(20, False), (21, True)])
def test_z_needs_twenty_settlements(settlements: int, known: bool) -> None:
    """Twenty usable settlements need one more before them."""
    assert (_funding(ALTERNATING[:settlements])["funding_z"] is not None) is known


@pytest.mark.parametrize(("rate", "interval"), [(None, 8), (3e-4, None)])
def test_unknown_current_rate_has_no_z(rate: float | None, interval: int | None) -> None:
    """Without the rate or its interval there is nothing to compare."""
    row = _funding(ALTERNATING, rate, interval)
    assert (row["funding_z"], row["funding_change_z"]) == (None, None)


def test_settlements_older_than_thirty_days_do_not_count() -> None:
    """A wild rate 31 days ago changes nothing."""
    old = [(31 * 24, 9.0), (31 * 24 + 8, 9.0)]
    assert _funding([*ALTERNATING, *old])["funding_z"] == _funding(ALTERNATING)["funding_z"]


def test_change_is_against_the_rate_a_day_ago() -> None:
    """With a past that does not move in 24 h (three settlements) every change but the current one alternates."""
    rows = _funding(ALTERNATING)
    # 24 h ago, three settlements back, the other rate of the two stood; the current change is 3e-4 - 1e-4.
    assert rows["funding_change_z"] == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(("newest_h", "known"), [(32, True), (33, False)])
def test_rate_a_day_ago_is_at_most_32_hours_old(newest_h: int, known: bool) -> None:
    """A settlement stands for 24 h ago for one interval of 8 h more, then the change is unknown."""
    row = _funding([(newest_h + 8 * k, 1e-4) for k in range(60)])
    assert row["funding_z"] is not None
    assert (row["funding_change_z"] is not None) is known


@pytest.mark.parametrize(("change_h", "flagged"), [(16, True), (72, False)])
def test_changed_interval_is_told_for_48_hours(change_h: int, flagged: bool) -> None:
    """From 8 h to 4 h within the last two days is a flag; three days ago it is not."""
    rows = [(age, 1e-4) for age in range(0, change_h + 1, 4)] + [(age, 1e-4) for age in range(change_h + 8, 300, 8)]
    assert _funding(rows, 1e-4, 4)["funding_interval_changed"] is flagged


def test_a_lost_settlement_raises_no_flag() -> None:
    """A contract that settles every 4 h, one row of which is missing, has not changed its interval."""
    rows = [(age, 1e-4) for age in range(0, 300, 4) if age != 12]
    assert _funding(rows, 1e-4, 4)["funding_interval_changed"] is False


def test_contract_without_settlements_has_no_flag() -> None:
    """Nothing known, nothing claimed."""
    assert _funding([])["funding_interval_changed"] is None
