"""Coinalyze: markets of five exchanges, histories per symbol in seconds and percent, an API key in the header."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from quantscout.frames import DAY_MS, HOUR_MS
from quantscout_local.simulator.answers import NOW_MARK, Answer, Params, RefusalError, answer
from quantscout_local.simulator.derive import interest
from quantscout_local.simulator.derive.funding import live_rate, made_rate, rates_at
from quantscout_local.simulator.derive.taker import filled
from quantscout_local.simulator.seeds import Ints, draw_normal, key_of, normal
from quantscout_local.simulator.series import Bars, blocks, concatenated, flat
from quantscout_local.simulator.venues.coinalyze_markets import Listed, listed, row_of
from quantscout_local.simulator.view import View

_INTERVALS_MS = {f"{h}hour": h * HOUR_MS for h in (1, 2, 4, 6, 12)} | {"daily": DAY_MS}
_MOST_SYMBOLS, _MOST_POINTS = 20, 2000
_EXCHANGES = {
    "Poloniex": "P", "Vertex": "V", "Bitforex": "D", "Kraken": "K", "Bithumb": "U", "Bitstamp": "B", "Hyperliquid": "H",
    "BitFlyer": "L", "BtcMarkets": "M", "Bit2c": "I", "MercadoBitcoin": "E", "Independent Reserve": "N", "Gemini": "G",
    "Gate.io": "Y", "Deribit": "2", "OKX": "3", "Coinbase": "C", "Bitfinex": "F", "Luno": "J", "BitMEX": "0",
    "Phemex": "7", "WOO X": "W", "Huobi": "4", "dYdX": "8", "Bybit": "6", "Binance": "A",
}  # fmt: skip
Point = dict[str, Any]
Row = Callable[[View, Listed, Bars, int], list[Point]]


class Span(NamedTuple):
    """The buckets asked for, both ends included, and whether in dollars."""

    step_ms: int
    since_ms: int
    until_ms: int
    in_usd: bool


def _answer(view: View, value: Any) -> Answer:
    return answer(value, view.market.marks("coinalyze"))


def read_exchanges(view: View, params: Params) -> Answer:
    """Return names and codes of the exchanges; KuCoin is not among them."""
    del params
    return _answer(view, [{"name": name, "code": code} for name, code in _EXCHANGES.items()])


def read_markets(view: View, params: Params) -> Answer:
    """Return every future market."""
    del params
    return _answer(view, [row_of(market) for market in listed(view).values()])


def _asked(view: View, params: Params) -> list[Listed]:
    names = [name for name in params.get("symbols", "").split(",") if name]
    if not names or len(names) > _MOST_SYMBOLS:
        raise RefusalError(400, {"message": "Invalid parameter: symbols (1 to 20 are allowed)"})
    return [listed(view)[name] for name in names if name in listed(view)]


def current(value: Callable[[View, Listed], float]) -> Callable[[View, Params], Answer]:
    """Return a reader of one figure per symbol as of now."""

    def read(view: View, params: Params) -> Answer:
        rows = [{"symbol": m.symbol, "value": value(view, m), "update": NOW_MARK} for m in _asked(view, params)]
        return _answer(view, rows)

    return read


def history(row: Row) -> Callable[[View, Params], Answer]:
    """Return a reader of one series per symbol; the last point is the bucket in progress."""

    def read(view: View, params: Params) -> Answer:
        step = _INTERVALS_MS.get(params.get("interval", ""))
        if step is None:
            raise RefusalError(400, {"message": "Invalid parameter: interval"})
        since, until = (_seconds(params, name) * 1000 for name in ("from", "to"))
        span = Span(step, since, until, params.get("convert_to_usd", "false") == "true")
        found = [(market.symbol, _points(view, market, row, span)) for market in _asked(view, params)]
        return _answer(view, [{"symbol": name, "history": points} for name, points in found if points])

    return read


def _seconds(params: Params, name: str) -> int:
    try:
        return int(params[name])
    except (KeyError, ValueError):
        raise RefusalError(400, {"message": f"Invalid parameter: {name}"}) from None


def _points(view: View, market: Listed, row: Row, span: Span) -> list[Point]:
    contract = market.contract
    closed = view.closed(contract)
    start, stop = np.searchsorted(closed.open_ms, [span.since_ms - span.step_ms, span.until_ms + span.step_ms]).tolist()
    start = max(start, stop - _MOST_POINTS * (span.step_ms // HOUR_MS))
    hours = filled(contract).bars.span(start, stop)
    if span.until_ms >= view.hour_ms:
        hours = concatenated([hours, flat(view.hour_ms, float(closed.close[-1]))])
    bars = blocks(hours, span.step_ms)
    bars = _there(market, bars.pick((bars.open_ms >= span.since_ms) & (bars.open_ms <= span.until_ms)))
    if row is long_short_points and not market.has_long_short:
        return []
    points = row(view, market, bars, span.step_ms)
    return _in_usd(points, bars.close) if span.in_usd and not market.in_quote else points


def _there(market: Listed, bars: Bars) -> Bars:
    """Return the bars with the market's own prices and amounts: Binance's are the contract's, to the last bit."""
    if market.exchange == "A":
        return bars
    prices = {name: getattr(bars, name) * market.price for name in ("open", "high", "low", "close")}
    amounts = _amount(market, bars.open_ms, prices["close"])
    return bars._replace(**prices, volume=bars.volume * amounts, taker_volume=bars.taker_volume * amounts)


