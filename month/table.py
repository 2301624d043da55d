"""What `make state` prints."""

from statistics import mean

from rich.console import Console
from rich.table import Table

from month.story import Costs, Played
from quantscout.capacity import Spent

ROWS = {
    "read units": "computed_read_units",
    "write units": "computed_write_units",
    "items": "items",
    "largest item, bytes": "max_item_bytes",
    "load of a month, s": "load_s",
}


def print_played(console: Console, title: str, played: Played) -> None:
    """Print mean and maximum of both kinds of run, and what the state came to."""
    table = Table(title=title)
    for name in ("", "hour: mean", "95 %", "max", "backfill: mean", "max"):
        table.add_column(name, justify="left" if not name else "right")
    for label, key in ROWS.items():
        hours, backfills = (_values(costs, key) for costs in (played.hours, played.backfills))
        table.add_row(
            label,
            *(f"{value:,.1f}" for value in (mean(hours), sorted(hours)[int(0.95 * (len(hours) - 1))], max(hours))),
            *(f"{value:,.1f}" for value in (mean(backfills), max(backfills))),
        )
    console.print(table)
    kinds = sorted({kind for spent in played.hours.spent for kind in spent["by_kind"]})
    console.print(f"by kind, last hour: { {kind: played.hours.spent[-1]['by_kind'].get(kind) for kind in kinds} }")
    healed = f"; the gap was healed {played.healed_after_h} h after its end" if played.has_gap else ""
    console.print(f"{played.rows:,} rows, {played.differences} differ from the archive{healed}; {played.wall_s:.0f} s")


def _values(costs: Costs, key: str) -> list[float]:
    return [_value(spent, key) for spent in costs.spent]


def _value(spent: Spent, key: str) -> float:
    return float(spent[key])  # type: ignore[literal-required] # of ROWS
