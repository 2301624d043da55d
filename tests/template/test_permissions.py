"""Who may do what: the functions' roles, the topics' and the queue's policies, and what guards what is stored."""

import json

import pytest

from template import parts
from template.parts import Resource, as_list, of_type

ROLES = [f"{name}Role" for name in parts.names_of("AWS::Serverless::Function")]
STATE = {f"dynamodb:{action}" for action in ("batchwriteitem", "getitem", "query", "updateitem")}
PLAIN = {"Bool": {"aws:SecureTransport": "false"}}
OF_THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
UNDER_TLS = ("AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::S3::Bucket")
BELOW = {"Fn::Sub": "${TapeBucket.Arn}/tapes/*"}
"""The only wildcard: tapes have names of their own; the function may add them and neither read nor delete."""


def all_statements() -> list[Resource]:
    """Return every statement of every role's policies."""
    return [row for role in of_type("AWS::IAM::Role") for row in parts.statements_of(role)]


def test_no_action_has_a_wildcard() -> None:
    """Every action is named."""
    named = [text for row in all_statements() for text in as_list(row["Action"])]
    assert named
    assert not [text for text in named if "*" in text]


def test_no_resource_has_a_wildcard_but_the_tapes_folder() -> None:
    """Every resource is one of the template's own, or lies below one folder of the bucket."""
    named = [text for row in all_statements() for text in as_list(row["Resource"])]
    assert [text for text in named if "*" in json.dumps(text)] == [BELOW]


def test_every_statement_allows() -> None:
    """Nothing is allowed broadly and then denied in part."""
    assert {row["Effect"] for row in all_statements()} == {"Allow"}


def test_the_screen_may_do_what_it_does() -> None:
    """State, the two topics, the one secret, tapes, and the failure destination that SAM grants."""
    beside = {"s3:putobject", "secretsmanager:getsecretvalue", "sns:publish", "sqs:sendmessage"}
    assert parts.actions_of("ScreenFunctionRole") == STATE | beside


def test_the_backfill_may_not_read_the_secret() -> None:
    """State, and the failure destination that SAM grants."""
    assert parts.actions_of("BackfillFunctionRole") == STATE | {"sqs:sendmessage"}


def test_no_function_may_delete_or_scan() -> None:
    """What is lost by a mistake in the code can be counted."""
    actions = {action for role in ROLES for action in parts.actions_of(role)}
    assert not [action for action in actions if "delete" in action or "scan" in action]


def test_roles_borrow_only_the_right_to_log() -> None:
    """No managed policy but the one that lets a function write its log."""
    managed = [arn for role in of_type("AWS::IAM::Role").values() for arn in role.get("ManagedPolicyArns", [])]
    assert {arn.rpartition("/")[2] for arn in managed} == {"AWSLambdaBasicExecutionRole"}


def test_a_schedule_may_start_its_function_and_keep_what_failed() -> None:
    """The schedules' roles, made by SAM, can do nothing else."""
    made = [role for role in of_type("AWS::IAM::Role") if role not in ROLES]
    assert len(made) == len(of_type("AWS::Scheduler::Schedule"))
    assert {action for role in made for action in parts.actions_of(role)} == {
        "lambda:invokefunction",
        "sqs:sendmessage",
    }


# ---------------------------------------------------------------- policies of topics, queue, bucket


def resource_policies() -> list[Resource]:
    """Return the statements of all policies that stand at a resource."""
    kinds = ("AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy")
    return [row for kind in kinds for policy in of_type(kind).values() for row in policy["PolicyDocument"]["Statement"]]


@pytest.mark.parametrize("kind", UNDER_TLS)
def test_nothing_is_taken_without_tls(kind: str) -> None:
    """Each topic, queue and bucket has a policy that denies plain connections to everybody."""
    denied = [row for row in resource_policies() if row["Effect"] == "Deny" and row["Condition"] == PLAIN]
    guarded = [json.dumps(as_list(row["Resource"])[0]) for row in denied if row["Principal"] == "*"]
    wanted = of_type(kind)
    assert wanted
    for name in wanted:
        assert {json.dumps({"Ref": name}), json.dumps({"Fn::GetAtt": [name, "Arn"]})} & {*guarded}, name


def test_services_may_publish_alarms_for_this_account_only() -> None:
    """CloudWatch and Budgets are no roles of ours: both may tell the alarm topic, on this account's behalf."""
    allowed = [row for row in resource_policies() if row["Effect"] == "Allow"]
    assert [row["Principal"] for row in allowed] == [
        {"Service": "cloudwatch.amazonaws.com"},
        {"Service": "budgets.amazonaws.com"},
    ]
    for row in allowed:
        assert (row["Action"], row["Resource"]) == ("sns:Publish", {"Ref": "AlarmTopic"})
        assert row["Condition"] == OF_THIS_ACCOUNT


# ---------------------------------------------------------------- what is stored


def test_the_queue_is_encrypted() -> None:
    """By SQS's own keys, which every service may use that may send."""
    assert [queue["SqsManagedSseEnabled"] for queue in of_type("AWS::SQS::Queue").values()] == [True]


def test_buckets_are_encrypted_and_private() -> None:
    """No object can become public, whatever its own settings."""
    for bucket in of_type("AWS::S3::Bucket").values():
        assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert {*bucket["PublicAccessBlockConfiguration"].values()} == {True}


def test_the_table_is_encrypted_by_dynamodb_itself() -> None:
    """It always is; an SSESpecification could only name another key, and .checkov.yaml says why there is none."""
    assert all("SSESpecification" not in table for table in of_type("AWS::DynamoDB::Table").values())


def test_the_secret_is_created_empty() -> None:
    """A person fills the keys in; the template knows none."""
    secret = of_type("AWS::SecretsManager::Secret")["SourceKeysSecret"]
    assert json.loads(secret["SecretString"]) == {"coinalyze_api_key": "", "coingecko_api_key": ""}


def test_no_parameter_takes_a_secret() -> None:
    """Parameters are shown by CloudFormation to whoever may look at the stack."""
    assert not [name for name in parts.source()["Parameters"] if "Key" in name or "Secret" in name]
