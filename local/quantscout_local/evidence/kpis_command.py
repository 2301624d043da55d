"""`quantscout kpis`: the figures of a replay's folder, or of the live picks in a stack's table."""

import time
from pathlib import Path
from typing import NamedTuple

import polars as pl
import typer

from quantscout.errors import InputError
from quantscout.frames import HOUR_MS
from quantscout_local.account import open_state
from quantscout_local.evidence import REPLAY_OUT
from quantscout_local.evidence.kpis import build_kpis
from quantscout_local.evidence.kpis_table import print_kpis, write_json
from quantscout_local.terminal import open_console

LIVE_DAYS = 400
"""As long as evaluated hours are kept (docs/outcomes.md)."""


class Ask(NamedTuple):
    """What a person asked for."""

    replay: Path | None
    """Without it, and without a table, the folder that `quantscout replay` writes by default."""
    table: str | None
    seed: int
    samples: int
    blocks_h: int
    trials: int


def run_kpis(ask: Ask, *, as_json: bool) -> None:
    """Print the figures; InputError where there is nothing to measure, StateError where the table cannot be read."""
    judged, hours = _read(ask)
    with open_console(stderr=True).status("drawing hours again"):
        kpis = build_kpis(judged, hours, ask.seed, ask.blocks_h, ask.samples, trials=ask.trials)
    if as_json:
        typer.echo(write_json(kpis))
    else:
        print_kpis(open_console(), kpis)


def _read(ask: Ask) -> tuple[pl.DataFrame | pl.LazyFrame, pl.DataFrame]:
    if ask.table is None:
        return read_replay(ask.replay or REPLAY_OUT)
    if ask.replay is not None:
        raise InputError("--replay and --table exclude each other: choose which picks are measured")
    return read_live(ask.table, time.time_ns() // 1_000_000)


def read_replay(folder: Path) -> tuple[pl.LazyFrame, pl.DataFrame]:
    """Return judged rows and hours of a finished replay (InputError if there is none)."""
    from quantscout_local.evidence.judged import open_judged  # noqa: PLC0415 - only one of the two is needed

    judged = open_judged(folder)
    return judged.scan(), judged.hours()


def read_live(table: str, now_ms: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return judged rows and hours of everything that a stack has evaluated.

    Raises InputError where it has evaluated nothing yet, StateError where the table cannot be read.
    """
    from quantscout.picks import load_evaluated  # noqa: PLC0415 - as above

    store = open_state(table)
    last_ms = now_ms - now_ms % HOUR_MS
    judged, hours = load_evaluated(store, last_ms - 24 * LIVE_DAYS * HOUR_MS, last_ms)
    if not judged.height:
        raise InputError(f"the table '{table}' holds no evaluated hour yet: picks are evaluated once they are 24 h old")
    return judged, hours
