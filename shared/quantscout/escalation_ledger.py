"""What a person was told, and the telling: one message per finding, not again within its cool-down (docs/outcomes.md).

One item per kind and key, `escalated` / kind#key. It is claimed by a conditional write, then SNS is asked, then it is
marked as told. Of two evaluations at once one tells. If SNS refuses, the claim is given back; if the process dies
between the two writes, the claim ends by itself and a later evaluation tells what still holds.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quantscout.errors import DeliveryError, StateError
from quantscout.escalation_message import build_escalation
from quantscout.escalation_models import Finding, name_of
from quantscout.frames import DAY_MS, HOUR_MS
from quantscout.table import Item, StateTable

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

PK = "escalated"
CLAIM_MS = 300_000
"""How long a claim is believed to be at work: longer than the function may run."""
KEEP_DAYS = 400

Send = Callable[[Finding, int], str]


def told_at(table: StateTable) -> dict[str, int]:
    """Return per "kind#key" the hour at which it was told last (StateError)."""
    items = table.query(PK, consistent=True)
    return {str(item["sk"]): int(item["told_ms"]) for item in items if "told_ms" in item}


@dataclass(frozen=True)
class Teller:
    """One evaluation's telling, at N (`at_ms`)."""

    table: StateTable
    at_ms: int
    cooldown_h: int
    send: Send
    now_ms: Callable[[], int]

    def tell(self, findings: Iterable[Finding]) -> list[dict[str, Any]]:
        """Send what was not told within its cool-down, and return what was sent: kind, key and message id.

        Every finding is tried; the first failure is raised when all were (StateError, DeliveryError).
        """
        told: list[dict[str, Any]] = []
        failures: list[Exception] = []
        for finding in findings:
            try:
                if (message_id := self._tell(finding)) is not None:
                    told.append({"kind": finding.kind, "key": finding.key, "message_id": message_id})
            except (StateError, DeliveryError) as error:
                failures.append(error)
        if failures:
            raise failures[0]
        return told

    def _tell(self, finding: Finding) -> str | None:
        """Claim, send, mark; None where it was told before or somebody else is telling it."""
        now_ms, mine = self.now_ms(), "claimed_ms = :mine"
        if not self._claim(finding, now_ms):
            return None
        try:
            message_id = self.send(finding, self.at_ms)
        except DeliveryError:
            with suppress(StateError):  # the claim ends by itself, and SNS's words are the ones to tell
                self._update(finding, "SET claimed_ms = :zero", mine, {":zero": 0, ":mine": now_ms})
            raise
        values = {":at": self.at_ms, ":id": message_id, ":zero": 0, ":mine": now_ms}
        self._update(finding, "SET told_ms = :at, message_id = :id, claimed_ms = :zero", mine, values)
        return message_id

    def _claim(self, finding: Finding, now_ms: int) -> bool:
        values = {
            ":now": now_ms,
            ":over": now_ms - CLAIM_MS,
            ":cooled": self.at_ms - self.cooldown_h * HOUR_MS,
            ":expires_at": (self.at_ms + KEEP_DAYS * DAY_MS) // 1000,
        }
        not_told = "(attribute_not_exists(told_ms) OR told_ms <= :cooled)"
        not_held = "(attribute_not_exists(claimed_ms) OR claimed_ms < :over)"
        expression = "SET claimed_ms = :now, expires_at = :expires_at"
        return self._update(finding, expression, f"{not_told} AND {not_held}", values) is not None

    def _update(self, finding: Finding, expression: str, condition: str, values: dict[str, Any]) -> Item | None:
        return self.table.update(PK, name_of(finding.kind, finding.key), expression, condition, values)


def publish_escalation(sns: "SNSClient", topic_arn: str, finding: Finding, at_ms: int) -> str:
    """Publish a finding to the topic for what needs a person, and return the message id (DeliveryError)."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - botocore is Lambda's own

    try:
        return sns.publish(TopicArn=topic_arn, **build_escalation(finding, at_ms))["MessageId"]
    except (BotoCoreError, ClientError) as cause:
        raise DeliveryError(f"SNS did not take the escalation {finding.kind} for {topic_arn}: {cause}") from cause
