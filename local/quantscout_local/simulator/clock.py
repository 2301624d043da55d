"""The simulator's clock: it stands at H + 95 s when the hour is set, and then runs as the machine's does."""

import time
from collections.abc import Callable

START_AFTER_HOUR_MS = 95_000
"""Past H + 90 s, until when a run asks again for late bars: in a market that stands still none comes late."""


def machine_ms() -> int:
    """Return the machine's time as epoch ms."""
    return time.time_ns() // 1_000_000


class SimulatorClock:
    """A clock that is a settable distance away from the machine's, or from another source of time (`virtual.py`)."""

    def __init__(
        self, hour_ms: int, *, after_ms: int = START_AFTER_HOUR_MS, source_ms: Callable[[], int] = machine_ms
    ) -> None:
        """Stand at `after_ms` past the hour."""
        self.after_ms, self._source_ms = after_ms, source_ms
        self.offset_ms = 0
        self.stand_at(hour_ms)

    def stand_at(self, hour_ms: int, after_ms: int | None = None) -> None:
        """Move to some ms past an hour, by default as many as at the start."""
        self.offset_ms = hour_ms + (self.after_ms if after_ms is None else after_ms) - self._source_ms()

    def now_ms(self) -> int:
        """Return the simulated time."""
        return self._source_ms() + self.offset_ms

    @property
    def offset_s(self) -> float:
        """Return the simulated time minus the machine's."""
        return self.offset_ms / 1000.0
