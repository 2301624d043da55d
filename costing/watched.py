"""What template.yaml makes to be watched by, which is billed by number, and not by what a run does."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from costing.page import ROOT
from quantscout_local.resources import load_template

Template = Mapping[str, Any]
NAMESPACE = "QuantScout"


def count_template(path: Path = ROOT / "template.yaml") -> dict[str, int]:
    """Return how many metrics of our own, metrics that alarms look at, dashboards and budgets it makes by default.

    What stands under a condition counts where the parameters' defaults fulfil it. Metrics are those that alarms and
    dashboard show: all have one dimension with one value.
    """
    template = load_template(path)
    rows = [
        row for row in template["Resources"].values() if "Condition" not in row or holds(template, row["Condition"])
    ]
    alarms = [row["Properties"] for row in rows if row["Type"] == "AWS::CloudWatch::Alarm"]
    boards = [row["Properties"] for row in rows if row["Type"] == "AWS::CloudWatch::Dashboard"]
    looked_at = [max(1, sum("MetricStat" in part for part in alarm.get("Metrics", []))) for alarm in alarms]
    return {
        "metrics": len({name for alarm in alarms for name in _own_of_alarm(alarm)} | _own_shown(boards)),
        "alarms": sum(looked_at),
        "dashboards": len(boards),
        "budgets": sum(row["Type"] == "AWS::Budgets::Budget" for row in rows),
    }


def holds(template: Template, condition: str) -> bool:
    """Return whether a condition of the template is fulfilled by its parameters' defaults."""
    return bool(_value(template, template["Conditions"][condition]))


def _value(template: Template, said: Any) -> Any:
    if not isinstance(said, dict):
        return said
    ((function, argument),) = said.items()
    if function == "Ref":
        return template["Parameters"][argument]["Default"]
    if function == "Condition":
        return holds(template, argument)
    values = [_value(template, each) for each in argument]
    if function == "Fn::Equals":  # as CloudFormation, which knows texts only
        return str(values[0]) == str(values[1])
    return {"Fn::Not": lambda: not values[0], "Fn::And": lambda: all(values), "Fn::Or": lambda: any(values)}[function]()


def _own_of_alarm(alarm: Template) -> set[str]:
    stats = [part["MetricStat"]["Metric"] for part in alarm.get("Metrics", []) if "MetricStat" in part]
    return {row["MetricName"] for row in stats or [alarm] if row.get("Namespace") == NAMESPACE}


def _own_shown(boards: list[Any]) -> set[str]:
    widgets = [widget for board in boards for widget in json.loads(board["DashboardBody"]["Fn::Sub"])["widgets"]]
    rows = [row for widget in widgets for row in widget["properties"].get("metrics", [])]
    return {row[1] for row in rows if row[0] == NAMESPACE}
