"""`quantscout failures`: what lies in the queue stays there until Lambda has accepted it anew."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import pytest

from cli.asked import Command
from cli.aws import SCREEN, Lambda, aws, deploy, run_record, send_start
from quantscout_local import failure_queue
from quantscout_local.failure_queue import holding
from quantscout_local.resources import REGION

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

__all__ = ["aws"]
NOON, ELEVEN = "2026-03-01T12:00:00Z", "2026-03-01T11:00:00Z"


class Queue(NamedTuple):
    """The failure queue of a deployed stack."""

    sqs: "SQSClient"
    url: str

    def waiting(self) -> int:
        """Return how many messages anybody could receive now."""
        said = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(said["Attributes"]["ApproximateNumberOfMessages"])

    def put(self, body: str) -> None:
        """Leave a message without attributes."""
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body)


@pytest.fixture
def queue(aws: None, monkeypatch: pytest.MonkeyPatch) -> Queue:
    """Return the empty failure queue of a stack, read without waiting."""
    monkeypatch.setattr(failure_queue, "WAIT_S", 0)
    made = deploy("quantscout", {"Q": {"Type": "AWS::SQS::Queue"}}, {"FailureQueueUrl": {"Ref": "Q"}})
    return Queue(boto3.client("sqs", region_name=REGION), made["FailureQueueUrl"])


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Lambda:
    """Put the stand-in where the command opens its Lambda client."""
    stand_in, original = Lambda(), boto3.Session.client

    def client(session: boto3.Session, service: str, **options: Any) -> Any:
        return stand_in if service == "lambda" else original(session, service, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(boto3.Session, "client", client)
    return stand_in


def listed(quantscout: Command) -> list[dict[str, Any]]:
    """Return the list as JSON."""
    found: list[dict[str, Any]] = json.loads(quantscout("failures", "list", "--json").out)
    return found


# ---------------------------------------------------------------- list


def test_a_run_that_failed_is_read_from_lambdas_record(quantscout: Command, queue: Queue) -> None:
    """Function, hour, error, attempts and the original event."""
    queue.put(run_record(NOON))
    (found,) = listed(quantscout)
    assert (found["kind"], found["function"], found["hour"], found["attempts"]) == ("run", SCREEN, NOON, 3)
    assert found["error"] == "RetriesExhausted StateError: table 'state': throttled"
    assert found["event"] == {"scheduled_at": NOON}


def test_a_run_that_was_never_begun_has_no_response(quantscout: Command, queue: Queue) -> None:
    """An event that became too old was not tried; the record says so."""
    context = {"functionArn": SCREEN, "condition": "EventAgeExceeded", "approximateInvokeCount": 0}
    queue.put(run_record(NOON, requestContext=context, responsePayload=None))
    (found,) = listed(quantscout)
    assert (found["error"], found["attempts"]) == ("EventAgeExceeded", 0)


def test_a_start_that_was_not_delivered_is_read_from_its_attributes(quantscout: Command, queue: Queue) -> None:
    """The body is the event; the scheduler's attributes say where to and why not."""
    send_start(queue.sqs, queue.url, {"scheduled_at": ELEVEN})
    (found,) = listed(quantscout)
    assert (found["kind"], found["function"], found["hour"], found["attempts"]) == ("start", SCREEN, ELEVEN, 6)
    assert found["error"] == "TooManyRequestsException Rate Exceeded."
    assert found["event"] == {"scheduled_at": ELEVEN}


def test_a_placeholder_in_a_start_is_filled_in(quantscout: Command, queue: Queue) -> None:
    """Should the scheduler leave its own word in the event, the hour is in its attributes."""
    send_start(queue.sqs, queue.url, {"scheduled_at": "<aws.scheduler.scheduled-time>"})
    assert listed(quantscout)[0]["event"] == {"scheduled_at": ELEVEN}


@pytest.mark.parametrize("body", ["no json", "[1]", '{"scheduled_at": "2026-03-01T12:00:00Z"}'])
def test_what_is_neither_is_shown_as_unknown(quantscout: Command, queue: Queue, body: str) -> None:
    """A message that somebody else left is neither hidden nor thought to be an event."""
    queue.put(body)
    (found,) = listed(quantscout)
    assert (found["kind"], found["event"]) == ("unknown", None)
    assert body in found["error"]


def test_listing_takes_nothing_away(quantscout: Command, queue: Queue) -> None:
    """Right afterwards everything can be received again, and is listed again; 23 messages need several calls."""
    for _ in range(23):
        queue.put(run_record(NOON))
    first = listed(quantscout)
    assert queue.waiting() == 23
    assert [row["id"] for row in listed(quantscout)] == [row["id"] for row in first]
    assert len({row["id"] for row in first}) == 23


def test_the_table_is_for_a_person(quantscout: Command, queue: Queue) -> None:
    """Short id, function, hour with a mark where it has passed, error, next step; no colours into a pipe."""
    queue.put(run_record(NOON))
    said = quantscout("failures", "list")
    assert said.status == 0
    assert all(
        word in said.out for word in ("quantscout-screen", f"{NOON}*", "RetriesExhausted", "its hour has passed")
    )
    assert "next: quantscout failures replay --all" in said.out
    assert "\x1b[" not in said.out


