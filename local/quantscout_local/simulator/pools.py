"""The venues' pools: how much of each is used in the window that is running, and what the windows before held."""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

_MINUTE_MS = 60_000

Start = Literal["clock", "first", "sliding"]
"""A window is a stretch of the clock, begins with the first request, or is any stretch of that length."""


class Pool(NamedTuple):
    """An allowance: so much in every window."""

    limit: int
    window_ms: int
    start: Start
    counts_refused: bool = False  # a refused request uses it up as well


POOLS: dict[str, dict[str, Pool]] = {
    "binance": {
        "weight": Pool(2400, _MINUTE_MS, "clock", counts_refused=True),
        "data": Pool(1000, 5 * _MINUTE_MS, "clock", counts_refused=True),
        "funding": Pool(500, 5 * _MINUTE_MS, "clock", counts_refused=True),
    },
    "kucoin": {"public": Pool(2000, 30_000, "first")},
    # Nobody says how these two windows are laid: any minute is the strictest reading.
    "coinalyze": {"calls": Pool(40, _MINUTE_MS, "sliding")},
    "coingecko": {"calls": Pool(30, _MINUTE_MS, "sliding")},
}


@dataclass
class Window:
    """What one window held: weight and requests that were let in, and requests that were refused for its sake."""

    start_ms: int
    weight: int = 0
    requests: int = 0
    refused: int = 0


@dataclass
class Meter:
    """The use of one pool; times are the simulator's."""

    pool: Pool
    used: int = 0
    peak: int = 0
    windows: list[Window] = field(default_factory=list)
    _start_ms: int = -1
    _recent: deque[tuple[int, int]] = field(default_factory=deque)  # a sliding window's (time, weight)

    def _roll(self, now_ms: int) -> None:
        """Forget what no longer counts; a clock that was set back starts anew."""
        if self.pool.start == "sliding":
            self._roll_sliding(now_ms)
        elif not 0 <= now_ms - self._start_ms < self.pool.window_ms:
            aligned = self.pool.start == "clock"
            self._start_ms, self.used = now_ms - (now_ms % self.pool.window_ms if aligned else 0), 0

    def _roll_sliding(self, now_ms: int) -> None:
        if self._recent and self._recent[-1][0] > now_ms:
            self._recent.clear()
        while self._recent and self._recent[0][0] <= now_ms - self.pool.window_ms:
            self._recent.popleft()
        self.used = sum(weight for _, weight in self._recent)

    def take(self, now_ms: int, weight: int, *, enforced: bool) -> bool:
        """Count a request and return whether it is let in."""
        self._roll(now_ms)
        fits = self.used + weight <= self.pool.limit or not enforced
        if fits or self.pool.counts_refused:
            self._count(now_ms, weight)
        self._record(now_ms, weight, fits=fits)
        return fits

    def turn_away(self, now_ms: int) -> None:
        """Record a request that was refused for another reason than this pool."""
        self._roll(now_ms)
        self._window(now_ms).refused += 1

    def used_at(self, now_ms: int) -> int:
        """Return what is used of the window that runs at a time; of no window, 0."""
        return self.used if 0 <= now_ms - self._start_ms < self.pool.window_ms else 0

    def _count(self, now_ms: int, weight: int) -> None:
        self.used += weight
        self.peak = max(self.peak, self.used)
        if self.pool.start == "sliding":
            self._recent.append((now_ms, weight))

    def _record(self, now_ms: int, weight: int, *, fits: bool) -> None:
        window = self._window(now_ms)
        if fits:
            window.weight += weight
            window.requests += 1
        else:
            window.refused += 1

    def _window(self, now_ms: int) -> Window:
        """Return the record of the running window; a sliding one is recorded in stretches from a first request on."""
        if self.pool.start == "sliding":
            running = bool(self.windows) and 0 <= now_ms - self.windows[-1].start_ms < self.pool.window_ms
        else:
            running = bool(self.windows) and self.windows[-1].start_ms == self._start_ms
        if not running:
            self.windows.append(Window(now_ms if self.pool.start == "sliding" else self._start_ms))
        return self.windows[-1]

    def reset_ms(self, now_ms: int, weight: int = 0) -> int:
        """Return how long until the window has room again (sliding: for this weight)."""
        if self.pool.start != "sliding":
            return max(self._start_ms + self.pool.window_ms - now_ms, 0)
        free = self.pool.limit - self.used
        for at_ms, spent in self._recent:
            free += spent
            if free >= weight:
                return at_ms + self.pool.window_ms - now_ms
        return 0

    def remaining(self) -> int:
        """Return what the running window still has."""
        return max(self.pool.limit - self.used, 0)

    def forget_records(self) -> None:
        """Begin the records anew; what the venue has counted stays."""
        self.windows, self.peak = [], self.used
