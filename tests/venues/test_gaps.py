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
