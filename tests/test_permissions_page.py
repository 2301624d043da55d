"""docs/permissions.md: the functions may do what the template says; the policies suffice, and name what exists."""

import json
import re
from functools import cache
from pathlib import Path

import cfnlint  # type: ignore[import-untyped]
import pytest

from doc_policies import PAGE, POLICIES, actions, kinds_of_resource, policy
from template import parts
from template.parts import as_list

LOCAL = parts.ROOT / "local/quantscout_local"
MOST_CHARACTERS = 6_144
"""Of a managed policy, blanks not counted."""
FUNCTIONS = parts.names_of("AWS::Serverless::Function")

OTHER_SERVICES = re.compile(r"(kms|ec2|elasticfilesystem|s3files|s3tables|kinesis|firehose):")
NOT_USED = {
    "AWS::DynamoDB::Table": "(import|insights|kinesis|replica|policy|servicelinkedrole|s3:|logs:|item$|:query|:scan)",
    "AWS::IAM::Role": "(boundary)",
    "AWS::IAM::Policy": "(user|group)",
    "AWS::Lambda::Function": "(codesigning|recursion|scaling|capacityprovider|publishversion|runtimealias)",
    "AWS::Logs::LogGroup": "(dataprotection|delivery|policy$|policies|rest.put|kms|deletionprotection|bearertoken)",
    "AWS::S3::Bucket": (
        "(abac|analytics|cors|inventory|metrics|notification|replication|website|accelerate|objectlock|acl|object$"
        "|passrole|logging|versioning|tiering|metadata|deletebucketencryption|deletebucketlifecycle)"
    ),
    "AWS::SNS::Topic": "(dataprotection)",
    "AWS::SecretsManager::Secret": "(region|randompassword|getsecretvalue)",
}
"""What CloudFormation calls for properties that the template does not set."""

# ---------------------------------------------------------------- functions


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_table_says_what_a_function_may(name: str) -> None:
    """All its actions and no others, those that SAM grants too."""
    part = PAGE.partition("<!-- functions -->")[2].partition("<!-- end -->")[0]
    rows = [line for line in part.splitlines() if line.startswith(f"| {name} |")]
    said = {action.lower() for line in rows for action in re.findall(r"`(\w+:\w+)`", line)}
    assert said == parts.actions_of(parts.role_of(name))


# ---------------------------------------------------------------- policies


def test_every_policy_is_held_against_something() -> None:
    """None stands on the page that no test reads."""
    assert tuple(re.findall(r"<!-- policy: ([\w-]+) -->", PAGE)) == POLICIES
    assert PAGE.count("```json") == len(POLICIES)


@pytest.mark.parametrize("name", POLICIES)
def test_iam_takes_its_length(name: str) -> None:
    """A managed policy has an end."""
    assert len(re.sub(r"\s", "", json.dumps(policy(name)))) <= MOST_CHARACTERS


@pytest.mark.parametrize("name", POLICIES)
def test_it_names_actions_that_exist(name: str) -> None:
    """AWS's list knows each, and those that know no resource are granted on all: on one they would be refused."""
    for row in policy(name)["Statement"]:
        for action in row["Action"]:
            kinds = kinds_of_resource(action)
            assert kinds is not None, action
            assert kinds or row["Resource"] == "*", action


@pytest.mark.parametrize("name", POLICIES)
def test_no_statement_reaches_beyond_the_stack(name: str) -> None:
    """Resources are the stack's own; everything is allowed only where an action knows nothing narrower."""
    wide = [row for row in policy(name)["Statement"] if row["Resource"] == "*"]
    allowed = {"Templates", "LookForGroups", "BillingView", "Look", "FindBackups", "Sms", "Costs"}
    assert {row["Sid"] for row in wide} <= allowed
    for row in policy(name)["Statement"]:
        assert len({*row["Action"]}) == len(row["Action"])
        for resource in as_list(row["Resource"]):
            ours = re.search(r"quantscout|QuantScoutLayer|DependenciesLayer|SourceKeysSecret|aws-sam-cli", resource)
            assert resource == "*" or ours or row["Sid"] in {"Stack", "Budget"}, resource


