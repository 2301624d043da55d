"""What SPEC section 8 says of a contract and an hour, word by word, over plain numbers: the second implementation."""

from collections.abc import Mapping
from typing import NamedTuple

HOUR_MS = 3_600_000
NEARLY = 1e-9


class Bar(NamedTuple):
    """One hourly bar."""

    open: float
    high: float
    low: float
    close: float


def naive_outcome(bars: Mapping[int, Bar], hour_ms: int, cost_per_side: float) -> dict[str, object]:
    """Return the outcome of an entry at the open of the bar of `hour_ms`; `bars` are one contract's, by opening."""
    entry_bar = bars.get(hour_ms)
    if entry_bar is None:
        return {"outcome": "no_entry"}
    entry = entry_bar.open
    day = []
    for hours in range(24):
        bar = bars.get(hour_ms + hours * HOUR_MS)
        if bar is None:
            return {"outcome": "incomplete", "entry_price": entry}
        day.append(bar)
    highest, lowest = max(bar.high for bar in day), min(bar.low for bar in day)
    barrier, barrier_h, of_barrier = _walk(day, entry)
    return {
        "outcome": "complete",
        "entry_price": entry,
        "return_1h_ratio": day[0].close / entry - 1,
        "return_4h_ratio": day[3].close / entry - 1,
        "return_24h_ratio": day[23].close / entry - 1,
        "best_24h_ratio": highest / entry - 1,
        "worst_24h_ratio": lowest / entry - 1,
        "hit10": highest / entry - 1 >= 0.10 - NEARLY,
        "barrier": barrier,
        "barrier_h": barrier_h,
        "barrier_return_ratio": of_barrier,
        "net_return_24h_ratio": day[23].close / entry - 1 - cost_per_side - cost_per_side,
    }


def _walk(day: list[Bar], entry: float) -> tuple[int, int, float]:
    """Go through the day hour by hour until something ends the trade."""
    for hour, bar in enumerate(day, start=1):
        if bar.low / entry <= 0.95 + NEARLY:  # both in one bar counts as the loss
            return -1, hour, -0.05
        if bar.high / entry >= 1.10 - NEARLY:
            return 1, hour, 0.10
    return 0, 24, day[23].close / entry - 1
