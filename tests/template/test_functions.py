"""Every function of the template, whichever there are: runtime, layers, log, failures, variables."""

import json
import re

import pytest

from template import parts
from template.parts import Resource, of_type

FUNCTIONS = parts.names_of("AWS::Serverless::Function")
QUEUE = {"Fn::GetAtt": ["FailureQueue", "Arn"]}
ALL_HAVE = {"TABLE_NAME", "QUANTSCOUT_SETTINGS", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL"} | {
    "POWERTOOLS_METRICS_NAMESPACE"
}


@pytest.fixture(params=FUNCTIONS)
def name(request: pytest.FixtureRequest) -> str:
    """Return the name of each function in turn."""
    return str(request.param)


@pytest.fixture
def function(name: str) -> Resource:
    """Return the properties of each function in turn."""
    return of_type(parts.FUNCTION)[name]


def test_no_function_is_overlooked() -> None:
    """What is found in the text is what SAM makes, and a function per folder."""
    folders = {path.name.capitalize() + "Function" for path in (parts.ROOT / "functions").iterdir() if path.is_dir()}
    assert {*FUNCTIONS} == {*of_type(parts.FUNCTION)} == folders


def test_functions_run_on_python_313(function: Resource) -> None:
    """The runtime is the one that the layers are built for."""
    assert function["Runtime"] == "python3.13"


def test_functions_run_on_the_chosen_processor(function: Resource) -> None:
    """The architecture is the parameter's, arm64 unless somebody asks for another."""
    assert function["Architectures"] == [{"Ref": "Architecture"}]
    assert parts.source()["Parameters"]["Architecture"]["Default"] == "arm64"


def test_layers_are_built_for_what_the_functions_run_on() -> None:
    """Both layers are built by the functions' Python, for the functions' architecture."""
    layers = [row for row in parts.source()["Resources"].values() if row["Type"] == "AWS::Serverless::LayerVersion"]
    expected = {"BuildMethod": "python3.13", "BuildArchitecture": {"Ref": "Architecture"}}
    assert [row["Metadata"] for row in layers] == [expected, expected]


def test_functions_get_both_layers(function: Resource) -> None:
    """The product and its dependencies come as layers."""
    names = [re.sub(r"[0-9a-f]{10}$", "", layer["Ref"]) for layer in function["Layers"]]
    assert names == ["DependenciesLayer", "QuantScoutLayer"]


def test_a_function_says_what_it_is(function: Resource) -> None:
    """The console shows it, and so does quantscout's own list of failures."""
    assert function["Description"].endswith(".")


# ---------------------------------------------------------------- log


def test_a_function_has_a_log_group_that_forgets(function: Resource) -> None:
    """Logs are JSON and go to a group of the template with a retention."""
    logging = function["LoggingConfig"]
    group = of_type("AWS::Logs::LogGroup")[logging["LogGroup"]["Ref"]]
    assert logging["LogFormat"] == "JSON"
    assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert group["LogGroupName"]["Fn::Sub"].startswith("/aws/lambda/${AWS::StackName}-")


def test_no_two_functions_share_a_log_group() -> None:
    """Who reads one log reads one function."""
    groups = [function["LoggingConfig"]["LogGroup"]["Ref"] for function in of_type(parts.FUNCTION).values()]
    assert sorted(groups) == sorted(of_type("AWS::Logs::LogGroup"))


# ---------------------------------------------------------------- failures


def test_a_failed_run_is_kept(name: str) -> None:
    """What fails after its retries goes to the failure queue with its event, to be sent again."""
    configuration = of_type("AWS::Lambda::EventInvokeConfig")[f"{name}EventInvokeConfig"]
    assert configuration["FunctionName"] == {"Ref": name}
    assert configuration["DestinationConfig"]["OnFailure"]["Destination"] == QUEUE
    assert configuration["MaximumRetryAttempts"] == 2


def test_a_function_may_send_its_failures(name: str) -> None:
    """The role can put them where the configuration sends them."""
    rows = [row for row in parts.statements_of(parts.role_of(name)) if "sqs:SendMessage" in row["Action"]]
    assert [row["Resource"] for row in rows] == [QUEUE]


def test_reserving_is_off_unless_asked(name: str) -> None:
    """A new account can reserve no execution: where a function has a number, it waits for its parameter."""
    reserved = of_type(parts.FUNCTION)[name].get("ReservedConcurrentExecutions")
    if reserved is None:
        return
    condition, number, otherwise = reserved["Fn::If"]
    assert (number, otherwise) == (1, {"Ref": "AWS::NoValue"})
    parameter, value = parts.source()["Conditions"][condition]["Fn::Equals"]
    assert value != parts.source()["Parameters"][parameter["Ref"]]["Default"]


def test_the_screen_and_the_backfill_can_be_reserved() -> None:
    """Each has its parameter."""
    functions = of_type(parts.FUNCTION)
    assert all("ReservedConcurrentExecutions" in functions[name] for name in ("ScreenFunction", "BackfillFunction"))


# ---------------------------------------------------------------- variables


def test_the_environment_holds_names_not_secrets(function: Resource) -> None:
    """No variable resolves a secret's value, neither by GetAtt nor by a dynamic reference."""
    variables = function["Environment"]["Variables"]
    assert "{{resolve:" not in json.dumps(variables)
    assert not [name for name in variables if re.search(r"KEY$|KEYS$|TOKEN|PASSWORD", name)]


def test_metrics_of_two_stacks_stay_apart(function: Resource) -> None:
    """The one dimension is the stack's name, in one namespace."""
    variables = function["Environment"]["Variables"]
    assert variables["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "QuantScout"


def test_all_have_the_variables_that_all_need(function: Resource) -> None:
    """The names are those that the handlers read."""
    assert {*function["Environment"]["Variables"]} >= ALL_HAVE


def test_the_screen_has_its_variables() -> None:
    """Beside the common ones: where it tells, what it may read, what it keeps."""
    assert {*of_type(parts.FUNCTION)["ScreenFunction"]["Environment"]["Variables"]} - ALL_HAVE == {
        *("REPORT_TOPIC_ARN", "ALARM_TOPIC_ARN", "ALERT_ON", "SOURCE_KEYS_SECRET_ID", "TAPE_BUCKET")
    }


def test_the_backfill_has_no_others() -> None:
    """It knows neither topics nor secret."""
    assert {*of_type(parts.FUNCTION)["BackfillFunction"]["Environment"]["Variables"]} == ALL_HAVE
