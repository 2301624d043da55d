"""KuCoin futures: contracts, tickers, bars, books, funding, and the unified API's open interest."""

from typing import Any

import numpy as np

from quantscout.frames import DAY_MS, HOUR_MS, MINUTE_MS
from quantscout_local.simulator.answers import NOW_MARK, Answer, Params, RefusalError, answer
from quantscout_local.simulator.derive import book, kucoin
from quantscout_local.simulator.derive.quarters import QUARTER_MS
from quantscout_local.simulator.market import KucoinContract
from quantscout_local.simulator.series import Bars, blocks, closed_count, concatenated, flat
from quantscout_local.simulator.venues.kucoin_entries import entry
from quantscout_local.simulator.venues.kucoin_numbers import interest_rows, settled_rates
from quantscout_local.simulator.view import View

GRANULARITIES_MIN = (15, 30, 60, 120, 240, 480, 720, 1440)
_INTERVALS_MS = {
    **{f"{minutes}min": minutes * MINUTE_MS for minutes in (5, 15, 30)},
    "1hour": HOUR_MS,
    "4hour": 4 * HOUR_MS,
    "1day": DAY_MS,
}
_MOST_BARS, _MOST_INTEREST_ROWS, _MOST_SYMBOLS = 500, 200, 10
NOW_NS_MARK = NOW_MARK * 1000
"""As NOW_MARK, for a time stamp in nanoseconds (times a million would not fit into 64 bits)."""


def _refusal(code: str, message: str, status: int = 200) -> RefusalError:
    return RefusalError(status, {"code": code, "msg": message})


def _answer(view: View, data: Any) -> Answer:
    return answer({"code": "200000", "data": data}, () if view.market.real_only else view.market.marks("kucoin_market"))


def _contract(view: View, params: Params) -> KucoinContract:
    found = view.kucoin.get(params.get("symbol", ""))
    if found is None:
        raise _refusal("100001", "symbol not exists")
    return found


def _integer(params: Params, name: str) -> int:
    try:
        return int(params[name])
    except (KeyError, ValueError):
        raise _refusal("400100", f"The parameter {name} is missing or not a number.") from None


def read_time(view: View, params: Params) -> Answer:
    """Return the clock."""
    del view, params
    return answer({"code": "200000", "data": NOW_MARK})


def read_contracts(view: View, params: Params) -> Answer:
    """Return every contract's row."""
    del params
    return view.once("kucoin contracts", lambda: _answer(view, [entry(view, c) for c in view.kucoin.values()]))


def read_tickers(view: View, params: Params) -> Answer:
    """Return last price, best bid and best ask of every contract."""
    del params
    return view.once("kucoin tickers", lambda: _answer(view, [_ticker(view, c) for c in view.kucoin.values()]))


def _ticker(view: View, contract: KucoinContract) -> dict[str, Any]:
    shape = view.book(contract)
    decimals = shape.tick_decimals
    bids, asks = (_levels(contract, side, 1) for side in book.sides(shape, 1))
    day = view.last_day(contract)
    return {
        "sequence": view.hour_ms,
        "symbol": contract.symbol,
        "side": "buy" if day.close[-1] >= day.open[-1] else "sell",
        "size": max(int(day.volume[-1] / 50), 1),
        "tradeId": str(view.hour_ms),
        "price": f"{float(day.close[-1]):.12g}",
        "bestBidPrice": f"{bids[0][0]:.{decimals}f}",
        "bestBidSize": bids[0][1],
        "bestAskPrice": f"{asks[0][0]:.{decimals}f}",
        "bestAskSize": asks[0][1],
        "ts": NOW_NS_MARK,
    }


def _levels(contract: KucoinContract, side: book.Side, count: int) -> list[list[Any]]:
    price = side.price[:count]
    lots = np.maximum(np.rint(side.usdt[:count] / kucoin.lot_usdt(contract, price)), 1).astype(np.int64)
    return [list(level) for level in zip(price.tolist(), lots.tolist(), strict=True)]


def _book(view: View, params: Params, levels: int) -> Answer:
    if view.market.real_only:
        return _answer(view, [])
    contract = _contract(view, params)
    bids, asks = (_levels(contract, side, levels) for side in book.sides(view.book(contract), levels))
    data = {"sequence": view.hour_ms, "symbol": contract.symbol, "bids": bids, "asks": asks, "ts": NOW_NS_MARK}
    return _answer(view, data)


def read_snapshot(view: View, params: Params) -> Answer:
    """Return the whole book."""
    return _book(view, params, book.LEVELS)


