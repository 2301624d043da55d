"""Faults of time: a venue's clock that is off, open interest stamped off its period."""

from typing import Any

from quantscout_local.simulator.faults.register import Strike
from quantscout_local.simulator.faults.shapes import records_of, rows_of

_NANOSECONDS = 10**6  # in a millisecond
# Endpoints whose stamps are the venue's own clock, with the field and its unit in ms.
_CLOCKS = {
    "/fapi/v1/time": (("serverTime", 1),),
    "/fapi/v1/exchangeInfo": (("serverTime", 1),),
    "/fapi/v1/premiumIndex": (("time", 1),),
    "/fapi/v1/ticker/bookTicker": (("time", 1),),
    "/fapi/v1/ticker/price": (("time", 1),),
    "/fapi/v2/ticker/price": (("time", 1),),
    "/fapi/v1/ticker/24hr": (("closeTime", 1),),
    "/fapi/v1/openInterest": (("time", 1),),
    "/fapi/v1/depth": (("E", 1), ("T", 1)),
    "/api/v1/timestamp": (("data", 1),),
    "/api/v1/allTickers": (("ts", _NANOSECONDS),),
    "/api/v1/level2/snapshot": (("ts", _NANOSECONDS),),
    "/api/v1/level2/depth20": (("ts", _NANOSECONDS),),
    "/api/v1/level2/depth100": (("ts", _NANOSECONDS),),
}
_INTEREST = {"/futures/data/openInterestHist": "timestamp", "/api/ua/v1/market/open-interest": "ts"}


def clock_off(strike: Strike, value: Any) -> bool:
    """Move every stamp that comes from the venue's clock; where a rule names a share, it is that of the requests."""
    fields = _CLOCKS.get(strike.passage.endpoint, ())
    if strike.chance("strikes") >= strike.rule.share:
        return False
    off_ms = round(strike.rule.length_s * 1000)
    return sum(_move(row, name, off_ms * unit) for row in _holders(value) for name, unit in fields) > 0


def _holders(value: Any) -> list[dict[str, Any]]:
    """Return the objects of an answer that may carry a stamp: itself, what it wraps, its rows."""
    rows = value if isinstance(value, list) else [value, value.get("data"), *(rows_of(value) or [])]
    return [row for row in rows if isinstance(row, dict)]


def misaligned_interest(strike: Strike, value: Any) -> bool:
    """Move the stamps of a contract's open interest off their period."""
    field = _INTEREST.get(strike.passage.endpoint)
    if field is None or not rows_of(value):
        return False
    off_ms, named = round(strike.rule.length_s * 1000), strike.passage.contract
    rows = [row for row in records_of(value) if strike.meets(row.get("symbol", named))]
    return sum(_move(row, field, off_ms) for row in rows) > 0


def _move(row: dict[str, Any], field: str, by: int) -> bool:
    if not isinstance(row.get(field), int):
        return False
    row[field] += by
    return True
