"""What of the template is billed by number: under which conditions it counts, and how often."""

from pathlib import Path

import pytest
from costing.watched import count_template, holds

from quantscout_local.resources import load_template

TEMPLATE = """
Parameters:
  Board: {Type: String, Default: "true"}
  Phone: {Type: String, Default: ""}
  Usd: {Type: Number, Default: 5}
Conditions:
  HasBoard: !Equals [!Ref Board, "true"]
  HasPhone: !Not [!Equals [!Ref Phone, ""]]
  HasUsd: !Not [!Equals [!Ref Usd, 0]]
  HasBoth: !And [!Condition HasBoard, !Condition HasPhone]
  HasOne: !Or [!Condition HasBoard, !Condition HasPhone]
Resources:
  One:
    Type: AWS::CloudWatch::Alarm
    Properties: {Namespace: AWS/Lambda, MetricName: Errors}
  Two:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Metrics:
        - {Id: a, MetricStat: {Metric: {Namespace: QuantScout, MetricName: A}}}
        - {Id: b, MetricStat: {Metric: {Namespace: QuantScout, MetricName: B}}}
        - {Id: c, Expression: a + b}
  Sms:
    Type: AWS::CloudWatch::Alarm
    Condition: HasPhone
    Properties: {Namespace: QuantScout, MetricName: Z}
  Board:
    Type: AWS::CloudWatch::Dashboard
    Condition: HasBoard
    Properties:
      DashboardBody: !Sub |
        {"widgets": [{"properties": {"metrics": [["QuantScout", "B"], ["QuantScout", "C"], ["AWS/SQS", "D"]]}},
                     {"properties": {"query": "x"}}]}
  Budget: {Type: AWS::Budgets::Budget, Condition: HasUsd, Properties: {}}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a template with alarms, a dashboard and a budget."""
    found = tmp_path / "template.yaml"
    found.write_text(TEMPLATE, encoding="utf-8")
    return found


def test_what_is_made_by_default_is_counted(path: Path) -> None:
    """A calculation is billed per metric; what waits for a phone is not there; B is seen twice, and counts once."""
    assert count_template(path) == {"metrics": 3, "alarms": 3, "dashboards": 1, "budgets": 1}


def test_what_is_switched_off_is_not_counted(path: Path) -> None:
    """Another default is another number; a metric that is shown only there goes with it."""
    path.write_text(TEMPLATE.replace('"true"}', '"false"}').replace("Default: 5", "Default: 0"), encoding="utf-8")
    assert count_template(path) == {"metrics": 2, "alarms": 3, "dashboards": 0, "budgets": 0}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [("HasBoard", True), ("HasPhone", False), ("HasUsd", True), ("HasBoth", False), ("HasOne", True)],
)
def test_conditions_are_read_by_the_defaults(path: Path, condition: str, expected: bool) -> None:
    """Equal, not, and, or, and one condition within another."""
    assert holds(load_template(path), condition) is expected


def test_the_real_template_makes_what_is_free() -> None:
    """Of everything that is billed by number the stack takes no more than each account has for nothing."""
    found = count_template()
    assert (found["dashboards"], found["budgets"]) == (1, 1)
    assert found["metrics"] == 6
    assert found["alarms"] <= 10
