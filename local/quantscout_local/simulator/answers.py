"""What an endpoint returns: bytes, what of them is not real, or a refusal in the venue's words."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import orjson

from quantscout_local.simulator.market import Simulated
from quantscout_local.simulator.seeds import Floats
from quantscout_local.simulator.series import Bars

NOW_MARK = 9_007_199_254_740_991
"""Stands for the time of the answer in bodies that are kept; the server puts the clock's time there."""

Params = Mapping[str, str]


class Answer(NamedTuple):
    """A body and the names of what in it was simulated."""

    body: bytes
    simulated: tuple[Simulated, ...] = ()


class RefusalError(Exception):
    """A refusal as the venue words it: HTTP status and body."""

    def __init__(self, status: int, body: Any) -> None:
        """Keep both for the server."""
        super().__init__(f"HTTP {status}: {body}")
        self.status, self.body = status, body


def answer(value: Any, simulated: tuple[Simulated, ...] = ()) -> Answer:
    """Return a value as JSON."""
    return Answer(orjson.dumps(value), simulated)


def text(value: float) -> str:
    """Return a number as venues write it: shortest digits that survive, no exponent, no trailing `.0`."""
    shortest = repr(float(value))
    if "e" in shortest:
        shortest = format(Decimal(shortest), "f")
    return shortest.removesuffix(".0")


def texts(values: Floats) -> list[bytes]:
    """Return numbers as `text` does, fast for whole columns; NaN becomes null."""
    if not len(values):
        return []
    found = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
    tokens = found.replace(b".0,", b",").removesuffix(b".0").split(b",")
    if b"e" in found:
        return [text(float(token)).encode() if b"e" in token else token for token in tokens]
    return tokens


_ROW = b'[%d,"%b","%b","%b","%b","%b",%d,"%b",%d,"%b","%b","0"]'
_ROW_TAKER_UNKNOWN = b'[%d,"%b","%b","%b","%b","%b",%d,"%b",%d,null,null,"0"]'
_ROW_PRICES_ONLY = b'[%d,"%b","%b","%b","%b","%b",%d,null,null,null,null,"0"]'


def klines(bars: Bars, step_ms: int, *, prices_only: bool = False) -> bytes:
    """Return Binance's 12-column rows; unknown taker columns, and with `prices_only` all amounts, are null."""
    count = len(bars.open_ms)
    columns = [bars.open, bars.high, bars.low, bars.close, bars.volume]
    columns += [] if prices_only else [bars.quote_volume, bars.taker_volume, bars.taker_quote]
    found = texts(np.concatenate(columns))
    parts = [found[k * count : (k + 1) * count] for k in range(len(columns))]
    opens = bars.open_ms.tolist()
    closes = [at + step_ms - 1 for at in opens]
    if prices_only:
        return b"[" + b",".join([_ROW_PRICES_ONLY % row for row in zip(opens, *parts, closes, strict=True)]) + b"]"
    rows = zip(opens, *parts[:5], closes, parts[5], bars.trades.tolist(), *parts[6:], strict=True)
    return b"[" + b",".join([_row(row) for row in rows]) + b"]"


def _row(row: tuple[Any, ...]) -> bytes:
    return _ROW_TAKER_UNKNOWN % row[:9] if row[9] == b"null" else _ROW % row
