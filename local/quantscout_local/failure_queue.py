"""The failure queue: what lies in it, without losing it, and sending it again (docs/failures.md).

The queue holds two kinds of messages: a start that the scheduler could not deliver (the event itself, the rest in the
message's attributes), and the record that Lambda writes of a run that failed after its retries.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from quantscout.clock import floor_hour, iso, to_ms
from quantscout.errors import InputError, QuantScoutError
from quantscout.models import parse_event
from quantscout_local.account import asking
from quantscout_local.program import program

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

Kind = Literal["start", "run", "unknown"]
HOLD_S = 300
"""For so long a message that was read is hidden from other readers, unless it is given back before."""
WAIT_S = 1
"""Long polling: without it SQS asks only some of its servers, and a short queue may look empty."""
BATCH = 10
LOOKS = 200
ACCEPTED = 202
SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
ERROR_CHARS = 300


class Failure(NamedTuple):
    """One message of the queue; `event` is what the function was, or was to be, called with (None: unknown)."""

    id: str
    at: str
    kind: Kind
    function: str
    hour: str
    error: str
    attempts: int | None
    event: Mapping[str, Any] | None
    receipt: str

    def told(self) -> dict[str, Any]:
        """Return what a person is shown of it."""
        return {name: value for name, value in self._asdict().items() if name != "receipt"}


class Replayed(NamedTuple):
    """What became of a failure: sent again, or why not."""

    failure: Failure
    problem: str


@contextmanager
def holding(sqs: "SQSClient", queue: str) -> Iterator[list[Failure]]:
    """Return what the queue holds, oldest first, hidden from others until it is left; then all that is left goes back.

    Nothing is deleted here. Messages that another reader holds at the moment are not seen.
    """
    found: dict[str, Failure] = {}
    with asking(f"the queue {queue}"):
        try:
            for message in _receive(sqs, queue, found):
                found[message["MessageId"]] = read_failure(message)
            yield sorted(found.values(), key=lambda failure: (failure.at, failure.id))
        finally:
            _give_back(sqs, queue, list(found.values()))


def _receive(sqs: "SQSClient", queue: str, found: Mapping[str, Failure]) -> Iterator["MessageTypeDef"]:
    """Return the messages until none is new; LOOKS bounds it, should somebody fill the queue meanwhile."""
    for _ in range(LOOKS):
        answer = sqs.receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=BATCH,
            VisibilityTimeout=HOLD_S,
            WaitTimeSeconds=WAIT_S,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        messages = answer.get("Messages", [])
        if all(message["MessageId"] in found for message in messages):
            return
        yield from messages


def _give_back(sqs: "SQSClient", queue: str, failures: Sequence[Failure]) -> None:
    """Show the messages again at once; one that was deleted is refused, and that is right."""
    for start in range(0, len(failures), BATCH):
        entries: list[Any] = [
            {"Id": str(k), "ReceiptHandle": failure.receipt, "VisibilityTimeout": 0}
            for k, failure in enumerate(failures[start : start + BATCH])
        ]
        sqs.change_message_visibility_batch(QueueUrl=queue, Entries=entries)


def read_failure(message: "MessageTypeDef") -> Failure:
    """Return a message of the queue as what it is; one that is neither kind is unknown, never lost."""
    try:
        body = json.loads(message["Body"])
    except ValueError:
        body = None
    said = {name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()}
    if isinstance(body, dict) and "requestPayload" in body and "requestContext" in body:
        return _of_run(message, body)
    if isinstance(body, dict) and "TARGET_ARN" in said:
        return _of_start(message, body, said)
    text = f"neither a start nor a run: {message['Body']}"
    return _failure(message, kind="unknown", error=text)


def _failure(message: "MessageTypeDef", **parts: Any) -> Failure:
    sent_ms = int(message.get("Attributes", {}).get("SentTimestamp", "0"))
    base: dict[str, Any] = {
        "id": message["MessageId"], "at": iso(sent_ms), "function": "", "hour": "", "error": "", "attempts": None,
        "event": None, "receipt": message["ReceiptHandle"],
    }  # fmt: skip
    parts["error"] = " ".join(str(parts["error"]).split())[:ERROR_CHARS]
    return Failure(**base | parts)


def _of_run(message: "MessageTypeDef", body: Mapping[str, Any]) -> Failure:
    """Read Lambda's record of a run that failed; without a response it never ran (it was too old)."""
    context, response = body["requestContext"], body.get("responsePayload") or {}
    error = f"{response.get('errorType', '')}: {response.get('errorMessage', '')}" if isinstance(response, dict) else ""
    return _failure(
        message,
        kind="run",
        function=_unversioned(str(context.get("functionArn", ""))),
        hour=_hour(body["requestPayload"]),
        error=f"{context.get('condition', '')} {error.strip(': ')}",
        attempts=context.get("approximateInvokeCount"),
        event=body["requestPayload"] if isinstance(body["requestPayload"], dict) else None,
    )


