"""Valid answers of every endpoint: hand-written, and the first rows of the recorded ones where those are there."""

import json
from pathlib import Path
from typing import Any

from quantscout.frames import HOUR_MS

RAW = Path(__file__).parents[3] / "shared" / "market" / "raw"
ROWS = 3
H = 500_000 * HOUR_MS
H_S = H // 1_000


def ok(data: Any) -> dict[str, Any]:
    """Return KuCoin's envelope around this data."""
    return {"code": "200000", "data": data}


def shortened(value: Any) -> Any:
    """Return a recorded answer with every list of rows cut to a few of them, taken from all over it."""
    if isinstance(value, list) and value and isinstance(value[0], dict | list):
        return [shortened(each) for each in value[:: max(1, len(value) // ROWS)][:ROWS]]
    return {k: shortened(each) for k, each in value.items()} if isinstance(value, dict) else value


def recorded(name: str, *, inside: str = "") -> list[Any]:
    """Return the recorded answer of this name (or a member of it), shortened; none where there are no recordings."""
    path = RAW / name
    if not path.is_file():
        return []
    value = json.loads(path.read_text(encoding="utf-8"))
    return [shortened(value[inside] if inside else value)]


SYMBOL = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "contractType": "PERPETUAL",
    "quoteAsset": "USDT",
    "underlyingType": "COIN",
    "baseAsset": "BTC",
    "deliveryDate": 4_133_404_800_000,
    "onboardDate": 7,
    "filters": [{"filterType": "MIN_NOTIONAL", "notional": "5"}, {"filterType": "LOT_SIZE", "minQty": "0.001"}],
}
PREMIUM = {"symbol": "BTCUSDT", "markPrice": "50000.1", "lastFundingRate": "0.0001", "time": H}
CONTRACT = {
    "symbol": "XBTUSDTM",
    "status": "Open",
    "type": "FFWCSX",
    "baseCurrency": "XBT",
    "quoteCurrency": "USDT",
    "settleCurrency": "USDT",
    "isInverse": False,
    "expireDate": None,
    "assetClass": "CRYPTO",
    "marketStage": "NORMAL",
    "firstOpenDate": 7,
    "multiplier": 0.001,
    "lotSize": 1,
    "markPrice": 50_000.1,
    "openInterest": "2000",
    "fundingFeeRate": 1e-4,
    "fundingRateGranularity": 8 * HOUR_MS,
    "nextFundingRateTime": 1_000,
    "nextFundingRateDateTime": H,
}
COIN = {
    "id": "bitcoin",
    "symbol": "btc",
    "current_price": 50_000.1,
    "circulating_supply": 1.9e7,
    "market_cap_rank": 1,
    "last_updated": "2026-11-01T00:00:00.500Z",
}
MARKET = {
    "symbol": "BTCUSDT_PERP.A",
    "exchange": "A",
    "symbol_on_exchange": "BTCUSDT",
    "base_asset": "BTC",
    "quote_asset": "USDT",
    "is_perpetual": True,
    "margined": "STABLE",
    "oi_lq_vol_denominated_in": "BASE_ASSET",
    "has_buy_sell_data": True,
}


def named(row: dict[str, Any], *names: str, key: str = "symbol") -> list[dict[str, Any]]:
    """Return the row once per name."""
    return [row | {key: name} for name in names]


def kline(hour: int) -> list[Any]:
    """Return a bar of Binance."""
    at = H + hour * HOUR_MS
    return [at, "1.0", "3.0", "0.5", "2.0", "10", at + HOUR_MS - 1, "20.5", 4, "6", "12.5", "0"]


def lots(hour: int) -> list[Any]:
    """Return a bar of KuCoin."""
    return [H + hour * HOUR_MS, 1.0, 3.0, 0.5, 2.0, 4, 81.5]


def history(*hours: int, **values: float) -> list[dict[str, Any]]:
    """Return an answer of Coinalyze with these buckets, counted from H."""
    return [{"symbol": "BTCUSDT_PERP.A", "history": [{"t": H_S + h * 3_600, **values} for h in hours]}]


LEVELS = {"bids": [["99.9", "1"], ["98", "2"]], "asks": [["100.1", "3"], ["102", "4"]]}
TICKER = {"symbol": "BTCUSDT", "bidPrice": "49999", "askPrice": "50001"}
LOT_TICKER = {"symbol": "XBTUSDTM", "bestBidPrice": "49999", "bestAskPrice": "50001", "ts": H * 1_000_000}
TRENDING = {"coins": [{"item": {"id": name, "symbol": name[:3]}} for name in ("bitcoin", "pepe", "dogwifhat")]}

_HAND: dict[str, list[Any]] = {
    "binance time": [{"serverTime": H}],
    "binance exchangeInfo": [{"symbols": [*named(SYMBOL, "BTCUSDT", "AUSDT", "币安人生USDT")]}],
    "binance premiumIndex": [named(PREMIUM, "BTCUSDT", "AUSDT")],
    "binance bookTicker": [named(TICKER, "BTCUSDT", "AUSDT")],
    "binance fundingInfo": [[{"symbol": "BTCUSDT", "fundingIntervalHours": 4}]],
    "binance klines": [[kline(0), kline(1), kline(4)]],
    "binance openInterestHist": [
        [{"timestamp": H + n, "sumOpenInterest": "5.5", "CMCCirculatingSupply": "100"} for n in (0, HOUR_MS)]
    ],
    "binance fundingRate": [[{"symbol": "AUSDT", "fundingTime": H + n, "fundingRate": "0.0001"} for n in (5, HOUR_MS)]],
    "binance depth": [{"E": H, **LEVELS}],
    "binance longShort": [[{"timestamp": H, "longShortRatio": "1.5"}]],
    "kucoin timestamp": [ok(H)],
    "kucoin active": [ok([*named(CONTRACT, "XBTUSDTM", "YUSDTM"), CONTRACT | {"symbol": "Z", "isInverse": True}])],
    "kucoin allTickers": [ok(named(LOT_TICKER, "XBTUSDTM", "YUSDTM"))],
    "kucoin kline": [ok([lots(0), lots(1)[:6], lots(4)])],
    "kucoin openInterest": [ok([{"ts": H, "openInterest": "7"}, {"ts": H - HOUR_MS, "openInterest": "6"}])],
    "kucoin fundingRates": [ok([{"timepoint": H, "fundingRate": 1e-4}, {"timepoint": 0, "fundingRate": -1e-4}])],
    "kucoin level2": [ok({"ts": H * 1_000_000, **LEVELS}), ok({"ts": 5, "bids": None, "asks": []})],
    "kucoin refusal": [{"code": "429000", "msg": "too many requests"}, {"code": "400100", "msg": None}],
    "coinalyze markets": [named(MARKET, "BTCUSDT_PERP.A", "AUSDT_PERP.A")],
    "coinalyze candles": [history(-5, -1, 0, c=1.5)],
    "coinalyze liquidations": [history(-5, -1, l=10.0, s=5.0)],
    "coinalyze longShort": [history(-1, r=1.5)],
    "coinalyze trades": [history(-1, c=1.5, v=80.0, bv=20.0)],
    "coingecko markets": [named(COIN, "bitcoin", "pepe", key="id")],
    "coingecko trending": [TRENDING],
    "coingecko global": [{"data": {"market_cap_percentage": {"btc": 57.5, "usdt": 4.5}}}],
}

_RECORDED: dict[str, list[Any]] = {
    "binance exchangeInfo": recorded("binance/exchangeInfo.json"),
    "binance premiumIndex": recorded("binance/premiumIndex_all.json"),
    "binance fundingInfo": recorded("binance/single_fundingInfo_excerpt.json"),
    "binance klines": recorded("binance/single_klines_1m_limit3.json"),
    "binance openInterestHist": recorded("binance/single_openInterestHist_5m_excerpt_2026-09-28.json"),
    "binance fundingRate": recorded("binance/single_fundingRate_limit2.json"),
    "binance depth": recorded("binance/depth_CTKUSDT_limit1000.json"),
    "kucoin active": recorded("kucoin/contracts_active_trimmed_2026-10-03.json"),
    "kucoin allTickers": recorded("kucoin/allTickers_trimmed_2026-10-03.json"),
    "kucoin kline": recorded("kucoin/kline_XBTUSDTM_1min_2026-10-03.json"),
    "kucoin fundingRates": recorded("kucoin/funding_history_XBTUSDTM_2026-10-03.json"),
    "kucoin level2": recorded("kucoin/level2_depth20_XBTUSDTM_2026-10-03.json"),
    "coinalyze markets": recorded("coinalyze/endpoint_samples.json", inside="future-markets"),
    "coinalyze candles": recorded("coinalyze/endpoint_samples.json", inside="open-interest-history"),
    "coinalyze liquidations": recorded("coinalyze/endpoint_samples.json", inside="liquidation-history"),
    "coinalyze longShort": recorded("coinalyze/endpoint_samples.json", inside="long-short-ratio-history"),
    "coinalyze trades": recorded("coinalyze/endpoint_samples.json", inside="ohlcv-history"),
    "coingecko markets": recorded("coingecko/coins_markets_100_2021-06-24.json"),
}


def shapes(*names: str) -> list[str]:
    """Return the valid answers of these endpoints as JSON texts."""
    return [json.dumps(value) for name in names for value in [*_HAND[name], *_RECORDED.get(name, [])]]
