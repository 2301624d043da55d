"""`quantscout failures`: list what lies in the failure queue, and send it again (docs/failures.md)."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from quantscout_local.account import open_session, output_of, stack_outputs
from quantscout_local.failure_queue import Failure, Replayed, holding, is_late, replay, select
from quantscout_local.program import program
from quantscout_local.terminal import open_console

if TYPE_CHECKING:
    import boto3
    from rich.console import Console

OUTPUT = "FailureQueueUrl"
EXIT_KEPT = 1
ID_CHARS = 8
LATE = "* its hour has passed: sent again it is made of what the state holds, or there is no data (docs/failures.md)"


class Queue(NamedTuple):
    """Where the failures are, and by whose credentials."""

    session: "boto3.Session"
    url: str


def open_queue(stack: str, url: str | None) -> Queue:
    """Return the queue that was named, or the stack's own (InputError where it cannot be found)."""
    session = open_session()
    return Queue(session, url or output_of(stack_outputs(session, stack), OUTPUT, stack))


def run_list(stack: str, url: str | None, *, as_json: bool) -> None:
    """Print what the queue holds, and leave it there."""
    queue = open_queue(stack, url)
    with holding(queue.session.client("sqs"), queue.url) as failures:
        if as_json:
            print(json.dumps([failure.told() for failure in failures], indent=2))
        else:
            print_failures(open_console(), failures)


def run_replay(stack: str, url: str | None, ids: Sequence[str], *, everything: bool) -> int:
    """Send the chosen failures again, oldest first, and print what became of each; return 1 if one stayed, else 0."""
    queue = open_queue(stack, url)
    sqs, functions, console = queue.session.client("sqs"), queue.session.client("lambda"), open_console()
    with holding(sqs, queue.url) as failures:
        done = [replay(failure, sqs, functions, queue.url) for failure in select(failures, ids, everything=everything)]
    for each in done:
        print_replayed(console, each)
    kept = sum(bool(each.problem) for each in done)
    console.print(f"{len(done) - kept} sent again, {len(failures) - len(done) + kept} in the queue", style="bold")
    return EXIT_KEPT if kept else 0


def print_failures(console: "Console", failures: Sequence[Failure]) -> None:
    """Print the failures as a table, oldest first."""
    if not failures:
        console.print("the failure queue is empty, or another reader holds its messages", style="green")
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("id", "failed at", "what", "function", "hour", "attempts", "error"):
        table.add_column(name, overflow="fold", no_wrap=name == "id")
    now = datetime.now(UTC)
    for failure in failures:
        mark = "*" if is_late(failure, now) else ""
        table.add_row(
            failure.id[:ID_CHARS],
            failure.at,
            failure.kind,
            Text(failure.function.rpartition(":")[2] or "-"),
            (failure.hour or "-") + mark,
            "-" if failure.attempts is None else str(failure.attempts),
            Text(failure.error),
        )
    console.print(table)
    if any(is_late(failure, now) for failure in failures):
        console.print(LATE, style="dim", soft_wrap=True)
    console.print(f"next: {program()} failures replay --all, or --id ID", style="dim")


def print_replayed(console: "Console", each: Replayed) -> None:
    """Print what became of one failure."""
    name = f"{each.failure.id[:ID_CHARS]} {each.failure.function.rpartition(':')[2]} {each.failure.hour}".strip()
    style, said = ("yellow", f"kept: {each.problem}") if each.problem else ("green", "sent again")
    console.print(Text(f"{name}: {said}", style), soft_wrap=True)
