"""The alarms: each has somebody who hears it, a sentence with the first step, and a metric that exists."""

import re
from pathlib import Path

import pytest

from doc_commands import calls_of, problem_of
from quantscout.measures import UNITS
from template import parts
from template.parts import Resource, of_type

NAMES = parts.names_of(parts.ALARM)
FUNCTIONS = parts.names_of("AWS::Serverless::Function")
RUNBOOK = Path(__file__).parents[2] / "docs/runbook.md"
OF_AWS = {
    ("AWS/Lambda", "Errors", "FunctionName"),
    ("AWS/Lambda", "Duration", "FunctionName"),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"),
    ("AWS/SNS", "NumberOfNotificationsFailed", "TopicName"),
}
FREE_METRICS = 10
TO_TELL_S = 120
"""Until a metric that a run left behind is found by an alarm."""
TOPIC = [{"Ref": "AlarmTopic"}]


@pytest.fixture(params=NAMES)
def alarm(request: pytest.FixtureRequest) -> Resource:
    """Return the properties of each alarm in turn."""
    return of_type(parts.ALARM)[request.param]


def test_no_alarm_is_overlooked() -> None:
    """What is found in the text is all there is."""
    assert sorted(NAMES) == sorted(of_type(parts.ALARM))


def test_somebody_hears_of_it(alarm: Resource) -> None:
    """Each tells the alarm topic, and nobody else; also that it is over, where that is told."""
    assert alarm["AlarmActions"] == TOPIC
    assert alarm.get("OKActions", TOPIC) == TOPIC


def test_it_says_the_first_step_and_where_to_read_on(alarm: Resource) -> None:
    """The sentence ends with a section of the runbook that is there; AWS takes 1,024 characters."""
    text = parts.text_of(alarm["AlarmDescription"])
    found = re.search(r"First step: .+[.?] More: docs/runbook\.md#([a-z-]+)$", text)
    assert found, text
    assert found[1] in anchors(RUNBOOK.read_text("utf-8"))
    assert len(text) < 900  # the stack's name may be longer than STACK


def anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_its_commands_can_be_typed(alarm: Resource) -> None:
    """What a person is told to type exists, with its options."""
    said = parts.text_of(alarm["AlarmDescription"])
    commands = re.findall(r"(?:quantscout|aws) [^.;:,]+", said)
    assert [problem_of(call) for command in commands for call in calls_of(command)] == [None] * len(commands)


def test_it_knows_what_silence_means(alarm: Resource) -> None:
    """No alarm leaves missing data to the default."""
    assert alarm["TreatMissingData"] in ("breaching", "notBreaching", "ignore")


def test_its_metrics_exist(alarm: Resource) -> None:
    """They are the code's own, under the stack's name, or those of AWS."""
    for metric in parts.metrics_of(alarm):
        (dimension,) = metric["Dimensions"]
        if metric["Namespace"] == "QuantScout":
            assert metric["MetricName"] in UNITS
            assert dimension == {"Name": "service", "Value": {"Ref": "AWS::StackName"}}
        else:
            assert (metric["Namespace"], metric["MetricName"], dimension["Name"]) in OF_AWS


def test_a_period_can_be_asked_for(alarm: Resource) -> None:
    """CloudWatch takes whole minutes, and looks back over a day at most."""
    for metric in parts.metrics_of(alarm):
        assert metric["Period"] % 60 == 0
        assert metric["Period"] * alarm["EvaluationPeriods"] <= parts.DAY_S


def test_all_alarms_are_free() -> None:
    """Ten metrics may be looked at for nothing; who has SMS sent pays far more for these than for an alarm beside."""
    unconditional = [
        row["Properties"]
        for row in parts.translated()["Resources"].values()
        if row["Type"] == parts.ALARM and row.get("Condition") != "HasAlertPhone"
    ]
    assert sum(len(parts.metrics_of(alarm)) for alarm in unconditional) <= FREE_METRICS


def on(name: str, metric: str) -> list[Resource]:
    """Return the alarms over a metric of a function."""
    dimension = {"Name": "FunctionName", "Value": {"Ref": name}}
    alarms = of_type(parts.ALARM).values()
    return [a for a in alarms if a.get("MetricName") == metric and a["Dimensions"] == [dimension]]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_error_of_each_function_is_told(name: str) -> None:
    """One failed invocation is enough."""
    (alarm,) = on(name, "Errors")
    assert (alarm["Statistic"], alarm["Threshold"], alarm["EvaluationPeriods"]) == ("Sum", 1, 1)
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


