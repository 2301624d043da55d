"""What every venue offers to the pipeline: one protocol, two real implementations (binance, kucoin)."""

from typing import NamedTuple, Protocol

import polars as pl

from quantscout.errors import Problem


class Contract(NamedTuple):
    """What a request needs to know of a contract."""

    name: str
    lot_coins: float = 1.0


class Listing(NamedTuple):
    """All contracts of a venue (`frames.LISTING`) and what could not be read of them."""

    frame: pl.DataFrame
    problems: list[Problem]


class Venue(Protocol):
    """A venue's public data in canonical frames. All times are epoch ms; ranges are half open, `since <= t < until`.

    Every method raises SourceError (no answer) or AnswerError (an answer that is not what it should be). Bars come as
    the venue sent them (verified later), with omitted bars filled only inside one answer.
    """

    name: str
    offers: frozenset[str]
    """Of `long_short`, `taker`, `funding_sweep`: what the venue has at all."""

    async def fetch_server_time_ms(self) -> int:
        """Return the venue's clock."""

    async def fetch_listing(self) -> Listing:
        """Return every contract with its snapshot: price, spread, funding, open interest where it comes along."""

    async def fetch_bars(self, contract: Contract, interval_ms: int, since_ms: int, until_ms: int) -> pl.DataFrame:
        """Return `frames.BARS` whose open time lies in the range, in pages of the venue's size."""

    async def fetch_open_interest(self, contract: Contract, since_ms: int, until_ms: int) -> pl.DataFrame:
        """Return hourly `frames.OPEN_INTEREST`; `until_ms` is included here, a snapshot stands at the hour itself."""

    async def fetch_funding(self, contract: Contract, since_ms: int, until_ms: int) -> pl.DataFrame:
        """Return `frames.FUNDING`, settlements in the range; `until_ms` is included."""

    async def fetch_funding_of_all(self, since_ms: int, until_ms: int) -> pl.DataFrame:
        """Return the settlements of all contracts in the range, where the venue has `funding_sweep`."""

    async def fetch_book(self, contract: Contract) -> pl.DataFrame:
        """Return one row of `frames.BOOK`, from the smallest depth that is likely to reach 1 % around mid."""

    async def fetch_long_short_ratio(self, contract: Contract, at_ms: int) -> float | None:
        """Return long accounts / short accounts of the hour that ends at `at_ms`, None if the venue has none."""
