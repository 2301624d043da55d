"""The server: one table of endpoints, and one way from a request to an answer."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from quantscout_local.simulator.answers import NOW_MARK, Answer, Params, RefusalError, answer
from quantscout_local.simulator.clock import SimulatorClock
from quantscout_local.simulator.conditions import CALM, Conditions
from quantscout_local.simulator.control import control_routes
from quantscout_local.simulator.market import Market
from quantscout_local.simulator.stage import Stage, build_stage
from quantscout_local.simulator.venues import (
    binance_bars,
    binance_listing,
    binance_series,
    coinalyze,
    coingecko,
    kucoin,
)
from quantscout_local.simulator.view import View

Reader = Callable[[View, Params], Answer]

_BINANCE: dict[str, Reader] = {
    "/fapi/v1/time": binance_listing.read_time,
    "/fapi/v1/klines": binance_bars.read_klines,
    "/futures/data/openInterestHist": binance_series.read_open_interest_history,
    "/fapi/v1/depth": binance_series.read_depth,
    "/futures/data/globalLongShortAccountRatio": binance_series.read_long_short,
    "/fapi/v1/fundingRate": binance_series.read_funding_history,
    "/fapi/v1/openInterest": binance_series.read_open_interest,
    "/fapi/v1/exchangeInfo": binance_listing.read_exchange_info,
    "/fapi/v1/ticker/24hr": binance_listing.read_ticker,
    "/fapi/v1/ticker/price": binance_listing.read_price,
    "/fapi/v2/ticker/price": binance_listing.read_price,
    "/fapi/v1/ticker/bookTicker": binance_listing.read_book_ticker,
    "/fapi/v1/premiumIndex": binance_listing.read_premium_index,
    "/fapi/v1/fundingInfo": binance_listing.read_funding_info,
}
_KUCOIN: dict[str, Reader] = {
    "/kucoin/api/v1/kline/query": kucoin.read_klines,
    "/kucoin/api/v1/timestamp": kucoin.read_time,
    "/kucoin/api/v1/contracts/active": kucoin.read_contracts,
    "/kucoin/api/v1/allTickers": kucoin.read_tickers,
    "/kucoin/api/v1/level2/snapshot": kucoin.read_snapshot,
    "/kucoin/api/v1/level2/depth20": kucoin.read_depth20,
    "/kucoin/api/v1/level2/depth100": kucoin.read_depth100,
    "/kucoin/api/v1/contract/funding-rates": kucoin.read_funding_rates,
    "/kucoin-unified/api/ua/v1/market/open-interest": kucoin.read_open_interest,
}
_COINALYZE: dict[str, Reader] = {
    "/exchanges": coinalyze.read_exchanges,
    "/future-markets": coinalyze.read_markets,
    "/open-interest": coinalyze.current(coinalyze.interest_now),
    "/funding-rate": coinalyze.current(coinalyze.funding_now),
    "/predicted-funding-rate": coinalyze.current(coinalyze.predicted_funding_now),
    "/open-interest-history": coinalyze.history(coinalyze.interest_points),
    "/funding-rate-history": coinalyze.history(coinalyze.funding_points),
    "/predicted-funding-rate-history": coinalyze.history(coinalyze.funding_points),
    "/liquidation-history": coinalyze.history(coinalyze.liquidation_points),
    "/long-short-ratio-history": coinalyze.history(coinalyze.long_short_points),
    "/ohlcv-history": coinalyze.history(coinalyze.ohlcv_points),
}
_COINGECKO: dict[str, Reader] = {
    "/ping": coingecko.read_ping,
    "/coins/markets": coingecko.read_markets,
    "/search/trending": coingecko.read_trending,
    "/global": coingecko.read_global,
}
_KEPT = (
    binance_listing.read_exchange_info,
    binance_listing.read_premium_index,
    binance_listing.read_book_ticker,
    binance_listing.read_funding_info,
    kucoin.read_contracts,
    kucoin.read_tickers,
)
_NOW, _NOW_NS = str(NOW_MARK).encode(), str(kucoin.NOW_NS_MARK).encode()


def create_app(
    market: Market,
    hour_ms: int,
    *,
    conditions: Conditions = CALM,
    middleware: Sequence[Middleware] = (),
    clock: SimulatorClock | None = None,
) -> Starlette:
    """Return the server of a market as of an hour.

    `conditions` are limits, latency and faults; `middleware` stands in front of them. A clock of one's own makes the
    time virtual. Raises InputError if the market does not cover the hour.
    """
    stage = build_stage(market, hour_ms, conditions, clock, _prepare)
    routes = [Route(f"/binance{path}", _endpoint(stage, reader)) for path, reader in _BINANCE.items()]
    routes += [Route(path, _endpoint(stage, reader)) for path, reader in _KUCOIN.items()]
    routes += [Route(f"/coinalyze/v1{path}", _endpoint(stage, _keyed(reader))) for path, reader in _COINALYZE.items()]
    routes += [
        Route(f"/coingecko/api/v3{path}", _endpoint(stage, _made(reader))) for path, reader in _COINGECKO.items()
    ]
    app = Starlette(routes=[*routes, *control_routes(stage)], middleware=[*middleware, *stage.layers()])
    app.state.stage = stage
    return app


def _prepare(view: View) -> None:
    """Make the answers about all contracts; they are kept with the view."""
    for reader in _KEPT:
        reader(view, {})
    if not view.market.real_only:
        coingecko.read_global(view, {})


def offset_s(app: Any) -> float:
    """Return the server's clock minus the machine's."""
    stage: Stage = app.state.stage
    return stage.clock.offset_s


def _endpoint(stage: Stage, reader: Reader) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        stage.answered += 1
        params = dict(request.query_params)
        try:
            if key := request.headers.get("api_key"):
                params.setdefault("api_key", key)
            return _response(stage.view, reader(stage.view, params))
        except RefusalError as refused:
            return _response(stage.view, answer(refused.body), refused.status)

    return serve


def _response(view: View, found: Answer, status: int = 200) -> Response:
    body = found.body
    if _NOW in body:
        now = view.clock.now_ms()
        body = body.replace(_NOW_NS, b"%d000000" % now).replace(_NOW, b"%d" % now)
    headers = {"x-quantscout-simulated": " ".join(found.simulated)} if found.simulated else None
    return Response(body, status, headers, "application/json")


def _made(reader: Reader) -> Reader:
    """Return the reader of a source of which an archive has nothing real."""

    def read(view: View, params: Params) -> Answer:
        if view.market.real_only:
            raise RefusalError(503, {"error": "this source is not part of the archive (--real-only)"})
        return reader(view, params)

    return read


def _keyed(reader: Reader) -> Reader:
    """Return the reader that wants an API key, in the header or the query."""

    def read(view: View, params: Params) -> Answer:
        if not params.get("api_key"):
            raise RefusalError(401, {"message": "Invalid/Missing API key"})
        return _made(reader)(view, params)

    return read
