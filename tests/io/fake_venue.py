"""A venue in memory: the protocol of `quantscout.venues.base` over the made market, with every fault on demand."""

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import polars as pl
from fake_market import COINS, FUNDING_INTERVAL_H, Coin, make_bars, make_funding, make_open_interest

from quantscout.clock import to_ms
from quantscout.errors import AnswerError, Problem, SourceError
from quantscout.frames import BARS, BOOK, DAY_MS, FUNDING, HOUR_MS, LISTING, MINUTE_MS, conform, empty
from quantscout.venues.base import Contract, Listing

if TYPE_CHECKING:
    from collections.abc import Callable

Fault = SourceError | AnswerError


class Clock:
    """A clock that stands still but for those who sleep."""

    def __init__(self, at: datetime) -> None:
        """Stand at a time."""
        self.at = at
        self.slept: list[float] = []

    def now(self) -> datetime:
        """Return the time."""
        return self.at

    async def sleep(self, seconds: float) -> None:
        """Move the clock on; those who fall asleep together wake together."""
        wake = self.at + timedelta(seconds=seconds)
        self.slept.append(seconds)
        await asyncio.sleep(0)
        self.at = max(self.at, wake)


class Asked(NamedTuple):
    """A request that came; `since_ms` and `until_ms` where it has a range, `interval_ms` for bars."""

    what: str
    contract: str = ""
    since_ms: int = 0
    until_ms: int = 0
    interval_ms: int = 0


class Traits(NamedTuple):
    """How a venue differs from the other."""

    name: str
    offers: frozenset[str]
    suffix: str
    share: float
    prefixed: frozenset[str] = frozenset()
    """Coins that trade in units of 1,000."""


BINANCE = Traits(
    "binance",
    frozenset({"long_short", "taker", "funding_sweep"}),
    "USDT",
    1.0,
    frozenset({"PEP"}),
)
KUCOIN = Traits("kucoin", frozenset(), "USDTM", 0.6)


