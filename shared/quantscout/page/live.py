"""The page of the live picks: what the state's evaluated hours say, however few they are.

Points without intervals: a bootstrap needs libraries that the functions do not have. `quantscout kpis` has them.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import polars as pl

from quantscout import METHOD_VERSION
from quantscout.clock import iso
from quantscout.evaluation_kpis import Figure as LiveFigure
from quantscout.evaluation_kpis import LiveKpis, live_kpis
from quantscout.evaluation_models import LATE_MOST_S, LIVE_HOURS, EvaluatedHour
from quantscout.frames import Schema
from quantscout.outcomes import COMPLETE, OUTCOMES, Costs
from quantscout.page.content import Basis, Figure, Group, PageContent, Part, Unit, Verdict
from quantscout.page.coverage import build_weeks, count_statuses, list_lacking
from quantscout.page.live_deciles import rate_deciles
from quantscout.page.picks import build_picks, choose
from quantscout.page.titles import NOTES, title_of
from quantscout.page.wording import say, say_setting
from quantscout.report import config_hash
from quantscout.settings import Settings

UNITS: dict[str, Unit] = {
    "precision_at_5": "share",
    "base_rate": "share",
    "scored_set_rate": "share",
    "lift_over_base": "times",
    "lift_over_matched": "times",
    "mean_net_return_24h": "return",
    "median_net_return_24h": "return",
}
OF = {"base_rate": "contracts", "scored_set_rate": "contracts of the scored set", "lift_over_matched": "matched picks"}
MONTHLY = ("precision_at_5", "base_rate", "lift_over_matched", "mean_net_return_24h")
ELSEWHERE = "interval: see quantscout kpis"
SOURCE = (
    f"The stack's own hours. The entry is the open of the hour's first bar; each report was made at most "
    f"{LATE_MOST_S // 60} minutes after it, before that bar had closed. Hours whose report came later are left out."
)
SURVIVORSHIP = (
    "Little: a contract stays in its hour, with its own bars for as long as it trades, whatever became of it. One that "
    "stopped trading within 24 hours has no outcome: it is in no figure, and a pick of that kind is counted as "
    "incomplete or no_entry beside the picks."
)
NONE_YET = "Not known yet: no pick has a complete outcome. A pick can have one 24 hours after its entry."
NO_HOURS = "Not known yet: no hour has been evaluated."
ELSEWHERE_ONLY = "Not computed for this page, which a small function writes: see quantscout kpis."
PICK: Schema = {
    **{name: kind for name, kind in OUTCOMES.items() if name != "hour_ms"},
    "hour_ms": pl.Int64,
    "coin": pl.String,
    "rank": pl.Int64,
    "score": pl.Float64,
}


class Live(NamedTuple):
    """What the page is made from: the evaluated hours in order, by which settings and at which costs.

    `judged` (JUDGED of these hours) gives the deciles, `bars` (frames.BARS) the charts of the picks; without them the
    page says that they are not at hand.
    """

    hours: Sequence[EvaluatedHour]
    settings: Settings
    costs: Costs
    judged: pl.DataFrame | None = None
    bars: pl.DataFrame | None = None
    lost: int = 0
    """Published hours that were never evaluated and no longer will be by themselves."""


def build_live_content(live: Live) -> PageContent:
    """Return the page's content; with few hours, or none, it says what is not known yet."""
    told = [hour for hour in live.hours if hour.excluded != "no_report"]
    frame = pl.DataFrame([hour.row() for hour in told], schema=dict(LIVE_HOURS))
    picks = frame_of_picks(told)
    kpis = live_kpis(live.hours)
    chosen = choose(picks)
    return PageContent(
        kind="live",
        basis=_basis(live, kpis, frame, picks),
        verdict=_judge(kpis, picks.height),
        kpis=_figures(kpis, UNITS),
        deciles=() if live.judged is None else rate_deciles(live.judged, "contracts"),
        months=_months(told),
        weeks=build_weeks(frame),
        best=build_picks(chosen.best, live.bars),
        worst=build_picks(chosen.worst, live.bars),
        absent=_absent(live),
        notes=NOTES,
        without_interval=ELSEWHERE,
    )


def frame_of_picks(hours: Iterable[EvaluatedHour]) -> pl.DataFrame:
    """Return the picks of evaluated hours that may count with their outcomes, one row each."""
    measured = [hour for hour in hours if hour.is_measured]
    rows = [{"hour_ms": hour.hour_ms, **pick.model_dump()} for hour in measured for pick in hour.picks]
    return pl.DataFrame([{name: row[name] for name in PICK} for row in rows], schema=dict(PICK))


