"""The run record: who may claim an hour."""

from typing import Any

import dynalite
import pytest
from fake_market import NOON, NOON_MS
from fake_venue import Clock
from run_records import claimed, finish, pass_lease

from quantscout.clock import to_ms
from quantscout.errors import StateError
from quantscout.ledger import Finished, Lease, Ledger, Running
from quantscout.store import Store

DATABASES = dynalite.BOTH


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands at noon."""
    return Clock(NOON)


@pytest.fixture
def ledger(store: Store, clock: Clock) -> Ledger:
    """Return the run records over an empty table."""
    return Ledger(store.table, lambda: to_ms(clock.now()))


def test_an_hour_that_nobody_held_is_claimed(ledger: Ledger) -> None:
    """The first claim is attempt 1, resumes nothing, and stands in the table."""
    lease = claimed(ledger, "a")
    assert (lease.attempt, lease.resumed_from, lease.has_report) == (1, None, False)
    assert ledger.read(NOON_MS) == lease.record
    assert (lease.record.stage, lease.record.held_by) == ("claimed", "a")


def test_an_hour_that_is_held_is_running(ledger: Ledger) -> None:
    """Neither another delivery nor the same one repeated may work on it."""
    claimed(ledger, "a")
    assert isinstance(ledger.claim(NOON_MS, "b"), Running)
    assert isinstance(ledger.claim(NOON_MS, "a"), Running)


@pytest.mark.parametrize("stage", ["claimed", "fetched", "scored"])
def test_an_hour_whose_holder_died_early_begins_anew(ledger: Ledger, clock: Clock, stage: Any) -> None:
    """What was not stored is computed again; where it stood is known."""
    lease = claimed(ledger, "a")
    if stage != "claimed":
        lease.reach(stage)
    pass_lease(clock)
    again = claimed(ledger, "b")
    assert (again.attempt, again.resumed_from, again.has_report) == (2, stage, False)
    assert (again.record.stage, set(again.record.times_ms)) == ("claimed", {"claimed"})


@pytest.mark.parametrize("stage", ["stored", "publishing"])
def test_an_hour_whose_holder_died_late_goes_on(ledger: Ledger, clock: Clock, stage: Any) -> None:
    """What was stored stays stored through the claim, and through a further one."""
    claimed(ledger, "a").reach(stage)
    for attempt, owner in ((2, "b"), (3, "c")):
        pass_lease(clock)
        again = claimed(ledger, owner)
        assert (again.attempt, again.resumed_from, again.has_report, again.record.stage) == (
            attempt,
            stage,
            True,
            stage,
        )


def test_a_finished_hour_is_finished(ledger: Ledger, clock: Clock) -> None:
    """At once and for ever, with what was told."""
    finish(claimed(ledger, "a"))
    for _ in range(2):
        claim = ledger.claim(NOON_MS, "b")
        assert isinstance(claim, Finished)
        assert (claim.record.told, claim.record.message_id, claim.record.alert) == ("ok", "m-1", "sent")
        pass_lease(clock)


def test_an_hour_without_data_can_be_made_good(ledger: Ledger) -> None:
    """It was published to the alarm, and a later delivery may still see data; what was told then is known."""
    finish(claimed(ledger, "a"), told="no_data")
    again = claimed(ledger, "b")
    assert (again.attempt, again.resumed_from, again.before and again.before.told) == (2, None, "no_data")


def test_a_finished_hour_can_be_forced(ledger: Ledger) -> None:
    """It begins anew with the next attempt; a repetition of the delivery that forced it does not force it again."""
    finish(claimed(ledger, "a"))
    again = claimed(ledger, "b", force=True)
    assert (again.attempt, again.resumed_from, again.record.stage) == (2, None, "claimed")
    assert isinstance(ledger.claim(NOON_MS, "c", force=True), Running)
    finish(again)
    assert isinstance(ledger.claim(NOON_MS, "b", force=True), Finished)


def test_hours_do_not_know_each_other(ledger: Ledger) -> None:
    """Each hour has its record."""
    claimed(ledger, "a")
    assert isinstance(ledger.claim(NOON_MS + 3_600_000, "b"), Lease)


def test_of_two_who_saw_the_same_one_claims(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who writes second finds the record changed, looks again, and sees that the hour is running."""
    read, first = ledger.read, iter([True])

    def overtaken(hour_ms: int) -> Any:
        seen = read(hour_ms)
        if next(first, False):
            claimed(ledger, "a")
        return seen

    monkeypatch.setattr(ledger, "read", overtaken)
    claim = ledger.claim(NOON_MS, "b")
    assert isinstance(claim, Running)
    assert claim.record.held_by == "a"


def test_a_record_that_changes_all_the_time_is_an_error(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten claims in vain end in a sentence, not in a loop."""
    monkeypatch.setattr(ledger.table, "update", lambda *_: None)
    with pytest.raises(StateError, match="changed 10 times while it was being claimed"):
        ledger.claim(NOON_MS, "a")