@pytest.mark.parametrize("metric", ["Errors", "Duration"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_run_of_any_length_is_within_the_window(name: str, metric: str) -> None:
    """Lambda stamps both with a run's beginning and tells them at its end: what is older than the window is missed."""
    (alarm,) = on(name, metric)
    longest_s = of_type(parts.FUNCTION)[name]["Timeout"]
    assert alarm["Period"] * alarm["EvaluationPeriods"] >= longest_s + TO_TELL_S


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_is_watched_before_its_time_is_over(name: str) -> None:
    """At four fifths of its own timeout, by the longest of its runs."""
    (alarm,) = on(name, "Duration")
    assert alarm["Threshold"] == 0.8 * 1_000 * of_type(parts.FUNCTION)[name]["Timeout"]
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert alarm["Statistic"] == "Maximum"


def test_what_failed_for_good_is_told() -> None:
    """One message in the failure queue is enough, and an empty queue is told, too."""
    alarm = of_type(parts.ALARM)["FailureAlarm"]
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["FailureQueue", "QueueName"]}}]
    assert (alarm["Threshold"], alarm["OKActions"]) == (1, TOPIC)


def test_the_dead_man_hears_the_silence() -> None:
    """Three half hours without a published hour; missing points are zeros, and no points at all are an alarm."""
    alarm = of_type(parts.ALARM)["SilenceAlarm"]
    (metric,) = parts.metrics_of(alarm)
    assert (metric["MetricName"], metric["Statistic"], metric["Period"]) == ("PublishedHours", "Sum", 1_800)
    assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"], alarm["Threshold"]) == (3, 3, 1)
    assert (alarm["ComparisonOperator"], alarm["TreatMissingData"]) == ("LessThanThreshold", "breaching")
    judged = [part for part in alarm["Metrics"] if part["ReturnData"]]
    assert [part["Expression"] for part in judged] == ["FILL(published, 0)"]


def silent(published_min: list[int], at_min: int) -> bool:
    """Return whether the dead man's three windows before a minute hold no published hour, as the alarm counts them."""
    windows = [(at_min - 30 * k, at_min - 30 * (k - 1)) for k in (3, 2, 1)]
    return all(sum(first <= minute < last for minute in published_min) < 1 for first, last in windows)


@pytest.mark.parametrize("delay_min", [0, 1, 5, 29])
def test_a_run_every_hour_keeps_the_dead_man_still(delay_min: int) -> None:
    """Whenever CloudWatch looks, an hour that is finished up to half an hour later than the last one is no silence."""
    hours = [60 * k + (delay_min if k % 2 else 0) for k in range(10)]
    assert not [minute for minute in range(120, 480) if silent(hours, minute)]


def test_one_hour_that_is_missing_is_heard_within_two() -> None:
    """The last hour was finished at minute 61, the next is missing: 90 minutes after it, and until the one after."""
    hours = [1, 61, 181]
    heard = [minute for minute in range(62, 240) if silent(hours, minute)]
    assert (heard[0], heard[-1]) == (152, 181)


@pytest.mark.parametrize(("name", "metric"), [("DataAgeAlarm", "DataAgeSeconds"), ("BreakerAlarm", "OpenBreakers")])
def test_what_lasts_is_kept_and_its_end_is_told(name: str, metric: str) -> None:
    """An hour without a run changes nothing of what the last one saw."""
    alarm = of_type(parts.ALARM)[name]
    assert (alarm["MetricName"], alarm["Statistic"]) == (metric, "Maximum")
    assert (alarm["TreatMissingData"], alarm["OKActions"]) == ("ignore", TOPIC)


def test_undelivered_messages_are_told_where_sms_are_sent() -> None:
    """The alarm goes with the phone: SNS drops SMS above the limit without an error."""
    row = parts.translated()["Resources"]["DeliveryAlarm"]
    assert row["Condition"] == "HasAlertPhone"
    assert row["Properties"]["Dimensions"][0]["Value"] == {"Fn::GetAtt": ["ReportTopic", "TopicName"]}
