"""Where the rows of an answer are, and what their columns mean."""

from typing import Any, NamedTuple

from quantscout.frames import MINUTE_MS
from quantscout_local.simulator.passage import Passage
from quantscout_local.simulator.venues.binance_bars import INTERVALS_MS

PRICES = slice(1, 5)
"""Columns of a bar's prices on both venues; the time of its opening is column 0."""
VOLUME = 5


class BarRows(NamedTuple):
    """The rows of a bars answer, and the length of a bar."""

    rows: list[list[Any]]
    step_ms: int

    def newest_ms(self, hour_ms: int) -> int:
        """Return when the bar opened that closed last."""
        return hour_ms // self.step_ms * self.step_ms - self.step_ms


def rows_of(value: Any) -> list[Any] | None:
    """Return the rows of an answer, the very list; None where it has none."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return None
    for name in ("data", "symbols", "bids", "coins"):
        if name in value:
            return rows_of(value[name])
    return None


def records_of(value: Any) -> list[dict[str, Any]]:
    """Return the objects of an answer: its rows, or the answer itself."""
    rows = rows_of(value)
    if rows is not None:
        return [row for row in rows if isinstance(row, dict)]
    inner = value.get("data", value) if isinstance(value, dict) else None
    return [inner] if isinstance(inner, dict) else []


def bars_of(passage: Passage, value: Any) -> BarRows | None:
    """Return the bars of an answer; None where it is about something else."""
    step_ms = 0
    if passage.endpoint == "/fapi/v1/klines":
        step_ms = INTERVALS_MS.get(passage.params.get("interval", ""), 0)
    elif passage.endpoint == "/api/v1/kline/query":
        step_ms = int(passage.params.get("granularity", "0")) * MINUTE_MS
    rows = rows_of(value)
    return BarRows(rows, step_ms) if step_ms and rows is not None else None