def test_an_hour_that_lasts_has_no_mark(quantscout: Command, queue: Queue) -> None:
    """Within its hour the venues still show what the run needs."""
    queue.put(run_record(datetime.now(UTC).isoformat()))
    assert "its hour has passed" not in quantscout("failures", "list").out


def test_an_empty_queue_says_so(quantscout: Command, queue: Queue) -> None:
    """And that somebody else may hold its messages."""
    assert "the failure queue is empty, or another reader" in quantscout("failures", "list").out


def test_a_queue_that_is_not_there_is_named(quantscout: Command, queue: Queue) -> None:
    """With the next step."""
    said = quantscout("failures", "list", "--queue", queue.url + "-gone")
    assert said.status == 2
    assert "check the name, AWS_DEFAULT_REGION and the account" in said.err


# ---------------------------------------------------------------- replay


def test_everything_is_sent_again_with_one_command(quantscout: Command, queue: Queue, functions: Lambda) -> None:
    """Each function is called asynchronously with the original event, and the queue is empty then."""
    queue.put(run_record(NOON))
    send_start(queue.sqs, queue.url, {"scheduled_at": ELEVEN})
    said = quantscout("failures", "replay", "--all")
    assert (said.status, queue.waiting(), listed(quantscout)) == (0, 0, [])
    assert sorted(functions.calls, key=str) == [
        (SCREEN, "Event", {"scheduled_at": ELEVEN}),
        (SCREEN, "Event", {"scheduled_at": NOON}),
    ]
    assert "2 sent again, 0 in the queue" in said.out


def test_one_is_sent_again_and_the_others_stay(quantscout: Command, queue: Queue, functions: Lambda) -> None:
    """The first letters of an id are enough; the others can be received at once."""
    for hour in (NOON, ELEVEN):
        queue.put(run_record(hour))
    chosen = next(row for row in listed(quantscout) if row["hour"] == ELEVEN)
    said = quantscout("failures", "replay", "--id", chosen["id"][:8])
    assert [event for _, _, event in functions.calls] == [{"scheduled_at": ELEVEN}]
    assert [row["hour"] for row in listed(quantscout)] == [NOON]
    assert "1 sent again, 1 in the queue" in said.out


@pytest.mark.parametrize("arguments", [(), ("--all", "--id", "x")])
def test_what_is_to_be_sent_must_be_said(
    quantscout: Command, queue: Queue, functions: Lambda, arguments: tuple[str, ...]
) -> None:
    """Either all or some; nothing is sent by default."""
    queue.put(run_record(NOON))
    said = quantscout("failures", "replay", *arguments)
    assert (said.status, functions.calls, queue.waiting()) == (2, [], 1)
    assert "say which: --all, or --id ID" in said.err


def test_an_id_that_fits_none_is_refused(quantscout: Command, queue: Queue, functions: Lambda) -> None:
    """Before anything is sent; the messages go back."""
    queue.put(run_record(NOON))
    said = quantscout("failures", "replay", "--id", "zzz")
    assert (said.status, functions.calls, queue.waiting()) == (2, [], 1)
    assert "--id zzz fits 0 messages" in said.err


@pytest.mark.parametrize("error", ["ResourceNotFoundException", "AccessDeniedException", "TooManyRequestsException"])
def test_what_lambda_refuses_stays(quantscout: Command, queue: Queue, functions: Lambda, error: str) -> None:
    """A message is deleted only after its call was accepted; why not is said, and the exit code tells it."""
    functions.error = error
    queue.put(run_record(NOON))
    said = quantscout("failures", "replay", "--all")
    assert (said.status, queue.waiting()) == (1, 1)
    assert f"kept: the function {SCREEN}: {error}: no; next step: " in said.out


def test_a_call_that_was_not_accepted_stays(quantscout: Command, queue: Queue, functions: Lambda) -> None:
    """Only 202 says that Lambda has it."""
    functions.status = 200
    queue.put(run_record(NOON))
    said = quantscout("failures", "replay", "--all")
    assert (said.status, queue.waiting()) == (1, 1)
    assert "Lambda answered 200 instead of 202" in said.out


def test_what_cannot_be_told_is_not_sent(quantscout: Command, queue: Queue, functions: Lambda) -> None:
    """Unknown messages and events that the scheduler cut off stay where they are."""
    queue.put("no json")
    send_start(queue.sqs, queue.url, {"scheduled_at": ELEVEN}, IS_PAYLOAD_TRUNCATED="true")
    said = quantscout("failures", "replay", "--all")
    assert (said.status, functions.calls, queue.waiting()) == (1, [], 2)
    assert said.out.count("its event or its function cannot be told; it stays in the queue") == 2


def test_a_crash_while_reading_loses_nothing(queue: Queue) -> None:
    """What was held is given back whatever happens."""
    queue.put(run_record(NOON))
    with pytest.raises(RuntimeError), holding(queue.sqs, queue.url):
        raise RuntimeError
    assert queue.waiting() == 1


def test_an_hour_of_the_future_is_not_late(queue: Queue) -> None:
    """Only what has passed is marked."""
    queue.put(run_record((datetime.now(UTC) + timedelta(hours=2)).isoformat()))
    with holding(queue.sqs, queue.url) as (failure,):
        assert not failure_queue.is_late(failure, datetime.now(UTC))
