"""`quantscout replay`: progress on standard error, the summary on standard output."""

import json
import resource
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from quantscout.gates import LEVELS
from quantscout.message import NOT_ADVICE
from quantscout_local.chosen_settings import parse_option
from quantscout_local.evidence.judged import Judged
from quantscout_local.evidence.replay import run_replay
from quantscout_local.evidence.replay_plan import Ask, parse_time
from quantscout_local.hour import REAL_ONLY_SETTINGS
from quantscout_local.tables import STATUS_STYLE
from quantscout_local.terminal import going_on, open_console


class Asked(NamedTuple):
    """What a person asked for, in words."""

    market: Path
    first: str | None
    last: str | None
    out: Path
    settings: str | None


def run(asked: Asked, *, as_json: bool) -> None:
    """Replay and print the summary (InputError for what cannot be used)."""
    began = time.perf_counter()
    ask = Ask(
        asked.market, parse_time(asked.first), parse_time(asked.last, end=True),
        parse_option(asked.settings, REAL_ONLY_SETTINGS),
    )  # fmt: skip
    with going_on("replay", f"finished months are kept in {asked.out}/"):
        judged = _run(ask, asked.out)
    told = summary(judged) | {"took_s": round(time.perf_counter() - began, 2), "peak_memory_mb": round(peak_mb())}
    if as_json:
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        print_summary(open_console(), told, asked.out)


def _run(ask: Ask, out: Path) -> Judged:
    console = open_console(stderr=True)
    with ExitStack() as stack:
        bar = Progress(
            TextColumn("replay"), BarColumn(), MofNCompleteColumn(), TextColumn("hours"), TimeRemainingColumn(),
            console=console, disable=not console.is_terminal, transient=True,
        )  # fmt: skip
        task = stack.enter_context(bar).add_task("replay", total=None)

        def progress(done: int, total: int, said: str) -> None:
            bar.update(task, completed=done, total=total)
            if said:
                console.print(f"replay: {said}", soft_wrap=True)

        return run_replay(ask, out, progress)


def summary(judged: Judged) -> dict[str, Any]:
    """Return the figures of a finished replay that a person looks at first."""
    about, hours = judged.about, judged.hours()
    levels = dict(hours.group_by("level").len().sort("level").rows())
    kept = ("first_hour", "last_hour", "hours", "hours_not_evaluable", "method_version", "config_hash", "outcomes",
            "exclusions", "notes")  # fmt: skip
    absent = [name for name, series in about["series"].items() if series.get("absent")]
    lacking = {name: series["incomplete_rows"] for name, series in about["series"].items() if not series.get("absent")}
    return {
        **{name: about[name] for name in kept},
        "absent_series": absent,
        "incomplete_rows": lacking,
        "hours_by_status": dict(hours.group_by("status").len().sort("status").rows()),
        "hours_by_level": {"none" if level is None else LEVELS[level]: count for level, count in levels.items()},
    }


def print_summary(console: Console, told: dict[str, Any], out: Path) -> None:
    """Print the summary of a replay."""
    console.print(f"{told['hours']:,} hours judged, {told['first_hour']} to {told['last_hour']}", style="bold")
    for status, count in told["hours_by_status"].items():
        console.print(f"  {status:<15} {count:>7,} hours", style=STATUS_STYLE[status])
    for level, count in told["hours_by_level"].items():
        console.print(f"  gate {level:<10} {count:>7,} hours")
    for outcome, count in told["outcomes"]["rows"].items():
        console.print(f"  outcome {outcome:<10} {count:>9,} rows")
    for reason, count in told["exclusions"].items():
        console.print(f"  left out: {count:,} {reason.replace('_', ' ')}")
    for name in told["absent_series"]:
        console.print(f"  left out: {name} is not in the archive; its factors are missing in all hours")
    for name, count in told["incomplete_rows"].items():
        if count:
            console.print(f"  {count:,} rows of {name} lack a value; what cannot be told without it is left out")
    if told["hours_not_evaluable"]:
        console.print(
            f"  left out: {told['hours_not_evaluable']:,} hours of the range without bars, or 60 h of history"
        )
    for note in told["notes"]:
        console.print(f"  note: {note}", soft_wrap=True)
    console.print(f"{told['took_s']:.1f} s, peak memory {told['peak_memory_mb']:,} MB; files in {out}/")
    console.print(NOT_ADVICE, style="dim")


def peak_mb() -> float:
    """Return the most memory that this process has held, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
