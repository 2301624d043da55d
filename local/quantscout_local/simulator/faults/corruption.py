"""Faults of a message: rows twice or out of order, values of another type, prices below zero, nothing at all."""

from typing import Any

from quantscout_local.simulator.faults.register import Strike
from quantscout_local.simulator.faults.shapes import PRICES, bars_of, records_of, rows_of

_OTHER_TYPES: tuple[Any, ...] = (None, {}, [], "n/a", True)
_PRICE_FIELDS = (
    "price", "markPrice", "indexPrice", "lastPrice", "lastTradePrice", "bidPrice", "askPrice", "bestBidPrice",
    "bestAskPrice", "sumOpenInterest", "openInterest", "current_price",
)  # fmt: skip


def duplicated_rows(strike: Strike, value: Any) -> bool:
    """Send one row twice."""
    rows = rows_of(value)
    if not rows:
        return False
    place = _drawn(strike, len(rows))
    rows.insert(place, rows[place])
    return True


def unordered_rows(strike: Strike, value: Any) -> bool:
    """Send the later rows first."""
    rows = rows_of(value)
    if not rows or len(rows) < 2:
        return False
    cut = 1 + _drawn(strike, len(rows) - 1)
    rows[:] = rows[cut:] + rows[:cut]
    return True


def negative_prices(strike: Strike, value: Any) -> bool:
    """Turn the sign of the prices of one row."""
    bars = bars_of(strike.passage, value)
    if bars is not None:
        if not bars.rows:
            return False
        row = bars.rows[_drawn(strike, len(bars.rows))]
        row[PRICES] = [_negative(price) for price in row[PRICES]]
        return True
    priced = [row for row in records_of(value) if any(name in row for name in _PRICE_FIELDS)]
    if not priced:
        return False
    record = priced[_drawn(strike, len(priced))]
    record.update({name: _negative(record[name]) for name in _PRICE_FIELDS if name in record})
    return True


def wrong_types(strike: Strike, value: Any) -> bool:
    """Put something else in the place of one value."""
    rows = rows_of(value)
    if rows is None:
        return _replace(strike, value)
    if not rows:
        return False
    place = _drawn(strike, len(rows))
    if not isinstance(rows[place], (list, dict)):
        rows[place] = {}
        return True
    return _replace(strike, rows[place])


def empty(strike: Strike, value: Any) -> bool:
    """Send success without data."""
    del strike
    lists = _lists(value)
    for part in lists:
        part.clear()
    if not lists and "data" in value:
        value["data"] = None
    elif not lists:
        value.clear()
    return True


def _lists(value: Any) -> list[list[Any]]:
    """Return the lists that hold an answer's data."""
    if isinstance(value, list):
        return [value]
    inner = value.get("data")
    holders = [value, inner] if isinstance(inner, dict) else [value]
    return [part for holder in holders for part in holder.values() if isinstance(part, list)]


def _negative(price: Any) -> Any:
    if isinstance(price, str):
        return f"-{price}"
    return -price if isinstance(price, (int, float)) else price


def _replace(strike: Strike, holder: Any) -> bool:
    places = list(range(len(holder))) if isinstance(holder, list) else sorted(holder)
    if not places:
        return False
    holder[places[_drawn(strike, len(places))]] = _OTHER_TYPES[_drawn(strike, len(_OTHER_TYPES), "type")]
    return True


def _drawn(strike: Strike, count: int, what: str = "where") -> int:
    return int(strike.chance(what) * count)
