"""The figures for a person (tables and a sentence) or for a program (JSON)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from quantscout.factors import FACTORS
from quantscout_local.evidence.kpis_models import Group, Kpi, Kpis, Unit
from quantscout_local.evidence.kpis_verdict import say_chance

if TYPE_CHECKING:
    from rich.console import Console

NOTHING = "-"
LEFT = {"figure", "of", "factor", ""}
"""Columns of words, which fold."""
GROUPED = ("lift_over_matched_points", "mean_net_return_24h")
"""Of a month, status or method: the figures whose intervals are shown."""
STYLES = {"does": "bold green", "does_not": "bold red", "cannot_be_told": "bold yellow"}
NOT_ADVICE = "Not financial advice. What the intervals do not cover: docs/statistics.md."


def print_kpis(console: "Console", kpis: Kpis) -> None:
    """Print what was measured, the tables, the sentence and what to beware of."""
    console.print(Text(f"{kpis.first_hour} to {kpis.last_hour}", "bold"), soft_wrap=True)
    console.print(_say_counts(kpis), soft_wrap=True)
    console.print(_build_table("Headline", kpis.headline))
    console.print(_build_table("Hit rate by decile of the score, 10 the highest", kpis.hit_rate_by_decile))
    console.print(_build_table("Does it rise with the score?", kpis.monotonicity))
    console.print(_build_factors(kpis.factor_lift))
    methods = [("By method and settings", kpis.by_method)] if kpis.by_method else []
    for title, groups in (("By month", kpis.by_month), ("By status of the hour", kpis.by_status), *methods):
        console.print(_build_groups(title, groups))
    verdict = kpis.verdict
    console.print(Text(verdict.sentence, STYLES[verdict.answer]), soft_wrap=True)
    for line in (verdict.direction, verdict.money, f"{say_chance(list_shown(kpis))} {verdict.caution}", NOT_ADVICE):
        console.print(line, soft_wrap=True)


def list_shown(kpis: Kpis) -> list[Kpi]:
    """Return every figure that the tables show with its interval."""
    factors = (kpi for kpi in kpis.factor_lift if kpi.name.endswith(("_lift_points", "_ic")))
    groups = (*kpis.by_month, *kpis.by_status, *kpis.by_method)
    grouped = (kpi for group in groups for kpi in group.kpis if kpi.name in GROUPED)
    return [*kpis.headline, *kpis.hit_rate_by_decile, *kpis.monotonicity, *factors, *grouped]


def write_json(kpis: Kpis) -> str:
    """Return all figures as JSON text."""
    return kpis.model_dump_json(indent=2)


def _say_counts(kpis: Kpis) -> str:
    by_status = ", ".join(f"{status} {count:,}" for status, count in kpis.hours_by_status.items())
    lost = ", ".join(f"{reason} {count:,}" for reason, count in kpis.picks_without_outcome.items()) or "none"
    named = ", ".join(f"{reason} {count:,}" for reason, count in sorted(kpis.excluded.items()))
    hours = f"{by_status}; left out or not judged: {named}" if named else by_status
    return (
        f"{kpis.hours:,} hours ({hours}), {kpis.rows:,} judged rows, {kpis.picks:,} picks; left out: picks "
        f"without outcome {lost}; without matched control {kpis.picks_without_control:,} (in the scored set "
        f"{kpis.picks_without_control_in_scored_set:,}). Intervals: {kpis.samples:,} samples of hours in blocks of "
        f"{kpis.blocks_h} h, seed {kpis.seed}."
    )


def _open_table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(
            column,
            justify="left" if column in LEFT else "right",
            no_wrap=column not in LEFT,
        )
    return table


def _build_table(title: str, kpis: Iterable[Kpi]) -> Table:
    table = _open_table(title, "figure", "value", "95 % interval", "n", "of")
    for kpi in kpis:
        table.add_row(
            kpi.name.replace("_", " "), show_value(kpi.value, kpi.unit), show_interval(kpi), f"{kpi.n:,}", kpi.note
        )
    return table


def _build_factors(kpis: Iterable[Kpi]) -> Table:
    title = "Factors: hits of the top less the bottom fifth of the hour, and rank correlation with the 24 h return (IC)"
    table = _open_table(title, "factor", "points", "95 % interval", "IC", "95 % interval", "hours")
    named = {kpi.name: kpi for kpi in kpis}
    for name in (*(factor.name for factor in FACTORS), "score"):
        points, ic = named.get(f"{name}_lift_points"), named.get(f"{name}_ic")
        if points is not None and ic is not None:
            table.add_row(name, *_show(points), *_show(ic), f"{ic.n:,}")
    return table


def _show(kpi: Kpi) -> tuple[str, str]:
    return show_value(kpi.value, kpi.unit), show_interval(kpi)


def _build_groups(title: str, groups: tuple[Group, ...]) -> Table:
    what = f"{title}: hits of picks and of all rows in %, points over matched controls, mean net return in %"
    table = _open_table(what, "", "picks", "hits", "base", "points", "interval", "net %", "interval")
    for group in groups:
        named = {kpi.name: kpi for kpi in group.kpis}
        picks, points, net = (
            named[name] for name in ("precision_at_5", "lift_over_matched_points", "mean_net_return_24h")
        )  # fmt: skip
        rates = (show_value(kpi.value, kpi.unit).partition(" ")[0] for kpi in (picks, named["base_rate"]))
        bare = (text for kpi in (points, net) for text in (_show(kpi)[0].partition(" ")[0], _show(kpi)[1]))
        table.add_row(group.name.replace("_", " "), f"{picks.n:,}", *rates, *bare)
    return table


def show_value(value: float | None, unit: Unit) -> str:
    """Return a figure as a person reads it: shares and returns in percent, differences in points (pt), "-" for none."""
    if value is None:
        return NOTHING
    shown = {
        "share": f"{100 * value:.1f} %",
        "return": f"{100 * value:+.2f} %",
        "points": f"{value:+.2f} pt",
        "rank": f"{value:+.3f}",
        "count": f"{value:.0f}",
    }
    return shown.get(unit, f"{value:.2f}")


def show_interval(kpi: Kpi) -> str:
    """Return the interval in the unit of its figure, without the unit, "-" for none."""
    if kpi.low is None or kpi.high is None:
        return NOTHING
    low, high = show_value(kpi.low, kpi.unit), show_value(kpi.high, kpi.unit)
    return f"{low.partition(' ')[0]} to {high.partition(' ')[0]}"
