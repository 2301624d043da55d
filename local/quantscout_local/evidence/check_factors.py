"""Factors that a person wants to have checked before they go into the table: a Python file with the same lines."""

import runpy
from pathlib import Path

import polars as pl

from quantscout.errors import InputError
from quantscout.factors import NAMES, Factor

NEXT_STEP = "write FACTORS = (Factor(...), ...) with the lines that would go into the table (docs/bias-checks.md)"
Candidates = tuple[Factor, ...]


def load_factors(path: Path) -> Candidates:
    """Return the factors of a file, which is run as Python.

    Raises InputError if there is no such file, it cannot be run, or its FACTORS are none, or named as others are.
    """
    if not path.is_file():
        raise InputError(f"{path} is not there: give --factors a Python file, or leave it out")
    try:
        found = runpy.run_path(str(path)).get("FACTORS")
    except Exception as cause:  # whatever a person's file raises is told by its name
        raise InputError(f"{path} cannot be run ({type(cause).__name__}: {cause}); {NEXT_STEP}") from cause
    if not isinstance(found, tuple | list) or not found or not all(isinstance(each, Factor) for each in found):
        raise InputError(f"{path} has no FACTORS; {NEXT_STEP}")
    names = [factor.name for factor in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{path} has the factor {twice[0]!r} twice: give each its own name")
    return tuple(found)


def add_candidates(frame: pl.DataFrame, candidates: Candidates) -> pl.DataFrame:
    """Return the frame with the candidates' values under their names, as factors.factor_values makes them.

    A factor of the table that stands in the file again is checked as the file has it.
    """
    finite = [pl.when(f.value.is_finite()).then(f.value).alias(column_of(f)) for f in candidates]
    return frame.with_columns(finite)


def column_of(factor: Factor) -> str:
    """Return the column of a candidate: its name, marked where the table has a factor of that name."""
    return f"{factor.name} (file)" if factor.name in NAMES else factor.name


def lacking(factor: Factor, frame: pl.DataFrame) -> list[str]:
    """Return the columns that a candidate reads and the frame does not have."""
    return sorted({name for name in factor.value.meta.root_names() if name not in frame.columns})
