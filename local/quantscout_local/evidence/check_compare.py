"""Two tables of the same hours, computed from two archives: which numbers differ, and of which contract."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl

RELATIVE, ABSOLUTE = 1e-9, 1e-12
HALF_PRECISION = 1e-6
"""What is stored with 24 bits may differ in the last of them."""
EXAMPLES = 5
ROW = "(the row itself)"
"""Stands for the column where a contract is there at one time, and not at the other."""


class Table(NamedTuple):
    """What one way computes: rows that are known by their key; `exact` asks for the same bits."""

    name: str
    frame: pl.DataFrame
    key: tuple[str, ...]
    exact: bool


class Example(NamedTuple):
    """One number that differs."""

    contract: str
    hour_ms: int
    before: Any
    after: Any


class Finding(NamedTuple):
    """A column that differs: where, under which alteration, in how many rows, and the first few of them."""

    way: str
    alteration: str
    column: str
    rows: int
    examples: list[Example]


class Compared(NamedTuple):
    """How many values were compared (known before or after), what differs, and the columns with any value."""

    values: int
    findings: list[Finding]
    seen: set[str]


def compare(before: Table, after: Table, alteration: str, hour_ms: int) -> Compared:
    """Return what differs between two tables of one way; a row that is in one of them alone is a difference."""
    one, other = _plain(before), _plain(after)
    key = list(before.key)
    findings = []
    only = [(one.join(other, on=key, how="anti"), "there", None), (other.join(one, on=key, how="anti"), None, "there")]
    for alone, then, now in only:
        if alone.height:
            found = [Example(*_who(row, hour_ms), then, now) for row in alone.head(EXAMPLES).to_dicts()]
            findings.append(Finding(before.name, alteration, ROW, alone.height, found))
    mine = one.join(other.select(key), on=key, how="semi").sort(key)
    yours = other.join(one.select(key), on=key, how="semi").sort(key)
    values, seen = 0, set()
    for column in (name for name in mine.columns if name not in key):
        ours, theirs = mine[column], yours[column] if column in yours.columns else pl.Series(column, [None] * len(mine))
        known = int((ours.is_not_null() | theirs.is_not_null()).sum())
        values += known
        seen |= {column} if known else set()
        unlike = ~same(ours, theirs, exact=before.exact)
        if unlike.any():
            rows = mine.filter(unlike).head(EXAMPLES).to_dicts()
            pairs = zip(rows, ours.filter(unlike), theirs.filter(unlike), strict=False)
            found = [Example(*_who(row, hour_ms), then, now) for row, then, now in pairs]
            findings.append(Finding(before.name, alteration, column, int(unlike.sum()), found))
    return Compared(values, findings, seen)


def _plain(table: Table) -> pl.DataFrame:
    """Return the frame with names as text: two archives number them differently."""
    named = [name for name, kind in table.frame.schema.items() if isinstance(kind, pl.Enum | pl.Categorical)]
    return table.frame.with_columns(pl.col(named).cast(pl.String)) if named else table.frame


def _who(row: dict[str, Any], hour_ms: int) -> tuple[str, int]:
    return str(row.get("contract", "")), int(row.get("hour_ms", hour_ms))


def same(one: pl.Series, other: pl.Series, *, exact: bool) -> pl.Series:
    """Tell of each pair of values whether they are the same: to the bit, or to 1e-9 (1e-6 where stored as Float32)."""
    if not (one.dtype.is_float() and other.dtype.is_float()):
        return one.eq_missing(other)
    nulls = one.is_null() == other.is_null()
    a, b = (series.fill_null(0.0).cast(pl.Float64).to_numpy() for series in (one, other))
    if exact:
        return nulls & pl.Series(a.view(np.int64) == b.view(np.int64))
    relative = HALF_PRECISION if pl.Float32 in (one.dtype, other.dtype) else RELATIVE
    with np.errstate(invalid="ignore"):
        close = np.abs(a - b) <= relative * np.maximum(np.abs(a), np.abs(b)) + ABSOLUTE
    return nulls & pl.Series(close | (a == b))


def merge(findings: Sequence[Finding]) -> list[Finding]:
    """Return one finding per way, alteration and column, the counts added."""
    whole: dict[tuple[str, str, str], Finding] = {}
    for found in findings:
        key = (found.way, found.alteration, found.column)
        had = whole.get(key)
        if had is None:
            whole[key] = found
        else:
            examples = (had.examples + found.examples)[:EXAMPLES]
            whole[key] = had._replace(rows=had.rows + found.rows, examples=examples)
    return list(whole.values())
