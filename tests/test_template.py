"""template.yaml as CloudFormation will see it: translated by SAM's own translator, offline."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from quantscout.settings import AlertOn, Settings
from quantscout_local import resources

ROOT = Path(__file__).parents[1]
FUNCTIONS = ("ScreenFunction", "BackfillFunction")
ADDRESSES = ("AlertEmail", "AlertPhone", "AlarmEmail")

Resource = dict[str, Any]


@pytest.fixture(scope="module")
def source() -> Resource:
    """Return the template as it is written."""
    return resources.load_template(ROOT / "template.yaml")


@pytest.fixture(scope="module")
def translated(source: Resource) -> Resource:
    """Return the template as SAM translates it."""
    return resources.translate(source, {})


@pytest.fixture(params=FUNCTIONS)
def function(request: pytest.FixtureRequest, translated: Resource) -> Resource:
    """Return the properties of each function in turn."""
    properties: Resource = translated["Resources"][request.param]["Properties"]
    return properties


def of_type(template: Resource, kind: str) -> dict[str, Resource]:
    """Return the properties of all resources of a type."""
    return {name: row["Properties"] for name, row in template["Resources"].items() if row["Type"] == kind}


def statements(template: Resource) -> list[Resource]:
    """Return every statement of every role's own policies."""
    roles = of_type(template, "AWS::IAM::Role").values()
    return [
        row for role in roles for policy in role.get("Policies", []) for row in policy["PolicyDocument"]["Statement"]
    ]


def as_list(value: Any) -> list[Any]:
    """Return a value that IAM allows to stand alone as the list that it means."""
    return value if isinstance(value, list) else [value]


# ---------------------------------------------------------------- functions


def test_each_verb_has_a_function(translated: Resource) -> None:
    """One function per verb."""
    assert sorted(of_type(translated, "AWS::Lambda::Function")) == sorted(FUNCTIONS)


def test_functions_run_on_python_313(function: Resource) -> None:
    """The runtime is the one that the layers are built for."""
    assert function["Runtime"] == "python3.13"


def test_functions_run_on_the_chosen_processor(function: Resource, source: Resource) -> None:
    """The architecture is the parameter's, arm64 unless somebody asks for another."""
    assert function["Architectures"] == [{"Ref": "Architecture"}]
    assert source["Parameters"]["Architecture"]["Default"] == "arm64"


def test_layers_are_built_for_what_the_functions_run_on(source: Resource) -> None:
    """Both layers are built by the functions' Python, for the functions' architecture."""
    layers = [row for row in source["Resources"].values() if row["Type"] == "AWS::Serverless::LayerVersion"]
    expected = {"BuildMethod": "python3.13", "BuildArchitecture": {"Ref": "Architecture"}}
    assert [row["Metadata"] for row in layers] == [expected, expected]


def test_functions_get_both_layers(function: Resource) -> None:
    """The product and its dependencies come as layers."""
    assert [re.sub(r"[0-9a-f]{10}$", "", layer["Ref"]) for layer in function["Layers"]] == [
        "DependenciesLayer",
        "QuantScoutLayer",
    ]


def test_every_function_has_a_log_group_that_forgets(function: Resource, translated: Resource) -> None:
    """Logs are JSON and go to a group of the template with a retention."""
    logging = function["LoggingConfig"]
    groups = of_type(translated, "AWS::Logs::LogGroup")
    assert logging["LogFormat"] == "JSON"
    assert groups[logging["LogGroup"]["Ref"]]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_failed_run_is_kept(translated: Resource, name: str) -> None:
    """What fails after its retries goes to the failure queue with its event, to be sent again."""
    configuration = of_type(translated, "AWS::Lambda::EventInvokeConfig")[f"{name}EventInvokeConfig"]
    queue = {"Fn::GetAtt": ["FailureQueue", "Arn"]}
    assert configuration["DestinationConfig"]["OnFailure"]["Destination"] == queue


def test_a_failure_is_told_to_a_person(translated: Resource) -> None:
    """Whatever waits in the failure queue raises an alarm that names the first step, and the topic takes it."""
    alarm = of_type(translated, "AWS::CloudWatch::Alarm")["FailureAlarm"]
    assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    assert "quantscout failures list" in alarm["AlarmDescription"]
    policy = of_type(translated, "AWS::SNS::TopicPolicy")["AlarmTopicPolicy"]["PolicyDocument"]["Statement"]
    allowed = [row["Principal"] for row in policy if row["Effect"] == "Allow"]
    assert allowed == [{"Service": "cloudwatch.amazonaws.com"}]


