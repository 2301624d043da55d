"""Decimal figures as whole numbers: bit for bit the same when they come back, whatever they are."""

import struct

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantscout.blocks import PART_LIMIT_BYTES, pack, unpack
from quantscout.decimals import PLACES, REST, WHOLE, from_whole_numbers, to_whole_numbers

DECIMALS = st.builds(
    lambda digits, places: float(f"{digits}e-{places}"), st.integers(-(10**15), 10**15), st.integers(0, 12)
)
ANY = st.floats(width=64)
NAMES = st.sampled_from(["A", "B", "C"])


def bits(frame: pl.DataFrame) -> list[tuple[bytes | None, ...]]:
    """Return every figure's bits."""
    return [tuple(None if value is None else struct.pack("<d", value) for value in row) for row in frame.rows()]


def frame_of(rows: list[tuple[str, float | None, float | None]]) -> pl.DataFrame:
    """Return rows of a contract and two figures."""
    schema = {"contract": pl.String, "price": pl.Float64, "volume": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


@settings(max_examples=100)
@given(st.lists(st.tuples(NAMES, st.none() | DECIMALS | ANY, st.none() | DECIMALS | ANY), max_size=30))
def test_every_figure_comes_back_bit_for_bit(rows: list[tuple[str, float | None, float | None]]) -> None:
    """Decimals, doubles without end, nulls, minus zero, infinities and NaN, in any mixture and any number of rows."""
    frame = frame_of(rows)
    back = from_whole_numbers(to_whole_numbers(frame))
    assert (back.schema, back["contract"].to_list()) == (frame.schema, frame["contract"].to_list())
    assert bits(back.drop("contract")) == bits(frame.drop("contract"))


@settings(max_examples=60)
@given(st.lists(st.tuples(NAMES, ANY, ANY), min_size=1, max_size=200), st.integers(1, 400), st.integers(2_500, 9_000))
def test_no_part_exceeds_the_limit(rows: list[tuple[str, float | None, float | None]], times: int, limit: int) -> None:
    """Whatever the rows, each part fits, and the parts below each other are the frame."""
    frame = pl.concat([frame_of(rows)] * times)
    parts = pack(frame, limit)
    assert all(len(part) <= limit or unpack(part).height == 1 for part in parts)
    assert bits(pl.concat([unpack(part) for part in parts]).drop("contract")) == bits(frame.drop("contract"))


def test_one_giant_set_of_rows_is_split_below_the_size_of_an_item() -> None:
    """Two million figures that do not compress are some fifty items, none above the limit."""
    dice = pl.Series(range(1_000_000)).hash(7).reinterpret(signed=True).cast(pl.Float64) / 3
    frame = pl.DataFrame({"price": dice, "volume": dice.reverse()})
    parts = pack(frame)
    assert len(parts) > 40
    assert max(map(len, parts)) <= PART_LIMIT_BYTES
    assert pl.concat([unpack(part) for part in parts]).equals(frame)


def test_prices_become_whole_numbers() -> None:
    """A contract's figures share the places of its finest one."""
    split = to_whole_numbers(frame_of([("A", 0.5, 1.0), ("A", 0.0625, 2.0), ("B", 70_000.1, 3.0)]))
    assert split["price" + WHOLE].to_list() == [5_000, 625, 700_001]
    assert split["price" + PLACES].to_list() == [4, 4, 1]
    assert "price" + REST not in split.columns


def test_what_is_no_decimal_stays_beside_the_others() -> None:
    """One figure without end does not cost the others their form."""
    split = to_whole_numbers(frame_of([("A", 0.5, 1.0), ("A", 0.25, 1.0), ("A", 1 / 3, 1.0)]))
    assert split["price" + WHOLE].to_list() == [50, 25, None]
    assert split["price" + REST].to_list() == [0.0, 0.0, 1 / 3]


def test_a_figure_too_large_for_the_places_of_its_neighbours_stays_beside_them() -> None:
    """In units of the finest place it would be no whole number that a double holds."""
    frame = frame_of([("A", 9_007_199_255.0, None), ("A", 0.015625, None)])
    assert from_whole_numbers(to_whole_numbers(frame)).equals(frame)


def test_a_column_of_few_decimals_stays_as_it_is() -> None:
    """Figures that were computed would only grow."""
    frame = frame_of([("A", 1 / 3, 1.0), ("A", 2 / 3, 1.0), ("A", 0.5, 1.0)])
    assert "price" in to_whole_numbers(frame).columns


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_short_frames_come_back(rows: int) -> None:
    """One row is divided as exactly as many: polars takes it for a constant."""
    for digits in range(1, 3_000, 97):
        frame = frame_of([("A", digits / 1000, 0.1)] * rows)
        assert from_whole_numbers(to_whole_numbers(frame)).equals(frame)
