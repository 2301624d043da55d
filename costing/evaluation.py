"""Measure an evaluation as it is after a month of hours, and the one a day that writes the page.

It asks no venue, so one measured hour is enough: its report and universe stand for those of the hours that become due,
and one hour that was judged of them, for the month of judged hours that every evaluation looks back on.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import polars as pl

from quantscout.clock import from_ms, iso, to_ms
from quantscout.escalation_models import Thresholds
from quantscout.evaluation import HEAL_H, HORIZON_MS
from quantscout.evaluation_models import EvaluatedHour
from quantscout.evaluation_page import PAGE_HOUR, PAGE_SPAN_H
from quantscout.frames import HOUR_MS
from quantscout.picks import load_hours, load_judged, save_evaluated
from quantscout.store import Store

Figures = dict[str, Any]
Call = Callable[[datetime], Figures]
"""Invokes the function for an hour and returns its figures, with its answer."""


class Plan(NamedTuple):
    """The hours (ms): of the usual evaluation, of the one with the page, and of one before both that is not measured.

    The first leaves an hour to make the month of, and tells a person what is to be told of one report after the other
    being the same: what was told is not told again.
    """

    usual_ms: int
    page_ms: int
    first_ms: int

    @classmethod
    def of(cls, hour: datetime) -> "Plan":
        """Return the plan whose usual evaluation is that of the hour."""
        page = hour.replace(hour=PAGE_HOUR)
        return cls(to_ms(hour), to_ms(page), to_ms(page - timedelta(hours=1)))

    @property
    def due(self) -> tuple[int, int, int]:
        """The hours that the three judge."""
        return self.usual_ms - HORIZON_MS, self.page_ms - HORIZON_MS, self.first_ms - HORIZON_MS

    def past(self) -> Iterator[int]:
        """Return the hours that are to be known beside them: everything that is looked back on or could be due."""
        back_h = max(PAGE_SPAN_H, Thresholds().history_h, HEAL_H)
        wanted = range(self.page_ms - HORIZON_MS - back_h * HOUR_MS, self.usual_ms - HORIZON_MS, HOUR_MS)
        return (hour_ms for hour_ms in wanted if hour_ms not in self.due)


def measure_evaluations(store: Store, call: Call, hour: datetime) -> dict[str, Figures]:
    """Return the figures of the usual evaluation and of the one with the page; the state has the hour and its month."""
    plan = Plan.of(hour)
    spread_report(store, plan)
    call_for(call, plan.first_ms)
    seen = load_hours(store, plan.due[-1], plan.due[-1])
    rows = load_judged(store, plan.due[-1], plan.due[-1])
    for evaluated, judged in copies(seen[0], rows, plan.past()):
        save_evaluated(store, evaluated, judged)
    page = call_for(call, plan.page_ms)
    if not page["answer"]["page"]:
        sys.exit(f"the evaluation wrote no page: {page['answer']['page_problem']}")
    return {"page": page, "evaluate": call_for(call, plan.usual_ms)}


def call_for(call: Call, at_ms: int) -> Figures:
    """Return the figures of an evaluation that judged one whole hour; another would measure another thing."""
    found = call(from_ms(at_ms))
    judged = [(hour["hour"], hour["excluded"]) for hour in found["answer"]["evaluated"]]
    if judged != [(iso(at_ms - HORIZON_MS), "")]:
        sys.exit(f"the evaluation of {iso(at_ms)} was to judge the hour 24 h before, and judged {judged}")
    return found


def spread_report(store: Store, plan: Plan) -> None:
    """Let the measured hour's report stand for those of the hours that are due or looked at, and its universe."""
    report, universe = store.load_report(plan.usual_ms), store.load_universe(plan.usual_ms)
    if report is None or universe is None:
        sys.exit("the measured hour left no report or no universe")
    took_ms = to_ms(datetime.fromisoformat(report.generated_at)) - plan.usual_ms
    for hour_ms in range(plan.due[-1], plan.usual_ms, HOUR_MS):
        of_then = {"hour": iso(hour_ms), "generated_at": iso(hour_ms + took_ms)}
        store.save_report(report.model_copy(update=of_then), hour_ms)
    for hour_ms in plan.due:
        store.save_universe(universe, hour_ms)


def copies(
    seen: EvaluatedHour, judged: pl.DataFrame, hours: Iterable[int]
) -> Iterator[tuple[EvaluatedHour, pl.DataFrame]]:
    """Return the hour and its rows as if they were of these hours, each with other scored contracts for its picks."""
    if not seen.picks:
        sys.exit("the measured hour has no picks: an evaluation of it would have nothing to look at")
    scored = judged.filter("in_scored_set").select("venue", "contract", "coin").to_dicts()
    for number, hour_ms in enumerate(hours):
        picks = [
            pick.model_copy(update=scored[(number * len(seen.picks) + place) % len(scored)])
            for place, pick in enumerate(seen.picks)
        ]
        moved = {"hour_ms": hour_ms, "evaluated_ms": hour_ms + HORIZON_MS, "settled": True, "picks": picks}
        yield seen.model_copy(update=moved), judged.with_columns(pl.lit(hour_ms, pl.Int64).alias("hour_ms"))
