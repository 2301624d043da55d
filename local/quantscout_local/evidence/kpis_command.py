"""`quantscout kpis`: the figures of a replay's folder, or of the live picks in a stack's table."""

import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import polars as pl
import typer

from quantscout.errors import InputError
from quantscout.frames import HOUR_MS
from quantscout_local.account import open_state
from quantscout_local.evidence import REPLAY_OUT
from quantscout_local.evidence.kpis import build_kpis
from quantscout_local.evidence.kpis_groups import UNKNOWN
from quantscout_local.evidence.kpis_table import print_kpis, write_json
from quantscout_local.terminal import open_console

LIVE_DAYS = 400
"""As long as evaluated hours are kept (docs/outcomes.md)."""
SETTING = ("method_version", "config_hash")
"""The columns of LIVE_HOURS that tell by which method and settings an hour was ranked."""


class Ask(NamedTuple):
    """What a person asked for."""

    replay: Path | None
    """Without it, and without a table, the folder that `quantscout replay` writes by default."""
    table: str | None
    seed: int
    samples: int
    blocks_h: int
    trials: int
    method: str | None = None
    """Of live picks, only those of this version of the method."""
    config: str | None = None
    """Of live picks, only those of the settings with this hash."""


class Read(NamedTuple):
    """What is measured, how many hours are not in it by reason, and how many methods and settings the hours know."""

    judged: pl.DataFrame | pl.LazyFrame
    hours: pl.DataFrame
    excluded: Mapping[str, int] = MappingProxyType({})
    settings: int = 1


def run_kpis(ask: Ask, *, as_json: bool) -> None:
    """Print the figures; InputError where there is nothing to measure, StateError where the table cannot be read."""
    judged, hours, excluded, settings = _read(ask)
    trials = max(ask.trials, settings)
    with open_console(stderr=True).status("drawing hours again"):
        kpis = build_kpis(judged, hours, ask.seed, ask.blocks_h, ask.samples, trials=trials, excluded=excluded)
    if as_json:
        typer.echo(write_json(kpis))
    else:
        print_kpis(open_console(), kpis)


def _read(ask: Ask) -> Read:
    if ask.table is None:
        if ask.method or ask.config:
            raise InputError(
                "--method and --config choose among live picks: give --table, too; a replay has one of both"
            )
        return Read(*read_replay(ask.replay or REPLAY_OUT))
    if ask.replay is not None:
        raise InputError("--replay and --table exclude each other: choose which picks are measured")
    return choose(read_live(ask.table, time.time_ns() // 1_000_000), ask.method, ask.config)


def read_replay(folder: Path) -> tuple[pl.LazyFrame, pl.DataFrame]:
    """Return judged rows and hours of a finished replay (InputError if there is none)."""
    from quantscout_local.evidence.judged import open_judged  # noqa: PLC0415 - only one of the two is needed

    judged = open_judged(folder)
    return judged.scan(), judged.hours()


def read_live(table: str, now_ms: int) -> Read:
    """Return judged rows and hours of everything that a stack has evaluated, and what it has not.

    Raises InputError where it has evaluated nothing yet, StateError where the table cannot be read.
    """
    from quantscout.evaluation import lost_hours  # noqa: PLC0415 - as above
    from quantscout.picks import frames_of, load_hours  # noqa: PLC0415 - as above

    store = open_state(table)
    last_ms = now_ms - now_ms % HOUR_MS
    first_ms = last_ms - 24 * LIVE_DAYS * HOUR_MS
    known = load_hours(store, first_ms, last_ms)
    judged, hours = frames_of(store, known)
    excluded: Counter[str] = Counter(hour.excluded for hour in known if hour.excluded)
    excluded["not_evaluated"] = len(lost_hours(store, known, first_ms, last_ms))
    if not judged.height:
        raise InputError(f"the table '{table}' holds no evaluated hour yet: picks are evaluated once they are 24 h old")
    settings = hours.select(SETTING).drop_nulls().n_unique()
    return Read(judged, hours, +excluded, max(1, settings))


def choose(read: Read, method: str | None, config: str | None) -> Read:
    """Return the hours of one version of the method, or of one hash of the settings, and their rows.

    The others are counted as left out, and stay counted as tried. Raises InputError where none is left.
    """
    wanted = {name: value for name, value in zip(SETTING, (method, config), strict=True) if value is not None}
    if not wanted:
        return read
    hours = read.hours.filter(pl.col(name) == value for name, value in wanted.items())
    if not hours.height:
        there = read.hours.select(SETTING).unique(maintain_order=True).rows()
        said = "; ".join(f"{version or UNKNOWN} {digest or UNKNOWN}" for version, digest in there)
        raise InputError(f"no evaluated hour is of {' and '.join(wanted.values())}; there are: {said}")
    judged = read.judged.filter(pl.col("hour_ms").is_in(hours["hour_ms"].to_list()))
    left_out = read.hours.height - hours.height
    return read._replace(judged=judged, hours=hours, excluded=+Counter({**read.excluded, "other_settings": left_out}))
