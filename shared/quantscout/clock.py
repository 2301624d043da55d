"""Time of a run: hours in, epoch milliseconds inside. Nothing here reads a clock (SPEC 1)."""

from datetime import UTC, datetime, timedelta

from quantscout.errors import InputError
from quantscout.frames import HOUR_MS

FINALITY_GRACE_MS = 5_000
"""A bar counts as closed only if the fetch of it began this long after the close, by the venue's clock."""


def floor_hour(at: datetime) -> datetime:
    """Return the full hour at or before an aware time, in UTC.

    >>> floor_hour(datetime(2026, 3, 1, 12, 59, 3, tzinfo=UTC)).isoformat()
    '2026-03-01T12:00:00+00:00'
    """
    if at.tzinfo is None:
        raise InputError(f"the time {at.isoformat()} has no time zone; write it in UTC, e.g. {at.isoformat()}Z")
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def parse_hour(text: str) -> datetime:
    """Return the full hour that a text names; refuse one that is not a full UTC hour (InputError).

    >>> parse_hour("2026-03-01T12:00Z").isoformat()
    '2026-03-01T12:00:00+00:00'
    """
    example = "2026-03-01T12:00Z"
    try:
        at = datetime.fromisoformat(text)
    except ValueError as cause:
        raise InputError(f"'{text}' is not a time; write a full UTC hour such as {example}") from cause
    hour = floor_hour(at if at.tzinfo else at.replace(tzinfo=UTC))
    if hour != (at if at.tzinfo else at.replace(tzinfo=UTC)):
        raise InputError(f"'{text}' is not a full hour; runs are for full UTC hours such as {example}")
    return hour


def to_ms(at: datetime) -> int:
    """Return an aware time as epoch milliseconds."""
    return int(at.timestamp() * 1000)


def from_ms(ms: int) -> datetime:
    """Return epoch milliseconds as an aware UTC time."""
    return datetime.fromtimestamp(ms / 1000, tz=UTC)


def hour_key(ms: int) -> str:
    """Return the sortable name of an hour, as state keys use it.

    >>> hour_key(1772366400000)
    '2026-03-01T12'
    """
    return from_ms(ms).strftime("%Y-%m-%dT%H")


def iso(ms: int) -> str:
    """Return epoch milliseconds as e.g. 2026-03-01T12:00:00Z."""
    return from_ms(ms).strftime("%Y-%m-%dT%H:%M:%SZ")


def check_not_future(hour: datetime, now: datetime) -> None:
    """Refuse an hour that has not closed yet (InputError)."""
    if hour > now:
        latest = floor_hour(now)
        raise InputError(
            f"the hour {iso(to_ms(hour))} has not closed yet (now {iso(to_ms(now))}); "
            f"the latest that can be computed is {iso(to_ms(latest))}"
        )


def seconds_until_final(hour: datetime, now: datetime) -> float:
    """Return how long a fetch must wait so that the bars that close at `hour` are final; 0 when they are.

    >>> noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    >>> seconds_until_final(noon, noon + timedelta(seconds=2))
    3.0
    """
    ready = hour + timedelta(milliseconds=FINALITY_GRACE_MS)
    return max(0.0, (ready - now).total_seconds())


def is_snapshot_of(hour_ms: int, venue_now_ms: int) -> bool:
    """Tell whether a snapshot taken now belongs to this hour's run: later ones would look ahead."""
    return hour_ms <= venue_now_ms < hour_ms + HOUR_MS
