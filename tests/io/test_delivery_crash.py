"""A delivery after a crash, or beside another: what is done again, what is not, and who stands back."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, RLock, Thread
from typing import Any

import dynalite
import polars as pl
import pytest
from deliveries import EVENT, OUTAGE, Desk, KillError, die_silently
from fake_market import BY_BASE, NOON_MS
from keyed import with_coingecko
from world import World

from quantscout.delivery import Delivered
from quantscout.errors import StateError
from quantscout.ledger import Lease, Stage, lease_ms
from quantscout.store import Kind
from quantscout.table import StateTable

DATABASES = dynalite.BOTH


@pytest.fixture
def desk(world: World) -> Desk:
    """Return deliveries over two sound venues."""
    return Desk(world)


# ---------------------------------------------------------------- again after a crash


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("stage", ["fetched", "scored"])
def test_a_crash_before_the_report_is_made_good_by_a_run(desk: Desk, when: str, stage: Stage) -> None:
    """The next delivery waits for the dead one's lease, computes the hour, and publishes it once."""
    desk.crash(when, stage)
    assert desk.sent == []
    done = desk.deliver()
    assert (done.ending, done.is_new, done.record.attempt, len(desk.sent)) == ("published", True, 2, 1)
    assert desk.time_s <= 300 - lease_ms() / 1000 + 3


def test_what_was_stored_is_not_fetched_again(desk: Desk) -> None:
    """After a crash with the bars in the state, the repetition asks for no hourly bars."""
    desk.crash("after", "fetched")
    asked_first = [call for venue in desk.world.venues for call in venue.asked]
    desk.world.forget_calls()
    desk.deliver()
    asked_again = [call for venue in desk.world.venues for call in venue.asked]

    def of_hours(calls: list[Any]) -> int:
        return sum(getattr(call, "interval_ms", None) == 3_600_000 for call in calls)

    assert of_hours(asked_first) > 30
    assert of_hours(asked_again) == 0


@pytest.mark.parametrize(("when", "what"), [("after", "stored"), ("before", "publishing"), ("after", "publishing")])
def test_a_crash_after_the_report_publishes_what_is_stored(desk: Desk, when: str, what: str) -> None:
    """No venue is asked, nothing is computed, one message goes out, with the number of the attempt."""
    desk.crash(when, what)
    stored = desk.world.store.load_report(NOON_MS)
    desk.world.forget_calls()
    done = desk.deliver("b")
    assert (done.ending, done.is_new, done.report) == ("published", False, stored)
    assert done.resumed_from == ("publishing" if (when, what) == ("after", "publishing") else "stored")
    assert [(report, attempt) for _, report, attempt in desk.sent] == [(stored, 2)]
    assert (desk.computed, [call for venue in desk.world.venues for call in venue.asked]) == (1, [])


@pytest.mark.parametrize(("when", "what"), [("after", "sns"), ("before", "published")])
def test_between_sns_and_the_mark_a_message_is_repeated_and_can_be_told(desk: Desk, when: str, what: str) -> None:
    """The one window: the same report to the byte, the same run_id, and a higher attempt."""
    desk.crash(when, what)
    desk.deliver("b")
    (_, first, one), (_, second, two) = desk.sent
    assert (first.to_json(), one, two) == (second.to_json(), 1, 2)


def test_a_crash_after_the_mark_repeats_nothing(desk: Desk) -> None:
    """The next delivery finds the hour finished."""
    desk.crash("after", "published")
    assert (desk.deliver("b").ending, len(desk.sent)) == ("finished", 1)


def test_crash_after_crash_ends_published(desk: Desk) -> None:
    """Each repetition may die as well, a stage later each time."""
    for stage in ("fetched", "scored", "stored", "publishing"):
        desk.crash("after", stage)
        desk.time_s = 300.0
    done = desk.deliver()
    assert (done.ending, done.record.attempt, len(desk.sent)) == ("published", 5, 1)


def test_a_report_that_was_stored_and_not_marked_is_published_though_the_venues_are_out(desk: Desk) -> None:
    """A repetition without data does not replace the five, and subscribers hear of them."""
    desk.crash("before", "stored")
    for venue in desk.world.venues:
        venue.out = OUTAGE
    done = desk.deliver("b")
    assert done.report
    assert (done.is_new, done.report.status, len(desk.sent)) == (False, "ok", 1)


def test_a_stored_report_that_is_gone_is_computed_again(desk: Desk) -> None:
    """A record alone is no report."""
    desk.crash("after", "stored")
    table = desk.world.store.table
    table.client.delete_item(TableName=table.name, Key={"pk": "report", "sk": "2026-03-01T12"})
    assert (desk.deliver("b").is_new, len(desk.sent)) == (True, 1)


@pytest.mark.parametrize("kind", ["supply", "evidence"])
def test_a_crash_around_coingeckos_reading_keeps_its_supply(desk: Desk, kind: str) -> None:
    """Supply in the state stops its being read again for a day: it must not be there without the proof of its coins."""
    with_coingecko(desk.world)
    save = desk.world.store.save

    def deadly(to: Kind, *rest: Any) -> None:
        if to.name == kind:
            raise KillError
        save(to, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desk.world.store, "save", deadly)
        patch.setattr(Lease, "_release", lambda *_: None)
        with pytest.raises(KillError):
            desk.deliver("dead")
    desk.deliver()
    universe = desk.world.store.load_universe(NOON_MS)
    assert universe is not None
    found = universe.row(by_predicate=pl.col("contract") == "C03USDT", named=True)["supply_coingecko_coins"]
    assert found == pytest.approx(BY_BASE["C03"].supply_coins)


