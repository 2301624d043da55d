"""The order book as one row: what stands within 1 % around mid (SPEC 4, `depth`)."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import polars as pl

from quantscout.errors import AnswerError
from quantscout.frames import BOOK, conform
from quantscout.venues.answers import NotNegative, Positive, columns
from quantscout.venues.base import Contract

BAND_RATIO = 0.01

Level = Annotated[tuple[Positive, NotNegative], columns(2)]
Side = Sequence[tuple[float, float]]


class Levels(NamedTuple):
    """One book as the venue gave it: levels (price, size in the venue's units), and how many were asked for."""

    bids: Side
    asks: Side
    at_ms: int
    asked: int | None = None  # None: the whole book


def build_book(venue: str, contract: Contract, book: Levels) -> pl.DataFrame:
    """Return the one row of `frames.BOOK`.

    A side with fewer levels than asked for is whole, and its sum is no lower bound. An empty side gives null sums.
    Raises AnswerError for a crossed book.
    """
    bids, asks = book.bids, book.asks
    if not bids or not asks:
        return conform([(venue, contract.name, book.at_ms, None, None, None, False)], BOOK)
    best_bid, best_ask = max(price for price, _ in bids), min(price for price, _ in asks)
    if best_bid > best_ask:
        raise AnswerError(venue, "bids[0][0]", f"crossed book: bid {best_bid} above ask {best_ask}", contract.name)
    mid = (best_bid + best_ask) / 2
    low, high = mid * (1 - BAND_RATIO), mid * (1 + BAND_RATIO)
    whole = book.asked is None or (
        (len(bids) < book.asked or min(price for price, _ in bids) <= low)
        and (len(asks) < book.asked or max(price for price, _ in asks) >= high)
    )
    bids_usdt, asks_usdt = (
        sum(price * size * contract.lot_coins for price, size in side if low <= price <= high) for side in (bids, asks)
    )
    return conform([(venue, contract.name, book.at_ms, mid, bids_usdt, asks_usdt, whole)], BOOK)
