"""Frames as compressed blocks."""

import random

import polars as pl
import pytest

from quantscout.blocks import PART_LIMIT_BYTES, pack, unpack
from quantscout.errors import StateError
from quantscout.frames import FUNDING, conform, empty

DICE = random.Random(1)
ROWS = [("binance", f"C{k % 500}", k, DICE.random()) for k in range(20_000)]


def test_block_comes_back_as_it_was() -> None:
    """A frame survives packing, nulls and Chinese names included."""
    frame = conform([("binance", "币安人生USDT", 0, None), ("kucoin", "AUSDTM", 1, 0.1)], FUNDING)
    assert pl.concat([unpack(part, FUNDING) for part in pack(frame)]).equals(frame)


def test_large_frame_is_split_within_the_limit() -> None:
    """Every part of a large frame fits, and the parts in order are the frame."""
    frame = conform(ROWS, FUNDING)
    parts = pack(frame, limit_bytes=30_000)
    assert len(parts) > 1
    assert max(len(part) for part in parts) <= 30_000
    assert pl.concat([unpack(part) for part in parts]).equals(frame)


def test_default_part_fits_a_table_item() -> None:
    """The default limit leaves room in an item of 400 KB."""
    assert PART_LIMIT_BYTES < 400 * 1024 - 10_000


def test_empty_frame_is_one_block() -> None:
    """An empty frame keeps its schema on the way."""
    (part,) = pack(empty(FUNDING))
    assert unpack(part, FUNDING).equals(empty(FUNDING))


def test_row_is_never_split() -> None:
    """A single row stays one block even beyond the limit."""
    assert len(pack(conform(ROWS[:1], FUNDING), limit_bytes=1)) == 1


def test_same_frame_gives_the_same_bytes() -> None:
    """Packing is repeatable, also for a frame in several chunks."""
    frame = conform(ROWS[:100], FUNDING)
    assert pack(frame) == pack(pl.concat([frame[:50], frame[50:]], rechunk=False))


@pytest.mark.parametrize("data", [b"", b"garbage", pack(empty(FUNDING))[0][:40]])
def test_broken_bytes_are_a_state_error(data: bytes) -> None:
    """What is no block is refused as such."""
    with pytest.raises(StateError, match="cannot be read"):
        unpack(data, FUNDING)


def test_block_of_another_schema_is_a_state_error() -> None:
    """A block without the schema's columns is refused, not filled up."""
    (part,) = pack(pl.DataFrame({"x": [1]}))
    with pytest.raises(StateError, match="cannot be read"):
        unpack(part, FUNDING)
