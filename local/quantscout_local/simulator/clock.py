"""The simulator's clock: it stands at H + 95 s when the hour is set, and then runs in real time."""

import time

START_AFTER_HOUR_MS = 95_000
"""Past H + 90 s, until when a run asks again for late bars: in a market that stands still none comes late."""


class SimulatorClock:
    """A clock that is a fixed distance away from the machine's."""

    def __init__(self, hour_ms: int) -> None:
        """Start the clock 95 s after the hour."""
        self.offset_ms = hour_ms + START_AFTER_HOUR_MS - time.time_ns() // 1_000_000

    def now_ms(self) -> int:
        """Return the simulated time."""
        return time.time_ns() // 1_000_000 + self.offset_ms

    @property
    def offset_s(self) -> float:
        """Return the simulated time minus the machine's."""
        return self.offset_ms / 1000.0
