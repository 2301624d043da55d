"""The stage: the market as of an hour, the clock, and the layers through which it is asked."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.middleware import Middleware

from quantscout_local.simulator.clock import SimulatorClock
from quantscout_local.simulator.conditions import Conditions
from quantscout_local.simulator.faults.layer import FaultsLayer
from quantscout_local.simulator.faults.register import Faults
from quantscout_local.simulator.latency import Latency, LatencyLayer
from quantscout_local.simulator.limits import Limits, LimitsLayer
from quantscout_local.simulator.market import Market
from quantscout_local.simulator.usage import Usage, UsageLayer
from quantscout_local.simulator.view import View


@dataclass
class Stage:
    """What is being played, how often it was asked, and under which conditions."""

    view: View
    clock: SimulatorClock
    limits: Limits
    usage: Usage
    latency: Latency
    faults: Faults
    prepare: Callable[[View], None]
    answered: int = 0
    prepares: bool = False

    def prepare_hours(self) -> None:
        """Make the answers that are kept per hour now, and from now on at each move: asked for, they come at once."""
        self.prepares = True
        self.prepare(self.view)

    def move(self, hour_ms: int, after_ms: int | None = None) -> None:
        """Play another hour, or the same one anew; raises InputError if the market does not cover it."""
        self.view = View(self.view.market, hour_ms, self.clock)
        if self.prepares:
            self.prepare(self.view)
        self.clock.stand_at(hour_ms, after_ms)
        self.usage.begin_hour()
        self.faults.begin_hour(self.view)

    def layers(self) -> list[Middleware]:
        """Return what a request passes, outermost first."""
        return [
            Middleware(UsageLayer, usage=self.usage),
            Middleware(LatencyLayer, latency=self.latency),
            Middleware(LimitsLayer, limits=self.limits),
            Middleware(FaultsLayer, faults=self.faults),
        ]


def build_stage(
    market: Market,
    hour_ms: int,
    conditions: Conditions,
    clock: SimulatorClock | None,
    prepare: Callable[[View], None],
) -> Stage:
    """Return the stage; raises InputError if the market does not cover the hour."""
    clock = clock or SimulatorClock(hour_ms)
    limits = Limits(clock, enforced=conditions.limits)
    view = View(market, hour_ms, clock)
    return Stage(
        view,
        clock,
        limits,
        Usage(clock, limits),
        Latency(conditions.latency_ms, sleep=conditions.sleep),
        Faults(view, limits, conditions.faults, conditions.sleep),
        prepare,
    )
