"""A venue in this process that answers from a real archive: listing and 1h bars, what the state is filled from."""

import numpy as np
import polars as pl

from quantscout.frames import BARS, HOUR_MS, LISTING, OPEN_INTEREST, conform, empty
from quantscout.venues.base import Contract, Listing

BINANCE_OFFERS = frozenset({"open_interest_history", "funding_sweep"})


class ArchiveVenue:
    """A `base.Venue` over frames of an archive, at an hour that the story sets (`hour_ms`)."""

    offers = BINANCE_OFFERS

    def __init__(self, name: str, bars: pl.DataFrame) -> None:
        """Take all bars of the archive; they are answered under this venue's name."""
        self.name, self.hour_ms, self.requests = name, 0, 0
        named = bars.with_columns(venue=pl.lit(name)).sort("contract", "open_ms")
        self._of = {str(key[0]): part for key, part in named.partition_by("contract", as_dict=True).items()}
        self._opens = {contract: part["open_ms"].to_numpy() for contract, part in self._of.items()}

    async def fetch_server_time_ms(self) -> int:
        """Return ten seconds past the hour."""
        return self.hour_ms + 10_000

    async def fetch_listing(self) -> Listing:
        """Return the contracts that have a bar of the hour."""
        rows = [
            (self.name, contract, contract.removesuffix("USDT"), None, None, int(opens[0]), *[None] * 9)
            for contract, opens in self._opens.items()
            if self._cut(contract, self.hour_ms - HOUR_MS, self.hour_ms).height
        ]
        return Listing(conform(rows, LISTING), [])

    def _cut(self, contract: str, since_ms: int, until_ms: int) -> pl.DataFrame:
        first, stop = np.searchsorted(self._opens[contract], (since_ms, until_ms))
        return self._of[contract][int(first) : int(stop)]

    def held(self, since_ms: int, until_ms: int) -> pl.DataFrame:
        """Return the bars of all contracts that open in `since <= t < until`: the truth."""
        return pl.concat([self._cut(contract, since_ms, until_ms) for contract in self._of]).select(*BARS)

    async def fetch_bars(self, contract: Contract, interval_ms: int, since_ms: int, until_ms: int) -> pl.DataFrame:
        """Return 1h bars of the range."""
        assert interval_ms == HOUR_MS, "the state holds 1h bars alone"
        self.requests += 1
        return self._cut(contract.name, since_ms, min(until_ms, self.hour_ms)).select(*BARS)

    async def fetch_open_interest(self, contract: Contract, since_ms: int, until_ms: int) -> pl.DataFrame:  # noqa: ARG002
        """Return nothing: the archive's is of 4 hours."""
        return empty(OPEN_INTEREST)

    async def fetch_funding(self, contract: Contract, since_ms: int, until_ms: int) -> pl.DataFrame:
        """Not asked for here."""
        raise NotImplementedError

    async def fetch_funding_of_all(self, since_ms: int, until_ms: int) -> pl.DataFrame:
        """Not asked for here."""
        raise NotImplementedError

    async def fetch_book(self, contract: Contract) -> pl.DataFrame:
        """Not asked for here."""
        raise NotImplementedError

    async def fetch_long_short_ratio(self, contract: Contract, at_ms: int) -> float | None:
        """Not asked for here."""
        raise NotImplementedError
