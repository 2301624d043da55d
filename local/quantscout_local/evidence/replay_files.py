"""The files of an archive, read lazily: only the hours that are asked for are taken into memory."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from quantscout.clock import iso
from quantscout.errors import InputError
from quantscout_local.simulator.archive import SERIES

HOURS_1H, TAKER_1H, QUARTERS, FUNDING, INTEREST = SERIES
"""The names of the five series."""
RAW_FILES = ("raw/binance/exchangeInfo.json", "raw/binance/derived_listing_map_2026-08-06.json")
"""What captured answers say of the contracts; without them every entry is built."""
TIME = {HOURS_1H: "open_time", TAKER_1H: "open_time", QUARTERS: "open_time", FUNDING: "funding_time",
        INTEREST: "timestamp"}  # fmt: skip
WHOLE = {"open_time", "funding_time", "timestamp", "trades"}


def scan(folder: Path, name: str) -> pl.LazyFrame | None:
    """Return a series with its columns in their types; None where the file is absent.

    A row without its key or its time is nobody's: it is dropped. One that lacks another value stays, for verification
    to reject it by name: were it dropped here, its hole would be filled as an hour without a trade. Of the 15m bars,
    which are never filled, whole ones alone are taken: an hour counts only where four of them reproduce it.

    Raises InputError (file, cause, next step) where it cannot be read, lacks a column, or is the 1h bars and absent.
    """
    path = folder / name
    if not path.is_file():
        if name == HOURS_1H:
            raise InputError(f"{path} is not there: give the folder of a market archive with --market")
        return None
    with refusing(path):
        found = pl.read_parquet_schema(path)
    missing = [column for column in SERIES[name] if column not in found]
    if missing:
        raise InputError(f"{path} lacks the column {missing[0]!r}: restore the file or choose another --market")
    kinds: dict[str, Any] = {c: pl.Int64 if c in WHOLE else pl.Float64 for c in SERIES[name] if c != "symbol"}
    rows = pl.scan_parquet(path).select(SERIES[name]).cast(kinds)  # type: ignore[arg-type]
    return rows.drop_nulls(None if name == QUARTERS else ["symbol", TIME[name]])


def read_where(folder: Path, name: str, columns: Sequence[str], where: pl.Expr) -> pl.DataFrame:
    """Return columns of the rows of a series that fulfil a condition; none of an absent series."""
    rows = scan(folder, name)
    if rows is None:
        kinds = dict.fromkeys(columns, pl.Float64()) | {"symbol": pl.String(), TIME[name]: pl.Int64()}
        return pl.Schema(kinds).to_frame()
    return collect(folder / name, rows.filter(where).select(columns))


def collect(path: Path, rows: pl.LazyFrame) -> pl.DataFrame:
    """Return the rows of a query on a file (InputError where the file cannot be read)."""
    with refusing(path):
        return rows.collect(engine="streaming")


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn what a file's reader raises into an InputError that names the file, the cause and the next step."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path} cannot be read ({reason}): restore the file or choose another --market") from error


def hash_inputs(folder: Path) -> str:
    """Return 16 hex digits over the contents of everything that a replay reads of an archive."""
    whole = hashlib.sha256()
    for name in (*SERIES, *RAW_FILES):
        path = folder / name
        whole.update(name.encode())
        if path.is_file():
            with refusing(path), path.open("rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()[:16]


def describe_series(folder: Path) -> dict[str, dict[str, Any]]:
    """Return each series' rows, contracts, first and last time, and rows that lack a value; or that it is absent."""
    return {name: _describe(folder, name) for name in SERIES}


def _describe(folder: Path, name: str) -> dict[str, Any]:
    path, time = folder / name, TIME[name]
    if not path.is_file():
        return {"absent": True}
    rows = pl.scan_parquet(path).select(SERIES[name])
    lacks = pl.any_horizontal(pl.col(column).is_null() for column in SERIES[name])
    ends = [pl.col(time).min().alias("first"), pl.col(time).max().alias("last")]
    figures = [
        pl.len().alias("rows"),
        pl.col("symbol").n_unique().alias("contracts"),
        lacks.sum().alias("incomplete_rows"),
    ]
    found = collect(path, rows.select(*figures, *ends)).row(0, named=True)
    times = {end: None if found[end] is None else iso(found[end]) for end in ("first", "last")}
    return found | times
