"""Hours in, epoch milliseconds inside."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from quantscout import clock
from quantscout.errors import InputError

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOON_MS = 1_772_366_400_000


def test_time_is_floored_to_its_hour() -> None:
    """A late delivery belongs to the hour of its schedule."""
    assert clock.floor_hour(NOON + timedelta(minutes=59, seconds=59)) == NOON


def test_floor_is_in_utc() -> None:
    """A time of another zone is floored after it was brought to UTC: 17:29 at +05:30 is 11:59 UTC."""
    india = timezone(timedelta(hours=5, minutes=30))
    assert clock.floor_hour(datetime(2026, 3, 1, 17, 29, tzinfo=india)) == NOON - timedelta(hours=1)


def test_time_without_zone_is_refused() -> None:
    """Nobody can say which hour a naive time is."""
    with pytest.raises(InputError, match="has no time zone"):
        clock.floor_hour(NOON.replace(tzinfo=None))


@pytest.mark.parametrize(
    "text", ["2026-03-01T12:00Z", "2026-03-01T12:00:00+00:00", "2026-03-01T12:00", "2026-03-01T13:00+01:00"]
)
def test_hour_is_read(text: str) -> None:
    """An hour may be written with or without seconds and zone; without one it is UTC."""
    assert clock.parse_hour(text) == NOON


@pytest.mark.parametrize("text", ["noon", "", "2026-03-01T12:30Z", "2026-03-01T12:00:01Z", "2026-02-30T12:00Z"])
def test_other_text_is_refused_with_an_example(text: str) -> None:
    """What is not a full hour is refused by name, with an example of what is."""
    with pytest.raises(InputError, match="2026-03-01T12:00Z"):
        clock.parse_hour(text)


def test_milliseconds_and_back() -> None:
    """An hour survives the way to epoch milliseconds and back."""
    assert clock.to_ms(NOON) == NOON_MS
    assert clock.from_ms(NOON_MS) == NOON


def test_names_of_an_hour() -> None:
    """State keys and reports name an hour sortably and in UTC."""
    assert clock.hour_key(NOON_MS) == "2026-03-01T12"
    assert clock.iso(NOON_MS) == "2026-03-01T12:00:00Z"


def test_hour_that_has_not_closed_is_refused() -> None:
    """The refusal names the latest hour that can be computed."""
    with pytest.raises(InputError, match="2026-03-01T11:00:00Z"):
        clock.check_not_future(NOON, NOON - timedelta(seconds=1))


def test_hour_may_be_computed_from_its_close_on() -> None:
    """The hour that closes now is not in the future."""
    clock.check_not_future(NOON, NOON)


@pytest.mark.parametrize(("after_s", "wait_s"), [(-10, 15.0), (0, 5.0), (5, 0.0), (3600, 0.0)])
def test_bars_are_final_five_seconds_after_the_close(after_s: int, wait_s: float) -> None:
    """A fetch waits until five seconds after the hour by the venue's clock, and no longer."""
    assert clock.seconds_until_final(NOON, NOON + timedelta(seconds=after_s)) == wait_s


@pytest.mark.parametrize(("after_ms", "belongs"), [(-1, False), (0, True), (3_599_999, True), (3_600_000, False)])
def test_snapshot_belongs_to_the_hour_it_was_taken_in(after_ms: int, belongs: bool) -> None:
    """A snapshot of a later hour would look ahead, one before the close would miss the hour."""
    assert clock.is_snapshot_of(NOON_MS, NOON_MS + after_ms) is belongs
