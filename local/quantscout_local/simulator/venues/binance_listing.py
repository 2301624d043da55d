"""Binance's answers about all contracts at once, kept per hour; only the time stamps move."""

from typing import Any

import numpy as np

from quantscout.frames import DAY_MS, HOUR_MS
from quantscout_local.simulator.answers import NOW_MARK, Answer, Params, answer, text
from quantscout_local.simulator.derive import book
from quantscout_local.simulator.derive.funding import interval_h, live_rate, made_rate
from quantscout_local.simulator.market import Contract
from quantscout_local.simulator.seeds import draw_normal
from quantscout_local.simulator.series import row_total
from quantscout_local.simulator.venues.binance_entries import entry
from quantscout_local.simulator.venues.binance_request import chosen
from quantscout_local.simulator.venues.binance_series import quantities
from quantscout_local.simulator.view import View

_LIMITS = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
    {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
]


def read_time(view: View, params: Params) -> Answer:
    """Return the clock."""
    del view, params
    return answer({"serverTime": NOW_MARK})


def read_exchange_info(view: View, params: Params) -> Answer:
    """Return every contract's entry; a symbol in the request is ignored, as the venue does."""
    del params
    return view.once("exchangeInfo", lambda: _exchange_info(view))


def _exchange_info(view: View) -> Answer:
    built = any(contract.captured is None for contract in view.binance.values())
    value = {
        "timezone": "UTC",
        "serverTime": NOW_MARK,
        "futuresType": "U_MARGINED",
        "rateLimits": _LIMITS,
        "exchangeFilters": [],
        "assets": [{"asset": name, "marginAvailable": True, "autoAssetExchange": "-100"} for name in ("USDT", "USDC")],
        "symbols": [entry(view, contract) for contract in view.binance.values()],
    }
    return answer(value, view.market.marks("exchange_info") if built else ())


def read_ticker(view: View, params: Params) -> Answer:
    """Return the last day's figures, from the last 24 closed bars."""
    if params.get("symbol"):
        return answer(_ticker(view, chosen(view, params)[0]), view.market.marks())
    return view.once("ticker", lambda: answer([_ticker(view, c) for c in view.binance.values()], view.market.marks()))


def _ticker(view: View, contract: Contract) -> dict[str, Any]:
    day = view.last_day(contract)
    volume, turnover = row_total(day.volume), row_total(day.quote_volume)
    first, last = float(day.open[0]), float(day.close[-1])
    count = int(day.trades.sum())
    return {
        "symbol": contract.symbol,
        "priceChange": text(float(f"{last - first:.8f}")),
        "priceChangePercent": f"{(last / first - 1) * 100:.3f}",
        "weightedAvgPrice": text(float(f"{turnover / volume if volume else last:.7g}")),
        "lastPrice": text(last),
        "lastQty": "0",
        "openPrice": text(first),
        "highPrice": text(float(np.max(day.high))),
        "lowPrice": text(float(np.min(day.low))),
        "volume": text(round(volume, 3)),
        "quoteVolume": text(round(turnover, 2)),
        "openTime": view.hour_ms - DAY_MS,
        "closeTime": NOW_MARK,
        "firstId": 1,
        "lastId": count,
        "count": count,
    }


def read_price(view: View, params: Params) -> Answer:
    """Return the last price: the close of the last closed bar."""
    rows = [{"symbol": c.symbol, "price": text(view.last_close(c)), "time": NOW_MARK} for c in chosen(view, params)]
    return answer(rows[0] if params.get("symbol") else rows, view.market.marks())


def read_premium_index(view: View, params: Params) -> Answer:
    """Return mark and index price and the funding rate: the last close and the last settlement."""
    marks = () if view.market.real_only else view.market.marks("mark_price", "live_funding")
    if params.get("symbol"):
        return answer(_premium(view, chosen(view, params)[0]), marks)
    return view.once("premium", lambda: answer([_premium(view, c) for c in view.binance.values()], marks))


def _premium(view: View, contract: Contract) -> dict[str, Any]:
    close = view.last_close(contract)
    index = (
        close if view.market.real_only else float(f"{close * (1 + 0.0003 * draw_normal('index', contract.symbol)):.8g}")
    )
    perpetual = contract.contract_type.endswith("PERPETUAL") and view.trading(contract)
    hours = interval_h(contract, view.hour_ms)
    step = hours * HOUR_MS
    return {
        "symbol": contract.symbol,
        "markPrice": text(close),
        "indexPrice": text(index),
        "estimatedSettlePrice": text(index),
        "lastFundingRate": _rate(view, contract) if perpetual else "0.00000000",
        "interestRate": f"{0.0001 * hours / 8:.8f}" if perpetual else "0.00000000",
        "nextFundingTime": (view.hour_ms // step + 1) * step if perpetual else 0,
        "time": NOW_MARK,
    }


def _rate(view: View, contract: Contract) -> str:
    """Return the rate; where none has settled, a made one, or with real series alone the empty text for none."""
    rate = live_rate(contract, view.hour_ms)
    if rate is None and not view.market.real_only:
        rate = made_rate(contract, view.hour_ms)
    return "" if rate is None else f"{rate:.8f}"


def read_book_ticker(view: View, params: Params) -> Answer:
    """Return best bid and ask of the same books that /depth shows."""
    found = chosen(view, params)
    if view.market.real_only:
        return Answer(b"[]")
    if params.get("symbol"):
        return answer(_best(view, found[0]), view.market.marks("spread"))
    return view.once("bookTicker", lambda: answer([_best(view, c) for c in found], view.market.marks("spread")))


def _best(view: View, contract: Contract) -> dict[str, Any]:
    shape = view.book(contract)
    (bid, ask), (bids, asks) = book.best(shape), book.sides(shape, 1)
    return {
        "symbol": contract.symbol,
        "bidPrice": f"{bid:.{shape.tick_decimals}f}",
        "bidQty": text(float(quantities(bids, 1)[0])),
        "askPrice": f"{ask:.{shape.tick_decimals}f}",
        "askQty": text(float(quantities(asks, 1)[0])),
        "time": NOW_MARK,
        "lastUpdateId": view.hour_ms,
    }


def read_funding_info(view: View, params: Params) -> Answer:
    """Return the intervals of the contracts that have ever been adjusted: the others settle every 8 h."""
    del params
    return view.once("fundingInfo", lambda: answer(_funding_info(view), view.market.marks()))


def _funding_info(view: View) -> list[dict[str, Any]]:
    hours = {name: interval_h(c, view.hour_ms) for name, c in view.binance.items()}
    return [
        {
            "symbol": name,
            "adjustedFundingRateCap": "0.02000000",
            "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": interval,
            "disclaimer": False,
            "updateTime": None,
        }
        for name, interval in hours.items()
        if interval != 8
    ]