def read_depth20(view: View, params: Params) -> Answer:
    """Return the best 20 levels."""
    return _book(view, params, 20)


def read_depth100(view: View, params: Params) -> Answer:
    """Return the best 100 levels."""
    return _book(view, params, 100)


def read_klines(view: View, params: Params) -> Answer:
    """Return bars in which something traded, the first 500 from `from`; volume in lots."""
    if view.market.real_only:
        return _answer(view, [])
    contract = _contract(view, params)
    minutes = _integer(params, "granularity")
    if minutes not in GRANULARITIES_MIN:
        raise _refusal("400100", f"granularity {minutes} is not served by the simulator")
    since = _integer(params, "from") if "from" in params else 0
    until = _integer(params, "to") if "to" in params else view.clock.now_ms()
    bars = _bars(view, contract, minutes * MINUTE_MS, since, until)
    inside = bars.pick((bars.open_ms >= since) & (bars.open_ms <= until)).span(0, _MOST_BARS)
    columns = (inside.open_ms, inside.open, inside.high, inside.low, inside.close, inside.volume.astype(np.int64))
    rows = zip(*(column.tolist() for column in (*columns, inside.quote_volume)), strict=True)
    return _answer(view, list(rows))


def _bars(view: View, contract: KucoinContract, step: int, since: int, until: int) -> Bars:
    """Return a superset of the bars in a range, the running one among them."""
    all_hours = view.closed(contract)
    block = max(step, HOUR_MS)
    first = int(np.searchsorted(all_hours.open_ms, since // block * block))
    stop = closed_count(all_hours.open_ms, min(until, view.hour_ms) + block)
    # Enough for 500 rows even where hours are missing: a row needs at least one hour that traded.
    stop = min(stop, first + (_MOST_BARS + 2) * (block // HOUR_MS))
    hours = all_hours.span(first, stop)
    bars = kucoin.quarters(contract, hours) if step < HOUR_MS else hours
    if stop == len(all_hours.open_ms):
        bars = concatenated([bars, flat(view.hour_ms, float(all_hours.close[-1]))])
    return bars if step in (QUARTER_MS, HOUR_MS) else blocks(bars, step)


def read_funding_rates(view: View, params: Params) -> Answer:
    """Return the settlements in a range, newest first."""
    if view.market.real_only:
        return _answer(view, [])
    contract = _contract(view, params)
    since, until = _integer(params, "from"), _integer(params, "to")
    step = contract.funding_h * HOUR_MS
    first = max(since, contract.listed_ms + 1, contract.source.first_ms + 1)
    at = np.arange(-(-first // step) * step, min(until, view.hour_ms) + 1, step, dtype=np.int64)
    rows = zip(at.tolist(), settled_rates(contract, at).tolist(), strict=True)
    data = [{"symbol": contract.symbol, "fundingRate": rate, "timepoint": moment} for moment, rate in rows]
    return _answer(view, data[::-1])


def read_open_interest(view: View, params: Params) -> Answer:
    """Return open interest in lots: of now for named or all contracts, or one contract's history, newest first."""
    if view.market.real_only:
        return _answer(view, [])
    if "interval" in params:
        return _answer(view, _interest_history(view, params))
    names = [name for name in params.get("symbol", "").split(",") if name]
    if len(names) > _MOST_SYMBOLS:
        raise _refusal("400100", "At most 10 symbols.")
    found = [view.kucoin[name] for name in names if name in view.kucoin] if names else list(view.kucoin.values())
    at = np.array([view.hour_ms])
    return _answer(
        view,
        [{"symbol": c.symbol, "openInterest": str(int(interest_rows(c, at)[0])), "ts": NOW_MARK} for c in found],
    )


def _interest_history(view: View, params: Params) -> list[dict[str, Any]]:
    contract = _contract(view, params)
    step = _INTERVALS_MS.get(params["interval"])
    if step is None:
        raise _refusal("400100", "The parameter interval is not valid.")
    size = min(_integer(params, "pageSize") if "pageSize" in params else 30, _MOST_INTEREST_ROWS)
    since = _integer(params, "startAt") if "startAt" in params else 0
    until = min(_integer(params, "endAt") if "endAt" in params else view.hour_ms, view.hour_ms)
    first = max(since, max(contract.listed_ms, contract.source.first_ms) + HOUR_MS)
    at = np.arange(-(-first // step) * step, until + 1, step, dtype=np.int64)[-size:]
    rows = zip(at.tolist(), interest_rows(contract, at).tolist(), strict=True)
    return [{"symbol": contract.symbol, "openInterest": str(lots), "ts": moment} for moment, lots in rows][::-1]
