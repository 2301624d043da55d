"""Who reads the clock of a run: tasks named by their descent, so that each reading can be told from every other."""

import asyncio
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from quantscout.tape import MOMENTS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Reader:
    """A task by its descent: "0.2.1" is the second child of the third child of the first.

    Tasks that run beside each other read the clock in an order that differs from run to run; each for itself does not.
    """

    __slots__ = ("children", "name", "readings")

    def __init__(self, name: str) -> None:
        """Begin without children and readings."""
        self.name, self.children, self.readings = name, 0, 0

    def child(self) -> "Reader":
        """Return the next child."""
        self.children += 1
        return Reader(f"{self.name}.{self.children - 1}")

    def next_reading(self) -> tuple[str, int]:
        """Return name and number of this reading, the first being 1."""
        self.readings += 1
        return self.name, self.readings


READER: ContextVar[Reader] = ContextVar("reader")


def trace_tasks() -> None:
    """Let every task of the running loop know its descent, from this one on."""
    READER.set(Reader("0"))

    def make(loop: asyncio.AbstractEventLoop, coro: Any, *, context: Context | None = None, **more: Any) -> Any:
        own, parent = copy_context() if context is None else context, READER.get(None)
        if parent is not None:  # asyncio's own tasks descend from none
            own.run(READER.set, parent.child())
        return asyncio.Task(coro, loop=loop, context=own, **more)

    asyncio.get_running_loop().set_task_factory(make)


class NotedClock:
    """A run's clock, every reading noted."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        """Take the run's clock."""
        self._now = now
        self._moments: list[tuple[str, int, int]] = []

    def now(self) -> datetime:
        """Return the time and note who read it; `trace_tasks` comes first."""
        at = self._now()
        self._moments.append((*READER.get().next_reading(), (at - EPOCH) // MICROSECOND))
        return at

    def frame(self) -> pl.DataFrame:
        """Return `tape.MOMENTS`."""
        return pl.DataFrame(self._moments, schema=dict(MOMENTS), orient="row")


class TapedClock:
    """The clock of a tape: every reader gets what it got then.

    A reading that is not on the tape (another version of the story reads more often) gets the latest that was given.
    """

    def __init__(self, moments: pl.DataFrame) -> None:
        """Take `tape.MOMENTS`."""
        self._moments = {(who, nth): at_us for who, nth, at_us in moments.rows()}
        self._latest_us: int = moments["at_us"].min() or 0  # type: ignore[assignment] # of an Int64 column
        self.unknown = 0
        """Readings that were not on the tape."""

    def now(self) -> datetime:
        """Return the time of this reading; `trace_tasks` comes first."""
        at_us = self._moments.get(READER.get().next_reading())
        self.unknown += at_us is None
        self._latest_us = max(self._latest_us, at_us or 0)
        return EPOCH + (self._latest_us if at_us is None else at_us) * MICROSECOND
