"""Figures of a KuCoin contract that its source's bars decide: open interest in lots and funding rates."""

import numpy as np

from quantscout_local.simulator.derive.funding import rates
from quantscout_local.simulator.derive.interest import closes_before, open_interest
from quantscout_local.simulator.market import KucoinContract
from quantscout_local.simulator.seeds import Floats, Ints, key_of, normal
from quantscout_local.simulator.view import View


def settled_rates(contract: KucoinContract, at_ms: Ints) -> Floats:
    """Return the rates per interval that the bars closed at each moment give."""
    return rates(contract.symbol, contract.source.bars, at_ms, contract.funding_h)


def interest_rows(contract: KucoinContract, at_ms: Ints) -> Ints:
    """Return open interest in lots: the volume share of the source's, with a noise of its own."""
    coins = open_interest(contract.source, at_ms).coins * contract.share
    coins = coins * (1.0 + 0.01 * normal(key_of("lots", contract.symbol), at_ms // 60_000))
    if contract.inverse:  # a lot is a dollar
        close = contract.source.bars.close[np.maximum(closes_before(contract.source.bars, at_ms), 0)]
        return np.asarray(np.rint(coins * close).astype(np.int64))
    lots = coins / (contract.price_scale * contract.lot_coins)
    return np.asarray(np.maximum(np.rint(lots), 1).astype(np.int64))


def interest_lots(view: View, contract: KucoinContract) -> int:
    """Return the open interest of now."""
    return int(interest_rows(contract, np.array([view.hour_ms]))[0])
