"""The coins of the synthetic market: names by falling market cap, and what that cap implies."""

from typing import NamedTuple

import numpy as np

from quantscout_local.simulator.seeds import Floats, exponential, interpolated, key_of, normal
from quantscout_local.simulator.series import rounded
from quantscout_local.simulator.synthetic import names
from quantscout_local.simulator.synthetic.paths import Coins
from quantscout_local.simulator.units import coin_and_unit

ELIGIBLE, KUCOIN_SHARED, KUCOIN_ONLY, SETTLED, LEAVING = 731, 411, 60, 8, 4
OTHER_KINDS = 58 + 29
"""Contracts that a screener leaves out, Binance's and KuCoin's: as many in a market of any size."""
_CAP_PLACES = (0.0, 0.006, 0.02, 0.2, 0.72, 1.0)
# Natural logarithms of 1e12, 1e11, 3e10, 1.5e9, 1e8 and 5e6, written out so that no machine's log decides.
_CAPS_LN_USD = (
    27.631021115928547,
    25.328436022934504,
    24.124463218608568,
    21.128730945054574,
    18.420680743952367,
    15.424948470398375,
)
_LN_100_000 = 11.512925464970229
_PRICES = {"BTC": 98_000.0, "ETH": 3_900.0, "BNB": 1_050.0, "SOL": 210.0, "XRP": 2.6, "DOGE": 0.21}


class Size(NamedTuple):
    """How many coins have a contract on Binance, on both venues, and on KuCoin alone."""

    eligible: int = ELIGIBLE
    kucoin_shared: int = KUCOIN_SHARED
    kucoin_only: int = KUCOIN_ONLY


EMBEDDED = Size()


def size_of(contracts: int) -> Size:
    """Return the size of a market with so many contracts on both venues, in the embedded market's proportions."""
    usual = ELIGIBLE + KUCOIN_SHARED + KUCOIN_ONLY
    wanted = contracts - OTHER_KINDS
    shared, alone = (round(wanted * part / usual) for part in (KUCOIN_SHARED, KUCOIN_ONLY))
    return Size(wanted - shared - alone, shared, alone)


class Cast(NamedTuple):
    """Binance's base assets with a COIN perpetual, and the coins that KuCoin alone has."""

    bases: list[str]
    kucoin_only: list[str]
    settled: list[str]
    leaving: list[str]
    others: list[str]  # stocks, metals, indices and coins before their market opens


def cast(seed: str, size: Size = EMBEDDED) -> Cast:
    """Return who plays: the bases in the order of falling market cap."""
    taken = {*names.LARGE, *(coin_and_unit(base)[0] for base in names.MULTIPLIED), *names.CHINESE}
    others = [*names.STOCKS, *names.METALS, *names.INDICES, *names.PREMARKET]
    taken.update(others)
    renamed = {coin_and_unit(base)[0]: base for base in names.MULTIPLIED}
    large = [renamed.get(name, name) for name in names.LARGE]
    middle = [base for base in names.MULTIPLIED if base not in large]
    count = size.eligible - len(large) - len(middle) - len(names.CHINESE)
    made = names.made_up(seed, count + size.kucoin_only + SETTLED + LEAVING, taken)
    rest = made[:count]
    for place, base in enumerate([*middle, *names.CHINESE]):  # among the others, from mid-caps to micro-caps
        rest.insert(60 + place * 32, base)
    kucoin, settled, leaving = (
        made[count : count + size.kucoin_only],
        made[count + size.kucoin_only : count + size.kucoin_only + SETTLED],
        made[count + size.kucoin_only + SETTLED :],
    )
    return Cast([*large, *rest], kucoin, settled, leaving, others)


def caps_usd(count: int) -> Floats:
    """Return market caps by rank: from a trillion down to five million, about 200 of 731 below 100 million."""
    places = np.arange(count) / max(count - 1, 1)
    return exponential(interpolated(places, np.array(_CAP_PLACES), np.array(_CAPS_LN_USD)))


def coins_of(seed: str, bases: list[str], caps: Floats, luck: str) -> Coins:
    """Return prices per contract unit, turnover, beta and volatility that fit the market caps."""
    zero = np.zeros(1, np.int64)

    def own(what: str) -> Floats:
        return np.concatenate([normal(key_of(seed, luck, what, base), zero) for base in bases])

    below = _log_ratio(caps)  # 0 at 10 million, 1 at a trillion
    price = exponential(2.0 * own("price") - 1.0 + 3.0 * below)
    price = np.array([_PRICES.get(base, value) for base, value in zip(bases, price.tolist(), strict=True)])
    daily = 4.0e5 * exponential(10.3 * below + 0.7 * own("turnover"))
    sigma = 0.014 * exponential(-1.25 * below + 0.35 * own("sigma"))
    sigma = np.where(np.array(bases) == "BTC", 1e-5, sigma)  # BTC is the factor itself
    beta = np.where(np.array(bases) == "BTC", 1.0, np.clip(1.1 + 0.3 * own("beta"), 0.2, 2.0))
    return Coins(bases, rounded(price, price, 5), daily, beta, sigma)


def _log_ratio(caps: Floats) -> Floats:
    """Return the logarithm of cap / 10 million to the base of 100,000, by interpolation between known points."""
    steps = np.arange(-12, 141) / 10.0
    return interpolated(caps / 1.0e7, exponential(steps), steps) / _LN_100_000
