"""The dashboard and the budget: what is shown exists and is free, and who hears of the costs."""

import re
from itertools import combinations
from typing import Any

import pytest

from quantscout.lines import FUNNEL, RunLine
from quantscout.measures import UNITS
from template import parts
from template.parts import of_type

FUNCTIONS = parts.names_of("AWS::Serverless::Function")
FREE_METRICS = 50
OF_AWS = {
    "AWS/Lambda": ({"Errors", "Throttles", "Duration"}, "FunctionName"),
    "AWS/DynamoDB": (
        {"ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ReadThrottleEvents", "WriteThrottleEvents"},
        "TableName",
    ),
    "AWS/SNS": ({"NumberOfNotificationsDelivered", "NumberOfNotificationsFailed"}, "TopicName"),
    "AWS/SQS": ({"ApproximateNumberOfMessagesVisible"}, "QueueName"),
}


def widgets(kind: str) -> list[dict[str, Any]]:
    """Return the widgets of a kind."""
    return [widget for widget in parts.dashboard()["widgets"] if widget["type"] == kind]


def test_it_can_be_switched_off() -> None:
    """There is one, under a condition that holds unless somebody says otherwise."""
    (row,) = [row for row in parts.translated()["Resources"].values() if row["Type"] == "AWS::CloudWatch::Dashboard"]
    assert row["Condition"] == "CreatesDashboard"
    assert parts.source()["Parameters"]["CreateDashboard"]["Default"] == "true"


def test_every_metric_exists() -> None:
    """Ours with the stack's name, AWS's with the dimension that AWS gives them."""
    for namespace, name, dimensions in parts.shown():
        if namespace == "QuantScout":
            assert (name in UNITS, dimensions) == (True, {"service": "AWS::StackName"})
        else:
            names, dimension = OF_AWS[namespace]
            assert (name in names, [*dimensions]) == (True, [dimension])


def test_all_of_ours_are_shown() -> None:
    """No metric is paid for and not looked at."""
    assert {name for namespace, name, _ in parts.shown() if namespace == "QuantScout"} == UNITS.keys()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_is_shown(name: str) -> None:
    """Errors, throttles, durations, and the lines where its alarm and its end are."""
    of_it = {metric for _, metric, dimensions in parts.shown() if dimensions.get("FunctionName") == name}
    assert of_it == {"Errors", "Throttles", "Duration"}
    row = ["AWS/Lambda", "Duration", "FunctionName", name]
    (widget,) = [w["properties"] for w in widgets("metric") if row in w["properties"]["metrics"]]
    timeout_ms = 1_000 * of_type(parts.FUNCTION)[name]["Timeout"]
    lines = {line["label"]: line["value"] for line in widget["annotations"]["horizontal"]}
    assert lines == {"alarm": 0.8 * timeout_ms, "timeout": timeout_ms}


def test_every_alarm_is_shown() -> None:
    """But those that stand under a condition: a name that is not there would break the deployment."""
    rows = parts.translated()["Resources"].items()
    always = {f"{name}.Arn" for name, row in rows if row["Type"] == parts.ALARM and "Condition" not in row}
    assert {*widgets("alarm")[0]["properties"]["alarms"]} == always


def test_what_it_names_always_exists() -> None:
    """Nothing that stands under a condition of its own is named in the text."""
    (board,) = of_type("AWS::CloudWatch::Dashboard").values()
    named = {name.partition(".")[0] for name in re.findall(r"\$\{([^}]+)\}", board["DashboardBody"]["Fn::Sub"])}
    resources = parts.translated()["Resources"]
    ours = {name for name in named if not name.startswith("AWS::")}
    assert not [name for name in ours if name not in resources or "Condition" in resources[name]]


def test_the_line_of_the_datas_age_is_the_alarms() -> None:
    """The picture shows where the alarm begins."""
    (widget,) = [w for w in widgets("metric") if w["properties"]["metrics"][0][1] == "DataAgeSeconds"]
    (line,) = widget["properties"]["annotations"]["horizontal"]
    assert line["value"] == of_type(parts.ALARM)["DataAgeAlarm"]["Threshold"]


