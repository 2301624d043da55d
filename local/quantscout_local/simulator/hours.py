"""Reading an hour as a person writes it."""

from datetime import UTC, datetime

from quantscout.errors import InputError


def hour_of(written: str) -> int:
    """Return an hour as epoch ms; raises InputError unless it is a full hour in ISO 8601."""
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise InputError(f"{written!r} is not a time: write an hour as 2026-03-01T12:00Z") from None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    if (at.minute, at.second, at.microsecond) != (0, 0, 0):
        raise InputError(f"{written!r} is not a full hour: write it as 2026-03-01T12:00Z")
    return int(at.timestamp()) * 1000
