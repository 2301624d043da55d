"""Binance's other per-contract answers: open interest, accounts, funding history, order book."""

from typing import Any

import numpy as np

from quantscout.frames import DAY_MS, HOUR_MS, MINUTE_MS
from quantscout_local.simulator.answers import NOW_MARK, Answer, Params, answer, text, texts
from quantscout_local.simulator.derive import book, interest
from quantscout_local.simulator.derive.funding import settled
from quantscout_local.simulator.derive.supply import supply_coins
from quantscout_local.simulator.market import Contract
from quantscout_local.simulator.seeds import Ints
from quantscout_local.simulator.venues.binance_request import chosen, contract, integer, limit, refusal
from quantscout_local.simulator.view import View

PERIODS_MS = {
    **{f"{minutes}m": minutes * MINUTE_MS for minutes in (5, 15, 30)},
    **{f"{hours}h": hours * HOUR_MS for hours in (1, 2, 4, 6, 12)},
    "1d": DAY_MS,
}
_RETENTION_MS = 30 * DAY_MS
_DEPTH_LIMITS = (5, 10, 20, 50, 100, 500, 1000)
_LATEST_RECORDS = 200  # of fundingRate without times


def _moments(view: View, found: Contract, params: Params) -> Ints:
    """Return the period ends asked for: at most 30 days back, the first ones from a start, else the last ones."""
    step = PERIODS_MS.get(params.get("period", ""))
    if step is None:
        raise refusal(-1130, "Data sent for parameter 'period' is not valid.")
    since, until, rows = integer(params, "startTime"), integer(params, "endTime"), limit(params, 30, 500)
    first = max(since or 0, view.hour_ms - _RETENTION_MS, found.first_ms + HOUR_MS)
    last = min(view.hour_ms, int(view.closed(found).open_ms[-1]) + HOUR_MS)
    last = last if until is None else min(until, last)
    moments = np.arange(-(-first // step) * step, last + 1, step, dtype=np.int64)
    return moments[:rows] if since is not None else moments[-rows:]


def read_open_interest_history(view: View, params: Params) -> Answer:
    """Return open interest in contract units and USDT, with the circulating supply."""
    found = contract(view, params)
    at = _moments(view, found, params)
    rows = interest.open_interest(found, at)
    if view.market.real_only:
        at, rows = at[rows.real], interest.Interest(*(column[rows.real] for column in rows))
        tail, marks = b'"timestamp":%d}', view.market.marks()
    else:
        supply = text(supply_coins(found, view.hour_ms)).encode()
        tail = b'"CMCCirculatingSupply":"' + supply + b'","timestamp":%d}'
        marks = view.market.marks("supply", *(() if rows.real.all() else ("open_interest",)))
    row = b'{"symbol":"' + found.symbol.encode() + b'","sumOpenInterest":"%b","sumOpenInterestValue":"%b",' + tail
    found_rows = zip(texts(rows.coins), texts(rows.value), at.tolist(), strict=True)
    return Answer(b"[" + b",".join([row % values for values in found_rows]) + b"]", marks if len(at) else ())


def read_open_interest(view: View, params: Params) -> Answer:
    """Return the open interest of now."""
    found = contract(view, params)
    rows = interest.open_interest(found, np.array([view.hour_ms]))
    if view.market.real_only and not rows.real[0]:
        raise refusal(-1000, "No open interest is recorded at this hour.")
    value = {"symbol": found.symbol, "openInterest": text(float(rows.coins[0])), "time": NOW_MARK}
    return answer(value, () if rows.real[0] else view.market.marks("open_interest"))


def read_long_short(view: View, params: Params) -> Answer:
    """Return the ratio of long to short accounts."""
    found = contract(view, params)
    at = _moments(view, found, params)
    if view.market.real_only:
        return Answer(b"[]")
    long = interest.long_share(found.symbol, found.bars, at)
    rows = [
        {
            "symbol": found.symbol,
            "longAccount": f"{share:.4f}",
            "longShortRatio": f"{share / (1 - share):.4f}",
            "shortAccount": f"{1 - share:.4f}",
            "timestamp": moment,
        }
        for share, moment in zip(long.tolist(), at.tolist(), strict=True)
    ]
    return answer(rows, view.market.marks("long_short"))


def _funding_rows(view: View, found: Contract, since: int, until: int) -> list[dict[str, Any]]:
    points = settled(found, view.hour_ms)
    first, stop = np.searchsorted(points.at_ms, since, "left"), np.searchsorted(points.at_ms, until, "right")
    at, rates = points.at_ms[first:stop], points.value[first:stop]
    index = np.searchsorted(found.bars.open_ms, at - HOUR_MS, "right") - 1
    closes = found.bars.close[np.maximum(index, 0)]
    return [
        {
            "symbol": found.symbol,
            "fundingTime": moment,
            "fundingRate": f"{rate:.8f}",
            "markPrice": text(close) if place >= 0 else "",
            "rateType": "Regular",
        }
        for moment, rate, close, place in zip(at.tolist(), rates.tolist(), closes.tolist(), index.tolist(), strict=True)
    ]


def read_funding_history(view: View, params: Params) -> Answer:
    """Return settlements, oldest first: of one contract, or of all in order of time."""
    found = chosen(view, params)
    since, until = integer(params, "startTime"), integer(params, "endTime")
    latest = since is None and until is None
    rows_at_most = limit(params, _LATEST_RECORDS if latest else 100, 1000)
    start, stop = since or 0, view.clock.now_ms() if until is None else until
    if len(found) > 1 and since is None:
        start = view.hour_ms - DAY_MS  # the last records of all contracts span some hours only
    rows = [row for each in found for row in _funding_rows(view, each, start, stop)]
    rows.sort(key=lambda row: (row["fundingTime"], row["symbol"]))
    return answer(rows[:rows_at_most] if since is not None else rows[-rows_at_most:], view.market.marks())


def read_depth(view: View, params: Params) -> Answer:
    """Return the order book to one of the documented depths."""
    found = contract(view, params)
    raw = params.get("limit", "500")
    levels = int(raw) if raw.isdigit() else -1
    if levels not in _DEPTH_LIMITS:
        raise refusal(-4021, f"{raw} is not valid depth limit")
    head = b'{"lastUpdateId":%d,"E":%d,"T":%d,' % (view.hour_ms, NOW_MARK, NOW_MARK)
    if view.market.real_only or not view.trading(found):
        return Answer(head + b'"bids":[],"asks":[]}')
    shape = view.book(found)
    bids, asks = (_levels(side, levels, shape.tick_decimals) for side in book.sides(shape, levels))
    return Answer(head + b'"bids":[%b],"asks":[%b]}' % (bids, asks), view.market.marks("order_book"))


def _levels(side: book.Side, levels: int, decimals: int) -> bytes:
    amount = quantities(side, levels)
    prices = [f"{price:.{decimals}f}" for price in side.price[:levels].tolist()]
    return b",".join(b'["%b","%b"]' % (p.encode(), q) for p, q in zip(prices, texts(amount), strict=True))


def quantities(side: book.Side, levels: int) -> np.ndarray:
    """Return the sizes of the first levels in contract units."""
    size = side.usdt[:levels] / side.price[:levels]
    return np.maximum(np.round(size, 3 if side.price[0] > 1 else 0), 0.001 if side.price[0] > 1 else 1.0)
