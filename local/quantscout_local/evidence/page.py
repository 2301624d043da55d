"""From a finished replay and its figures to what the page says (quantscout.page.content)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import polars as pl

from quantscout.clock import to_ms
from quantscout.factors import NAMES
from quantscout.frames import DAY_MS
from quantscout.outcomes import COMPLETE
from quantscout.page.content import Basis, Cover, Figure, Group, PageContent, Part, Point, Verdict
from quantscout.page.coverage import build_weeks, count_statuses, list_lacking
from quantscout.page.picks import build_picks, choose
from quantscout.page.titles import NOTES, title_of
from quantscout.page.wording import say_setting
from quantscout_local.evidence.equity import build_equity
from quantscout_local.evidence.evidence_doc_measured import measure, say_measured, without_missing
from quantscout_local.evidence.kpis_models import Kpi, Kpis
from quantscout_local.evidence.kpis_verdict import say_chance, widen
from quantscout_local.evidence.replay_files import FUNDING, HOURS_1H, INTEREST, QUARTERS, TAKER_1H
from quantscout_local.evidence.stats_population import build_population

SENTENCES = {
    "does": "The score beats its matched controls in hits.",
    "does_not": "The score does not beat its matched controls in hits.",
    "cannot_be_told": "Whether the score beats its matched controls cannot be told.",
}
LIFTS = {
    "lift_points": "Difference of hit rates",
    "lift": "Ratio of hit rates",
    "ic": "Rank correlation with the 24 h return",
}
"""Of a factor: the end of the figure's name, and its heading."""
SERIES_TITLES = {
    HOURS_1H: "1h bars",
    TAKER_1H: "1h bars with taker split",
    QUARTERS: "15m bars",
    FUNDING: "funding settlements",
    INTEREST: "open interest, every 4 h",
}
NO_FUNDING = (
    "Net returns leave out funding, which a position pays or receives at each settlement. docs/evidence.md says how "
    "much it was where the archive has the settlements."
)
ABSENT: Mapping[Part, str] = {
    "deciles": "Not known: no hour has ten scored contracts with an outcome.",
    "months": "Not known: no month has a pick with an outcome.",
    "equity": "Not known: no pick has an outcome.",
    "factors": "Not known: no factor has values that differ within an hour.",
    "weeks": "Not known: no hour was replayed.",
    "picks": "Not known: no pick has an outcome.",
}


class Replayed(NamedTuple):
    """A finished replay: judged rows, hours, its about.json, and its figures."""

    judged: pl.LazyFrame
    hours: pl.DataFrame
    about: Mapping[str, Any]
    kpis: Kpis


def build_replay_content(replayed: Replayed, picks: pl.DataFrame, bars: pl.DataFrame | None) -> PageContent:
    """Return the page's content; `picks` are list_picks' rows, `bars` those after the shown ones."""
    kpis, hours = replayed.kpis, replayed.hours
    chosen = choose(picks)
    return PageContent(
        kind="replay",
        basis=_basis(replayed, picks),
        verdict=_verdict(replayed),
        kpis=tuple(build_figure(kpi) for kpi in (*kpis.headline, *kpis.monotonicity)),
        deciles=_deciles(kpis.hit_rate_by_decile),
        months=tuple(
            Group(group.name, tuple(build_figure(kpi) for kpi in group.kpis)) for group in kpis.by_month
        ),
        factors=_factors(kpis.factor_lift),
        equity=build_points(build_equity(build_population(replayed.judged, hours)).series),
        weeks=build_weeks(hours),
        best=build_picks(chosen.best, bars),
        worst=build_picks(chosen.worst, bars),
        absent=ABSENT,
        notes=(*NOTES, NO_FUNDING, f"{say_chance(list_shown(kpis))} {kpis.verdict.caution}"),
    )  # fmt: skip


def list_shown(kpis: Kpis) -> list[Kpi]:
    """Return every figure that the page shows with its interval."""
    months = (kpi for group in kpis.by_month for kpi in group.kpis)
    return [*kpis.headline, *kpis.monotonicity, *kpis.hit_rate_by_decile, *months, *kpis.factor_lift]


def build_figure(kpi: Kpi, title: str | None = None) -> Figure:
    """Return a KPI as the page shows it."""
    return Figure(
        name=kpi.name, title=title or title_of(kpi.name), unit=kpi.unit, value=kpi.value, low=kpi.low, high=kpi.high,
        n=kpi.n, note=kpi.note,
    )  # fmt: skip


