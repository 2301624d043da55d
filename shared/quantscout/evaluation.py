"""The story of an evaluation: which hours are 24 h old, what became of their contracts, and what is kept of it.

The event's hour is N; the report of N - 24 h is due, and any older one within `HEAL_H` that has not been evaluated or
was looked at while bars were still missing. Everything comes from the state; no venue is asked. Each hour is stored by
itself, so that what time does not allow waits for the next call.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import polars as pl

from quantscout.clock import iso
from quantscout.evaluation_models import JUDGED, EvaluatedHour, Excluded
from quantscout.evaluation_rows import evaluated_hour, judge, outcomes_of
from quantscout.frames import BARS, HOUR_MS, empty, stack
from quantscout.outcomes import HORIZON_H, OUTCOMES, Costs
from quantscout.picks import load_hours, save_evaluated
from quantscout.store import Store

HEAL_H = 72
"""So far beyond the 24 h an hour is still made good."""
AGAIN_H = 8
"""A bar that was missing may be healed by then: the backfill runs every six hours. Afterwards it stays missing."""
HORIZON_MS = HORIZON_H * HOUR_MS
TO_STORE_S = 15.0
"""With less time than this left no further hour is begun."""


class Evaluation(NamedTuple):
    """What a call came to: the hours that it judged, newest first, and how many are left for the next one."""

    at_ms: int
    hours: list[EvaluatedHour]
    left: int

    def summary(self) -> dict[str, Any]:
        """Return the line that is logged and answered."""
        return {
            "hour": iso(self.at_ms),
            "evaluated": [_told(hour) for hour in self.hours],
            "left": self.left,
            "complete": self.left == 0,
        }


def _told(hour: EvaluatedHour) -> dict[str, Any]:
    group = hour.population
    return {
        "hour": iso(hour.hour_ms),
        "excluded": hour.excluded,
        "settled": hour.settled,
        "contracts": group.rows,
        "no_entry": group.no_entry,
        "incomplete": group.incomplete,
        "picks": len(hour.picks),
        "picks_complete": len(hour.complete_picks),
        "hits": sum(bool(pick.hit10) for pick in hour.complete_picks),
    }


@dataclass
class DayBars:
    """The verified bars of a span of hours as the state holds them, each venue's read once and when it is needed."""

    store: Store
    first_ms: int
    at_ms: int
    _of: dict[str, pl.DataFrame] = field(default_factory=dict)

    def of(self, venues: set[str]) -> pl.DataFrame:
        """Return the bars of these venues that open from the first hour on and close by N."""
        for venue in venues - self._of.keys():
            inside = pl.col("open_ms").is_between(self.first_ms, self.at_ms - HOUR_MS)
            self._of[venue] = self.store.load_bars(venue, self.first_ms + HOUR_MS, self.at_ms, inside)
        return stack([self._of[venue] for venue in sorted(venues)], BARS)


def evaluate(
    store: Store, at_ms: int, remaining_s: Callable[[], float], costs: Costs | None = None, *, force: bool = False
) -> Evaluation:
    """Judge and keep what is due at N, the newest hour first; `force` judges N - 24 h again in any case (StateError).

    The same N twice keeps the same: what is settled or was judged at N or later is not due.
    """
    due = list(due_hours(store, at_ms, force=force))
    bars = DayBars(store, min(due, default=at_ms), at_ms)
    done: list[EvaluatedHour] = []
    for hour_ms in due:
        if remaining_s() < TO_STORE_S:
            break
        done.append(_evaluate_hour(store, hour_ms, bars, costs or Costs()))
    return Evaluation(at_ms, done, len(due) - len(done))


def due_hours(store: Store, at_ms: int, *, force: bool = False) -> Iterator[int]:
    """Return the hours to be judged at N, newest first.

    Hours before the first report within reach are nobody's omission; from it on an hour without one is named.
    """
    newest_ms, oldest_ms = at_ms - HORIZON_MS, at_ms - HORIZON_MS - HEAL_H * HOUR_MS
    known = {hour.hour_ms: hour for hour in load_hours(store, oldest_ms, newest_ms, consistent=True)}
    due, begun = [], False
    for hour_ms in range(oldest_ms, newest_ms + 1, HOUR_MS):
        seen = known.get(hour_ms)
        begun = begun or seen is not None or store.load_report(hour_ms) is not None
        forced = force and hour_ms == newest_ms
        if begun and (forced or seen is None or (not seen.settled and _again_ms(hour_ms) <= at_ms > seen.evaluated_ms)):
            due.append(hour_ms)
    return reversed(due)


def _again_ms(hour_ms: int) -> int:
    return hour_ms + HORIZON_MS + AGAIN_H * HOUR_MS


def _evaluate_hour(store: Store, hour_ms: int, bars: DayBars, costs: Costs) -> EvaluatedHour:
    """Judge one hour and keep it."""
    report = store.load_report(hour_ms)
    if report is None:
        missing = EvaluatedHour(hour_ms=hour_ms, evaluated_ms=bars.at_ms, settled=True, excluded="no_report")
        save_evaluated(store, missing, empty(JUDGED))
        return missing
    universe = store.load_universe(hour_ms)
    venues = {gem.exchange for gem in report.ranked_gems} | (set() if universe is None else set(universe["venue"]))
    outcomes = outcomes_of(bars.of(venues), hour_ms, costs) if venues else empty(OUTCOMES)
    judged = empty(JUDGED) if universe is None else judge(universe, outcomes, hour_ms)
    hour = evaluated_hour(report, judged, outcomes, hour_ms, bars.at_ms)
    why: Excluded = "no_universe" if universe is None else _excluded(hour)
    hour = hour.model_copy(update={"excluded": why, "settled": _is_settled(hour, bars.at_ms)})
    save_evaluated(store, hour, judged)
    return hour


def _excluded(hour: EvaluatedHour) -> Excluded:
    if not hour.population.rows:
        return "no_contracts"
    return "" if hour.population.complete else "no_bars"


def _is_settled(hour: EvaluatedHour, at_ms: int) -> bool:
    """Tell whether no bar is missing, or it is too late for one to come."""
    groups = hour.population.complete == hour.population.rows, len(hour.complete_picks) == len(hour.picks)
    return all(groups) or _again_ms(hour.hour_ms) <= at_ms
