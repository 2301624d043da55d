"""`quantscout check-lookahead` and `check-warmup` for a person: progress, tables, JSON, and the exit code."""

import json
from collections.abc import Callable
from typing import TypeVar

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from quantscout_local.evidence import check_table
from quantscout_local.evidence.check_hours import Ask
from quantscout_local.evidence.check_lookahead import Tell, check_lookahead
from quantscout_local.evidence.check_warmup import check_warmup
from quantscout_local.terminal import open_console

EXIT_FOUND = 1
T = TypeVar("T")


def run_lookahead(ask: Ask, *, as_json: bool) -> int:
    """Check, print what was found, and return the exit code: 1 if something depends on the future."""
    result = _with_bar("check-lookahead", lambda tell: check_lookahead(ask, tell))
    if as_json:
        typer.echo(json.dumps(check_table.lookahead_json(result), indent=2, ensure_ascii=False))
    else:
        check_table.print_lookahead(open_console(), result)
    return EXIT_FOUND if result.findings else 0


def run_warmup(ask: Ask, *, as_json: bool) -> int:
    """Check, print what was found, and return the exit code: 1 if something depends on rows before its window."""
    result = _with_bar("check-warmup", lambda tell: check_warmup(ask, tell))
    if as_json:
        typer.echo(json.dumps(check_table.warmup_json(result), indent=2, ensure_ascii=False))
    else:
        check_table.print_warmup(open_console(), result)
    return EXIT_FOUND if result.findings else 0


def _with_bar(name: str, work: Callable[[Tell], T]) -> T:
    console = open_console(stderr=True)
    columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), TextColumn("steps"), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(name, total=None)
        return work(lambda done, total: bar.update(task, completed=done, total=total))