def build_points(series: pl.DataFrame) -> tuple[Point, ...]:
    """Return the equity curve by day: the capital at its end, and the deepest drawdown within it (0 or below)."""
    day = (pl.col("hour_ms") // DAY_MS * DAY_MS).alias("day_ms")
    days = series.group_by(day, maintain_order=True).agg(pl.col("equity").last(), -pl.col("drawdown_ratio").max())
    return tuple(Point(day_ms, equity, drawdown) for day_ms, equity, drawdown in days.iter_rows())


def _deciles(kpis: Iterable[Kpi]) -> tuple[Figure, ...]:
    return tuple(build_figure(kpi, f"Decile {place}") for place, kpi in enumerate(kpis, start=1))


def _factors(kpis: Iterable[Kpi]) -> tuple[Group, ...]:
    """Return the figures of each factor, and of the score, in the order of the table of factors."""
    named = {kpi.name: kpi for kpi in kpis}
    found = {name: {end: named.get(f"{name}_{end}") for end in LIFTS} for name in (*NAMES, "score")}
    return tuple(
        Group(name, tuple(_renamed(end, kpi) for end, kpi in ends.items() if kpi is not None))
        for name, ends in found.items()
        if ends["lift_points"] is not None
    )


def _renamed(end: str, kpi: Kpi) -> Figure:
    return build_figure(kpi.model_copy(update={"name": end}), LIFTS[end])


def _verdict(replayed: Replayed) -> Verdict:
    kpis, said = replayed.kpis, replayed.kpis.verdict
    measured = say_measured(measure(replayed.judged, replayed.hours, replayed.about, kpis))
    # What was missing is a long list, and in a table below.
    grounds = (measured, without_missing(kpis), said.direction, said.money)
    caveat = f"Missing: {', '.join(kpis.missing)}." if kpis.missing else ""
    return Verdict(said.answer, f"{SENTENCES[said.answer]} {_money(kpis)}", grounds, caveat)


def _money(kpis: Kpis) -> str:
    net = widen(kpis.find("mean_net_return_24h"), kpis.find("mean_net_return_24h_longer_blocks"))
    if net is None:
        return "What a pick returns after costs cannot be told."
    if net.low > 0:
        return "After costs its picks gained on average."
    if net.high < 0:
        return "After costs its picks lost money on average."
    median = kpis.find("median_net_return_24h")
    lost = median.high is not None and median.high < 0
    return f"After costs no gain is shown{'; the median pick lost money' if lost else ''}."


def _basis(replayed: Replayed, picks: pl.DataFrame) -> Basis:
    about, times = replayed.about, replayed.hours["hour_ms"].sort()
    outcomes = dict(picks["outcome"].value_counts().sort("outcome").iter_rows())
    complete = outcomes.pop(COMPLETE, 0)
    survivorship, *notes = about["notes"]
    return Basis(
        source=f"The archive “{about['market']}”, replayed: nothing later than an hour went into it.",
        first_hour_ms=int(times[0]) if times.len() else None,
        last_hour_ms=int(times[-1]) if times.len() else None,
        method_version=about["method_version"],
        config_hash=about["config_hash"],
        hours_by_status=count_statuses(replayed.hours),
        picks=picks.height,
        complete_picks=complete,
        lost=outcomes | _alone(replayed.kpis),
        settings={name: say_setting(value) for name, value in about["settings"].items()},
        **about["costs"],
        survivorship=_sentence(survivorship),
        exclusions={_words(reason): count for reason, count in about["exclusions"].items()},
        lacking=list_lacking(replayed.hours),
        series=tuple(_cover(name, one) for name, one in about["series"].items()),
        remarks=tuple(_sentence(note) for note in notes),
    )


def _alone(kpis: Kpis) -> dict[str, int]:
    """Return the complete picks that have no control: counted, and left out of what compares with controls."""
    count = kpis.picks_without_control
    return {"complete ones without a matched control, left out of the comparison with controls": count} if count else {}


def _cover(name: str, told: Mapping[str, Any]) -> Cover:
    title = SERIES_TITLES.get(name, name)
    if not told.get("rows"):
        return Cover(title)
    first, last = (to_ms(datetime.fromisoformat(told[end])) for end in ("first", "last"))
    return Cover(title, told["contracts"], told["rows"], first, last)


def _sentence(note: str) -> str:
    return f"{note[:1].upper()}{note[1:].rstrip('.')}."


def _words(code: str) -> str:
    """Return a reason's code in words: rows_funding_at_no_hour is "rows, funding at no hour"."""
    kind, _, reason = code.partition("_")
    return f"{kind}, {reason.replace('_', ' ')}"
