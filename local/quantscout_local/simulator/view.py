"""A market as of one hour: what is listed, what has closed, and what all answers of that hour share."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import TypeVar

from quantscout.errors import InputError
from quantscout.frames import DAY_MS, HOUR_MS
from quantscout_local.simulator.clock import SimulatorClock
from quantscout_local.simulator.derive import book, kucoin
from quantscout_local.simulator.market import Contract, KucoinContract, Market
from quantscout_local.simulator.series import Bars, closed_count, row_total

T = TypeVar("T")
_MONTH_H = 720


class View:
    """What the venues show at `hour_ms`; nothing in it comes from a bar that closes later."""

    def __init__(self, market: Market, hour_ms: int, clock: SimulatorClock | None = None) -> None:
        """Raise InputError if the market does not cover the hour; without a clock, one that has just been set."""
        if not market.covers(hour_ms):
            raise InputError(
                f"{market.source} does not cover the hour {iso(hour_ms)}: choose a full hour from "
                f"{iso(int(market.hours_ms[0]))} to {iso(int(market.hours_ms[-1]))}"
            )
        self.market, self.hour_ms, self.clock = market, hour_ms, clock or SimulatorClock(hour_ms)
        self._made: dict[object, object] = {}

    def once(self, name: object, make: Callable[[], T]) -> T:
        """Return what `make` returned the first time that this view was asked under the name."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]  # type: ignore[return-value]

    @cached_property
    def binance(self) -> dict[str, Contract]:
        """Return the Binance contracts whose first bar opened before the hour."""
        return {name: c for name, c in self.market.binance.items() if c.first_ms < self.hour_ms}

    @cached_property
    def kucoin(self) -> dict[str, KucoinContract]:
        """Return the KuCoin contracts that have a closed bar."""
        if self.market.real_only:
            return {}
        listed = (c for c in self.market.kucoin.values() if max(c.listed_ms, c.source.first_ms) < self.hour_ms)
        return {c.symbol: c for c in listed if closed_count(kucoin.hours(c).open_ms, self.hour_ms)}

    def closed(self, contract: Contract | KucoinContract) -> Bars:
        """Return the hours that have closed."""
        bars = contract.bars if isinstance(contract, Contract) else kucoin.hours(contract)
        return bars.span(0, closed_count(bars.open_ms, self.hour_ms))

    def last_close(self, contract: Contract | KucoinContract) -> float:
        """Return the close of the last closed bar."""
        return float(self.closed(contract).close[-1])

    def last_day(self, contract: Contract | KucoinContract) -> Bars:
        """Return the bars of the last 24 hours; where nothing traded in them, the last bar."""
        bars = self.closed(contract)
        start = closed_count(bars.open_ms, self.hour_ms - DAY_MS)
        return bars.span(min(start, len(bars.open_ms) - 1), len(bars.open_ms))

    def daily_usdt(self, contract: Contract | KucoinContract) -> float:
        """Return the mean turnover per day over the trailing 30 days."""
        bars = self.closed(contract)
        start = closed_count(bars.open_ms, self.hour_ms - _MONTH_H * HOUR_MS)
        hours = (self.hour_ms - int(bars.open_ms[min(start, len(bars.open_ms) - 1)])) // HOUR_MS
        total = row_total(bars.quote_volume[start:]) * 24 / max(hours, 1)
        inverse = isinstance(contract, KucoinContract) and contract.inverse
        return total * float(bars.close[-1]) if inverse else total

    def book(self, contract: Contract | KucoinContract) -> book.Shape:
        """Return the shape of the order book."""
        return self.once(
            ("book", contract.symbol),
            lambda: book.shape(
                contract.symbol, self.hour_ms // HOUR_MS, self.last_close(contract), self.daily_usdt(contract)
            ),
        )

    def trading(self, contract: Contract) -> bool:
        """Return whether the contract still trades: a bar has just closed, and no delivery lies behind."""
        delivered = contract.delivery_ms is not None and contract.delivery_ms <= self.hour_ms
        return not delivered and int(self.closed(contract).open_ms[-1]) == self.hour_ms - HOUR_MS


def iso(at_ms: int) -> str:
    """Return a time as a person writes it, 2026-03-01T12:00Z."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%MZ")
