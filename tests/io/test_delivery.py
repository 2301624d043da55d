"""One delivery after the other: what is computed, stored and published, and what a failure leaves."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import dynalite
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from deliveries import EVENT, FORCED, OUTAGE, Desk
from fake_market import NOON, NOON_MS
from world import World

from quantscout.alert import Alert
from quantscout.delivery import SENDS
from quantscout.errors import DeliveryError, InputError, StateError
from quantscout.ledger import Finished
from quantscout.models import Report, parse_event

DATABASES = dynalite.BOTH


@pytest.fixture
def desk(world: World) -> Desk:
    """Return deliveries over two sound venues."""
    return Desk(world)


# ---------------------------------------------------------------- once


def test_an_hour_is_computed_stored_published_and_marked(desk: Desk) -> None:
    """One delivery, one message, and a record that says all of it."""
    done = desk.deliver()
    assert (done.ending, done.is_new, done.resumed_from) == ("published", True, None)
    assert [attempt for _, _, attempt in desk.sent] == [1]
    assert desk.world.store.load_report(NOON_MS) == done.report == desk.sent[0][1]
    record = desk.record
    assert (record.stage, record.attempt, record.held_by, record.lease_until_ms) == ("published", 1, "a", 0)
    assert (record.told, record.message_id, record.alert, record.last_error) == ("ok", "message-1", "sent", "")


def test_the_report_is_stored_before_anybody_hears_of_it(desk: Desk) -> None:
    """When the message goes out, the table has the report, and the record says that it is being published."""
    seen: list[tuple[object, str]] = []

    def send(_: str, report: Report, __: int) -> str:
        seen.append((desk.world.store.load_report(NOON_MS) == report, desk.record.stage))
        return "m"

    replace(desk.delivery("a"), send=send).deliver(EVENT)
    assert seen == [(True, "publishing")]


def test_a_finished_hour_returns_the_same_and_asks_nobody(desk: Desk) -> None:
    """The stored report, the message of then, and no request to any venue."""
    first = desk.deliver()
    desk.world.forget_calls()
    second = desk.deliver("b")
    assert (second.ending, second.is_new, second.report) == ("finished", False, first.report)
    told = ("run_id", "picks", "message_id", "alert", "attempt", "stage_ms")
    assert {name: first.summary()[name] for name in told} == {name: second.summary()[name] for name in told}
    assert (desk.computed, len(desk.sent)) == (1, 1)
    assert not any(venue.asked for venue in desk.world.venues)


def test_an_hour_that_alerts_nobody_is_published_without_a_message(desk: Desk) -> None:
    """From stored to published, with the reason in place of a message."""
    silent = replace(desk.delivery("a"), alert_of=lambda _: Alert(None, "no_signal"))
    done = silent.deliver(EVENT)
    assert (done.record.message_id, done.record.alert, desk.sent) == (None, "no_signal", [])
    assert "publishing" not in done.record.times_ms
    assert desk.deliver("b").ending == "finished"


def test_an_hour_that_has_not_closed_leaves_no_record(desk: Desk) -> None:
    """A refused event claims nothing."""
    desk.world.clock.at = NOON - timedelta(seconds=1)
    with pytest.raises(InputError, match="has not closed yet"):
        desk.deliver()
    assert desk.ledger.read(NOON_MS) is None


# ---------------------------------------------------------------- failures


def test_a_failure_releases_the_hour(desk: Desk) -> None:
    """The retry begins at once, and the record kept why."""
    desk.failures = [ValueError("a bug")] * 9
    with pytest.raises(DeliveryError):
        desk.deliver()
    assert (desk.record.stage, desk.record.last_error) == ("publishing", "DeliveryError: SNS did not take it")
    desk.failures.clear()
    done = desk.deliver()
    assert (done.ending, done.resumed_from, desk.time_s, len(desk.sent)) == ("published", "publishing", 300.0, 1)


def refusal(status: int, code: str) -> ClientError:
    """Return how SNS refuses."""
    response: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Publish")


BUSY = [refusal(500, "InternalError"), refusal(400, "Throttling"), EndpointConnectionError(endpoint_url="http://sns")]


def test_sns_that_fails_is_asked_again(desk: Desk) -> None:
    """Broken, busy, out of reach: the fourth attempt is taken, within the one delivery."""
    desk.failures = [*BUSY]
    done = desk.deliver()
    assert (done.ending, done.record.attempt, len(desk.sent)) == ("published", 1, 1)


def test_sns_that_goes_on_failing_is_left_to_the_retry(desk: Desk) -> None:
    """After four attempts the exception goes up; the record stays at publishing, and the next delivery sends."""
    desk.failures = [BUSY[0]] * (SENDS + 1)
    with pytest.raises(DeliveryError):
        desk.deliver()
    assert (len(desk.failures), desk.record.stage) == (1, "publishing")
    desk.failures.clear()
    assert (desk.deliver().ending, desk.computed, len(desk.sent)) == ("published", 1, 1)


def test_what_sns_refuses_for_good_is_not_asked_again(desk: Desk) -> None:
    """A topic that is not there will not be there in a second."""
    desk.failures = [refusal(404, "NotFound")] * 2
    with pytest.raises(DeliveryError):
        desk.deliver()
    assert len(desk.failures) == 1


def test_a_throttled_table_fails_aloud_and_is_made_good(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """StateError goes up with the hour given back; nothing was published, and the repetition publishes it."""

    def throttled(*_: object) -> None:
        raise StateError("table 'state': ProvisionedThroughputExceededException")

    with monkeypatch.context() as patch:
        patch.setattr(desk.world.store, "save_universe", throttled)
        with pytest.raises(StateError, match="Throughput"):
            desk.deliver()
    assert (desk.record.stage, desk.record.lease_until_ms, desk.sent) == ("scored", 0, [])
    assert (desk.deliver().ending, len(desk.sent)) == ("published", 1)


# ---------------------------------------------------------------- by force, and without data


def test_force_needs_an_explicit_hour() -> None:
    """The schedule never forces."""
    assert parse_event({"at": "2026-03-01T12:00:00Z", "force": True}).force
    with pytest.raises(InputError, match='"force" goes with an explicit hour'):
        parse_event({"scheduled_at": "2026-03-01T12:00:00Z", "force": True})


def test_force_computes_and_publishes_a_finished_hour_again(desk: Desk) -> None:
    """With the next attempt's number."""
    desk.deliver()
    done = desk.deliver("b", FORCED)
    assert (done.ending, done.is_new, done.resumed_from) == ("published", True, None)
    assert ([attempt for _, _, attempt in desk.sent], desk.computed) == ([1, 2], 2)


