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
SMALLEST = 1e-3
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
    _print_unseen(console, result.unseen)
    for note in result.notes:
        console.print(f"  note: {note}", soft_wrap=True)


def print_warmup(console: Console, result: Warmup) -> None:
    """Print how the figures move with the length of history, and what depends on rows before its window."""
    console.print("Largest relative change of a figure against the whole window, by hours of history", style="bold")
    table = Table(
        Column("figure", no_wrap=True),
        *(f"{hours} h" for hours in result.lengths_h),
        "exact from",
        "within 1 % from",
        box=None,
    )
    for each in result.figures:
        if max(each.changed_pct) > 0:
            ends = (f"{each.exact_from_h} h", f"{each.close_from_h} h")
            table.add_row(
                each.figure, *(_change(*pair) for pair in zip(each.largest, each.missing, strict=True)), *ends
            )
    table.add_row("contracts changed", *(f"{pct:.1f} %" for pct in result.contracts_changed_pct), "", "")
    table.add_row("picks changed", *(f"{pct:.1f} %" for pct in result.picks_changed_pct), "", "")
    console.print(table)
    still = [each.figure for each in result.figures if max(each.changed_pct) == 0]
    console.print(f"  the same from {result.lengths_h[0]} h on: {', '.join(still)}", soft_wrap=True)
    _print_unseen(console, result.unseen)
    if result.findings:
        console.print("Figures depend on rows before their window.", style="bold red")
        console.print(_findings(result.findings))
    else:
        console.print("No figure depends on rows before its window.", style="green")
    _print_counts(console, result.hours, result.values)


def _print_unseen(console: Console, unseen: Sequence[str]) -> None:
    if unseen:
        console.print(f"  never with a value in these hours, so not checked: {', '.join(unseen)}", soft_wrap=True)


def _change(largest: float, missing: int) -> str:
    """Return the largest change, and how many contracts lack the figure."""
    small = "<0.1 %" if largest < SMALLEST else f"{100 * largest:.1f} %"
    change = "same" if largest == 0 else small
    return f"{change}, {missing} lack" if missing else change


def _print_counts(console: Console, hours: list[int], values: dict[str, int]) -> None:
    counts = ", ".join(f"{count:,} {way}" for way, count in values.items())
    console.print(
        f"  {len(hours)} hours from {iso(hours[0])} to {iso(hours[-1])}; values compared: {counts}", soft_wrap=True
    )


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
    return _basis(result.hours, result.values, result.findings) | {"never_seen": result.unseen, "notes": result.notes}


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
