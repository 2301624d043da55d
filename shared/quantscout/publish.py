"""The only place that speaks to SNS. What SNS would refuse is refused first, with a reason (sns_rules)."""

import json
from typing import TYPE_CHECKING, Any

from quantscout.errors import DeliveryError
from quantscout.message import build_email, build_sms, build_subject
from quantscout.models import Report
from quantscout.sns_rules import check_message

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


def build_message(report: Report, attempt: int = 1) -> dict[str, Any]:
    """Return the arguments of SNS publish: one body per protocol, and the attributes that filter policies read.

    `run_id` and `attempt` let a consumer drop a repeat (docs/delivery.md).
    """
    body = {"default": report.to_json(), "email": build_email(report), "sms": build_sms(report)}
    top = max((gem.score for gem in report.ranked_gems), default=0.0)
    attributes = {
        "status": _text(report.status),
        "regime": _text(report.regime.name),
        "low_confidence": _text(str(report.low_confidence).lower()),
        "top_score": _number(top),
        "new_entrants": _number(sum(gem.is_new for gem in report.ranked_gems)),
        "schema_version": _text(report.schema_version),
        "run_id": _text(report.run_id),
        "attempt": _number(attempt),
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


def publish_report(sns: "SNSClient", topic_arn: str, report: Report, attempt: int = 1) -> str:
    """Publish the hour's report in one call, so never in part, and return the message id (DeliveryError)."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - botocore is Lambda's own; kept out of the import

    try:
        return sns.publish(TopicArn=topic_arn, **build_message(report, attempt))["MessageId"]
    except (BotoCoreError, ClientError) as cause:
        raise DeliveryError(f"SNS did not take the report of {report.hour} for {topic_arn}: {cause}") from cause
