"""The order of rows by contract and hour."""

import random

import polars as pl
import pytest

from quantscout.frames import HOUR_MS, KEY
from quantscout.order import order_rows, take

FIRST, HOURS = 490_000 * HOUR_MS, 30
NAMES = [("binance", "A"), ("binance", "B"), ("kucoin", "A"), ("kucoin", "1000000LONGNAMEUSDTM")]
ROWS = [(*name, FIRST + k * HOUR_MS, float(k)) for name in NAMES for k in range(HOURS)]


def _frame(rows: list[tuple[str, str, int, float]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=[*KEY, "open_ms", "value"], orient="row")


def _ordered(frame: pl.DataFrame, *also: pl.Expr, first_ms: int = FIRST) -> pl.DataFrame:
    row = order_rows(frame, "open_ms", first_ms, FIRST + HOURS * HOUR_MS, *also).row
    return pl.DataFrame(take(frame, row, frame.columns))


@pytest.mark.parametrize("seed", range(5))
def test_contracts_stand_together_in_the_order_of_time(seed: int) -> None:
    """However the rows come, those of a contract follow each other, oldest first."""
    shuffled = random.Random(seed).sample(ROWS, len(ROWS))
    ordered = _ordered(_frame(shuffled))
    assert ordered.sort(KEY, maintain_order=True).rows() == sorted(ROWS)
    assert ordered.select(pl.struct(KEY).rle_id()).to_series().n_unique() == len(NAMES)


def test_same_name_on_two_venues_is_two_contracts() -> None:
    """The names of an order are all keys of the frame, once each."""
    frame = _frame(ROWS)
    order = order_rows(frame, "open_ms", FIRST, FIRST + HOURS * HOUR_MS)
    assert sorted(order.names(frame).select(KEY).rows()) == sorted(NAMES)


def test_rows_outside_the_range_are_left_out() -> None:
    """The range includes both its ends."""
    assert _ordered(_frame(ROWS), first_ms=FIRST + 5 * HOUR_MS)["value"].min() == 5.0


def test_further_conditions_leave_rows_out() -> None:
    """A row that does not fulfil them is in no place."""
    assert _ordered(_frame(ROWS), pl.col("value") < 3)["value"].max() == 2.0


def test_of_the_same_hour_the_earlier_row_is_first() -> None:
    """A repeated hour keeps the order of the rows."""
    twice = [("binance", "A", FIRST, 9.0), ("binance", "A", FIRST, 1.0), ("binance", "A", FIRST, 5.0)]
    assert _ordered(_frame(twice))["value"].to_list() == [9.0, 1.0, 5.0]


def test_chunks_make_no_difference() -> None:
    """A frame in many chunks, as the state gives it, has the same order."""
    whole = _frame(ROWS)
    chunks = pl.concat([whole[k : k + 7] for k in range(0, whole.height, 7)], rechunk=False)
    assert _ordered(chunks).equals(_ordered(whole))


def test_empty_frame_has_an_empty_order() -> None:
    """Nothing to order is no error."""
    order = order_rows(_frame(ROWS).clear(), "open_ms", FIRST, FIRST)
    assert (order.row.len(), order.starts.len()) == (0, 0)
