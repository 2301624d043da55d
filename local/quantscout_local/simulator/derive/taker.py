"""How much of an hour's volume was bought by takers."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from quantscout.frames import HOUR_MS
from quantscout_local.simulator.market import Contract
from quantscout_local.simulator.seeds import Floats, key_of, normal
from quantscout_local.simulator.series import Bars


class FilledBars(NamedTuple):
    """Hours with a taker split throughout, and where that split is real."""

    bars: Bars
    known: np.ndarray


def taker_share(key: int, bars: Bars, step_ms: int = HOUR_MS) -> Floats:
    """Return the share of taker buys per bar, 0.05 to 0.95: it leans with the body of the bar."""
    width = bars.high - bars.low
    body = np.where(width > 0, (bars.close - bars.open) / np.where(width > 0, width, 1.0), 0.0)
    return np.asarray(np.clip(0.5 + 0.12 * body + 0.04 * normal(key, bars.open_ms // step_ms), 0.05, 0.95))


@lru_cache(maxsize=4096)
def filled(contract: Contract) -> FilledBars:
    """Return the contract's hours; a bar's split depends on that bar alone."""
    bars = contract.bars
    known = ~np.isnan(bars.taker_quote)
    if known.all():
        return FilledBars(bars, known)
    share = taker_share(key_of("taker", contract.symbol), bars)
    volume = np.where(known, bars.taker_volume, np.round(bars.volume * share, 3))
    quote = np.where(known, bars.taker_quote, np.round(bars.quote_volume * share, 4))
    return FilledBars(bars._replace(taker_volume=volume, taker_quote=quote), known)
