"""The message to a person: what SNS takes, what a phone shows, what a program reads."""

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalated import N_MS
from quantscout.escalation_message import TITLES, build_escalation
from quantscout.escalation_models import Finding, Kind, Measure
from quantscout.message import COLUMNS, GSM7_SAFE, SMS_LIMIT

COMMAND = "quantscout explain PEPE --table quantscout-State-1ABC --at 2026-03-01T12:00:00Z"
FINDING = Finding(
    kind="repeated_coin",
    key="PEPE",
    text="PEPE was in the list in 13 of the last 24 hours.",
    first_step=f"{COMMAND}\nOne lasting move, or a figure that has stopped changing?",
    measure=Measure(13, 12),
    figures={"hours": 13},
)


def bodies(finding: Finding) -> dict[str, Any]:
    """Return the body per protocol, the default parsed."""
    parts: dict[str, Any] = json.loads(build_escalation(finding, N_MS)["Message"])
    return parts | {"default": json.loads(parts["default"])}


def test_the_subject_says_what_it_is_about() -> None:
    """Hour, kind, and whom."""
    subject = build_escalation(FINDING, N_MS)["Subject"]
    assert subject == "QuantScout 2026-03-01 12:00 UTC: same coin in the list, PEPE"


def test_a_factor_stands_in_the_subject_as_words() -> None:
    """An SMS has no underscore."""
    subject = build_escalation(FINDING._replace(kind="input_drift", key="oi_change"), N_MS)["Subject"]
    assert subject.endswith(": input drifts, oi change")


def test_the_text_has_the_first_step_and_the_numbers() -> None:
    """A person sees what, what to do, and by how much, in a phone's width; a command stays in one piece."""
    text = bodies(FINDING)["email"]
    assert "PEPE was in the list in 13 of the last 24 hours." in text
    assert f"First step:\n{COMMAND}\nOne lasting move" in text
    assert "Statistic 13, told above 12" in text
    assert max(len(line) for line in text.splitlines() if line != COMMAND) <= COLUMNS


def test_a_program_reads_the_same() -> None:
    """The default body is JSON with everything."""
    told = bodies(FINDING)["default"]
    assert (told["escalation"], told["key"], told["hour"]) == ("repeated_coin", "PEPE", "2026-03-01T12:00:00Z")
    assert (told["statistic"], told["threshold"], told["figures"]) == (13, 12, {"hours": 13})
    assert told["first_step"] == FINDING.first_step


def test_filters_see_kind_and_key() -> None:
    """A subscription may ask for one kind only."""
    attributes = build_escalation(FINDING, N_MS)["MessageAttributes"]
    assert {name: value["StringValue"] for name, value in attributes.items()} == {
        "kind": "repeated_coin",
        "key": "PEPE",
    }


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_has_a_message(kind: Kind) -> None:
    """Nothing that is found cannot be told."""
    assert TITLES[kind] in build_escalation(FINDING._replace(kind=kind), N_MS)["Subject"]


@given(st.text(min_size=1, max_size=60), st.sampled_from(get_args(Kind)), st.floats(-1e9, 1e9))
def test_any_name_and_number_makes_a_message_that_sns_takes(key: str, kind: Kind, value: float) -> None:
    """Names come from venues: Chinese characters, long ones, odd ones; the SMS stays one part in GSM-7."""
    key = key.encode(errors="ignore").decode() or "x"
    finding = FINDING._replace(kind=kind, key=key, measure=Measure(value, 12), text=f"{key} did something.")
    message = build_escalation(finding, N_MS)  # refuses what SNS would
    sms = json.loads(message["Message"])["sms"]
    assert len(sms) <= SMS_LIMIT
    assert set(sms) <= GSM7_SAFE