def _amount(market: Listed, at_ms: Ints, close: np.ndarray | float) -> np.ndarray:
    """Return by how much amounts differ from the contract's; each market has a share that wavers from hour to hour."""
    if market.exchange == "A":
        return np.ones(len(at_ms))
    wavers = 1.0 + 0.02 * normal(key_of("amounts there", market.symbol), at_ms // HOUR_MS)
    return np.asarray(market.amount * wavers * (close if market.in_quote else 1.0))


def _in_usd(points: list[Point], closes: np.ndarray) -> list[Point]:
    return [
        {k: v if k == "t" else round(v * close, 4) for k, v in point.items()}
        for point, close in zip(points, closes.tolist(), strict=True)
    ]


def _rows(bars: Bars, **columns: np.ndarray) -> list[Point]:
    names = ("t", *columns)
    values = ((bars.open_ms // 1000).tolist(), *(column.tolist() for column in columns.values()))
    return [dict(zip(names, point, strict=True)) for point in zip(*values, strict=True)]


def _candles(bars: Bars, before: np.ndarray, after: np.ndarray) -> list[Point]:
    return _rows(bars, o=before, h=np.maximum(before, after), l=np.minimum(before, after), c=after)


def interest_points(view: View, market: Listed, bars: Bars, step: int) -> list[Point]:
    """Return open interest in the market's own amounts at each bucket's ends."""
    contract = market.contract
    ends = np.minimum(bars.open_ms + step, view.hour_ms)
    opens = np.maximum(bars.open_ms, contract.first_ms + HOUR_MS)
    before, after = (
        interest.open_interest(contract, at).coins * _amount(market, at, bars.close) for at in (opens, ends)
    )
    return _candles(bars, before, after)


def funding_points(view: View, market: Listed, bars: Bars, step: int) -> list[Point]:
    """Return funding in percent per interval."""
    ends = np.minimum(bars.open_ms + step, view.hour_ms)
    before, after = rates_at(market.contract, bars.open_ms), rates_at(market.contract, ends)
    return _candles(bars, np.round(before * 100, 6), np.round(after * 100, 6))


def liquidation_points(view: View, market: Listed, bars: Bars, step: int) -> list[Point]:
    """Return longs and shorts liquidated, in the market's own amounts."""
    del view, step
    longs, shorts = interest.liquidated(market.contract.symbol, bars)
    return _rows(bars, l=longs, s=shorts)


def long_short_points(view: View, market: Listed, bars: Bars, step: int) -> list[Point]:
    """Return the ratio of long to short accounts, and both in percent."""
    contract = market.contract
    share = interest.long_share(contract.symbol, contract.bars, np.minimum(bars.open_ms + step, view.hour_ms))
    return _rows(bars, r=np.round(share / (1 - share), 4), l=np.round(share * 100, 2), s=np.round(100 - share * 100, 2))


def ohlcv_points(view: View, market: Listed, bars: Bars, step: int) -> list[Point]:
    """Return bars with buy volume, in the market's own amounts."""
    del view, market, step
    buys = (bars.trades * 0.5).astype(np.int64)
    prices = {"o": bars.open, "h": bars.high, "l": bars.low, "c": bars.close}
    return _rows(bars, **prices, v=bars.volume, bv=bars.taker_volume, tx=bars.trades, btx=buys)


def interest_now(view: View, market: Listed) -> float:
    """Return open interest in the market's own amounts."""
    at = np.array([view.hour_ms])
    close = view.last_close(market.contract) * market.price
    return float((interest.open_interest(market.contract, at).coins * _amount(market, at, close))[0])


def funding_now(view: View, market: Listed) -> float:
    """Return the funding rate in percent per interval."""
    contract = market.contract
    rate = live_rate(contract, view.hour_ms)
    return round((made_rate(contract, view.hour_ms) if rate is None else rate) * 100, 6)


def predicted_funding_now(view: View, market: Listed) -> float:
    """Return the predicted funding rate in percent per interval."""
    lean = 0.1 * draw_normal("predicted", market.contract.symbol, str(view.hour_ms))
    return round(funding_now(view, market) * (1 + lean), 6)
