"""Judged rows on disk: what a replay left in its folder, and how the others open it.

judged-YYYY-MM.parquet: one row per contract with percentiles and hour, sorted by hour, venue, contract; hours.parquet:
one row per hour; about.json: range, settings, what was missing or dropped. `about.json` is written last: a folder
without it is a replay that has not ended.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from quantscout.errors import InputError
from quantscout.evaluation_models import HOURS, JUDGED
from quantscout_local.evidence import REPLAY_OUT
from quantscout_local.program import program

__all__ = ["ABOUT", "FORMAT", "HOURS", "HOURS_FILE", "JUDGED", "Judged", "open_judged", "part_name"]

FORMAT = 1
"""Version of the files; another one is refused."""
ABOUT, HOURS_FILE = "about.json", "hours.parquet"


class Judged(NamedTuple):
    """A finished replay's folder; nothing is read before it is asked for."""

    folder: Path
    about: dict[str, Any]

    @property
    def paths(self) -> list[Path]:
        """The parts with judged rows, by month."""
        return [self.folder / name for name in self.about["parts"]]

    def scan(self) -> pl.LazyFrame:
        """Return JUDGED, lazily: only the columns and months that a query asks for are read."""
        return pl.scan_parquet(self.paths) if self.paths else pl.LazyFrame(schema=dict(JUDGED))

    def hours(self) -> pl.DataFrame:
        """Return HOURS (InputError if the file cannot be read)."""
        return _read(self.folder / HOURS_FILE)


def part_name(month: str) -> str:
    """Return the file of a month (2025-10)."""
    return f"judged-{month}.parquet"


def open_judged(folder: Path) -> Judged:
    """Return a finished replay's folder.

    Raises InputError if there is none, it has not ended, is of another format, or a part is absent or unreadable.
    """
    path = folder / ABOUT
    if not folder.exists():
        raise InputError(f"there is no replay in {folder}: run {program()} replay --market DIR{_to(folder)} first")
    if not path.is_file():
        raise InputError(
            f"{path} is not there: {folder} holds no finished replay; {_again()}, it goes on where it stopped"
        )
    try:
        about: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as cause:
        raise InputError(f"{path} cannot be read ({cause}); {_again()}") from cause
    if about.get("format") != FORMAT:
        raise InputError(f"{path} is of format {about.get('format')}, this is {FORMAT}; {_again()}")
    judged = Judged(folder, about)
    for part in judged.paths:
        _check_columns(part, set(JUDGED))
    _check_columns(folder / HOURS_FILE, set(HOURS))
    return judged


def _again() -> str:
    return f"run {program()} replay again with this folder as --out"


def _to(folder: Path) -> str:
    return "" if folder == REPLAY_OUT else f" --out {folder}"


def _check_columns(path: Path, columns: set[str]) -> None:
    try:
        found = set(pl.read_parquet_schema(path))
    except (pl.exceptions.PolarsError, OSError) as cause:
        raise InputError(f"{path} cannot be read ({_reason(cause)}); {_again()}") from cause
    if columns - found:
        raise InputError(f"{path} lacks the column {min(columns - found)!r}; {_again()}")


def _read(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as cause:
        raise InputError(f"{path} cannot be read ({_reason(cause)}); {_again()}") from cause


def _reason(cause: Exception) -> str:
    return str(cause).splitlines()[0]
