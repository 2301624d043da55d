"""Reading of answers: bytes to validated rows, or a typed error that names the field.

An answer about one contract stands or falls as a whole. In an answer about all contracts one malformed row must not
blind the scanner: the whole is validated first, and only where that fails row by row, bad rows becoming Problems.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import polars as pl
from pydantic import BeforeValidator, FailFast, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from quantscout.errors import AnswerError, Problem, SourceError

INPUT_CHARS = 60
LONGEST_INTERVAL_H = 168  # a week: a longer interval of funding is none
ROWS_MOST = 50_000  # several times what any source lists: more is no answer, and every bad row costs time to name

T = TypeVar("T")
R = TypeVar("R")

Rows = Annotated[list[T], FailFast()]
"""The rows of an answer that stands or falls as a whole: the first bad one ends the reading, not the millionth."""
Text = Annotated[str, Field(max_length=100)]
"""A word that is kept: it goes into addresses, the state and the report."""
Name = Annotated[str, Field(min_length=1, max_length=100)]
"""A word by which a row is found."""


def _no_truth(value: Any) -> Any:
    """Refuse true and false, which would be read as 1 and 0."""
    if value is True or value is False:
        raise ValueError("a truth value is no number")
    return value


def _no_blank(value: Any) -> Any:
    return None if value == "" else _no_truth(value)


NUMERIC = BeforeValidator(_no_truth)
Number = Annotated[float, NUMERIC]
Ms = Annotated[int, Field(ge=0, lt=2**53), NUMERIC]
"""Epoch milliseconds (or another count that must fit a frame's integer)."""
Hours = Annotated[int, Field(ge=1, le=LONGEST_INTERVAL_H), NUMERIC]
"""An interval of funding."""
Blankable = Annotated[float | None, BeforeValidator(_no_blank)]
"""A number that a source leaves empty where it has none."""
Positive = Annotated[float, Field(gt=0, lt=1e15), NUMERIC]
"""A price: the mean of two is finite, too."""
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False), NUMERIC]


class Answer(NamedTuple):
    """A frame, and what could not be read or was not there."""

    frame: pl.DataFrame
    problems: list[Problem]


def columns(count: int) -> BeforeValidator:
    """Return the rule that a row has this many columns: later ones are cut off, missing ones are null."""
    return BeforeValidator(lambda row: (row + [None] * count)[:count] if isinstance(row, list) else row)


def finite(value: float | None) -> float | None:
    """Return the number, None for one that is not known (null, NaN, infinite)."""
    return value if value is not None and math.isfinite(value) else None


def read(adapter: TypeAdapter[T], body: bytes, source: str, contract: str | None = None) -> T:
    """Return the validated answer.

    Raises AnswerError with the first offending field; SourceError (unavailable) where the body is not JSON at all, as
    a server in trouble answers with a page.
    """
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "json_invalid":
            raise _not_json(source, contract) from error
        raise AnswerError(source, _field(first["loc"]), _reason(first), contract) from error


class Table(Generic[R]):
    """An answer with one row per contract, the list itself or the member `at` of an object, keyed by `key`."""

    def __init__(self, source: str, row: type[R], *, at: str = "", key: str = "symbol") -> None:
        """Build both validators once: of all rows, and of one."""
        self._source, self._at, self._key = source, at, key
        self._row: TypeAdapter[R] = TypeAdapter(row)
        self._rows: TypeAdapter[list[R]] = TypeAdapter(Rows[row])  # type: ignore[valid-type]

    def read(self, body: bytes) -> tuple[list[R], list[Problem]]:
        """Return the good rows, each key once, and a Problem per bad or repeated row.

        Raises AnswerError if there is no list, one of over 50,000 rows, or one of which no row can be read; SourceError
        if the body is not JSON.
        """
        raw = self._list(body)
        try:
            rows, problems = self._rows.validate_python(raw), list[Problem]()
        except ValidationError:
            rows, problems = self._row_by_row(raw)
        unique = {row[self._key]: row for row in reversed(rows)}  # type: ignore[index]
        if len(unique) == len(rows):
            return rows, problems
        kept = [row for row in rows if unique[row[self._key]] is row]  # type: ignore[index]
        return kept, problems + self._repeated(rows, kept)

    def _list(self, body: bytes) -> list[Any]:
        try:
            answer = from_json(body)
        except ValueError as error:
            raise _not_json(self._source, None) from error
        inside = answer.get(self._at) if isinstance(answer, dict) else None
        raw = inside if self._at else answer
        if not isinstance(raw, list):
            raise AnswerError(self._source, self._at or "(answer)", f"expected a list (got {_clip(raw)})")
        if len(raw) > ROWS_MOST:
            detail = f"expected at most {ROWS_MOST} rows (got {len(raw)})"
            raise AnswerError(self._source, self._at or "(answer)", detail)
        return raw

    def _row_by_row(self, raw: list[Any]) -> tuple[list[R], list[Problem]]:
        rows: list[R] = []
        refused: list[tuple[AnswerError, ValidationError]] = []
        for index, value in enumerate(raw):
            try:
                rows.append(self._row.validate_python(value))
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                name = value.get(self._key) if isinstance(value, dict) else None
                field = f"{self._at}[{index}]{_field(first['loc'], '.')}"
                contract = _clip(name) if isinstance(name, str) and name else None
                refused.append((AnswerError(self._source, field, _reason(first), contract), error))
        if not rows:
            raise refused[0][0] from refused[0][1]
        return rows, [Problem(self._source, e.contract, "invalid_answer", str(e)) for e, _ in refused]

    def _repeated(self, rows: Sequence[Any], kept: Sequence[Any]) -> list[Problem]:
        standing = {id(row) for row in kept}
        names = [str(row[self._key]) for row in rows if id(row) not in standing]
        return [Problem(self._source, name, "invalid_answer", "repeated row: the first one stands") for name in names]


def windows(since_ms: int, until_ms: int, step_ms: int) -> Iterator[tuple[int, int]]:
    """Yield the half-open ranges of at most `step_ms` that make up `since <= t < until`, in order."""
    for start in range(since_ms, until_ms, step_ms):
        yield start, min(start + step_ms, until_ms)


def _not_json(source: str, contract: str | None) -> SourceError:
    return SourceError(source, "unavailable", "HTTP 200 with a body that is not JSON", contract)


def _field(location: Sequence[int | str], lead: str = "") -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return (path if lead else path.lstrip(".")) or ("" if lead else "(answer)")


def _reason(first: Any) -> str:
    return f"{first['msg']} (got {_clip(first['input'])})"


def _clip(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= INPUT_CHARS else text[: INPUT_CHARS - 1] + "…"
