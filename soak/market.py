"""A market that is small enough for hundreds of hours, and still has five picks in each."""

from collections.abc import Mapping
from dataclasses import replace

from quantscout_local.simulator.market import Contract, KucoinContract, Market
from quantscout_local.simulator.synthetic.coins import ELIGIBLE
from quantscout_local.simulator.synthetic.market import make_market

LARGE, MICRO, APART = 10, 30, 4
"""Coins by market cap: the largest, some of the smallest third, and contracts that a screener leaves out."""
OWN, SMALLEST = 12, 520


def make_small_market() -> Market:
    """Return about 44 Binance and 41 KuCoin contracts of the embedded market."""
    market = make_market()
    binance = _cut(market.binance)
    return replace(market, binance=binance, kucoin=_beside(market.kucoin, binance))


def _cut(contracts: Mapping[str, Contract]) -> dict[str, Contract]:
    ranked = list(contracts.values())
    coins, apart = ranked[:ELIGIBLE], ranked[ELIGIBLE:]
    micro, kinds = coins[SMALLEST :: (ELIGIBLE - SMALLEST) // MICRO], apart[:: len(apart) // APART]
    return {c.symbol: c for c in (*coins[:LARGE], *micro[:MICRO], *kinds[:APART])}


def _beside(contracts: Mapping[str, KucoinContract], binance: Mapping[str, Contract]) -> dict[str, KucoinContract]:
    """Return those of the same coins, and some that KuCoin alone has."""
    shared = [c for c in contracts.values() if c.source.symbol in binance]
    own = [c for c in contracts.values() if c.source.underlying_type == "COIN" and not c.overrides]
    return {c.symbol: c for c in (*shared, *own[-OWN:])}
