"""The only place that speaks to SNS. What SNS refuses is refused here first, with a reason (some doubles accept it)."""

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from quantscout.errors import DeliveryError
from quantscout.message import build_email, build_sms, build_subject
from quantscout.models import Report
from quantscout.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

BODY_LIMIT_BYTES = 262_144
SUBJECT_LIMIT = 100


def build_message(report: Report) -> dict[str, Any]:
    """Return the arguments of SNS publish: one body per protocol, and the attributes that filter policies read."""
    body = {"default": report.to_json(), "email": build_email(report), "sms": build_sms(report)}
    top = max((gem.score for gem in report.ranked_gems), default=0.0)
    attributes = {
        "status": _text(report.status),
        "regime": _text(report.regime.name),
        "low_confidence": _text(str(report.low_confidence).lower()),
        "top_score": _number(top),
        "new_entrants": _number(sum(gem.is_new for gem in report.ranked_gems)),
        "schema_version": _text(report.schema_version),
    }
    message = {
        "Message": json.dumps(body, ensure_ascii=False),
        "Subject": build_subject(report),
        "MessageStructure": "json",
        "MessageAttributes": attributes,
    }
    check_message(message)
    return message


def _text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


def _number(value: float) -> dict[str, str]:
    return {"DataType": "Number", "StringValue": f"{value:g}"}


def check_message(message: dict[str, Any]) -> None:
    """Refuse what SNS refuses: size, subject, an empty body, JSON without `default` (DeliveryError)."""
    size = len(message["Message"].encode())
    if size > BODY_LIMIT_BYTES:
        raise DeliveryError(f"the message has {size} bytes; SNS takes {BODY_LIMIT_BYTES}")
    subject = message["Subject"]
    if not 0 < len(subject) < SUBJECT_LIMIT or not subject.isascii() or not subject.isprintable():
        raise DeliveryError(f"the subject {subject!r} must be 1 to 99 printable ASCII characters on one line")
    bodies = json.loads(message["Message"])
    if not bodies.get("default"):
        raise DeliveryError("the message has no body for the protocol 'default'")


class Topics(NamedTuple):
    """The ARNs of the two topics."""

    report: str
    alarm: str


def topic_of(report: Report, topics: Topics, settings: Settings) -> str | None:
    """Return where a report goes: picks to the subscribers, no data to the alarm, no signal to nobody by default."""
    if report.status == "no_data":
        return topics.alarm
    if report.status == "no_signal" and not settings.alert_on_no_signal:
        return None
    return topics.report


def publish_report(sns: "SNSClient", topic_arn: str, report: Report) -> str:
    """Publish the hour's report in one call, so never in part, and return the message id (DeliveryError)."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - botocore is Lambda's own; kept out of the import

    try:
        return sns.publish(TopicArn=topic_arn, **build_message(report))["MessageId"]
    except (BotoCoreError, ClientError) as cause:
        raise DeliveryError(f"SNS did not take the report of {report.hour} for {topic_arn}: {cause}") from cause
