"""Where the runs are killed: exactly at each stage write, between SNS and the mark, and at moments of a seed."""

import random
from collections.abc import Iterator
from typing import Literal, NamedTuple, get_args

from quantscout.ledger import STAGES, Stage

When = Literal["before", "after"]
What = Stage | Literal["sns"]
SNS: Literal["sns"] = "sns"
RANDOM = 50
EARLIER = 0.6
"""A run that was over before its kill is no case: the next hour's is killed at this share of that moment."""


class Kill(NamedTuple):
    """A kill before or after the write of a stage (or SNS's acceptance), or at a share of a run's usual time."""

    when: When | None
    what: What | None
    share: float | None = None

    def earlier(self) -> "Kill":
        """Return the kill of a run that was over before this one."""
        return self._replace(share=EARLIER * (self.share or 0))

    @property
    def name(self) -> str:
        """What is printed."""
        if self.share is not None:
            return f"at {self.share:.0%} of a run"
        return f"{self.when} {'SNS took the message' if self.what == SNS else f'{self.what!r} is written'}"


EXACT: tuple[Kill, ...] = (
    *(Kill(when, stage) for stage in STAGES for when in get_args(When)),
    Kill("before", SNS),
    Kill("after", SNS),
)
"""Fourteen moments between which the record or the outside changes."""


def plan_kills(seed: str, cases: int) -> Iterator[Kill]:
    """Return so many kills: the exact ones first (those about SNS first of all), then the random ones."""
    dice = random.Random(seed)
    ordered = sorted(EXACT, key=lambda kill: (kill.what not in {SNS, "published"}, kill.what != "fetched"))
    drawn = (Kill(None, None, dice.uniform(0, 1)) for _ in range(max(0, cases - len(EXACT))))
    yield from (*ordered[:cases], *drawn)
