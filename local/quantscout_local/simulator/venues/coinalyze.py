"""Coinalyze: markets of Binance (and Bybit by name), histories per symbol, an API key in the header."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from quantscout.frames import DAY_MS, HOUR_MS
from quantscout_local.simulator.answers import NOW_MARK, Answer, Params, RefusalError, answer
from quantscout_local.simulator.derive import interest
from quantscout_local.simulator.derive.funding import live_rate, made_rate, rates_at
from quantscout_local.simulator.derive.taker import filled
from quantscout_local.simulator.market import Contract
from quantscout_local.simulator.seeds import draw_normal
from quantscout_local.simulator.series import Bars, blocks, concatenated, flat
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
Row = Callable[[View, Contract, Bars, int], list[Point]]


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


def _symbol(contract: Contract) -> str:
    return f"{contract.symbol}_PERP.A"


def _covered(view: View) -> dict[str, Contract]:
    return view.once(
        "coinalyze",
        lambda: {_symbol(c): c for c in view.binance.values() if c.contract_type == "PERPETUAL" and view.trading(c)},
    )


def read_markets(view: View, params: Params) -> Answer:
    """Return every future market: each Binance contract, and the USDT ones of Bybit by name alone."""
    del params
    binance = [_market(symbol, "A", c, c.symbol) for symbol, c in _covered(view).items()]
    bybit = [_market(f"{c.symbol}.6", "6", c, c.symbol) for c in _covered(view).values() if c.quote == "USDT"]
    return _answer(view, binance + bybit)


def _market(symbol: str, exchange: str, contract: Contract, there: str) -> Point:
    return {
        "symbol": symbol,
        "exchange": exchange,
        "symbol_on_exchange": there,
        "base_asset": contract.base,
        "quote_asset": contract.quote,
        "expire_at": None,
        "has_buy_sell_data": True,
        "is_perpetual": True,
        "margined": "STABLE",
        "oi_lq_vol_denominated_in": "BASE_ASSET",
        "has_long_short_ratio_data": exchange == "A",
        "has_ohlcv_data": True,
    }


def _asked(view: View, params: Params) -> list[tuple[str, Contract]]:
    names = [name for name in params.get("symbols", "").split(",") if name]
    if not names or len(names) > _MOST_SYMBOLS:
        raise RefusalError(400, {"message": "Invalid parameter: symbols (1 to 20 are allowed)"})
    return [(name, _covered(view)[name]) for name in names if name in _covered(view)]


def current(value: Callable[[View, Contract], float]) -> Callable[[View, Params], Answer]:
    """Return a reader of one figure per symbol as of now."""

    def read(view: View, params: Params) -> Answer:
        rows = [{"symbol": n, "value": value(view, c), "update": NOW_MARK} for n, c in _asked(view, params)]
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
        found = [(name, _points(view, c, row, span)) for name, c in _asked(view, params)]
        return _answer(view, [{"symbol": name, "history": points} for name, points in found if points])

    return read


def _seconds(params: Params, name: str) -> int:
    try:
        return int(params[name])
    except (KeyError, ValueError):
        raise RefusalError(400, {"message": f"Invalid parameter: {name}"}) from None


def _points(view: View, contract: Contract, row: Row, span: Span) -> list[Point]:
    closed = view.closed(contract)
    start, stop = np.searchsorted(closed.open_ms, [span.since_ms - span.step_ms, span.until_ms + span.step_ms]).tolist()
    start = max(start, stop - _MOST_POINTS * (span.step_ms // HOUR_MS))
    hours = filled(contract).bars.span(start, stop)
    if span.until_ms >= view.hour_ms:
        hours = concatenated([hours, flat(view.hour_ms, float(closed.close[-1]))])
    bars = blocks(hours, span.step_ms)
    bars = bars.pick((bars.open_ms >= span.since_ms) & (bars.open_ms <= span.until_ms))
    points = row(view, contract, bars, span.step_ms)
    return _in_usd(points, bars.close) if span.in_usd else points


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


def interest_points(view: View, contract: Contract, bars: Bars, step: int) -> list[Point]:
    """Return open interest in base units at each bucket's ends."""
    ends = np.minimum(bars.open_ms + step, view.hour_ms)
    opens = np.maximum(bars.open_ms, contract.first_ms + HOUR_MS)
    return _candles(bars, interest.open_interest(contract, opens).coins, interest.open_interest(contract, ends).coins)


def funding_points(view: View, contract: Contract, bars: Bars, step: int) -> list[Point]:
    """Return funding in percent per interval."""
    ends = np.minimum(bars.open_ms + step, view.hour_ms)
    before, after = rates_at(contract, bars.open_ms), rates_at(contract, ends)
    return _candles(bars, np.round(before * 100, 6), np.round(after * 100, 6))


def liquidation_points(view: View, contract: Contract, bars: Bars, step: int) -> list[Point]:
    """Return longs and shorts liquidated, in base units."""
    del view, step
    longs, shorts = interest.liquidated(contract.symbol, bars)
    return _rows(bars, l=longs, s=shorts)


def long_short_points(view: View, contract: Contract, bars: Bars, step: int) -> list[Point]:
    """Return the ratio of long to short accounts, and both in percent."""
    share = interest.long_share(contract.symbol, contract.bars, np.minimum(bars.open_ms + step, view.hour_ms))
    return _rows(bars, r=np.round(share / (1 - share), 4), l=np.round(share * 100, 2), s=np.round(100 - share * 100, 2))


def ohlcv_points(view: View, contract: Contract, bars: Bars, step: int) -> list[Point]:
    """Return bars with buy volume, in base units."""
    del view, contract, step
    buys = (bars.trades * 0.5).astype(np.int64)
    prices = {"o": bars.open, "h": bars.high, "l": bars.low, "c": bars.close}
    return _rows(bars, **prices, v=bars.volume, bv=bars.taker_volume, tx=bars.trades, btx=buys)


def interest_now(view: View, contract: Contract) -> float:
    """Return open interest in base units."""
    return float(interest.open_interest(contract, np.array([view.hour_ms])).coins[0])


def funding_now(view: View, contract: Contract) -> float:
    """Return the funding rate in percent per interval."""
    rate = live_rate(contract, view.hour_ms)
    return round((made_rate(contract, view.hour_ms) if rate is None else rate) * 100, 6)


def predicted_funding_now(view: View, contract: Contract) -> float:
    """Return the predicted funding rate in percent per interval."""
    return round(
        funding_now(view, contract) * (1 + 0.1 * draw_normal("predicted", contract.symbol, str(view.hour_ms))), 6
    )
