"""Virtual time: an event loop that never waits. Latencies, timeouts and whole days cost only their computing."""

import asyncio
import selectors
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any

_POLL_S = 0.01


class VirtualTime:
    """A time that stands while anything is computed, and jumps to the next timer when all wait.

    Several loops may share it, one after the other: `asyncio.Runner(loop_factory=time.new_loop)`.
    """

    def __init__(self, start_s: float = 0.0) -> None:
        """Begin at some second."""
        self.now_s = start_s

    def now_ms(self) -> int:
        """Return the time in ms, as a source for `SimulatorClock`."""
        return round(self.now_s * 1000)

    def seconds(self) -> float:
        """Return the time in seconds, as `time.time` does."""
        return self.now_s

    def new_loop(self) -> "VirtualLoop":
        """Return an event loop that lives in this time."""
        return VirtualLoop(self)


class _Selector(selectors.BaseSelector):
    """A selector that turns waiting for a timer into a jump of time."""

    def __init__(self, time: VirtualTime) -> None:
        self._time, self._real = time, selectors.DefaultSelector()
        self.threads = 0  # that work for the loop: while one does, time passes as outside

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if ready or timeout == 0:
            return ready
        if self.threads or timeout is None:
            return self._real.select(_POLL_S if self.threads else None)
        self._time.now_s += max(timeout, 0.0)
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time; for clients and servers in one process, not for sockets to another one."""

    def __init__(self, time: VirtualTime) -> None:
        """Live in this time."""
        self._virtual, self._waiting = time, _Selector(time)
        super().__init__(self._waiting)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._virtual.now_s

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run in a thread; until it is done no time is skipped."""
        self._waiting.threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_done)
        return future

    async def shutdown_default_executor(self, *limits: Any, **named: Any) -> None:
        """Wait for the threads to end, as outside: the runner gives them some minutes that must not be skipped."""
        self._waiting.threads += 1
        try:
            await super().shutdown_default_executor(*limits, **named)
        finally:
            self._waiting.threads -= 1

    def _thread_done(self, future: asyncio.Future[Any]) -> None:
        del future
        self._waiting.threads -= 1
