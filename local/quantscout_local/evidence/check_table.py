"""What the checks found, as tables for a person and as JSON for a program."""

import math
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from quantscout.clock import iso
from quantscout_local.evidence.check_compare import Example, Finding
from quantscout_local.evidence.check_lookahead import Result
from quantscout_local.evidence.check_warmup import Warmup

SHOWN = 2
"""Examples of a finding in the table; the JSON has all that were kept."""
SMALLEST, TENTH = 1e-3, 0.1
COLUMNS = ("way", "altered", "column", "rows", "for example")


def print_lookahead(console: Console, result: Result) -> None:
    """Print what was compared, and what depends on the future."""
    if result.findings:
        console.print("Look-ahead: what is said of an hour depends on what came after it.", style="bold red")
        console.print(_findings(result.findings))
    else:
        console.print(
            "No look-ahead found: nothing that is said of these hours depends on what came after.", style="green"
        )
    _print_counts(console, result.hours, result.values)
    _print_unseen(console, result.unseen, result.absent)
    for note in result.notes:
        console.print(f"  note: {note}", soft_wrap=True)


def print_warmup(console: Console, result: Warmup) -> None:
    """Print how the figures move with the length of history, and what depends on rows before its window."""
    console.print("Largest relative change of a figure, in %, by hours of history", style="bold")
    console.print(_changes(result))
    if lacking := [each for each in result.figures if any(each.missing)]:
        console.print("Contracts that lack a figure, by hours of history", style="bold")
        console.print(_by_length(result, [(each.figure, [str(count) for count in each.missing]) for each in lacking]))
    still = [each.figure for each in result.figures if max(each.changed_pct) == 0]
    console.print(f"  the same from {result.lengths_h[0]} h on: {', '.join(still)}", soft_wrap=True)
    _print_unseen(console, result.unseen, result.absent)
    if result.findings:
        console.print("Figures depend on rows before their window.", style="bold red")
        console.print(_findings(result.findings))
    else:
        console.print("No figure depends on rows before its window.", style="green")
    _print_counts(console, result.hours, result.values)


def _print_unseen(console: Console, unseen: Sequence[str], absent: Sequence[str]) -> None:
    for name in absent:
        console.print(f"  left out: {name} is not in the archive, so nothing of it was checked", soft_wrap=True)
    if unseen:
        console.print(f"  never with a value in these hours, so not checked: {', '.join(unseen)}", soft_wrap=True)


def _changes(result: Warmup) -> Table:
    """Return how far figures, contracts and picks differ, and from which length on a figure is exact, or nearly so."""
    moved = [each for each in result.figures if max(each.changed_pct) > 0]
    rows = [
        (each.figure, [*map(_change, each.largest), f"{each.exact_from_h} h", f"{each.close_from_h} h"])
        for each in moved
    ]
    shares = {"contracts changed": result.contracts_changed_pct, "picks changed": result.picks_changed_pct}
    rows += [(name, [f"{pct:.0f}" for pct in found]) for name, found in shares.items()]
    return _by_length(result, rows, "exact", "to 1 %")


def _by_length(result: Warmup, rows: Sequence[tuple[str, list[str]]], *ends: str) -> Table:
    heads = (f"{hours} h" for hours in result.lengths_h)
    columns = (Column(head, justify="right", no_wrap=True) for head in (*heads, *ends))
    table = Table(Column("figure", overflow="fold"), *columns, box=None)
    for name, cells in rows:
        table.add_row(name, *cells)
    return table


def _change(largest: float) -> str:
    """Return the largest change in percent."""
    if largest == 0:
        return "same"
    return "<0.1" if largest < SMALLEST else f"{100 * largest:.{0 if largest >= TENTH else 1}f}"


def _print_counts(console: Console, hours: list[int], values: dict[str, int]) -> None:
    counts = ", ".join(f"{count:,} {way}" for way, count in values.items())
    which = f"{len(hours)} hours from {iso(hours[0])} to {iso(hours[-1])}" if hours[1:] else f"the hour {iso(hours[0])}"
    console.print(f"  {which}; values compared: {counts}", soft_wrap=True)


def _findings(findings: Sequence[Finding]) -> Table:
    table = Table(*COLUMNS, box=None)
    for found in findings:
        examples = "; ".join(_say(example) for example in found.examples[:SHOWN])
        table.add_row(found.way, found.alteration, found.column, f"{found.rows:,}", examples)
    return table


def _say(example: Example) -> str:
    who = f"{example.contract} " if example.contract else ""
    return f"{who}{iso(example.hour_ms)}: {_value(example.before)} -> {_value(example.after)}"


def _value(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def lookahead_json(result: Result) -> dict[str, Any]:
    """Return the result of check-lookahead as JSON's own types."""
    basis, absent = _basis(result.hours, result.values, result.findings), list(result.absent)
    return basis | {"never_seen": result.unseen, "absent_series": absent, "notes": result.notes}


def warmup_json(result: Warmup) -> dict[str, Any]:
    """Return the result of check-warmup as JSON's own types."""
    figures = {
        each.figure: {
            "changed_pct": each.changed_pct,
            "largest_relative_change": each.largest,
            "contracts_lacking": each.missing,
            "exact_from_h": each.exact_from_h,
            "within_1_pct_from_h": each.close_from_h,
        }
        for each in result.figures
    }
    return _basis(result.hours, result.values, result.findings) | {
        "lengths_h": result.lengths_h,
        "contracts_changed_pct": result.contracts_changed_pct,
        "picks_changed_pct": result.picks_changed_pct,
        "figures": figures,
        "never_seen": result.unseen,
        "absent_series": list(result.absent),
    }


def _basis(hours: list[int], values: dict[str, int], findings: list[Finding]) -> dict[str, Any]:
    return {
        "passed": not findings,
        "hours": [iso(hour_ms) for hour_ms in hours],
        "values_compared": dict(values),
        "findings": [_finding(found) for found in findings],
    }


def _finding(found: Finding) -> dict[str, Any]:
    examples = [
        {"contract": e.contract, "hour": iso(e.hour_ms), "before": _plain(e.before), "after": _plain(e.after)}
        for e in found.examples
    ]
    return {**found._asdict(), "examples": examples}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
