"""What starts the functions: when, with which event, how often again, and what becomes of it in the end."""

import json

import pytest

from template import parts
from template.parts import Resource, of_type

FUNCTIONS = parts.names_of("AWS::Serverless::Function")


@pytest.fixture(params=FUNCTIONS)
def name(request: pytest.FixtureRequest) -> str:
    """Return the name of each function in turn."""
    return str(request.param)


@pytest.fixture
def schedule(name: str) -> Resource:
    """Return the one schedule of each function in turn."""
    (found,) = parts.schedules_of(name)
    return found


@pytest.mark.parametrize(
    ("schedule", "expression"),
    [("ScreenFunctionHourly", "cron(0 * * * ? *)"), ("BackfillFunctionSixHourly", "cron(25 0/6 * * ? *)")],
)
def test_a_schedule_keeps_its_hours(schedule: str, expression: str) -> None:
    """The screen at every full hour; the backfill between two of them."""
    assert of_type("AWS::Scheduler::Schedule")[schedule]["ScheduleExpression"] == expression


def test_every_schedule_starts_a_function() -> None:
    """None is left that starts nothing of ours."""
    assert len(of_type("AWS::Scheduler::Schedule")) == sum(len(parts.schedules_of(name)) for name in FUNCTIONS)


def test_a_schedule_is_in_utc_and_not_spread(schedule: Resource) -> None:
    """No summer time moves it, and no window makes it late."""
    assert schedule["ScheduleExpressionTimezone"] == "UTC"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}


def test_an_event_carries_the_time_it_was_scheduled_for(schedule: Resource) -> None:
    """The hour comes from the schedule: the scheduler puts it where the placeholder stands."""
    assert json.loads(schedule["Target"]["Input"]) == {"scheduled_at": "<aws.scheduler.scheduled-time>"}


def test_what_the_scheduler_cannot_deliver_is_kept(schedule: Resource) -> None:
    """Undelivered starts go to the failure queue, too."""
    assert schedule["Target"]["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["FailureQueue", "Arn"]}


def test_a_start_is_tried_again(schedule: Resource) -> None:
    """A moment in which Lambda takes nothing costs no hour, and there is an end to it."""
    assert 1 <= schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"] <= 185


def test_an_old_start_is_not_delivered_after_the_next(name: str, schedule: Resource) -> None:
    """Scheduler and Lambda both give up on an event early enough for its run to end before the next one begins."""
    invocation = of_type("AWS::Lambda::EventInvokeConfig")[f"{name}EventInvokeConfig"]
    ages = schedule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"], invocation["MaximumEventAgeInSeconds"]
    timeout = of_type(parts.FUNCTION)[name]["Timeout"]
    assert max(ages) + timeout <= parts.period_s(schedule["ScheduleExpression"])


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [("cron(0 * * * ? *)", 3_600), ("cron(25 0/6 * * ? *)", 21_600), ("cron(5 3 * * ? *)", 86_400)],
)
def test_a_period_is_read_from_its_expression(expression: str, seconds: int) -> None:
    """Hourly, every six hours, daily."""
    assert parts.period_s(expression) == seconds


@pytest.mark.parametrize("expression", ["cron(0/5 * * * ? *)", "cron(0 0/5 * * ? *)", "rate(1 hour)"])
def test_a_period_that_is_not_understood_is_no_period(expression: str) -> None:
    """A test that did not know how often a start comes would prove nothing."""
    with pytest.raises(AssertionError):
        parts.period_s(expression)


def test_two_stacks_can_live_in_one_account() -> None:
    """Names that would otherwise be the same in every stack contain the stack's own; the rest is named by AWS."""
    schedules = [rule["Name"] for rule in of_type("AWS::Scheduler::Schedule").values()]
    groups = [group["LogGroupName"] for group in of_type("AWS::Logs::LogGroup").values()]
    boards = [board["DashboardName"] for board in of_type("AWS::CloudWatch::Dashboard").values()]
    assert all("${AWS::StackName}" in name["Fn::Sub"] for name in schedules + groups + boards)
    for kind, field in (("AWS::CloudWatch::Alarm", "AlarmName"), ("AWS::SNS::Topic", "TopicName")):
        assert not [name for name, row in of_type(kind).items() if field in row]
    assert not [name for name, row in of_type("AWS::Budgets::Budget").items() if "BudgetName" in row["Budget"]]
