"""The story of an evaluation: which hours are 24 h old, what became of their contracts, and what is kept of it.

The event's hour is N; the report of N - 24 h is due, and any older one within `HEAL_H` that has not been evaluated or
was looked at while bars were still missing. Everything comes from the state; no venue is asked. Each hour is stored by
itself, so that what time does not allow waits for the next call. What is stored is never given up for less.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import polars as pl

from quantscout.clock import iso
from quantscout.evaluation_models import JUDGED, LATE_MOST_S, EvaluatedHour, Excluded
from quantscout.evaluation_rows import evaluated_hour, judge, outcomes_of
from quantscout.frames import BARS, HOUR_MS, empty, stack
from quantscout.outcomes import HORIZON_H, OUTCOMES, Costs
from quantscout.picks import load_hour, load_hours, load_unjudged, save_evaluated
from quantscout.store import Store

HEAL_H = 72
"""So far beyond the 24 h an hour is still made good."""
AGAIN_H = 8
"""A bar that was missing may be healed by then: the backfill runs every six hours. Afterwards it stays missing."""
HORIZON_MS = HORIZON_H * HOUR_MS
TO_STORE_S = 15.0
"""With less time than this left no further hour is begun."""

NAMED_MOST = 5
"""So many hours are named one by one."""
Kept = Literal["", "fewer_outcomes", "later_look"]
"""Why what was stored before was kept: now fewer have an outcome; somebody with later bars wrote it meanwhile."""


class Looked(NamedTuple):
    """An hour as it is stored after a look, and why it is as it was before, if it is."""

    hour: EvaluatedHour
    kept: Kept = ""


class Evaluation(NamedTuple):
    """What a call came to: the hours that it looked at as they are stored, newest first, and how many are left."""

    at_ms: int
    hours: list[EvaluatedHour]
    left: int
    kept: Mapping[int, Kept] = MappingProxyType({})
    """The hours whose earlier judgement stands, and why."""

    def summary(self) -> dict[str, Any]:
        """Return the line that is logged and answered."""
        return {
            "hour": iso(self.at_ms),
            "evaluated": [_told(hour) | {"kept": self.kept.get(hour.hour_ms, "")} for hour in self.hours],
            "kept": len(self.kept),
            "left": self.left,
            "complete": self.left == 0,
        }


def _told(hour: EvaluatedHour) -> dict[str, Any]:
    group = hour.population
    return {
        "hour": iso(hour.hour_ms),
        "excluded": hour.excluded,
        "settled": hour.settled,
        "late_s": hour.late_s,
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
    done: list[Looked] = []
    for hour_ms in due:
        if remaining_s() < TO_STORE_S:
            break
        done.append(_evaluate_hour(store, hour_ms, bars, costs or Costs()))
    kept = {looked.hour.hour_ms: looked.kept for looked in done if looked.kept}
    return Evaluation(at_ms, [looked.hour for looked in done], len(due) - len(done), kept)


def due_hours(store: Store, at_ms: int, *, force: bool = False) -> Iterator[int]:
    """Return the hours to be judged at N, newest first.

    Hours before the first report within reach are nobody's omission; from it on an hour without one is named.
    """
    newest_ms, oldest_ms = at_ms - HORIZON_MS, _reach_ms(at_ms)
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


def _evaluate_hour(store: Store, hour_ms: int, bars: DayBars, costs: Costs) -> Looked:
    """Judge one hour and keep it, unless what is stored is more."""
    hour, judged = _judge_hour(store, hour_ms, bars, costs)
    before = load_hour(store, hour_ms)
    if before is None:
        return _keep(store, Looked(hour), judged)
    later = {"evaluated_ms": max(before.evaluated_ms, hour.evaluated_ms)}
    was_settled = before.settled and before.excluded != "no_report"
    if not _is_less(hour, before):
        return _keep(store, Looked(hour.model_copy(update=later | {"settled": was_settled or hour.settled})), judged)
    again = before.model_copy(update=later | {"settled": was_settled or _is_settled(before, bars.at_ms)})
    return Looked(before, "fewer_outcomes") if again == before else _keep(store, Looked(again, "fewer_outcomes"), None)


def _keep(store: Store, looked: Looked, judged: pl.DataFrame | None) -> Looked:
    if stored := save_evaluated(store, looked.hour, judged):
        return Looked(stored, looked.kept)
    return Looked(load_hour(store, looked.hour.hour_ms) or looked.hour, "later_look")


def _is_less(hour: EvaluatedHour, before: EvaluatedHour) -> bool:
    fewer = hour.population.complete < before.population.complete
    return fewer or len(hour.complete_picks) < len(before.complete_picks)


def _judge_hour(store: Store, hour_ms: int, bars: DayBars, costs: Costs) -> tuple[EvaluatedHour, pl.DataFrame]:
    report = store.load_report(hour_ms)
    if report is None:
        none = EvaluatedHour(hour_ms=hour_ms, evaluated_ms=bars.at_ms, settled=True, excluded="no_report")
        return none, empty(JUDGED)
    universe = store.load_universe(hour_ms)
    venues = {gem.exchange for gem in report.ranked_gems} | (set() if universe is None else set(universe["venue"]))
    outcomes = outcomes_of(bars.of(venues), hour_ms, costs) if venues else empty(OUTCOMES)
    judged = empty(JUDGED) if universe is None else judge(universe, outcomes, hour_ms)
    hour = evaluated_hour(report, judged, outcomes, hour_ms, bars.at_ms)
    told = {"excluded": _excluded(hour, has_universe=universe is not None), "settled": _is_settled(hour, bars.at_ms)}
    return hour.model_copy(update=told), judged


def _excluded(hour: EvaluatedHour, *, has_universe: bool) -> Excluded:
    if hour.late_s is not None and hour.late_s > LATE_MOST_S:
        return "late"
    if not has_universe:
        return "no_universe"
    if not hour.population.rows:
        return "no_contracts"
    return "" if hour.population.complete else "no_bars"


def _is_settled(hour: EvaluatedHour, at_ms: int) -> bool:
    """Tell whether no bar is missing, or it is too late for one to come."""
    whole = hour.population.complete == hour.population.rows and all(pick.is_complete for pick in hour.picks)
    return whole or _again_ms(hour.hour_ms) <= at_ms


class Gaps(NamedTuple):
    """What outages left: hours that were settled after their time, and published ones that nobody will judge."""

    settled: list[int]
    not_evaluated: list[int]

    def summary(self) -> dict[str, Any]:
        """Return what is logged and answered; hours by name as far as they are few, the oldest first."""
        return {
            "settled_late": [iso(hour_ms) for hour_ms in self.settled],
            "not_evaluated": len(self.not_evaluated),
            "not_evaluated_first": [iso(hour_ms) for hour_ms in self.not_evaluated[:NAMED_MOST]],
        }


def mend_gaps(
    store: Store, known: Iterable[EvaluatedHour], first_ms: int, at_ms: int, remaining_s: Callable[[], float]
) -> Gaps:
    """Settle what is out of reach and was not, and name what was never judged, from the first hour on (StateError).

    `known` are the evaluated hours since then. A second look that an outage took is made now, with its own bars.
    """
    hours = list(known)
    settled = []
    for hour in hours:
        if hour.settled or hour.hour_ms >= _reach_ms(at_ms) or remaining_s() < TO_STORE_S:
            continue
        bars = DayBars(store, hour.hour_ms, _again_ms(hour.hour_ms))
        _evaluate_hour(store, hour.hour_ms, bars, Costs())
        settled.append(hour.hour_ms)
    return Gaps(settled, lost_hours(store, hours, first_ms, at_ms))


def lost_hours(store: Store, known: Iterable[EvaluatedHour], first_ms: int, at_ms: int) -> list[int]:
    """Return the published hours since the first that were not evaluated and are out of reach at N (StateError)."""
    return load_unjudged(store, known, first_ms, _reach_ms(at_ms) - HOUR_MS)


def _reach_ms(at_ms: int) -> int:
    """Return the oldest hour that an evaluation at N makes good."""
    return at_ms - HORIZON_MS - HEAL_H * HOUR_MS
