"""The message: what SNS gets, and what is refused before SNS could."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws
from world import World

from quantscout.errors import DeliveryError, SourceError
from quantscout.models import Report
from quantscout.publish import build_message, publish_report
from quantscout_local.resources import REGION

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


@pytest.fixture
def report(world: World) -> Report:
    """Return the report of an hour."""
    return world.screen().report


@pytest.fixture
def sns(monkeypatch: pytest.MonkeyPatch) -> Iterator["SNSClient"]:
    """Return SNS in memory."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield boto3.client("sns", region_name=REGION)


def test_each_protocol_has_its_own_body(report: Report) -> None:
    """`default` is the report itself, e-mail and SMS are texts for people."""
    message = build_message(report)
    bodies = json.loads(message["Message"])
    assert (message["MessageStructure"], bodies.keys()) == ("json", {"default", "email", "sms"})
    assert Report.model_validate_json(bodies["default"]) == report
    assert bodies["email"].startswith("QuantScout  2026-03-01 12:00 UTC")
    assert bodies["sms"].startswith("QS 03-01 12h ok, neutral:")


def test_attributes_have_the_types_that_filters_need(report: Report) -> None:
    """Numbers can be compared, texts matched."""
    attributes = build_message(report)["MessageAttributes"]
    assert {name: value["DataType"] for name, value in attributes.items()} == {
        "status": "String", "regime": "String", "low_confidence": "String",
        "top_score": "Number", "new_entrants": "Number", "schema_version": "String", "run_id": "String",
        "attempt": "Number",
    }  # fmt: skip
    values = {name: value["StringValue"] for name, value in attributes.items()}
    assert (values["status"], values["low_confidence"], values["new_entrants"]) == ("ok", "false", "5")
    assert float(values["top_score"]) == pytest.approx(report.ranked_gems[0].score, abs=0.001)


def test_an_hour_without_data_has_a_message_too(world: World) -> None:
    """The alarm's message says that there is nothing, in every body."""
    for venue in world.venues:
        venue.out = SourceError(venue.name, "unavailable", "refused")
    message = build_message(world.screen().report)
    assert (message["Subject"], message["MessageAttributes"]["top_score"]["StringValue"]) == (
        "QuantScout 2026-03-01 12:00 UTC: no data",
        "0",
    )
    assert "Nothing is published for this hour." in json.loads(message["Message"])["email"]


def test_a_published_report_has_an_id(sns: "SNSClient", report: Report) -> None:
    """One call, one message."""
    topic = sns.create_topic(Name="report")["TopicArn"]
    assert publish_report(sns, topic, report)


def test_a_topic_that_is_not_there_is_a_delivery_error(sns: "SNSClient", report: Report) -> None:
    """The message names hour and topic."""
    topic = f"arn:aws:sns:{REGION}:123456789012:nowhere"
    with pytest.raises(DeliveryError, match=r"SNS did not take the report of 2026-03-01T12:00:00Z for arn:.*nowhere"):
        publish_report(sns, topic, report)
