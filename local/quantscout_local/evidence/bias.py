"""Which contracts an archive has, and which it lacks: those that ended before it was made were often never captured."""

from pathlib import Path
from typing import NamedTuple

import polars as pl

from quantscout.clock import iso
from quantscout.errors import InputError
from quantscout.frames import DAY_MS, HOUR_MS
from quantscout_local.evidence.replay_files import HOURS_1H, TIME, collect, scan
from quantscout_local.simulator.archive import SERIES

NAMED = 5
"""So many contracts are named in a sentence."""
CAPTURE_MS = DAY_MS
"""A capture takes its time: contracts that begin within a day of the first one were there before."""


class Survivorship(NamedTuple):
    """The contracts of an archive's 1h series by when they began and ended, and those that other series have alone."""

    first_ms: int
    """When the first bar opened."""
    last_ms: int
    """When the last bar closed."""
    contracts: int
    ended: list[str]
    """Their last bar closed before the archive's end: delisted, or no longer captured."""
    listed_later: list[str]
    """Their first bar opened more than a day after the archive's begin."""
    elsewhere: dict[str, list[str]]
    """By file: contracts that traded while the 1h series ran, and are not in it. Those without one are left out."""


def find_survivorship(folder: Path) -> Survivorship:
    """Return what an archive has and lacks (InputError where its files cannot be read, or hold no bars).

    The series with takers is another capture, of other years: it counts among the other files.
    """
    own = _spans(folder, HOURS_1H)
    if own.is_empty():
        raise InputError(f"{folder / HOURS_1H} holds no bars: choose another folder with --market")
    first_ms, last_ms = int(own["first_ms"].to_numpy().min()), int(own["last_ms"].to_numpy().max())
    names = own["symbol"].to_list()
    elsewhere: dict[str, list[str]] = {}
    for name in SERIES:
        if name != HOURS_1H:
            rows = _spans(folder, name).filter(pl.col("last_ms") >= first_ms, pl.col("first_ms") <= last_ms)
            absent = sorted(set(rows["symbol"].to_list()) - set(names))
            elsewhere |= {name: absent} if absent else {}
    return Survivorship(
        first_ms,
        last_ms + HOUR_MS,
        len(names),
        own.filter(pl.col("last_ms") < last_ms)["symbol"].to_list(),
        own.filter(pl.col("first_ms") > first_ms + CAPTURE_MS)["symbol"].to_list(),
        elsewhere,
    )


def _spans(folder: Path, name: str) -> pl.DataFrame:
    """Return symbol, first_ms, last_ms of a series: the times of each contract's first and last row."""
    rows, time = scan(folder, name), pl.col(TIME[name])
    if rows is None:
        return pl.DataFrame(schema={"symbol": pl.String, "first_ms": pl.Int64, "last_ms": pl.Int64})
    spans = rows.group_by("symbol").agg(time.min().alias("first_ms"), time.max().alias("last_ms"))
    return collect(folder / name, spans).sort("symbol")


def survivorship(folder: Path) -> list[str]:
    """Return the same in sentences, for a report: the first one says how far the archive can be trusted."""
    return say_survivorship(find_survivorship(folder))


def say_survivorship(found: Survivorship) -> list[str]:
    """Return in sentences what an archive has and lacks."""
    span = f"from {iso(found.first_ms)} to {iso(found.last_ms)}"
    if found.ended:
        said = f"of {found.contracts} contracts, end within the range {span}: {_name(found.ended)}"
        first = f"{said}; whether all that were delisted in it are there cannot be seen"
    else:
        first = (
            f"none of the {found.contracts} contracts ends within the range {span}: those that were delisted in it are "
            "absent, so that losses by delisting are in no figure"
        )
    notes = [first, f"of the contracts {len(found.listed_later)} were listed within the range"]
    for name, absent in found.elsewhere.items():
        notes.append(f"in {name} at the same time, and absent from the 1h series: {_name(absent)}")
    return notes


def _name(names: list[str]) -> str:
    rest = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{len(names)} ({', '.join(names[:NAMED])}{rest})"
