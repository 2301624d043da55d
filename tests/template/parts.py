"""template.yaml as it is written and as CloudFormation will see it: translated by SAM's own translator, offline.

Functions and alarms are found by their type, so that whatever is added is held to the same rules.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from quantscout_local import resources

ROOT = Path(__file__).parents[2]
FUNCTION, ALARM = "AWS::Lambda::Function", "AWS::CloudWatch::Alarm"
DAY_S = 86_400

Resource = dict[str, Any]


def names_of(kind: str) -> list[str]:
    """Return the names of the resources of a type, by a glance at the text: tests are collected without SAM."""
    text = (ROOT / "template.yaml").read_text("utf-8")
    return re.findall(rf"^  (\w+):(?: *#.*)?\n    Type: {kind}$", text, re.MULTILINE)


@cache
def source() -> Resource:
    """Return the template as it is written."""
    return resources.load_template(ROOT / "template.yaml")


@cache
def translated() -> Resource:
    """Return the template as SAM translates it."""
    return resources.translate(source(), {})


def of_type(kind: str) -> dict[str, Resource]:
    """Return the properties of all translated resources of a type."""
    rows = translated()["Resources"].items()
    return {name: row.get("Properties", {}) for name, row in rows if row["Type"] == kind}


def as_list(value: Any) -> list[Any]:
    """Return a value that IAM allows to stand alone as the list that it means."""
    return value if isinstance(value, list) else [value]


def statements_of(role: str) -> list[Resource]:
    """Return every statement of a role: its own policies, and those that stand beside it."""
    own = of_type("AWS::IAM::Role")[role].get("Policies", [])
    beside = [policy for policy in of_type("AWS::IAM::Policy").values() if {"Ref": role} in policy["Roles"]]
    return [row for policy in [*own, *beside] for row in policy["PolicyDocument"]["Statement"]]


def actions_of(role: str) -> set[str]:
    """Return the actions that a role may do, in small letters: IAM does not mind the case."""
    return {action.lower() for row in statements_of(role) for action in as_list(row["Action"])}


def role_of(function: str) -> str:
    """Return the name of a function's role."""
    name: str = of_type(FUNCTION)[function]["Role"]["Fn::GetAtt"][0]
    return name


def schedules_of(function: str) -> list[Resource]:
    """Return the schedules that start a function."""
    arn = {"Fn::GetAtt": [function, "Arn"]}
    return [rule for rule in of_type("AWS::Scheduler::Schedule").values() if rule["Target"]["Arn"] == arn]


def period_s(expression: str) -> int:
    """Return the seconds between two starts of a cron expression that names one minute of some hours of every day."""
    found = re.fullmatch(r"cron\(\d+ (\*|\d+|\d+/\d+) \* \* \? \*\)", expression)
    assert found, f"{expression}: this test does not know how often that is"
    hours = found[1]
    every_h = 1 if hours == "*" else int(hours.partition("/")[2] or 24)
    assert DAY_S % (every_h * 3600) == 0, f"{expression}: the last start of a day and the first of the next differ"
    return every_h * 3600


def text_of(value: Any) -> str:
    """Return a text that may be written with Fn::Sub; what is filled in stands as STACK."""
    written = value["Fn::Sub"] if isinstance(value, dict) else value
    return re.sub(r"\$\{[^}]+\}", "STACK", str(written))


def metrics_of(alarm: Resource) -> list[Resource]:
    """Return the metrics that an alarm looks at, one or several of a calculation, with statistic and period."""
    if "Metrics" not in alarm:
        return [alarm]
    stats = [part["MetricStat"] for part in alarm["Metrics"] if "MetricStat" in part]
    return [stat["Metric"] | {"Statistic": stat["Stat"], "Period": stat["Period"]} for stat in stats]


def dashboard() -> Resource:
    """Return the dashboard's body, names filled in as `Logical.Attribute`."""
    (board,) = of_type("AWS::CloudWatch::Dashboard").values()
    body: Resource = json.loads(re.sub(r"\$\{([^}]+)\}", r"\1", board["DashboardBody"]["Fn::Sub"]))
    return body


def shown() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield namespace, name and dimensions of each metric on the dashboard."""
    for widget in dashboard()["widgets"]:
        for row in widget["properties"].get("metrics", []):
            words = [word for word in row if isinstance(word, str)]
            yield words[0], words[1], dict(zip(words[2::2], words[3::2], strict=True))
