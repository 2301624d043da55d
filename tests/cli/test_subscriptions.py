"""`quantscout subscriptions`: who hears of what, in which state, by which filter."""

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from cli.asked import Command
from cli.aws import ACCOUNT, aws, deploy
from quantscout.errors import InputError
from quantscout_local.resources import REGION
from quantscout_local.subscriptions import Subscription, read_topic

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

__all__ = ["aws"]
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:report"
POLICY = {"status": ["ok"], "top_score": [{"numeric": [">=", 70]}]}


@pytest.fixture
def stack(aws: None) -> dict[str, str]:
    """Return the outputs of a stack with the two topics, one with two subscribers."""
    topic = {"Type": "AWS::SNS::Topic"}
    outputs = {"ReportTopicArn": {"Ref": "Report"}, "AlarmTopicArn": {"Ref": "Alarm"}}
    made = deploy("quantscout", {"Report": topic, "Alarm": topic}, outputs)
    sns = boto3.client("sns", region_name=REGION)
    sns.subscribe(TopicArn=made["ReportTopicArn"], Protocol="email", Endpoint="me@example.org")
    sns.subscribe(
        TopicArn=made["ReportTopicArn"],
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:mine",
        Attributes={"FilterPolicy": json.dumps(POLICY), "FilterPolicyScope": "MessageBody"},
    )
    return made


def test_a_stacks_subscribers_are_shown(quantscout: Command, stack: dict[str, str]) -> None:
    """Both topics; per subscriber protocol, endpoint, state, filter and its scope; who has none is said, too."""
    said = quantscout("subscriptions")
    assert said.status == 0
    assert all(arn in said.out for arn in stack.values())
    assert all(word in said.out for word in ("me@example.org", "everything", "confirmed", "MessageBody", '"numeric"'))
    assert "nobody is subscribed" in said.out
    assert "\x1b[" not in said.out


def test_the_answer_can_be_read_by_programs(quantscout: Command, stack: dict[str, str]) -> None:
    """The same as JSON, by topic."""
    found = json.loads(quantscout("subscriptions", "--json").out)
    assert [*found] == [stack["ReportTopicArn"], stack["AlarmTopicArn"]]
    rows = {row["protocol"]: row for row in found[stack["ReportTopicArn"]]}
    assert (rows["email"]["filter_policy"], rows["email"]["filter_scope"]) == (None, None)
    assert (rows["sqs"]["filter_policy"], rows["sqs"]["filter_scope"]) == (POLICY, "MessageBody")


def test_named_topics_need_no_stack(quantscout: Command, stack: dict[str, str]) -> None:
    """Only those that were named are shown."""
    found = json.loads(quantscout("subscriptions", "--topic", stack["AlarmTopicArn"], "--json").out)
    assert found == {stack["AlarmTopicArn"]: []}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("--stack", "other"),
            ("the stack 'other' in us-east-1", "check the name, AWS_DEFAULT_REGION and the account"),
        ),
        (("--topic", TOPIC + "-gone"), ("report-gone: NotFound", "check the name, AWS_DEFAULT_REGION and the account")),
    ],
)
def test_what_is_not_there_is_named(
    quantscout: Command, stack: dict[str, str], arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """Another stack, a topic that is gone: what, where, what to do."""
    said = quantscout("subscriptions", *arguments)
    assert (said.status, said.out) == (2, "")
    assert all(word in said.err for word in words)


def test_a_stack_of_another_version_is_refused(quantscout: Command, aws: None) -> None:
    """An output that is missing is named."""
    deploy("quantscout", {"Report": {"Type": "AWS::SNS::Topic"}}, {"X": {"Ref": "Report"}})
    said = quantscout("subscriptions")
    assert "the stack 'quantscout' has no output ReportTopicArn; next step: deploy this version" in said.err


def test_without_a_region_nothing_is_asked(quantscout: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence with the next step."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "absent")
    said = quantscout("subscriptions")
    assert (said.status, said.err) == (
        2,
        "error: no AWS region is set; next step: set AWS_DEFAULT_REGION to the region of the stack\n",
    )


def test_without_credentials_the_next_step_is_told(quantscout: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback, and no waiting for a machine's own credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "absent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    said = quantscout("subscriptions")
    assert said.status == 2
    assert "there are no AWS credentials here; next step: set AWS_PROFILE, or log in" in said.err


# ---------------------------------------------------------------- what moto does not know: the answers of SNS itself


def _read(*rows: dict[str, Any], attributes: dict[str, str] | None = None) -> list[Subscription]:
    sns: SNSClient = boto3.client("sns", REGION, aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(sns) as stub:
        whole = [{"Owner": ACCOUNT, "TopicArn": TOPIC, "Endpoint": "me@example.org", "Protocol": "email"} | row
                 for row in rows]  # fmt: skip
        stub.add_response("list_subscriptions_by_topic", {"Subscriptions": whole}, {"TopicArn": TOPIC})
        if attributes is not None:
            stub.add_response("get_subscription_attributes", {"Attributes": attributes})
        return list(read_topic(sns, TOPIC))


@pytest.mark.parametrize(("arn", "state"), [("PendingConfirmation", "pending"), ("Deleted", "deleted")])
def test_a_subscription_without_an_arn_says_its_state_there(arn: str, state: str) -> None:
    """It has no attributes to ask for; a person is told what it means."""
    (found,) = _read({"SubscriptionArn": arn})
    assert found.state == state
    assert found.hint()


@pytest.mark.parametrize(
    ("attributes", "state", "hint"),
    [
        ({"PendingConfirmation": "true"}, "pending", "waits for its confirmation"),
        ({"PendingConfirmation": "false", "ConfirmationWasAuthenticated": "true"}, "confirmed", ""),
        ({"PendingConfirmation": "false", "ConfirmationWasAuthenticated": "false"}, "confirmed", "a mail scanner too"),
        ({"PendingConfirmation": "false"}, "confirmed", ""),
    ],
)
def test_a_subscription_with_an_arn_says_its_state_in_its_attributes(
    attributes: dict[str, str], state: str, hint: str
) -> None:
    """One that anybody can end by its link is pointed out; where SNS does not say, nothing is claimed."""
    (found,) = _read({"SubscriptionArn": f"{TOPIC}:1"}, attributes=attributes)
    assert found.state == state
    assert hint in found.hint()
    assert bool(hint) == bool(found.hint())


def test_a_filter_without_a_scope_is_about_attributes() -> None:
    """SNS's own default is said, so that nobody has to know it."""
    (found,) = _read({"SubscriptionArn": f"{TOPIC}:1"}, attributes={"FilterPolicy": json.dumps(POLICY)})
    assert (found.filter_policy, found.filter_scope) == (POLICY, "MessageAttributes")


@pytest.mark.parametrize("code", ["AuthorizationError", "ExpiredToken", "InvalidClientTokenId"])
def test_a_refusal_is_one_sentence(code: str) -> None:
    """Expired or insufficient credentials are a person's to mend."""
    sns: SNSClient = boto3.client("sns", REGION, aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(sns) as stub:
        stub.add_client_error("list_subscriptions_by_topic", code, "no", 403)
        with pytest.raises(InputError, match=f"{code}: no; next step: "):
            list(read_topic(sns, TOPIC))
