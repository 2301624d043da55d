"""Six hours of the soak, and that its checks bite."""

from collections.abc import Iterator
from dataclasses import replace

import polars as pl
import pytest
from soak.__main__ import doubles, read_hours
from soak.checks import SERIES, ViolationError, check_rows, check_usage
from soak.plan import build_plan
from soak.story import FIRST_MS, Soak, Tally

from quantscout.errors import InputError
from quantscout.frames import BARS, HOUR_MS, OPEN_INTEREST, conform

HOURS = 6
BAR = ("binance", "AAAUSDT", FIRST_MS, 1.0, 1.2, 0.9, 1.1, 10.0, 11.0, 5.0, False)
OF_BARS, OF_INTEREST = SERIES["bars"][0], SERIES["open_interest"][0]


@pytest.fixture(scope="module")
def tally() -> Iterator[Tally]:
    """Return what six hours under faults came to; a rule that is broken ends them."""
    with doubles():
        yield replace(Soak("short", HOURS).play(lambda _: None))


def test_every_hour_under_faults_ends_in_a_report(tally: Tally) -> None:
    """Six hours give six reports, each valid, with only true rows in the state."""
    assert tally.hours.total() == HOURS
    assert set(tally.hours) <= {"ok", "low_confidence", "no_signal", "no_data"}


def test_the_faults_did_strike(tally: Tally) -> None:
    """A soak whose faults never came would prove nothing."""
    assert {"server_error", "overloaded", "timeout", "late_bar"} <= set(tally.faults)
    assert tally.counts["rows compared"] > 10_000


def bars(*rows: tuple[object, ...]) -> pl.DataFrame:
    """Return rows as bars."""
    return conform(rows, BARS)


def test_a_row_that_differs_from_the_truth_is_named() -> None:
    """One wrong close is found, with the value that was expected."""
    wrong = (*BAR[:6], 1.15, *BAR[7:])
    with pytest.raises(ViolationError, match=r"'close': 1\.15.*'close_true': 1\.1"):
        check_rows(bars(wrong), bars(BAR), OF_BARS, FIRST_MS + HOUR_MS)


def test_a_row_that_the_truth_lacks_is_a_violation() -> None:
    """Nothing may be in the state that no faultless venue has."""
    with pytest.raises(ViolationError, match="'close_true': None"):
        check_rows(bars(BAR), bars(), OF_BARS, FIRST_MS + HOUR_MS)


def test_a_row_that_the_state_lacks_is_none() -> None:
    """What did not come is absent, and that is allowed."""
    check_rows(bars(), bars(BAR), OF_BARS, FIRST_MS + HOUR_MS)


def test_what_the_venue_left_empty_may_stay_unknown() -> None:
    """A null in place of the taker volume is absent; in place of a price it is different."""
    check_rows(bars((*BAR[:9], None, False)), bars(BAR), OF_BARS, FIRST_MS + HOUR_MS)
    with pytest.raises(ViolationError, match="'close': None"):
        check_rows(bars((*BAR[:6], None, *BAR[7:])), bars(BAR), OF_BARS, FIRST_MS + HOUR_MS)


def test_a_running_bar_is_a_violation() -> None:
    """A bar that closes after the hour must not be in its state, even with true values."""
    with pytest.raises(ViolationError, match="expected closed"):
        check_rows(bars(BAR), bars(BAR), OF_BARS, FIRST_MS)


def test_a_row_beside_the_hour_is_a_violation() -> None:
    """Open interest of seven minutes past must not be in the state."""
    row = conform([("binance", "AAAUSDT", FIRST_MS + 420_000, 1.0, None)], OPEN_INTEREST)
    with pytest.raises(ViolationError, match="expected aligned"):
        check_rows(row, row, OF_INTEREST, FIRST_MS + HOUR_MS)


@pytest.mark.parametrize("count", ["before_retry_after", "repeated_after_block"])
def test_a_request_in_a_forbidden_time_is_a_violation(count: str) -> None:
    """The simulator's own ledger is believed."""
    record = {"before_retry_after": 0, "repeated_after_block": 0, "pools": {}, "refused_429": 0, count: 1}
    with pytest.raises(ViolationError, match=count):
        check_usage({"venues": {"kucoin": record}})


def test_every_day_has_an_outage_and_a_ban() -> None:
    """Twenty-one days have as many outages of a venue and bans, by turns of the venues."""
    rules = [rule for rule in build_plan("a", FIRST_MS, 500).rules if rule.hours is not None]
    outages = [
        rule for rule in rules if rule.share == 1 and rule.venue in {"binance", "kucoin"} and rule.kind != "banned"
    ]
    assert sum(rule.kind == "banned" for rule in rules) == 21
    assert len({rule.hours for rule in outages}) >= 21


def test_a_plan_depends_on_its_seed_alone() -> None:
    """The same seed has the same plan, another one another."""
    assert build_plan("a", FIRST_MS, 50) == build_plan("a", FIRST_MS, 50) != build_plan("b", FIRST_MS, 50)


@pytest.mark.parametrize("text", ["0", "701", "many"])
def test_hours_that_cannot_be_played_are_refused(text: str) -> None:
    """The market covers 700 hours; anything else is refused by name."""
    with pytest.raises(InputError, match=f"HOURS={text}"):
        read_hours(text)
