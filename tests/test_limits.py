"""The budgets: what a window serves, and when the next one starts."""

import asyncio

from quantscout.limits import LAG_S, Budget, SlidingBudget


class Clock:
    """A clock that only a sleep moves."""

    def __init__(self, now_s: float) -> None:
        """Start at this time."""
        self.now_s = now_s
        self.slept: list[float] = []

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        """Move the time on."""
        self.slept.append(seconds)
        self.now_s += seconds

    def take(self, budget: Budget, *weights: float) -> None:
        """Take these weights, one after the other."""

        async def take() -> None:
            for weight in weights:
                await budget.take(weight)

        asyncio.run(take())


def budget_at(clock: Clock, weight: float, *, aligned: bool = False) -> Budget:
    """Return a budget with a window of a minute on this clock."""
    return Budget(weight, 60, aligned=aligned, clock=clock, sleep=clock.sleep)


def test_budget_waits_for_the_end_of_the_clock_minute() -> None:
    """An aligned budget that is used up waits until the venue's minute ends."""
    clock = Clock(130.0)
    clock.take(budget_at(clock, 10, aligned=True), 10, 1)
    assert clock.slept == [50.0]


def test_budget_counts_from_the_first_request() -> None:
    """An unaligned budget waits a whole window from the first request on."""
    clock = Clock(130.0)
    clock.take(budget_at(clock, 10), 10, 1)
    assert clock.slept == [60.0]


def test_budget_follows_the_clock_of_the_venue() -> None:
    """The aligned window ends when the venue's minute does, not ours."""
    clock = Clock(130.0)
    budget = budget_at(clock, 10, aligned=True)
    budget.drift_s = 20.0
    clock.take(budget, 10, 1)
    assert clock.slept == [30.0]


def test_budget_serves_a_request_larger_than_itself() -> None:
    """A weight above the whole budget gets a window of its own instead of waiting for ever."""
    clock = Clock(130.0)
    clock.take(budget_at(clock, 10), 25, 25)
    assert clock.slept == [60.0]


def test_budget_never_exceeds_its_window_when_many_wait() -> None:
    """Of fifty waiting requests no window serves more than its weight."""
    clock = Clock(0.0)
    budget, served = budget_at(clock, 10), list[float]()

    async def one() -> None:
        await budget.take(3)
        served.append(clock.now_s)

    async def crowd() -> None:
        await asyncio.gather(*(one() for _ in range(50)))

    asyncio.run(crowd())
    assert max(served.count(moment) for moment in served) == 3
    assert len(served) == 50


def test_sliding_budget_counts_any_minute() -> None:
    """What was taken late in one minute still counts early in the next, and for the time that it may take to arrive."""
    clock = Clock(1_000.0)
    budget = SlidingBudget(10, 60, clock=clock, sleep=clock.sleep)
    clock.take(budget, 4)
    clock.now_s += 50
    clock.take(budget, 6)
    clock.take(budget, 4)
    assert clock.slept == [10 + LAG_S]
    clock.take(budget, 1)
    assert clock.slept[1:] == [50.0]


def test_sliding_budget_lets_a_request_larger_than_its_weight_through_alone() -> None:
    """It would never fit: it goes when nothing else counts."""
    clock = Clock(0.0)
    budget = SlidingBudget(10, 60, clock=clock, sleep=clock.sleep)
    clock.take(budget, 1, 20)
    assert clock.slept == [60 + LAG_S]
