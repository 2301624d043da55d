"""The events that start a run: the files in events/ and everything that is refused."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from quantscout.errors import InputError
from quantscout.models import parse_event

EVENTS = sorted((Path(__file__).parents[2] / "events").glob("*.json"))
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("path", EVENTS, ids=[path.stem for path in EVENTS])
def test_every_example_event_is_for_noon(path: Path) -> None:
    """What `sam local invoke` sends is what the handlers take."""
    assert parse_event(json.loads(path.read_text("utf-8"))).hour == NOON


@pytest.mark.parametrize(
    "text", ["2026-03-01T12:00:00Z", "2026-03-01T12:00:41.5Z", "2026-03-01T12:59:59+00:00", "2026-03-01T14:30:00+02:00"]
)
def test_the_schedules_time_is_floored_to_its_hour(text: str) -> None:
    """A delivery that is late within the hour does the same work, in any time zone."""
    assert parse_event({"scheduled_at": text}).hour == NOON


def test_other_fields_of_an_event_do_not_matter() -> None:
    """The scheduler may add fields."""
    assert parse_event({"scheduled_at": "2026-03-01T12:00:00Z", "id": "1"}).hour == NOON


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({}, 'event: .*either "scheduled_at" or "at", e.g. '),
        ({"at": "2026-03-01T12:00:00Z", "scheduled_at": "2026-03-01T12:00:00Z"}, 'either "scheduled_at" or "at"'),
        ({"at": "2026-03-01T12:00:01Z"}, '"at" must be a full hour, e.g. 2026-03-01T12:00:00Z'),
        ({"at": "2026-03-01T12:00:00"}, "at: .*timezone"),
        ({"at": "noon"}, "at: "),
        ({"scheduled_at": "<aws.scheduler.scheduled-time>"}, "scheduled_at: "),
        ({"scheduled_at": None}, 'either "scheduled_at" or "at"'),
        ([], "event: "),
        ("2026-03-01T12:00:00Z", "event: "),
        (None, "event: "),
    ],
)
def test_anything_else_is_refused_with_its_field(event: object, said: str) -> None:
    """The message names the field and, where it helps, an example."""
    with pytest.raises(InputError, match=f"^the event cannot be used: .*{said}"):
        parse_event(event)