def test_a_forced_delivery_that_is_repeated_forces_once(desk: Desk) -> None:
    """Lambda repeats a delivery under its id."""
    desk.deliver()
    desk.deliver("b", FORCED)
    assert (desk.deliver("b", FORCED).ending, len(desk.sent)) == ("finished", 2)


def test_a_forced_hour_that_died_is_finished_by_anybody(desk: Desk) -> None:
    """What it stored is published, although the hour had its message before."""
    desk.deliver()
    desk.crash("after", "stored", "b", FORCED)
    assert (desk.deliver("c").ending, [attempt for _, _, attempt in desk.sent]) == ("published", [1, 3])


def test_force_that_sees_nothing_leaves_report_and_message_as_they_were(desk: Desk) -> None:
    """No data never replaces five, and subscribers do not hear of the five again."""
    first = desk.deliver()
    for venue in desk.world.venues:
        venue.out = OUTAGE
    done = desk.deliver("b", FORCED)
    assert (done.report, done.is_new, done.record.message_id, len(desk.sent)) == (first.report, False, "message-1", 1)


def test_an_hour_without_data_is_tried_again_and_told_once(desk: Desk) -> None:
    """The alarm hears of it once; the delivery that sees data again publishes the five."""
    for venue in desk.world.venues:
        venue.out = OUTAGE
    assert [desk.deliver(owner).record.told for owner in "ab"] == ["no_data", "no_data"]
    assert [report.status for _, report, _ in desk.sent] == ["no_data"]
    for venue in desk.world.venues:
        venue.out = None
    desk.deliver("c")
    assert [report.status for _, report, _ in desk.sent] == ["no_data", "ok"]
    assert isinstance(desk.ledger.claim(NOON_MS, "d"), Finished)
