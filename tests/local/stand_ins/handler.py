"""A handler that tells what it sees and does a little of what the real ones do."""

import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities import parameters

LOADED_WITH = dict(os.environ)
TABLE = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
SNS = boto3.client("sns")
LOG = Logger()
CALLS: list[dict[str, Any]] = []


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Write a row, publish if asked, fail if asked, and return what was seen."""
    CALLS.append(event)
    LOG.info("called", extra={"event": event})
    TABLE.put_item(Item={"pk": "p", "sk": event.get("sk", "s")})
    if "publish" in event:
        publish(event["publish"])
    if "fail" in event:
        raise ValueError(event["fail"])
    return {
        "loaded_with": LOADED_WITH,
        "environment": dict(os.environ),
        "calls": len(CALLS),
        "keys": parameters.get_secret(os.environ["SOURCE_KEYS_SECRET_ID"], transform="json"),
        "left_ms": context.get_remaining_time_in_millis(),
        "name": context.function_name,
        "arn": context.invoked_function_arn,
    }


def publish(status: str) -> None:
    """Publish a text per protocol, with a string and a number for filter policies."""
    SNS.publish(
        TopicArn=os.environ["REPORT_TOPIC_ARN"],
        Message='{"default": "{\\"hour\\": 1}", "email": "Hi"}',
        Subject="Five",
        MessageStructure="json",
        MessageAttributes={
            "status": {"DataType": "String", "StringValue": status},
            "top_score": {"DataType": "Number", "StringValue": "7.5"},
        },
    )