class FakeVenue:
    """A venue over the made market. Set its attributes to make it fail; look at `asked` for what it was asked."""

    def __init__(self, traits: Traits, clock: Clock, coins: tuple[Coin, ...] = COINS) -> None:
        """List these coins, by this clock."""
        self.name, self.offers, self.traits, self.clock = traits.name, traits.offers, traits, clock
        self.coins = {self.contract_of(coin.base): coin for coin in coins}
        self.drift_s = 0.0
        self.out: Fault | None = None
        self.failing: dict[tuple[str, str], Fault] = {}
        self.late_until_ms: dict[str, int] = {}
        """Contract to the time at which its newest bar is there."""
        self.book_age_ms = 0
        self.cut_ms: int | None = None
        """Everything that closes or stands later is deleted."""
        self.change_listing: Callable[[pl.DataFrame], pl.DataFrame] = lambda frame: frame
        self.change_bars: Callable[[pl.DataFrame], pl.DataFrame] = lambda frame: frame
        self.problems: list[Problem] = []
        self.asked: list[Asked] = []
        self._bars: dict[str, pl.DataFrame] = {}

    def units(self, base: str) -> float:
        """Return the coins per contract unit."""
        return 1_000.0 if base in self.traits.prefixed else 1.0

    def contract_of(self, base: str) -> str:
        """Return the venue's name of a coin's contract."""
        return ("1000" if base in self.traits.prefixed else "") + base + self.traits.suffix

    def now_ms(self) -> int:
        """Return the venue's clock."""
        return to_ms(self.clock.now()) + round(1000 * self.drift_s)

    def calls(self, what: str, contract: str = "") -> list[Asked]:
        """Return the requests of a kind, of one contract where it is named."""
        return [asked for asked in self.asked if asked.what == what and contract in ("", asked.contract)]

    def _note(self, asked: Asked) -> None:
        self.asked.append(asked)
        fault = self.out or self.failing.get((asked.what, asked.contract))
        if fault:
            raise fault

    def _ends_ms(self) -> int:
        return min(self.now_ms(), self.cut_ms if self.cut_ms is not None else self.now_ms())

    def bars_of(self, contract: str) -> pl.DataFrame:
        """Return all 1h bars of a contract, the future's too."""
        if contract not in self._bars:
            coin = self.coins[contract]
            taker = "taker" in self.offers
            self._bars[contract] = make_bars(
                self.name, contract, coin, self.units(coin.base), self.traits.share, taker=taker
            )
        return self._bars[contract]

    async def fetch_server_time_ms(self) -> int:
        """Return the venue's clock."""
        self._note(Asked("server_time"))
        return self.now_ms()

    async def fetch_listing(self) -> Listing:
        """Return all contracts as they are by the venue's clock."""
        self._note(Asked("listing"))
        frame = conform([self._listed(contract, coin) for contract, coin in self.coins.items()], LISTING)
        return Listing(self.change_listing(frame), list(self.problems))

    def _listed(self, contract: str, coin: Coin) -> tuple[object, ...]:
        price = float(_closed(self.bars_of(contract), self._ends_ms())["close"][-1])
        base = ("1000" if coin.base in self.traits.prefixed else "") + coin.base
        held = (
            None
            if "long_short" in self.offers
            else self._positions(contract).filter(pl.col("at_ms") <= self._ends_ms())
        )
        return (
            *(
                self.name,
                contract,
                base,
                coin.ineligible,
                "announced" if coin.ineligible else None,
                coin.listed_ms,
                1.0,
                5.0,
            ),
            *(price, 0.9995 * price, 1.0005 * price, 1e-4, FUNDING_INTERVAL_H),
            *(None if held is None else held["open_interest_coins"][-1], self.now_ms()),
        )

    def _positions(self, contract: str) -> pl.DataFrame:
        coin = self.coins[contract]
        return make_open_interest(self.name, contract, coin, self.units(coin.base), supply="long_short" in self.offers)

    async def fetch_bars(self, contract: Contract, interval_ms: int, since_ms: int, until_ms: int) -> pl.DataFrame:
        """Return the closed bars of the range; longer and shorter ones are made of the 1h bars."""
        self._note(Asked("bars", contract.name, since_ms, until_ms, interval_ms))
        ends_ms = self._ends_ms()
        if self.now_ms() < self.late_until_ms.get(contract.name, 0):
            ends_ms = min(ends_ms, ends_ms // HOUR_MS * HOUR_MS - HOUR_MS)
        hourly = _closed(self.bars_of(contract.name), ends_ms)
        bars = _resampled(hourly, interval_ms).filter(pl.col("open_ms").is_between(since_ms, until_ms, closed="left"))
        return self.change_bars(bars)

    async def fetch_open_interest(self, contract: Contract, since_ms: int, until_ms: int) -> pl.DataFrame:
        """Return the hourly open interest of the range."""
        self._note(Asked("open_interest", contract.name, since_ms, until_ms))
        return self._positions(contract.name).filter(
            pl.col("at_ms").is_between(since_ms, min(until_ms, self._ends_ms()))
        )

    async def fetch_funding(self, contract: Contract, since_ms: int, until_ms: int) -> pl.DataFrame:
        """Return the settlements of the range."""
        self._note(Asked("funding", contract.name, since_ms, until_ms))
        return self._settled(contract.name, since_ms, until_ms)

    async def fetch_funding_of_all(self, since_ms: int, until_ms: int) -> pl.DataFrame:
        """Return the settlements of all contracts in the range."""
        self._note(Asked("funding_of_all", "*", since_ms, until_ms))
        return pl.concat([empty(FUNDING), *(self._settled(name, since_ms, until_ms) for name in self.coins)])

    def _settled(self, contract: str, since_ms: int, until_ms: int) -> pl.DataFrame:
        rows = make_funding(self.name, contract, self.coins[contract])
        return rows.filter(pl.col("settled_ms").is_between(since_ms, min(until_ms, self._ends_ms())))

    async def fetch_book(self, contract: Contract) -> pl.DataFrame:
        """Return the book by the venue's clock; the larger the coin, the deeper."""
        self._note(Asked("order_book", contract.name))
        coin = self.coins[contract.name]
        mid = float(_closed(self.bars_of(contract.name), self._ends_ms())["close"][-1])
        depth, lean = 15_000.0 + 3_000 * coin.size, 0.4 + 0.02 * (coin.size % 10)
        return conform(
            [(self.name, contract.name, self.now_ms() - self.book_age_ms, mid, depth * lean, depth * (1 - lean), True)],
            BOOK,
        )

    async def fetch_long_short_ratio(self, contract: Contract, at_ms: int) -> float | None:
        """Return a ratio that depends on the coin."""
        self._note(Asked("long_short", contract.name, at_ms, at_ms))
        return 1 + 0.01 * self.coins[contract.name].size


def _closed(hourly: pl.DataFrame, ends_ms: int) -> pl.DataFrame:
    """Return the bars that close by then, of a series without holes: no search, for it is done thousands of times."""
    return hourly[: max(0, (ends_ms - int(hourly["open_ms"][0])) // HOUR_MS)]


def _resampled(hourly: pl.DataFrame, interval_ms: int) -> pl.DataFrame:
    if interval_ms == HOUR_MS:
        return hourly
    if interval_ms == 15 * MINUTE_MS:  # the last quarter of each hour
        quarter = pl.col("close") + (pl.col("open") - pl.col("close")) / 4
        return hourly.with_columns(pl.col("open_ms") + 45 * MINUTE_MS, quarter.alias("open"))
    day = (pl.col("open_ms") // DAY_MS * DAY_MS).alias("open_ms")
    sums = [pl.col(name).sum() for name in ("volume_coins", "volume_usdt", "taker_buy_usdt")]
    prices = [pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last()]
    days = hourly.group_by("venue", "contract", day, maintain_order=True).agg(
        *prices, *sums, pl.col("filled").any(), pl.len().alias("hours")
    )
    return conform(days.filter(pl.col("hours") == 24), BARS)


def both_venues(clock: Clock) -> tuple[FakeVenue, FakeVenue]:
    """Return a larger venue with all coins and a smaller one with most of them."""
    few = tuple(coin for coin in COINS if coin.size % 3 or coin.base in ("PEP", "BTC"))
    return FakeVenue(BINANCE, clock), FakeVenue(KUCOIN, clock, few)
