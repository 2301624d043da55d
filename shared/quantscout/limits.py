"""A source's allowance in its own units: windows, corrected by what the source says, paused when it says so."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]
Limits = Mapping[str, tuple[float, float]]
"""A source's allowances by name: weight (or calls) and the window's length in seconds."""


LAG_S = 5.0


class Budget:
    """`weight` per window of `window_s` seconds.

    The window is aligned to the venue's clock (Binance's minute), or starts with the first request (KuCoin). What the
    source reports as used counts where it is more than our own count: somebody else may share our address.
    """

    def __init__(
        self,
        weight: float,
        window_s: float,
        *,
        aligned: bool = False,
        clock: Clock = time.time,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Take clock and sleep from outside, so that a test needs no minute."""
        self.weight, self.window_s, self.aligned = weight, window_s, aligned
        self.drift_s = 0.0  # the venue's clock minus ours
        self.waited_s = 0.0  # what all requests together waited for a window
        self._clock, self._sleep = clock, sleep
        self._start_s, self._used = float("-inf"), 0.0
        self._paused_until_s = float("-inf")

    async def take(self, weight: float = 1) -> None:
        """Return when the window has room for this weight; a request larger than a whole window gets one of its own."""
        while (pause_s := self._take_or_wait(weight)) > 0:
            self.waited_s += pause_s
            await self._sleep(pause_s)

    def _take_or_wait(self, weight: float) -> float:
        """Take the weight and return 0, or return after how many seconds to try again."""
        now_s = self._now_s()
        if now_s < self._paused_until_s:
            return self._paused_until_s - now_s
        if not self._start_s <= now_s < self._start_s + self.window_s:
            self._start_s, self._used = now_s - (now_s % self.window_s if self.aligned else 0), 0.0
        if self._used and self._used + weight > self.weight:
            return self._start_s + self.window_s - now_s
        self._used += weight
        return 0.0

    def correct(self, used: float, ends_in_s: float | None = None) -> None:
        """Take over what the source counts in its running window, where that is more; and when it says, its end."""
        now_s = self._now_s()
        if ends_in_s is not None and 0 <= ends_in_s <= self.window_s:
            self._start_s = now_s + ends_in_s - self.window_s
        if self._start_s <= now_s < self._start_s + self.window_s:
            self._used = max(self._used, used)

    def pause(self, seconds: float) -> None:
        """Let nobody take anything for so long: the source asked for it."""
        self._paused_until_s = max(self._paused_until_s, self._now_s() + seconds)

    def _now_s(self) -> float:
        return self._clock() + self.drift_s


class SlidingBudget(Budget):
    """`weight` in any `window_s` seconds: for a source that does not say how its windows are laid.

    A request counts `LAG_S` longer than that: the source counts it when it arrives, which may be some time later.
    """

    def __init__(
        self, weight: float, window_s: float, *, clock: Clock = time.time, sleep: Sleep = asyncio.sleep
    ) -> None:
        """Take clock and sleep as `Budget` does."""
        super().__init__(weight, window_s, clock=clock, sleep=sleep)
        self._taken: deque[tuple[float, float]] = deque()

    def _take_or_wait(self, weight: float) -> float:
        now_s = self._now_s()
        if now_s < self._paused_until_s:
            return self._paused_until_s - now_s
        while self._taken and self._taken[0][0] + self.window_s + LAG_S <= now_s:
            self._taken.popleft()
        if self._taken and sum(spent for _, spent in self._taken) + weight > self.weight:
            return self._taken[0][0] + self.window_s + LAG_S - now_s
        self._taken.append((now_s, weight))
        return 0.0


def build_budgets(limits: Limits, share: float, clock: Clock, *, aligned: bool = False) -> dict[str, Budget]:
    """Return a source's budgets in fixed windows, of which at most this share is used."""
    return {
        name: Budget(weight * share, window_s, aligned=aligned, clock=clock)
        for name, (weight, window_s) in limits.items()
    }


def build_sliding_budgets(limits: Limits, share: float, clock: Clock) -> dict[str, Budget]:
    """Return a source's budgets in windows that may begin at any time, of which at most this share is used."""
    return {name: SlidingBudget(weight * share, window_s, clock=clock) for name, (weight, window_s) in limits.items()}
