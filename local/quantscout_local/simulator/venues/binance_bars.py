"""Binance klines: hours, what is built from them, and 15m bars."""

from typing import NamedTuple

import numpy as np

from quantscout.frames import DAY_MS, HOUR_MS
from quantscout_local.simulator.answers import Answer, Params, klines
from quantscout_local.simulator.derive.quarters import QUARTER_MS, split
from quantscout_local.simulator.derive.taker import filled, taker_share
from quantscout_local.simulator.market import Contract, Simulated
from quantscout_local.simulator.seeds import key_of
from quantscout_local.simulator.series import Bars, blocks, closed_count, concatenated, flat
from quantscout_local.simulator.venues.binance_request import contract, integer, limit, refusal
from quantscout_local.simulator.view import View

INTERVALS_MS = {
    "15m": QUARTER_MS,
    "30m": 2 * QUARTER_MS,
    **{f"{hours}h": hours * HOUR_MS for hours in (1, 2, 4, 6, 8, 12)},
    "1d": DAY_MS,
    "3d": 3 * DAY_MS,
}
_FAR_MS = 1 << 60


class Range(NamedTuple):
    """Open times asked for, both ends included, and how many rows at most: the first ones, or the last ones."""

    since_ms: int
    until_ms: int
    rows: int
    from_start: bool

    def cut(self, bars: Bars) -> Bars:
        """Return the bars in the range."""
        inside = bars.pick((bars.open_ms >= self.since_ms) & (bars.open_ms <= self.until_ms))
        return inside.span(0, self.rows) if self.from_start else inside.span(-self.rows, len(inside.open_ms))


def read_klines(view: View, params: Params) -> Answer:
    """Return closed bars and the running one, as /fapi/v1/klines does."""
    found = contract(view, params)
    step = INTERVALS_MS.get(params.get("interval", ""))
    if step is None:
        raise refusal(-1120, "Invalid interval.")
    since, until = integer(params, "startTime"), integer(params, "endTime")
    asked = Range(since or 0, _FAR_MS if until is None else until, limit(params, 500, 1500), since is not None)
    if step < HOUR_MS:
        return _short(view, found, asked, step)
    return _long(view, found, asked, step)


def _window(opens: np.ndarray, asked: Range, step: int, stop: int) -> tuple[int, int]:
    """Return the hours (first, stop) that can matter to the rows asked for."""
    per_row = max(step // HOUR_MS, 1)
    first = int(
        np.searchsorted(opens, -(-asked.since_ms // step) * step if step > HOUR_MS else asked.since_ms - HOUR_MS)
    )
    last = min(int(np.searchsorted(opens, min(asked.until_ms, _FAR_MS - step) + step, "right")), stop)
    room = (asked.rows + 2) * per_row
    return (first, min(last, first + room)) if asked.from_start else (max(first, last - room), last)


def _long(view: View, found: Contract, asked: Range, step: int) -> Answer:
    stop = closed_count(found.bars.open_ms, view.hour_ms)
    source = filled(found)
    first, last = _window(found.bars.open_ms, asked, step, stop)
    bars = found.bars if view.market.real_only else source.bars
    hours = bars.span(first, max(first, last))
    if last == stop and view.trading(found):
        hours = concatenated([hours, flat(view.hour_ms, float(found.bars.close[stop - 1]))])
    made = not view.market.real_only and not source.known[first:last].all()
    return Answer(klines(asked.cut(blocks(hours, step)), step), view.market.marks("taker_split") if made else ())


def _short(view: View, found: Contract, asked: Range, step: int) -> Answer:
    if view.market.real_only:
        return _short_real(view, found, asked, step)
    stop = closed_count(found.bars.open_ms, view.hour_ms)
    first, last = _window(found.bars.open_ms, asked, HOUR_MS, stop)
    hours = filled(found).bars.span(first, max(first, last))
    bars, marks = _with_real_quarters(found, hours)
    if last == stop and view.trading(found):
        bars = concatenated([bars, flat(view.hour_ms, float(found.bars.close[stop - 1]))])
    return Answer(klines(asked.cut(blocks_of_quarters(bars, step)), step), view.market.marks(*marks))


def _with_real_quarters(found: Contract, hours: Bars) -> tuple[Bars, tuple[Simulated, ...]]:
    """Return the 15m bars of hours, recorded ones where they are there, and what of them is made."""
    made = split(key_of("quarters", found.symbol), hours)
    if found.quarters is None or not len(hours.open_ms):
        return made, ("bars_15m", "taker_split")
    start = np.searchsorted(found.quarters.open_ms, hours.open_ms[0])
    stop = np.searchsorted(found.quarters.open_ms, hours.open_ms[-1] + HOUR_MS)
    if start == stop:
        return made, ("bars_15m", "taker_split")
    real = _with_amounts(found.symbol, found.quarters.span(int(start), int(stop)))
    rest = made.pick(~np.isin(made.open_ms, real.open_ms))
    together = concatenated([real, rest])
    names: tuple[Simulated, ...] = ("bars_15m",) if len(rest.open_ms) else ()
    return together.pick(np.argsort(together.open_ms)), (*names, "quote_volume_15m", "taker_split")


def _with_amounts(symbol: str, bars: Bars) -> Bars:
    """Return recorded 15m bars with the amounts that the record does not have."""
    quote = np.round(bars.volume * (bars.open + bars.high + bars.low + bars.close) / 4, 4)
    share = taker_share(key_of("taker", symbol), bars, QUARTER_MS)
    trades = np.where(bars.volume > 0, 1 + (quote / 500).astype(np.int64), 0)
    taker_volume, taker_quote = np.round(bars.volume * share, 3), np.round(quote * share, 4)
    return bars._replace(quote_volume=quote, trades=trades, taker_volume=taker_volume, taker_quote=taker_quote)


def blocks_of_quarters(bars: Bars, step: int) -> Bars:
    """Return 15m or 30m bars."""
    return bars if step == QUARTER_MS else blocks(bars, step)


def _short_real(view: View, found: Contract, asked: Range, step: int) -> Answer:
    """Return recorded 15m bars alone; their amounts other than the base volume are null."""
    if found.quarters is None:
        return Answer(b"[]")
    real = found.quarters.span(0, closed_count(found.quarters.open_ms, view.hour_ms, QUARTER_MS))
    return Answer(klines(asked.cut(blocks_of_quarters(real, step)), step, prices_only=True))