def _of_start(message: "MessageTypeDef", body: Mapping[str, Any], said: Mapping[str, str]) -> Failure:
    """Read what the scheduler could not deliver; a placeholder that it left in the event is filled in."""
    event = {key: said.get("SCHEDULED_TIME", "") if value == SCHEDULED_TIME else value for key, value in body.items()}
    whole = said.get("IS_PAYLOAD_TRUNCATED", "false") != "true"
    tries = said.get("RETRY_ATTEMPTS", "")
    return _failure(
        message,
        kind="start",
        function=said["TARGET_ARN"],
        hour=_hour(event),
        error=f"{said.get('ERROR_CODE', '')} {said.get('ERROR_MESSAGE', '')}",
        attempts=1 + int(tries) if tries.isdigit() else None,
        event=event if whole else None,
    )


def _unversioned(arn: str) -> str:
    return arn.removesuffix(":$LATEST")


def _hour(event: object) -> str:
    """Return the hour that an event asks for, empty where it asks for none."""
    try:
        return iso(to_ms(parse_event(event).hour))
    except InputError:
        return ""


def select(failures: Sequence[Failure], ids: Sequence[str], *, everything: bool) -> list[Failure]:
    """Return those to send again: all, or those whose id begins as one that was given (InputError)."""
    if everything == bool(ids):
        raise InputError("say which: --all, or --id ID (once or more; the first letters are enough)")
    chosen = []
    for wanted in ids:
        found = [failure for failure in failures if failure.id.startswith(wanted)]
        if len(found) != 1:
            raise InputError(f"--id {wanted} fits {len(found)} messages; see `{program()} failures list`")
        chosen += found
    return list(failures) if everything else list({failure.id: failure for failure in chosen}.values())


def replay(failure: Failure, sqs: "SQSClient", functions: Any, queue: str) -> Replayed:
    """Call the function again with the original event; the message is deleted only when Lambda has accepted the call.

    The call is asynchronous, as the scheduler's: Lambda retries it, and what fails again comes back into the queue.
    """
    if failure.event is None or not failure.function:
        return Replayed(failure, "its event or its function cannot be told; it stays in the queue")
    payload = json.dumps(failure.event).encode()
    try:
        with asking(f"the function {failure.function}"):
            answer = functions.invoke(FunctionName=failure.function, InvocationType="Event", Payload=payload)
    except QuantScoutError as error:
        return Replayed(failure, str(error))
    if answer["StatusCode"] != ACCEPTED:
        return Replayed(failure, f"Lambda answered {answer['StatusCode']} instead of {ACCEPTED}; it stays in the queue")
    with asking(f"the queue {queue}"):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=failure.receipt)
    return Replayed(failure, "")


def is_late(failure: Failure, now: datetime) -> bool:
    """Tell whether the hour of a failure has passed: what a venue shows now is no longer what it showed then."""
    return bool(failure.hour) and datetime.fromisoformat(failure.hour) < floor_hour(now.astimezone(UTC))
