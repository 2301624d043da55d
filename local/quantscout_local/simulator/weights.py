"""What a request costs: of which of its venue's pools, and how much in the pool's own units."""

from collections.abc import Mapping
from typing import NamedTuple

Params = Mapping[str, str]


class Charge(NamedTuple):
    """The pool's name and the weight (Coinalyze: symbol-calls; where a venue counts requests, 1)."""

    pool: str
    weight: int


_FUNDING = {"/fapi/v1/fundingRate", "/fapi/v1/fundingInfo"}
# With a symbol, and for all symbols.
_BINANCE = {
    "/fapi/v1/ticker/24hr": (1, 40),
    "/fapi/v1/ticker/price": (1, 2),
    "/fapi/v2/ticker/price": (1, 2),
    "/fapi/v1/ticker/bookTicker": (2, 5),
    "/fapi/v1/premiumIndex": (1, 10),
    "/fapi/v1/tradingSchedule": (5, 5),
}
_KUCOIN = {
    "/api/v1/kline/query": 3,
    "/api/v1/contracts/active": 3,
    "/api/v1/allTickers": 5,
    "/api/v1/ticker": 2,
    "/api/v1/level2/snapshot": 3,
    "/api/v1/level2/depth20": 5,
    "/api/v1/level2/depth100": 10,
    "/api/v1/trade/history": 5,
    "/api/v1/index/query": 2,
    "/api/v1/interest/query": 5,
    "/api/v1/premium/query": 3,
    "/api/v1/contract/funding-rates": 5,
    "/api/v1/trade-statistics": 3,
    "/api/v1/timestamp": 2,
    "/api/v1/status": 4,
    "/api/ua/v1/market/open-interest": 10,
    "/api/ua/v1/market/kline": 3,
}
_KUCOIN_BELOW = {"/api/v1/contracts/": 3, "/api/v1/mark-price/": 3, "/api/v1/funding-rate/": 2}
_KUCOIN_UNKNOWN = 5
_MOST_SYMBOLS = 20


def charge_of(venue: str, endpoint: str, params: Params) -> Charge:
    """Return what a request costs; a refused one costs the same, an endpoint that does not exist a little."""
    if venue == "binance":
        return _binance(endpoint, params)
    if venue == "kucoin":
        return Charge("public", _kucoin(endpoint))
    if venue == "coinalyze":
        return Charge("calls", _symbol_calls(params))
    return Charge("calls", 1)


def _binance(endpoint: str, params: Params) -> Charge:
    if endpoint.startswith("/futures/data/"):
        return Charge("data", 1)
    if endpoint in _FUNDING:
        return Charge("funding", 1)
    return Charge("weight", _binance_weight(endpoint, params))


def _binance_weight(endpoint: str, params: Params) -> int:
    if endpoint.endswith(("/klines", "Klines")):
        return klines_weight(_rows(params))
    if endpoint == "/fapi/v1/depth":
        return _depth_weight(_rows(params))
    one, every = _BINANCE.get(endpoint, (1, 1))
    return one if params.get("symbol") else every


def _rows(params: Params) -> int:
    """Return the limit; a missing or unreadable one counts as the default."""
    try:
        return int(params.get("limit", ""))
    except ValueError:
        return 500


def klines_weight(rows: int) -> int:
    """Return the weight by the strict reading of the boundaries: 100 and 500 rows belong to the dearer class."""
    if rows < 100:
        return 1
    if rows < 500:
        return 2
    return 5 if rows <= 1000 else 10


def _depth_weight(levels: int) -> int:
    if levels <= 50:
        return 2
    if levels <= 100:
        return 5
    return 10 if levels <= 500 else 20


def _kucoin(endpoint: str) -> int:
    if endpoint in _KUCOIN:
        return _KUCOIN[endpoint]
    return next((weight for start, weight in _KUCOIN_BELOW.items() if endpoint.startswith(start)), _KUCOIN_UNKNOWN)


def _symbol_calls(params: Params) -> int:
    """Return one call per symbol; one for none, and for so many that the request is refused."""
    symbols = sum(1 for name in params.get("symbols", "").split(",") if name)
    return symbols if 1 <= symbols <= _MOST_SYMBOLS else 1
