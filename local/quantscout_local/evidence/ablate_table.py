"""The ablation for a person: one line per part left out, and what it says in words."""

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from quantscout_local.evidence.kpis_models import Kpi
from quantscout_local.evidence.kpis_table import NOTHING, show_interval, show_value

if TYPE_CHECKING:
    from rich.console import Console

    from quantscout_local.evidence.ablate import Ablation, Row
    from quantscout_local.evidence.trials import Difference

TITLES = {
    "precision_at_5": "precision@5",
    "lift_over_matched_points": "lift over matched controls",
    "mean_net_return_24h": "mean net return of a pick",
}
NOT_ADVICE = "Not financial advice. What the intervals do not cover: docs/statistics.md."


def print_ablation(console: "Console", ablation: "Ablation") -> None:
    """Print the table, what could not be left out, and the sentences."""
    console.print(Text(f"{ablation.first_hour} to {ablation.last_hour}, {ablation.hours:,} hours", "bold"))
    console.print(
        f"Each line is the ranking without one part, and how its figures differ from the baseline's in the same hours; "
        f"95 % intervals of {ablation.samples:,} samples in blocks of {ablation.blocks_h} h, seed {ablation.seed}.",
        soft_wrap=True,
    )
    console.print(build_table("without", [("baseline", ablation.baseline, ())], ablation.rows))
    for name, why in ablation.not_left_out.items():
        console.print(f"  not left out: {name}: {why}", soft_wrap=True)
    for sentence in (*ablation.sentences, NOT_ADVICE):
        console.print(sentence, soft_wrap=True)


def build_table(
    first: str, heads: list[tuple[str, tuple[Kpi, ...], tuple["Difference", ...]]], rows: "tuple[Row, ...]"
) -> Table:
    """Return a section per figure, a line per row, narrow enough for 80 columns; a star stands after the correction."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for title in ("value", "change", "95 % interval"):
        table.add_column(title, justify="right", no_wrap=True)
    lines = [*heads, *((row.name, row.figures, row.differences) for row in rows)]
    for place, title in enumerate(TITLES.values()):
        table.add_row(Text(title, "bold"))
        for name, figures, differences in lines:
            table.add_row(f"  {name}", *_cell(figures[place], differences[place] if differences else None))
        table.add_section()
    return table


def _cell(kpi: Kpi, change: "Difference | None") -> tuple[str, str, str]:
    value = show_value(kpi.value, kpi.unit)
    if change is None:
        return value, NOTHING, show_interval(kpi)
    return value, show_change(change), show_reach(change)


def show_change(change: "Difference") -> str:
    """Return a change with its sign: shares in points, returns in percent; a star where it is clear."""
    if change.value is None:
        return NOTHING
    points = {"share": f"{100 * change.value:+.1f}", "points": f"{change.value:+.1f}"}
    return points.get(change.unit, f"{100 * change.value:+.2f} %") + ("*" if change.is_clear else "")


def show_reach(change: "Difference") -> str:
    """Return the interval of a change in the same unit."""
    if change.low is None or change.high is None:
        return NOTHING
    scale, unit = {"share": (100, ""), "points": (1, "")}.get(change.unit, (100, " %"))
    digits = 1 if not unit else 2
    return f"{scale * change.low:+.{digits}f} to {scale * change.high:+.{digits}f}{unit}"
