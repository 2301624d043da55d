"""The faults that are on: which rule strikes which request, and the log of those that did."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from quantscout.frames import HOUR_MS
from quantscout_local.simulator.clock import SimulatorClock
from quantscout_local.simulator.faults.kinds import CONTRACTUAL, OF_BARS, ONLY_BINANCE, PER_HOUR
from quantscout_local.simulator.faults.plan import NO_FAULTS, Plan, Rule
from quantscout_local.simulator.latency import Sleep
from quantscout_local.simulator.limits import Limits
from quantscout_local.simulator.passage import Passage
from quantscout_local.simulator.seeds import draw, draw_once
from quantscout_local.simulator.view import View

BARS_ENDPOINTS = frozenset({"/fapi/v1/klines", "/api/v1/kline/query"})
_FROZEN_BEFORE_MS = 48 * HOUR_MS


@dataclass
class FaultLog:
    """How often each kind of fault struck each endpoint."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def told(self) -> dict[str, Any]:
        """Return the log as JSON has it."""
        by_kind: dict[str, dict[str, int]] = {}
        for (kind, place), count in sorted(self.counts.items()):
            by_kind.setdefault(kind, {})[place] = count
        return {"total": self.counts.total(), "by_kind": by_kind}


class Faults:
    """The plan that is followed at the hour that is played."""

    def __init__(self, view: View, limits: Limits, plan: Plan = NO_FAULTS, sleep: Sleep = asyncio.sleep) -> None:
        """Follow a plan from this hour on."""
        self.view, self.limits, self.sleep = view, limits, sleep
        self.follow(plan)

    def follow(self, plan: Plan) -> None:
        """Follow a plan from now on, with a new log."""
        self.plan, self.log, self.begun_ms = plan, FaultLog(), self.view.hour_ms
        self.begin_hour(self.view)

    def begin_hour(self, view: View) -> None:
        """Go on with the plan in another hour, or in the same one anew."""
        self.view = view
        self._struck: Counter[int] = Counter()
        self._active = [(n, rule) for n, rule in enumerate(self.plan.rules) if rule.covers_hour(view.hour_ms)]

    @property
    def clock(self) -> SimulatorClock:
        """Return the simulator's clock."""
        return self.view.clock

    def possible(self, passage: Passage) -> "list[Strike]":
        """Return the rules that strike this request, or may strike a contract in its answer; in the plan's order."""
        found = (Strike(self, n, rule, passage) for n, rule in self._active)
        return [strike for strike in found if strike.possible()]

    def frozen_since_ms(self, rule: Rule) -> int:
        """Return since when a frozen contract does not trade: the rule's first hour, else two days before the plan."""
        return rule.hours[0] if rule.hours is not None else self.begun_ms - _FROZEN_BEFORE_MS

    def may_count(self, number: int, rule: Rule) -> bool:
        """Return whether the rule has strikes left in this hour."""
        return rule.count is None or self._struck[number] < rule.count

    def note(self, number: int, rule: Rule, passage: Passage) -> None:
        """Count and log one strike."""
        self._struck[number] += 1
        self.log.counts[rule.kind, f"{passage.venue} {passage.endpoint}"] += 1


@dataclass(frozen=True, slots=True)
class Strike:
    """A rule and a request that it may strike."""

    faults: Faults
    number: int  # of the rule in its plan
    rule: Rule
    passage: Passage

    def possible(self) -> bool:
        """Return whether the rule strikes the request; for faults of a contract, whether it may change the answer."""
        rule, passage = self.rule, self.passage
        if not rule.covers_endpoint(passage.venue, passage.endpoint) or not self.faults.may_count(self.number, rule):
            return False
        if rule.kind in ONLY_BINANCE and passage.venue != "binance":
            return False
        if rule.kind in OF_BARS:
            return passage.endpoint in BARS_ENDPOINTS and self.meets(passage.contract)
        if rule.kind in CONTRACTUAL:
            return True
        return rule.covers_contract(passage.contract) and self.chance("strikes") < rule.share

    def chance(self, what: str) -> float:
        """Return the number in (0, 1) that belongs to this attempt of this request."""
        passage, hour = self.passage, str(self.faults.view.hour_ms)
        return draw_once(self.faults.plan.seed, str(self.number), hour, passage.name, str(passage.attempt), what)

    def chance_of(self, contract: str, what: str = "strikes") -> float:
        """Return the number in (0, 1) that belongs to a contract, of this hour or for good."""
        hour = str(self.faults.view.hour_ms) if self.rule.kind in PER_HOUR else ""
        return draw(self.faults.plan.seed, str(self.number), hour, self.passage.venue, contract, what)

    def meets(self, contract: str) -> bool:
        """Return whether a fault of contracts is one of this contract."""
        return bool(contract) and self.rule.covers_contract(contract) and self.chance_of(contract) < self.rule.share

    def note(self) -> None:
        """Count and log the strike."""
        self.faults.note(self.number, self.rule, self.passage)