def test_it_is_free() -> None:
    """CloudWatch gives three dashboards of up to fifty metrics for nothing."""
    assert len([*parts.shown()]) <= FREE_METRICS


def test_widgets_do_not_lie_over_each_other() -> None:
    """Each has its place on the grid of 24 columns."""
    boxes = [(w["x"], w["y"], w["x"] + w["width"], w["y"] + w["height"]) for w in parts.dashboard()["widgets"]]
    assert all(right <= 24 for _, _, right, _ in boxes)
    for (ax, ay, bx, by), (cx, cy, dx, dy) in combinations(boxes, 2):
        assert bx <= cx or dx <= ax or by <= cy or dy <= ay


def test_pictures_say_their_region_and_period() -> None:
    """Nothing depends on where the console was opened."""
    for widget in widgets("metric") + widgets("log"):
        assert widget["properties"]["region"] == "AWS::Region"
        assert widget["properties"]["title"]
    assert {widget["properties"]["period"] for widget in widgets("metric")} == {3_600}


def test_the_table_of_runs_asks_for_what_is_logged() -> None:
    """Its fields are those of the summary line, its messages those that the code writes."""
    (widget,) = widgets("log")
    source, filtered, fields, *_ = widget["properties"]["query"].split(" | ")
    assert source == "SOURCE 'ScreenLogGroup'"
    named = {name.strip() for name in fields.removeprefix("fields ").split(",")}
    known = {*RunLine.__annotations__, *(f"funnel.{name}" for name in FUNNEL)}
    assert named <= known
    written = "".join(path.read_text("utf-8") for path in (parts.ROOT / "shared/quantscout").glob("*.py"))
    messages = re.findall(r"'([^']+)'", filtered)
    assert messages
    assert all(f'("{message}"' in written for message in messages)


# ---------------------------------------------------------------- budget


def budget() -> dict[str, Any]:
    """Return the budget, its condition among its properties."""
    (row,) = [row for row in parts.translated()["Resources"].values() if row["Type"] == "AWS::Budgets::Budget"]
    return {**row["Properties"], "Condition": row["Condition"], "DependsOn": row["DependsOn"]}


def test_the_budget_is_the_parameters() -> None:
    """So many US dollars a month; with 0 there is none."""
    assert budget()["Budget"]["BudgetLimit"] == {"Amount": {"Ref": "BudgetUsd"}, "Unit": "USD"}
    assert (budget()["Budget"]["BudgetType"], budget()["Budget"]["TimeUnit"]) == ("COST", "MONTHLY")
    condition = parts.source()["Conditions"][budget()["Condition"]]
    assert condition == {"Fn::Not": [{"Fn::Equals": [{"Ref": "BudgetUsd"}, 0]}]}


def test_the_budget_tells_before_and_after() -> None:
    """At 80 percent foreseen and 100 percent spent, to the alarm topic."""
    rows = budget()["NotificationsWithSubscribers"]
    told = [(row["Notification"]["NotificationType"], row["Notification"]["Threshold"]) for row in rows]
    assert told == [("FORECASTED", 80), ("ACTUAL", 100)]
    assert all(row["Subscribers"] == [{"SubscriptionType": "SNS", "Address": {"Ref": "AlarmTopic"}}] for row in rows)


def test_the_topic_takes_the_budgets_messages_before_it_is_made() -> None:
    """The policy stands first."""
    assert budget()["DependsOn"] == "AlarmTopicPolicy"


def test_nobody_is_told_that_it_watches_this_stack_alone() -> None:
    """A budget without a filter counts the whole account: the parameter says so, and there is no filter."""
    assert "CostFilters" not in budget()["Budget"]
    assert "whole account" in parts.source()["Parameters"]["BudgetUsd"]["Description"]
