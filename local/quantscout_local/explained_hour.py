"""An hour that was computed, to be asked about: from the folder of a run, or from the table of a deployed stack."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import polars as pl
from pydantic import ValidationError

from quantscout.clock import iso, to_ms
from quantscout.errors import InputError, first_fault
from quantscout.models import Report
from quantscout.settings import Settings
from quantscout.store import Store
from quantscout_local.account import open_state
from quantscout_local.program import program

KEPT_DAYS = 30
"""How long the state keeps a universe (docs/state.md)."""


class ExplainedHour(NamedTuple):
    """One hour: every listed contract's figures and fate, the report, and the settings that were in force."""

    universe: pl.DataFrame
    report: Report
    settings: Settings


def read_folder(out: Path, columns: Iterable[str]) -> ExplainedHour:
    """Return the hour that a run left in a folder; refuse one that lacks any of the columns (InputError)."""
    try:
        universe = pl.read_parquet(out / "universe.parquet")
        universe.select({*columns})
        report = Report.model_validate_json((out / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, pl.exceptions.PolarsError) as cause:
        raise InputError(f"there is no readable run in {out}/; run `{program()} run --out {out}` first") from cause
    return ExplainedHour(universe, report, settings_of(report))


def read_table(table: str, at: datetime, columns: Iterable[str]) -> ExplainedHour:
    """Return an hour of the last 30 days from the table of a stack in this account and region.

    Raises InputError for an hour that is not stored or that another version stored, StateError where the table cannot
    be read.
    """
    return _read_stored(open_state(table), table, to_ms(at), columns)


def _read_stored(store: Store, table: str, hour_ms: int, columns: Iterable[str]) -> ExplainedHour:
    hour, other = iso(hour_ms), "was stored by another version"
    try:
        report = store.load_report(hour_ms)
    except ValidationError as cause:
        raise InputError(
            f"the report of {hour} in the table '{table}' {other} and cannot be read by this one"
        ) from cause
    universe = store.load_universe(hour_ms)
    if report is None or universe is None:
        held = "no report" if report is None else "the report, but no longer every contract's fate"
        raise InputError(
            f"the table '{table}' holds {held} of {hour}: an hour that was run is kept for {KEPT_DAYS} days; "
            f"name another hour with --at, or compute it again with `{program()} run --at`"
        )
    lacking = {*columns} - {*universe.columns}
    if lacking:
        raise InputError(
            f"the universe of {hour} in the table '{table}' {other}: it lacks {', '.join(sorted(lacking))}"
        )
    return ExplainedHour(universe, report, settings_of(report))


def settings_of(report: Report) -> Settings:
    """Return the settings that a report was made with (InputError where this version does not know them)."""
    try:
        return Settings.model_validate(report.settings)
    except ValidationError as cause:
        raise InputError(
            f"the run of {report.hour} had settings that this version refuses ({first_fault(cause)}); "
            "run the hour again with this version"
        ) from cause