def test_the_environment_holds_names_not_secrets(function: Resource) -> None:
    """No variable resolves a secret's value, neither by GetAtt nor by a dynamic reference."""
    variables = function["Environment"]["Variables"]
    assert "{{resolve:" not in json.dumps(variables)
    assert not [name for name in variables if re.search(r"KEY$|KEYS$|TOKEN|PASSWORD", name)]


def test_the_screen_has_its_variables(translated: Resource) -> None:
    """The names are those that the handlers read."""
    assert set(translated["Resources"]["ScreenFunction"]["Properties"]["Environment"]["Variables"]) == {
        *("TABLE_NAME", "REPORT_TOPIC_ARN", "ALARM_TOPIC_ARN", "ALERT_ON", "SOURCE_KEYS_SECRET_ID"),
        *("QUANTSCOUT_SETTINGS", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL", "TAPE_BUCKET"),
    }


# ---------------------------------------------------------------- schedules


@pytest.mark.parametrize(
    ("schedule", "expression"),
    [("ScreenFunctionHourly", "cron(0 * * * ? *)"), ("BackfillFunctionSixHourly", "cron(25 0/6 * * ? *)")],
)
def test_a_schedule_keeps_its_hours_in_utc(translated: Resource, schedule: str, expression: str) -> None:
    """The expression is read in UTC and not spread over a window."""
    rule = of_type(translated, "AWS::Scheduler::Schedule")[schedule]
    assert (rule["ScheduleExpression"], rule["ScheduleExpressionTimezone"]) == (expression, "UTC")
    assert rule["FlexibleTimeWindow"] == {"Mode": "OFF"}


def schedules(translated: Resource) -> list[Resource]:
    """Return the schedules' targets."""
    return [rule["Target"] for rule in of_type(translated, "AWS::Scheduler::Schedule").values()]


def test_an_event_carries_the_time_it_was_scheduled_for(translated: Resource) -> None:
    """The hour comes from the schedule: the scheduler puts it where the placeholder stands."""
    inputs = [json.loads(target["Input"]) for target in schedules(translated)]
    assert inputs == [{"scheduled_at": "<aws.scheduler.scheduled-time>"}] * 2


def test_what_the_scheduler_cannot_deliver_is_kept(translated: Resource) -> None:
    """Undelivered starts go to the failure queue, too."""
    letters = [target["DeadLetterConfig"]["Arn"] for target in schedules(translated)]
    assert letters == [{"Fn::GetAtt": ["FailureQueue", "Arn"]}] * 2


def test_an_old_hour_is_not_delivered_after_the_next(translated: Resource) -> None:
    """Scheduler and Lambda both give up on an hour before the next one begins."""
    target = of_type(translated, "AWS::Scheduler::Schedule")["ScreenFunctionHourly"]["Target"]
    invocation = of_type(translated, "AWS::Lambda::EventInvokeConfig")["ScreenFunctionEventInvokeConfig"]
    ages = target["RetryPolicy"]["MaximumEventAgeInSeconds"], invocation["MaximumEventAgeInSeconds"]
    assert max(ages) + 300 < 3600


def test_two_stacks_can_live_in_one_account(translated: Resource) -> None:
    """Names that would otherwise be the same in every stack contain the stack's own."""
    schedule_names = [rule["Name"] for rule in of_type(translated, "AWS::Scheduler::Schedule").values()]
    group_names = [group["LogGroupName"] for group in of_type(translated, "AWS::Logs::LogGroup").values()]
    assert all("${AWS::StackName}" in name["Fn::Sub"] for name in schedule_names + group_names)


# ---------------------------------------------------------------- permissions


def test_no_permission_has_a_wildcard(translated: Resource) -> None:
    """Every action and every resource is named."""
    named = [text for row in statements(translated) for text in as_list(row["Action"]) + as_list(row["Resource"])]
    assert not [text for text in named if "*" in json.dumps(text)]


def actions(translated: Resource, role: str) -> list[str]:
    """Return the actions of a role's own policies, sorted."""
    own = translated["Resources"][role]["Properties"]["Policies"]
    rows = [row for policy in own for row in policy["PolicyDocument"]["Statement"]]
    return sorted({action.lower() for row in rows for action in as_list(row["Action"])})  # IAM does not mind the case


def test_the_screen_may_do_what_it_does(translated: Resource) -> None:
    """State, the two topics, the one secret, and the failure destination that SAM grants."""
    state = [f"dynamodb:{action}" for action in ("batchwriteitem", "getitem", "query", "updateitem")]
    assert actions(translated, "ScreenFunctionRole") == [
        *state,
        "secretsmanager:getsecretvalue",
        "sns:publish",
        "sqs:sendmessage",
    ]


def test_the_backfill_may_not_read_the_secret(translated: Resource) -> None:
    """State, and the failure destination that SAM grants."""
    state = [f"dynamodb:{action}" for action in ("batchwriteitem", "getitem", "query", "updateitem")]
    assert actions(translated, "BackfillFunctionRole") == [*state, "sqs:sendmessage"]


def test_roles_borrow_only_the_right_to_log(translated: Resource) -> None:
    """No managed policy but the one that lets a function write its log."""
    managed = [
        arn for role in of_type(translated, "AWS::IAM::Role").values() for arn in role.get("ManagedPolicyArns", [])
    ]
    assert {arn.rpartition("/")[2] for arn in managed} == {"AWSLambdaBasicExecutionRole"}


@pytest.mark.parametrize("topic", ["ReportTopic", "AlarmTopic"])
def test_a_topic_takes_nothing_without_tls(translated: Resource, topic: str) -> None:
    """Each topic has a policy that denies plain connections."""
    policies = of_type(translated, "AWS::SNS::TopicPolicy").values()
    denied = [row for policy in policies for row in policy["PolicyDocument"]["Statement"] if row["Effect"] == "Deny"]
    conditions = [row["Condition"] for row in denied if row["Resource"] == {"Ref": topic}]
    assert conditions == [{"Bool": {"aws:SecureTransport": "false"}}]


def test_the_queue_takes_nothing_without_tls(translated: Resource) -> None:
    """The failure queue has a policy that denies plain connections."""
    (policy,) = of_type(translated, "AWS::SQS::QueuePolicy").values()
    (row,) = policy["PolicyDocument"]["Statement"]
    assert (row["Effect"], row["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


# ---------------------------------------------------------------- state, topics, secret


def test_the_table_has_the_two_keys(translated: Resource) -> None:
    """One table, keyed by pk and sk, both strings."""
    table = of_type(translated, "AWS::DynamoDB::Table")["Table"]
    assert {row["AttributeName"]: row["AttributeType"] for row in table["AttributeDefinitions"]} == {
        "pk": "S",
        "sk": "S",
    }
    assert {row["AttributeName"]: row["KeyType"] for row in table["KeySchema"]} == {"pk": "HASH", "sk": "RANGE"}


def test_the_table_forgets_what_has_expired(translated: Resource) -> None:
    """Items go at the time in `expires_at`, and every read or write is paid alone."""
    table = of_type(translated, "AWS::DynamoDB::Table")["Table"]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_history_survives_a_mistake(translated: Resource) -> None:
    """The table is kept when the stack goes, can be restored to a moment, and is protected unless told otherwise."""
    row = translated["Resources"]["Table"]
    assert (row["DeletionPolicy"], row["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert row["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert translated["Parameters"]["ProtectTable"]["Default"] == "true"


def test_the_secret_is_created_empty(translated: Resource) -> None:
    """A person fills the keys in; the template knows none."""
    secret = of_type(translated, "AWS::SecretsManager::Secret")["SourceKeysSecret"]
    assert json.loads(secret["SecretString"]) == {"coinalyze_api_key": "", "coingecko_api_key": ""}


def test_alert_on_offers_what_the_settings_take(source: Resource) -> None:
    """The parameter's values are those of the setting, and so is its default."""
    parameter = source["Parameters"]["AlertOn"]
    assert (tuple(parameter["AllowedValues"]), parameter["Default"]) == (get_args(AlertOn), Settings().alert_on)


def test_nobody_is_subscribed_unless_asked(translated: Resource) -> None:
    """Each subscription waits for its parameter, which is empty by default."""
    rows = [row for row in translated["Resources"].values() if row["Type"] == "AWS::SNS::Subscription"]
    assert sorted(row["Condition"] for row in rows) == ["HasAlarmEmail", "HasAlertEmail", "HasAlertPhone"]
    assert [translated["Parameters"][name]["Default"] for name in ADDRESSES] == ["", "", ""]