def test_roles_are_handed_to_two_services_only() -> None:
    """Whoever deploys can neither give a role to another service nor attach another managed policy."""
    rows = {row["Sid"]: row for row in policy("deploy-1")["Statement"]}
    passed = rows["HandOverRoles"]["Condition"]["StringEquals"]["iam:PassedToService"]
    assert passed == ["lambda.amazonaws.com", "scheduler.amazonaws.com"]
    attached = rows["OnlyTheRightToLog"]["Condition"]["ArnEquals"]["iam:PolicyARN"]
    assert attached.endswith("/AWSLambdaBasicExecutionRole")
    assert "iam:AttachRolePolicy" not in rows["Roles"]["Action"]


# ---------------------------------------------------------------- who deploys


@cache
def called_for(kind: str) -> frozenset[str]:
    """Return what CloudFormation calls to create, change and delete a type, as its schema says (cfn-lint has them)."""
    data = Path(cfnlint.__file__).parent / "data/schemas"
    index = json.loads((data / "providers/us-east-1.json").read_text("utf-8"))
    schema = json.loads((data / f"resources/{index[kind]}.json").read_text("utf-8"))
    handlers = [schema["handlers"].get(verb, {}) for verb in ("create", "update", "delete")]
    return frozenset(action for handler in handlers for action in handler.get("permissions", []))


def kinds() -> set[str]:
    """Return the types of the translated template."""
    return {row["Type"] for row in parts.translated()["Resources"].values()}


def test_who_deploys_may_make_change_and_delete_all_of_it() -> None:
    """For each type of resource all that CloudFormation calls, but for properties that are not set here."""
    granted = {action.lower() for action in actions("deploy-1", "deploy-2")}
    for kind in kinds():
        unused = re.compile(NOT_USED.get(kind, "(?!)"))
        needed = {action.lower() for action in called_for(kind)}
        lacking = {
            action for action in needed - granted if not OTHER_SERVICES.match(action) and not unused.search(action)
        }
        assert lacking == set(), kind


def test_what_is_left_out_is_what_cloudformation_knows() -> None:
    """An exception for a type that is not in the template any more, or that leaves nothing out, is stale."""
    granted = {action.lower() for action in actions("deploy-1", "deploy-2")}
    for kind, pattern in NOT_USED.items():
        assert kind in kinds()
        called = {action.lower() for action in called_for(kind)}
        assert [action for action in called - granted if re.search(pattern, action)]


# ---------------------------------------------------------------- who looks, who operates


def asked_by(*modules: str) -> set[str]:
    """Return the operations that modules of the command line ask of AWS, found in their text."""
    texts = [(LOCAL / f"{module}.py").read_text("utf-8") for module in modules]
    calls = r'(?:\b(?:sqs|sns|functions)|client\("cloudformation"\))\.(?:get_paginator\("(\w+)"\)|(\w+)\()'
    return {first or second for text in texts for first, second in re.findall(calls, text)} - {"get_paginator"}


ACTIONS = {
    "describe_stacks": "cloudformation:DescribeStacks",
    "list_subscriptions_by_topic": "sns:ListSubscriptionsByTopic",
    "get_subscription_attributes": "sns:GetSubscriptionAttributes",
    "receive_message": "sqs:ReceiveMessage",
    "change_message_visibility_batch": "sqs:ChangeMessageVisibility",
    "delete_message": "sqs:DeleteMessage",
    "invoke": "lambda:InvokeFunction",
}


def test_commands_are_allowed_what_they_ask_for() -> None:
    """Who looks may list; who operates may send again, and only then invoke and delete."""
    assert {ACTIONS[call] for call in asked_by("account", "subscriptions")} <= actions("look")
    asked = {ACTIONS[call] for call in asked_by("failure_queue", "failures")}
    assert {"sqs:DeleteMessage", "lambda:InvokeFunction"} <= asked <= actions("look", "operate")
    assert not {"sqs:DeleteMessage", "lambda:InvokeFunction"} & actions("look")


def test_who_looks_changes_nothing() -> None:
    """Every action reads, but for the visibility of messages while they are listed, and questions to logs."""
    reads = re.compile(r":(Get|List|Describe|Query|Filter|Receive)")
    assert {action for action in actions("look") if not reads.search(action)} == {
        "sqs:ChangeMessageVisibility",
        "logs:StartQuery",
    }


def test_only_one_policy_reads_the_keys() -> None:
    """Neither who deploys nor who operates needs them."""
    others = actions(*(name for name in POLICIES if name != "keys"))
    assert "secretsmanager:GetSecretValue" in actions("keys")
    assert not [action for action in others if action.endswith("SecretValue")]
