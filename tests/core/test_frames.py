"""The only way into the canonical frames."""

import math

import polars as pl
import pytest

from quantscout import frames

NAMES = list(frames.FUNDING)


def test_rows_become_a_frame_of_the_schema() -> None:
    """Tuples in the schema's order give its columns and types."""
    frame = frames.conform([("binance", "AUSDT", 0, 1e-4)], frames.FUNDING)
    assert frame.schema == pl.Schema(frames.FUNDING)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_becomes_unknown(bad: float) -> None:
    """NaN ranks above every number in polars, so neither it nor an infinity passes."""
    assert frames.conform([("binance", "AUSDT", 0, bad)], frames.FUNDING)["rate_ratio"].to_list() == [None]


def test_null_stays_unknown() -> None:
    """A null is not turned into a zero."""
    assert frames.conform([("binance", "AUSDT", 0, None)], frames.FUNDING)["rate_ratio"].to_list() == [None]


def test_frame_is_cut_to_the_schema() -> None:
    """A frame loses the columns that the schema lacks, and is brought to its order and types."""
    given = pl.DataFrame({"x": [1], "rate_ratio": [1], "settled_ms": [0], "contract": ["A"], "venue": ["v"]})
    frame = frames.conform(given, frames.FUNDING)
    assert frame.columns == NAMES
    assert frame["rate_ratio"].dtype == pl.Float64


def test_frame_without_a_column_is_refused() -> None:
    """A column is never made up."""
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        frames.conform(pl.DataFrame({"venue": ["binance"]}), frames.FUNDING)


def test_no_rows_give_an_empty_frame() -> None:
    """Without rows the schema is there all the same."""
    assert frames.conform([], frames.FUNDING).equals(frames.empty(frames.FUNDING))


def test_stack_of_nothing_is_empty() -> None:
    """No frames at all stack to an empty frame of the schema."""
    assert frames.stack([], frames.BOOK).schema == pl.Schema(frames.BOOK)


def test_stack_keeps_the_order() -> None:
    """Frames are put below each other in the order given."""
    one, two = (frames.conform([("v", name, 0, 0.0)], frames.FUNDING) for name in "AB")
    assert frames.stack([two, one], frames.FUNDING)["contract"].to_list() == ["B", "A"]
