"""The summary of a soak, as tables of text."""

from collections.abc import Mapping

from rich.table import Table

from quantscout_local.terminal import open_console
from soak.story import Tally


def print_summary(tally: Tally) -> None:
    """Print what was played, injected, met and compared."""
    console = open_console()
    answers = {f"{source} {status}": count for (source, status), count in sorted(tally.answers.items())}
    hours = sum(tally.hours.values())
    pace = {
        "hours": hours,
        "wall time, s": round(tally.wall_s),
        "ms per hour": round(1000 * tally.wall_s / max(hours, 1)),
        "longest run, virtual s": round(tally.longest_run_s),
    }
    for title, rows in (
        ("hours by status", tally.hours),
        ("hours by gate level", tally.levels),
        ("hours without data", tally.no_data),
        ("faults injected", tally.faults),
        ("requests", tally.requests),
        ("answers", answers),
        ("tried again", dict(sorted(tally.retried.items()))),
        ("problems in the reports", dict(sorted(tally.problems.items()))),
        ("counts", tally.counts),
        ("pace", pace),
    ):
        console.print(_table(title, rows))


def _table(title: str, rows: Mapping[str, int]) -> Table:
    table = Table(title, "", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for name, count in rows.items():
        table.add_row(name, f"{count:,}")
    return table
