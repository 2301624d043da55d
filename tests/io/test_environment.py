"""A function's variables: read once, refused by name."""

import pytest

from quantscout.environment import parse_environment
from quantscout.errors import InputError
from quantscout.settings import Settings

LEAST = {"TABLE_NAME": "state"}


def test_a_table_is_all_that_must_be_named() -> None:
    """Everything else has its default: real venues, our own clock, four fifths of the limits, no topic."""
    environment = parse_environment(LEAST)
    assert (environment.binance_url, environment.clock_offset_s, environment.budget_share) == (
        "https://fapi.binance.com",
        0.0,
        0.8,
    )
    assert (environment.report_topic_arn, environment.settings()) == ("", Settings())


@pytest.mark.parametrize(
    ("variables", "named"),
    [({}, "TABLE_NAME"), ({"TABLE_NAME": "x"}, "TABLE_NAME"), (LEAST | {"BUDGET_SHARE": "0"}, "BUDGET_SHARE"),
     (LEAST | {"BUDGET_SHARE": "most"}, "BUDGET_SHARE"), (LEAST | {"CLOCK_OFFSET_S": ""}, "CLOCK_OFFSET_S")],
)  # fmt: skip
def test_a_variable_that_is_missing_or_wrong_is_named(variables: dict[str, str], named: str) -> None:
    """The message names the variable and where it is set."""
    with pytest.raises(InputError, match=rf"^environment variable {named}: .*template\.yaml sets it"):
        parse_environment(variables)


def test_variables_of_others_do_not_disturb() -> None:
    """The process has many more variables than ours."""
    assert parse_environment(LEAST | {"PATH": "/bin", "HOME": "/"}).table_name == "state"


def test_settings_come_from_their_variable() -> None:
    """A JSON object overrides what it names."""
    environment = parse_environment(LEAST | {"QUANTSCOUT_SETTINGS": '{"min_coverage": 0.5}'})
    assert environment.settings() == Settings(min_coverage=0.5)


@pytest.mark.parametrize(
    ("text", "named"),
    [('{"picks": 5}', "picks"), ('{"min_coverage": 2}', "min_coverage"), ("{", "the text"), ("[]", "the text")],
)
def test_a_setting_that_cannot_be_is_named(text: str, named: str) -> None:
    """An unknown name, a value out of its bounds and broken JSON are refused before anything runs."""
    with pytest.raises(InputError, match=f"^QUANTSCOUT_SETTINGS: {named}: "):
        parse_environment(LEAST | {"QUANTSCOUT_SETTINGS": text}).settings()


@pytest.mark.parametrize(
    ("alert_on", "settings", "in_force"),
    [
        ("", "{}", "every_hour"),
        ("changes", "{}", "changes"),
        ("changes", '{"cooldown_h": 6}', "changes"),
        ("every_hour", '{"alert_on": "high_confidence"}', "high_confidence"),
        ("changes", '{"alert_on": "every_hour"}', "every_hour"),
    ],
)
def test_alert_on_fills_in_what_the_settings_leave_open(alert_on: str, settings: str, in_force: str) -> None:
    """The template sets ALERT_ON always, to its default too: what the settings name stands above it."""
    environment = parse_environment(LEAST | {"ALERT_ON": alert_on, "QUANTSCOUT_SETTINGS": settings})
    assert environment.settings().alert_on == in_force


def test_an_unknown_alert_on_is_named() -> None:
    """A value that is none of the three is refused before anything runs."""
    with pytest.raises(InputError, match="environment variable ALERT_ON"):
        parse_environment(LEAST | {"ALERT_ON": "never"})
