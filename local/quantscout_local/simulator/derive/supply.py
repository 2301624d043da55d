"""Circulating supply: constant in time for a coin, made from its first day."""

import numpy as np

from quantscout_local.simulator.market import Contract
from quantscout_local.simulator.seeds import draw, draw_normal, exponential_of
from quantscout_local.simulator.series import closed_count, rounded, row_total

_FIRST_DAY_H = 24
_KNOWN = {"BTC": 19_950_000.0, "ETH": 120_700_000.0, "BNB": 137_700_000.0, "SOL": 555_000_000.0, "XRP": 6.0e10}


def supply_coins(contract: Contract, hour_ms: int) -> float:
    """Return plain coins in circulation: the market cap on the first day follows the turnover of that day."""
    if contract.supply_coins is not None:
        return contract.supply_coins
    if contract.coin in _KNOWN:
        return _KNOWN[contract.coin]
    first = min(_FIRST_DAY_H, max(closed_count(contract.bars.open_ms, hour_ms), 1))
    daily_usdt = row_total(contract.bars.quote_volume[:first]) * 24 / first
    cap_usd = 22.0 * daily_usdt * exponential_of(0.9 * draw_normal("cap", contract.base))
    cap_usd = min(max(cap_usd, 4e6 + 4e6 * draw("cap floor", contract.base)), 4e10)
    coins = cap_usd / (float(contract.bars.close[0]) / contract.unit)
    value = np.array([coins])
    return float(rounded(value, value, 6)[0])
