"""KuCoin's bars: the source's, a little off, in lots, and without the hours in which nothing traded."""

from functools import lru_cache

import numpy as np

from quantscout.frames import HOUR_MS
from quantscout_local.simulator.derive.quarters import split
from quantscout_local.simulator.market import KucoinContract
from quantscout_local.simulator.seeds import Floats, Ints, draw_normal, exponential, key_of, normal, uniform
from quantscout_local.simulator.series import Bars, rounded

_DIGITS = 6


def _factors(contract: KucoinContract, hour: Ints) -> Floats:
    """Return the price here over the price of the source at the end of each hour."""
    basis = 0.0004 * draw_normal("basis", contract.symbol)
    return np.asarray(contract.price_scale * (1.0 + basis + 0.0005 * normal(key_of("dev", contract.symbol), hour)))


def _prices(contract: KucoinContract, bars: Bars, hour: Ints) -> tuple[Floats, Floats, Floats, Floats]:
    before, after = _factors(contract, hour - 1), _factors(contract, hour)
    open_, close = (
        rounded(p * f, p * contract.price_scale, _DIGITS) for p, f in ((bars.open, before), (bars.close, after))
    )
    high = rounded(bars.high * np.maximum(before, after), open_, _DIGITS)
    low = rounded(bars.low * np.minimum(before, after), open_, _DIGITS)
    return open_, np.maximum(high, np.maximum(open_, close)), np.minimum(low, np.minimum(open_, close)), close


def _lots(contract: KucoinContract, bars: Bars, hour: Ints) -> Floats:
    here = contract.share * exponential(0.25 * normal(key_of("share", contract.symbol), hour))
    if contract.inverse:  # a lot is a dollar
        return np.asarray(np.rint(bars.quote_volume * here))
    return np.asarray(np.rint(bars.volume * here / (contract.price_scale * contract.lot_coins)))


def lot_usdt(contract: KucoinContract, price: Floats) -> Floats:
    """Return the value of one lot at each price."""
    return np.ones_like(price) if contract.inverse else price * contract.lot_coins


@lru_cache(maxsize=4096)
def hours(contract: KucoinContract) -> Bars:
    """Return the hours in which something traded, volume in lots; each depends on one bar of the source."""
    start = int(np.searchsorted(contract.source.bars.open_ms, contract.listed_ms, "left"))
    bars = contract.source.bars.span(start, len(contract.source.bars.open_ms))
    hour = bars.open_ms // HOUR_MS
    open_, high, low, close = _prices(contract, bars, hour)
    lots = _lots(contract, bars, hour)
    vwap = np.clip((open_ + high + low + close) / 4, low, high)
    turnover = np.round(lots / vwap if contract.inverse else lots * lot_usdt(contract, vwap), 4)
    nothing = np.zeros(len(lots))
    made = Bars(bars.open_ms, open_, high, low, close, lots, turnover, nothing.astype(np.int64), nothing, nothing)
    traded = (uniform(key_of("thin", contract.symbol), hour) >= contract.thin) | (bars.open_ms == contract.busy_ms)
    return made.pick((lots > 0) & traded)


def quarters(contract: KucoinContract, bars: Bars) -> Bars:
    """Return the 15m bars of some of its hours, again without those in which nothing traded."""
    made = split(key_of("quarters", contract.symbol), bars, volume_decimals=0)
    quiet = uniform(key_of("quiet", contract.symbol), made.open_ms // (HOUR_MS // 4))
    busy = made.open_ms // HOUR_MS * HOUR_MS == contract.busy_ms
    return made.pick((made.volume > 0) & ((quiet >= contract.thin) | busy))
