"""What a parser promises of whatever it returns or raises."""

import math
from collections.abc import Sequence

import polars as pl

from quantscout.errors import AnswerError, Problem, SourceError
from quantscout.frames import BARS, Schema
from quantscout.verify import verify_bars

MESSAGE_CHARS = 400
NAME_CHARS = 100
EVER_MS = 2**60


def check_error(error: SourceError | AnswerError, source: str) -> None:
    """Fail unless the error is short and names the source, and the field or the fault."""
    text = str(error)
    assert error.source == source
    assert text.startswith(f"{source}: ")
    assert len(text) < MESSAGE_CHARS
    assert (error.field if isinstance(error, AnswerError) else error.fault) in text
    assert not isinstance(error, AnswerError) or error.field


def check_number(value: float | None) -> None:
    """Fail if a number is not finite."""
    assert value is None or math.isfinite(value)


def check_frame(frame: pl.DataFrame, schema: Schema, key: Sequence[str] = ()) -> None:
    """Fail unless the frame has exactly the schema, finite numbers, short words, and each key once."""
    assert frame.schema == dict(schema)
    kinds = frame.schema.items()
    floats, words = ([name for name, kind in kinds if kind == wanted] for wanted in (pl.Float64, pl.String))
    rows = frame.select(*floats, *words).rows()
    for row in rows:
        assert all(value is None or math.isfinite(value) for value in row[: len(floats)])
        assert all(value is None or len(value) <= 3 * NAME_CHARS for value in row[len(floats) :])
    if key:
        keys = frame.select(key).rows()
        assert len(set(keys)) == len(keys)
        assert all(None not in each for each in keys)


def check_problems(problems: Sequence[Problem], source: str) -> None:
    """Fail unless every problem is short and names the source."""
    for problem in problems:
        assert problem.source == source
        assert len(problem.detail) < MESSAGE_CHARS
        assert problem.contract is None or len(problem.contract) <= NAME_CHARS


def check_bars(bars: pl.DataFrame, interval_ms: int, since_ms: int, until_ms: int) -> None:
    """Fail unless bars are in order and in the range, and filled ones stand between two that verification keeps."""
    check_frame(bars, BARS)
    opens, filled = bars["open_ms"].to_list(), bars["filled"].to_list()
    assert opens == sorted(opens)
    assert all(since_ms <= at < until_ms for at in opens)
    if any(filled):
        check_filled(bars, interval_ms)


def check_filled(bars: pl.DataFrame, interval_ms: int) -> None:
    """Fail unless every filled bar is flat, silent, and has a bar that verification keeps on both sides."""
    kept = set(verify_bars(bars, interval_ms, EVER_MS, needs_volume=False).bars["open_ms"].to_list())
    closes = {row["open_ms"]: row["close"] for row in bars.iter_rows(named=True)}
    for row in bars.filter("filled").iter_rows(named=True):
        at = row["open_ms"]
        assert {at - interval_ms, at, at + interval_ms} <= kept
        assert {row[name] for name in ("open", "high", "low", "close")} == {closes[at - interval_ms]}
        assert row["volume_coins"] == row["volume_usdt"] == 0
        assert row["taker_buy_usdt"] in (None, 0)
