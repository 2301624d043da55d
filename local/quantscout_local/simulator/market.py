"""A market: everything that does not depend on the hour asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from quantscout_local.simulator.seeds import Ints
from quantscout_local.simulator.series import Bars, Points

NEVER_MS = 4_133_404_800_000
"""Binance's delivery date of a contract that has none."""

Simulated = Literal[
    "bars_15m",  # 15m bars made inside the real 1h bar
    "quote_volume_15m",  # real 15m bars whose quote volume and trades are made
    "taker_split",
    "order_book",
    "spread",
    "supply",
    "open_interest",
    "long_short",
    "mark_price",  # the last close stands in for mark and index price
    "live_funding",  # the last settlement stands in for the running rate
    "exchange_info",  # entries of contracts that the capture does not describe
    "kucoin_market",
    "coingecko",
    "coinalyze",
    "synthetic_market",  # all of it
]
"""Names that the header `x-quantscout-simulated` may carry."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Contract:
    """A Binance contract with what is known about it."""

    symbol: str
    base: str  # as Binance names it, with its unit prefix
    coin: str  # the plain coin
    unit: int = 1  # coins per contract unit (1000PEPE: 1000)
    quote: str = "USDT"
    contract_type: str = "PERPETUAL"
    underlying_type: str = "COIN"
    bars: Bars
    quarters: Bars | None = None  # real 15m bars
    open_interest: Points | None = None
    open_interest_value: Points | None = None
    funding: Points | None = None  # settlements
    funding_h: int = 8  # where no settlement tells
    supply_coins: float | None = None  # where it is given
    captured: Mapping[str, Any] | None = None  # the venue's own exchangeInfo entry
    onboard_ms: int | None = None
    delivery_ms: int | None = None
    announced_ms: int | None = None  # since when the delivery is known

    @property
    def first_ms(self) -> int:
        """Return when the first bar opened."""
        return int(self.bars.open_ms[0])


@dataclass(frozen=True, eq=False, kw_only=True)
class KucoinContract:
    """A KuCoin contract, which trades close to the bars of `source`."""

    symbol: str
    coin: str
    base: str  # as KuCoin names it: XBT
    source: Contract
    price_scale: float = 1.0  # price here / price of the source: 0.001 for PEPE beside 1000PEPE
    lot_coins: float = 1.0
    funding_h: int = 8
    share: float = 0.1  # of the source's volume
    thin: float = 0.0  # chance that nothing trades in an hour
    busy_ms: int = -1  # start of an hour in which something does trade
    listed_ms: int = 0
    overrides: Mapping[str, Any] = field(default_factory=dict)  # of the contracts/active row
    announced_ms: int = 0  # since when `expireDate` among the overrides is known

    @property
    def inverse(self) -> bool:
        """Return whether lots are dollars and profits coins."""
        return bool(self.overrides.get("isInverse"))


@dataclass(frozen=True, eq=False, kw_only=True)
class Market:
    """Contracts by name on both venues, the hours they cover, and how much of it is real."""

    name: str
    source: str  # what a person calls it: a folder, or the seed
    synthetic: bool
    real_only: bool = False
    binance: Mapping[str, Contract]
    kucoin: Mapping[str, KucoinContract]
    hours_ms: Ints  # that can be asked for, ascending: some bar closes then

    def marks(self, *names: Simulated) -> tuple[Simulated, ...]:
        """Return the names to put into the header for an answer of which `names` are not real."""
        return ("synthetic_market",) if self.synthetic else names

    def covers(self, hour_ms: int) -> bool:
        """Return whether some bar closes at the hour."""
        place = int(np.searchsorted(self.hours_ms, hour_ms))
        return place < len(self.hours_ms) and int(self.hours_ms[place]) == hour_ms