# ---------------------------------------------------------------- others at work


def test_a_living_holder_is_left_alone(desk: Desk) -> None:
    """Who sees the lease renewed stands back without an error, and computes nothing."""
    lease = desk.ledger.claim(NOON_MS, "other")
    assert isinstance(lease, Lease)
    desk.waited = lambda: lease.reach("fetched")
    done = desk.deliver()
    assert (done.ending, done.report, desk.computed) == ("stood_back", None, 0)
    assert done.summary()["delivery"] == "stood_back"


def test_a_holder_that_finishes_is_waited_for(desk: Desk) -> None:
    """The waiting delivery returns the other's result."""
    other = desk.ledger.claim(NOON_MS, "other")
    assert isinstance(other, Lease)
    report = desk.world.screen().report
    desk.waited = lambda: other.reach("published", told="ok", message_id="theirs", alert="ok")
    done = desk.deliver()
    assert (done.ending, done.report, done.record.message_id, desk.computed) == ("finished", report, "theirs", 0)


def test_a_holder_that_gives_up_is_followed_at_once(desk: Desk) -> None:
    """A clean failure of the other needs no waiting for its lease."""
    other = desk.ledger.claim(NOON_MS, "other")
    assert isinstance(other, Lease)
    desk.waited = lambda: other._release(ValueError("a bug"))  # noqa: SLF001 - as its context does
    assert desk.deliver().ending == "published"
    assert desk.time_s > 290


def test_a_silent_holder_is_taken_over_when_its_lease_ends(desk: Desk) -> None:
    """A minute without a sign of life."""
    die_silently(desk)
    assert (desk.deliver().record.attempt, len(desk.sent)) == (2, 1)
    assert 58 <= 300 - desk.time_s <= 63


def test_without_time_to_wait_the_hour_is_left_to_a_retry_aloud(desk: Desk) -> None:
    """A delivery that can neither work nor know whether somebody does must not look done."""
    die_silently(desk)
    desk.time_s = 40.0
    with pytest.raises(StateError, match=r"held by dead until 2026-03-01T12:01:10Z.*deliver the hour again"):
        desk.deliver()


@pytest.mark.parametrize("stage", ["fetched", "scored", "stored", "publishing", "published"])
def test_a_zombie_stops_and_returns_what_its_heir_did(
    desk: Desk, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that slept past its lease before a stage neither stores nor publishes after somebody else did."""
    reach, heir = Lease.reach, Desk(desk.world)
    heir.sent = desk.sent

    def overslept(lease: Lease, at: Stage, **facts: str | None) -> None:
        if at == stage and lease.record.held_by == "zombie":
            desk.world.clock.at += timedelta(milliseconds=lease_ms())
            heir.deliver("heir")
        reach(lease, at, **facts)

    monkeypatch.setattr(Lease, "reach", overslept)
    done = desk.deliver("zombie")
    assert (done.ending, done.record.held_by) == ("finished", "heir")
    assert [attempt for _, _, attempt in desk.sent] == ([1, 2] if stage == "published" else [2])


def test_a_zombies_report_does_not_replace_its_heirs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even one that wakes between its last look at the record and the write of the report."""
    heir, save = Desk(desk.world), desk.world.store.save_universe

    def overslept(*args: Any) -> None:
        monkeypatch.setattr(desk.world.store, "save_universe", save)
        desk.world.clock.at += timedelta(milliseconds=lease_ms())
        heir.deliver("heir")
        save(*args)

    monkeypatch.setattr(desk.world.store, "save_universe", overslept)
    done = desk.deliver("zombie")
    assert (done.ending, done.report, len(desk.sent)) == ("finished", heir.sent[0][1], 0)


@pytest.fixture
def one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let reads and conditional writes exclude each other, as DynamoDB's do and the double's threads do not."""
    lock = RLock()

    def locked(work: Callable[..., Any]) -> Callable[..., Any]:
        def do(*args: Any, **named: Any) -> Any:
            with lock:
                return work(*args, **named)

        return do

    for name in ("get", "update"):
        monkeypatch.setattr(StateTable, name, locked(getattr(StateTable, name)))


@pytest.mark.usefixtures("one_step")
@pytest.mark.parametrize("crowd", [2, 5])
def test_deliveries_at_the_same_time_publish_once(desk: Desk, crowd: int) -> None:
    """Threads that begin together: one run, one message, and no error for the others."""
    together, done = Barrier(crowd), list[Delivered]()

    def deliver(owner: str) -> None:
        together.wait()
        done.append(replace(desk.delivery(owner), sleep=lambda _: time.sleep(0.05)).deliver(EVENT))

    threads = [Thread(target=deliver, args=(f"owner-{number}",)) for number in range(crowd)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.ending == "published" for one in done) == [False] * (crowd - 1) + [True]
    assert (desk.computed, len(desk.sent)) == (1, 1)
