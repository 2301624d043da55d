"""The order book as one row."""

import pytest

from quantscout.errors import AnswerError
from quantscout.venues.base import Contract
from quantscout.venues.depth import Levels, Side, build_book

CONTRACT = Contract("A", 10.0)


def book(bids: Side, asks: Side, asked: int | None = None) -> dict[str, object]:
    """Return the row of this book."""
    return build_book("venue", CONTRACT, Levels(bids, asks, 7, asked)).to_dicts()[0]


def test_sums_are_the_value_within_one_percent_of_mid() -> None:
    """Price times size times lot, of the levels within 1 % of mid, edges included."""
    row = book([(99.5, 2), (99.0, 1), (98.9, 50)], [(100.5, 3), (101.1, 50)])
    assert (row["mid"], row["bids_usdt"], row["asks_usdt"]) == (100.0, 2_980.0, 3_015.0)


@pytest.mark.parametrize("sides", [([], [(1.0, 1.0)]), ([(1.0, 1.0)], []), ([], [])])
def test_book_with_an_empty_side_has_no_sums(sides: tuple[Side, Side]) -> None:
    """Without one side there is no mid, and no sum is claimed."""
    row = book(*sides)
    assert (row["mid"], row["bids_usdt"], row["asks_usdt"], row["reaches_band"]) == (None, None, None, False)


def test_crossed_book_is_refused() -> None:
    """A bid above the ask is no book."""
    with pytest.raises(AnswerError, match=r"crossed book.*\(A\)"):
        book([(101.0, 1)], [(100.0, 1)])


def test_full_page_that_ends_inside_the_band_does_not_reach_it() -> None:
    """As many levels as asked for, all near: the sums are lower bounds."""
    assert book([(99.9, 1), (99.8, 1)], [(100.1, 1), (102.0, 1)], asked=2)["reaches_band"] is False


def test_short_page_is_the_whole_book() -> None:
    """Fewer levels than asked for are all there are, wherever they end."""
    assert book([(99.9, 1)], [(100.1, 1)], asked=2)["reaches_band"] is True


def test_full_page_that_leaves_the_band_reaches_it() -> None:
    """As many levels as asked for, ending beyond the band on both sides: the sums are whole."""
    assert book([(99.9, 1), (98.0, 1)], [(100.1, 1), (102.0, 1)], asked=2)["reaches_band"] is True