def _basis(live: Live, kpis: LiveKpis, hours: pl.DataFrame, picks: pl.DataFrame) -> Basis:
    outcomes = dict(picks["outcome"].value_counts().sort("outcome").iter_rows())
    return Basis(
        source=SOURCE,
        first_hour_ms=live.hours[0].hour_ms if live.hours else None,
        last_hour_ms=live.hours[-1].hour_ms if live.hours else None,
        method_version=METHOD_VERSION,
        config_hash=config_hash(live.settings),
        hours_by_status=count_statuses(hours),
        picks=picks.height,
        complete_picks=outcomes.pop(COMPLETE, 0),
        lost=outcomes,
        settings={name: say_setting(value) for name, value in live.settings.changed().items()},
        taker_fee_ratio=live.costs.taker_fee_ratio,
        slippage_ratio=live.costs.slippage_ratio,
        survivorship=SURVIVORSHIP,
        exclusions={f"hours left out ({reason})": count for reason, count in _left_out(live, kpis)},
        lacking=list_lacking(hours),
        remarks=tuple(_remarks(live.hours)),
    )


def _left_out(live: Live, kpis: LiveKpis) -> list[tuple[str, int]]:
    lost = {"not_evaluated": live.lost} if live.lost else {}
    return sorted((kpis.excluded | lost).items())


def _remarks(hours: Sequence[EvaluatedHour]) -> Iterator[str]:
    """Say what of the hours is not as the rest says."""
    yield "Hours that were published by an older method or configuration are counted with the others."
    if unknown := sum(hour.is_measured and hour.late_s is None for hour in hours):
        counted = "1 hour was" if unknown == 1 else f"{unknown:,} hours were"
        yield f"{counted} evaluated by a version that did not keep when the report was made; counted with the others."


def _figures(kpis: LiveKpis, names: Iterable[str]) -> tuple[Figure, ...]:
    return tuple(_figure(name, getattr(kpis, name)) for name in names)


def _figure(name: str, seen: LiveFigure) -> Figure:
    of = OF.get(name, "picks")
    if seen.value is not None:
        note = of
    else:
        note = f"{of}; nothing to compare with rose 10 %" if seen.n else f"no {of} with a complete outcome yet"
    return Figure(name=name, title=title_of(name), unit=UNITS[name], value=seen.value, n=seen.n, note=note)


def _months(hours: Iterable[EvaluatedHour]) -> tuple[Group, ...]:
    """Return the main figures of each month that has a pick with an outcome, in order."""
    by_month: dict[str, list[EvaluatedHour]] = {}
    for hour in hours:
        by_month.setdefault(iso(hour.hour_ms)[:7], []).append(hour)
    known = {month: live_kpis(own) for month, own in sorted(by_month.items())}
    return tuple(Group(month, _figures(kpis, MONTHLY)) for month, kpis in known.items() if kpis.precision_at_5.n)


def _absent(live: Live) -> dict[Part, str]:
    return {
        "deciles": ELSEWHERE_ONLY if live.judged is None else NONE_YET,
        "months": NONE_YET,
        "picks": NONE_YET,
        "weeks": NO_HOURS,
        "equity": ELSEWHERE_ONLY,
        "factors": ELSEWHERE_ONLY,
    }


def _judge(kpis: LiveKpis, picks: int) -> Verdict:
    """Return that nothing is claimed, and what is seen so far: a figure without an interval is no evidence."""
    lift, net = kpis.lift_over_matched.value, kpis.mean_net_return_24h.value
    if net is None:
        return Verdict("cannot_be_told", "Nothing is known yet: no pick has a complete outcome.", (_waiting(picks),))
    compared = (
        "No matched control to compare them with has reached +10 % yet."
        if lift is None
        else f"So far picks reached +10 % within 24 hours {say(lift, 'times')} as often as their matched controls."
    )
    seen = (
        compared,
        f"After costs a pick returned {say(net, 'return')} on average so far.",
        f"Figures without an interval decide nothing ({ELSEWHERE}).",
    )
    return Verdict("cannot_be_told", "This page cannot tell whether the score beats its matched controls.", seen)


def _waiting(picks: int) -> str:
    if not picks:
        return "No pick has been evaluated: the first can be when it is 24 hours old."
    return f"{picks:,} evaluated {'pick lacks' if picks == 1 else 'picks lack'} a bar of the 24 hours."
