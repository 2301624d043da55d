"""Omitted bars: filled between two real ones of one answer, and nowhere else."""

import polars as pl
import pytest

from quantscout.frames import BARS, HOUR_MS, conform
from quantscout.venues.gaps import fill_between


def bars(*hours: int, taker: float | None = 4.0, low: float = 9.0) -> pl.DataFrame:
    """Return real bars that open at these hours; the close is 10 + hour."""
    rows = [("venue", "A", h * HOUR_MS, 10.0, 99.0, low, 10.0 + h, 5.0, 50.0, taker, False) for h in hours]
    return conform(rows, BARS)


def test_hole_is_filled_with_the_close_before_it() -> None:
    """Hours without trades become flat bars at the close before them, without volume and marked as filled."""
    filled = fill_between(bars(0, 3), HOUR_MS).filter("filled")
    assert filled.rows() == [("venue", "A", h * HOUR_MS, 10.0, 10.0, 10.0, 10.0, 0.0, 0.0, 0.0, True) for h in (1, 2)]


def test_result_is_in_order_of_time() -> None:
    """Real and filled bars come sorted, even from an answer that was not."""
    assert fill_between(bars(5, 0, 2), HOUR_MS)["open_ms"].to_list() == [h * HOUR_MS for h in range(6)]


def test_taker_volume_stays_unknown_where_the_venue_has_none() -> None:
    """A filled bar of a venue without taker volume has none either."""
    assert fill_between(bars(0, 2, taker=None), HOUR_MS)["taker_buy_usdt"].to_list() == [None] * 3


@pytest.mark.parametrize("frame", [bars(), bars(3), bars(3, 4, 5)], ids=["none", "one", "whole"])
def test_nothing_to_fill_changes_nothing(frame: pl.DataFrame) -> None:
    """An answer without a hole comes back as it is."""
    assert fill_between(frame, HOUR_MS).equals(frame)


def test_unaligned_distance_is_not_filled() -> None:
    """A distance that is no multiple of the interval is a broken answer, not an hour without trades."""
    odd = bars(0, 3).with_columns(pl.col("open_ms") + pl.Series([0, 1]))
    assert len(fill_between(odd, HOUR_MS)) == 2


def test_hole_beside_a_broken_bar_stays() -> None:
    """A bar that verification will drop is no real neighbour of a hole."""
    assert len(fill_between(pl.concat([bars(0, low=50.0), bars(3)]), HOUR_MS)) == 2


def test_repeated_bar_does_not_break_the_filling() -> None:
    """A bar that came twice stays twice, for verification to judge, and the hole behind it is filled once."""
    assert fill_between(bars(0, 0, 2), HOUR_MS)["open_ms"].to_list() == [0, 0, HOUR_MS, 2 * HOUR_MS]


@pytest.mark.parametrize(
    ("column", "value"), [("close", None), ("open", None), ("volume_usdt", -1.0), ("taker_buy_usdt", -1.0)]
)
@pytest.mark.parametrize("hour", [0, 3])
def test_hole_beside_a_bar_that_verification_drops_stays(column: str, value: float | None, hour: int) -> None:
    """An unknown price or a negative amount on either side leaves the hole."""
    at = pl.col("open_ms") == hour * HOUR_MS
    broken = bars(0, 3).with_columns(pl.when(at).then(pl.lit(value)).otherwise(column).alias(column))
    assert len(fill_between(conform(broken, BARS), HOUR_MS)) == 2


def test_hole_beside_a_bar_told_twice_in_different_words_stays() -> None:
    """Nobody can say which of the two is right, so neither close is carried on."""
    other = bars(0).with_columns(close=pl.lit(50.0))
    assert len(fill_between(pl.concat([bars(0), other, bars(3)]), HOUR_MS)) == 3


def test_hole_between_misaligned_bars_stays() -> None:
    """Bars that open at no full interval are dropped later: nothing is made between them."""
    assert len(fill_between(bars(0, 3).with_columns(pl.col("open_ms") + 1), HOUR_MS)) == 2


@pytest.mark.parametrize(("hours", "bars_in_all"), [(1_500, 1_501), (1_501, 2), (2**53 // HOUR_MS, 2)])
def test_hole_longer_than_an_answer_stays(hours: int, bars_in_all: int) -> None:
    """A time stamp gone wild is no reason to make millions of bars."""
    assert len(fill_between(bars(0, hours).with_columns(close=pl.lit(10.0)), HOUR_MS)) == bars_in_all
