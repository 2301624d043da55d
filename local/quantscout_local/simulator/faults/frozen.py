"""The frozen contract: it trades no more, keeps its last price, and the listing goes on as if it did."""

from typing import Any

import numpy as np

from quantscout_local.simulator.answers import text
from quantscout_local.simulator.faults.register import Strike
from quantscout_local.simulator.faults.shapes import PRICES, VOLUME, BarRows, bars_of, records_of
from quantscout_local.simulator.market import NEVER_MS

_KEPT_PRICES = ("price", "lastPrice", "markPrice", "indexPrice", "lastTradePrice")
_STOPPED = ("volume", "quoteVolume", "volumeOf24h", "turnoverOf24h")


def frozen(strike: Strike, value: Any) -> bool:
    """Make the bars since the freeze flat, the snapshots stand still, and the listing say that it trades."""
    bars = bars_of(strike.passage, value)
    if bars is not None:
        return strike.meets(strike.passage.contract) and _flatten(strike, bars)
    named = strike.passage.contract
    rows = [row for row in records_of(value) if strike.meets(str(row.get("symbol", named)))]
    return sum(_stand_still(strike, row) for row in rows) > 0


def _flatten(strike: Strike, bars: BarRows) -> bool:
    since_ms = strike.faults.frozen_since_ms(strike.rule)
    price = _last_price(strike, strike.passage.contract, since_ms)
    late = [row for row in bars.rows if row[0] >= since_ms]
    if price is None or not late:
        return False
    for row in late:
        row[PRICES] = [_like(old, price) for old in row[PRICES]]
        # What stands after the volume are amounts, but for Binance's time of close.
        row[VOLUME:] = [old if _is_time(old) else _like(old, 0.0) for old in row[VOLUME:]]
    return True


def _stand_still(strike: Strike, row: dict[str, Any]) -> bool:
    if "contractType" in row:
        changed = row.get("status") != "TRADING"
        row.update(status="TRADING", deliveryDate=NEVER_MS)
        return changed
    price = _last_price(strike, str(row.get("symbol", "")), strike.faults.frozen_since_ms(strike.rule))
    names = [name for name in (*_KEPT_PRICES, *_STOPPED) if name in row]
    if price is None:
        return False
    row.update({name: _like(row[name], 0.0 if name in _STOPPED else price) for name in names})
    return bool(names)


def _last_price(strike: Strike, contract: str, at_ms: int) -> float | None:
    """Return the true close of the last bar before the freeze."""
    view = strike.faults.view
    listed = view.binance if strike.passage.venue == "binance" else view.kucoin
    found = listed.get(contract)
    if found is None:
        return None
    bars = view.closed(found)
    before = int(np.searchsorted(bars.open_ms, at_ms)) - 1
    return float(bars.close[before]) if before >= 0 else None


def _is_time(value: Any) -> bool:
    return isinstance(value, int) and value > 10**12


def _like(old: Any, number: float) -> Any:
    """Return a number written as the old value was."""
    if isinstance(old, str):
        return text(number)
    return old if old is None else type(old)(number)
