"""AWS in memory for the commands that ask a person's own account."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from quantscout_local.resources import REGION

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

ACCOUNT = "123456789012"
SCREEN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:quantscout-screen"
NOWHERE = ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set stand-in credentials and a region, and let moto answer."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in NOWHERE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with mock_aws():
        yield


def deploy(name: str, resources: dict[str, Any], outputs: dict[str, Any]) -> dict[str, str]:
    """Create a stack of these resources and return its outputs."""
    client = boto3.client("cloudformation", region_name=REGION)
    template = {"Resources": resources, "Outputs": {key: {"Value": value} for key, value in outputs.items()}}
    client.create_stack(StackName=name, TemplateBody=json.dumps(template))
    made = client.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
    return {output["OutputKey"]: output["OutputValue"] for output in made}


def run_record(hour: str, **changes: Any) -> str:
    """Return what Lambda writes of a run that failed after its retries (its developer guide has the form)."""
    return json.dumps(
        {
            "version": "1.0",
            "timestamp": "2026-03-01T12:07:00.000Z",
            "requestContext": {
                "requestId": "8ea123e4",
                "functionArn": f"{SCREEN}:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 3,
            },
            "requestPayload": {"scheduled_at": hour},
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": {"errorType": "StateError", "errorMessage": "table 'state':\nthrottled"},
        }
        | changes
    )


def send_start(sqs: "SQSClient", queue: str, event: dict[str, Any], **said: str) -> None:
    """Leave what the scheduler leaves of a start that it could not deliver (its user guide has the attributes)."""
    attributes = {
        "ERROR_CODE": "TooManyRequestsException",
        "ERROR_MESSAGE": "Rate Exceeded.",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "5",
        "SCHEDULED_TIME": "2026-03-01T11:00:00Z",
        "SCHEDULE_ARN": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/quantscout-screen",
        "TARGET_ARN": SCREEN,
    }
    sqs.send_message(
        QueueUrl=queue,
        MessageBody=json.dumps(event),
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in (attributes | said).items()
        },
    )


class Lambda:
    """Lambda's answer to a call, and what it was called with; moto's own would want to run the function."""

    def __init__(self) -> None:
        """Accept every call."""
        self.calls: list[tuple[str, str, Any]] = []
        self.status = 202
        self.error: str | None = None

    def invoke(self, **call: Any) -> dict[str, Any]:
        """Take a call."""
        if self.error:
            raise ClientError({"Error": {"Code": self.error, "Message": "no"}}, "Invoke")
        self.calls.append((call["FunctionName"], call["InvocationType"], json.loads(call["Payload"])))
        return {"StatusCode": self.status}
