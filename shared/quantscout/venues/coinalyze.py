"""Coinalyze: futures figures by the hour, for the finalists that it covers (KuCoin is not among its exchanges)."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import polars as pl
from pydantic import TypeAdapter
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from quantscout.errors import Problem
from quantscout.frames import HOUR_MS, Schema, conform
from quantscout.http import Endpoint, SourceClient, Transport
from quantscout.limits import Clock, build_budgets
from quantscout.venues.answers import Answer, Ms, Name, Number, Rows, Table, Text, read

NAME = "coinalyze"
BASE_URL = "https://api.coinalyze.net/v1"
KEY_HEADER = "api_key"

LIMITS = {"default": (40, 60)}  # calls a minute and key; every symbol of a request is a call
SYMBOLS_PER_REQUEST = 20

FUTURE_MARKETS = Endpoint("/future-markets")
OPEN_INTEREST = "/open-interest-history"
PREDICTED_FUNDING = "/predicted-funding-rate-history"
LIQUIDATIONS = "/liquidation-history"
LONG_SHORT = "/long-short-ratio-history"
OHLCV = "/ohlcv-history"
HISTORIES = (OPEN_INTEREST, PREDICTED_FUNDING, LIQUIDATIONS, LONG_SHORT, OHLCV)
CALLS_PER_SYMBOL = len(HISTORIES)
HOUR_S = HOUR_MS // 1_000

MARKETS: Schema = {
    "coinalyze_symbol": pl.String,
    "exchange": pl.String,  # its code: A is Binance
    "symbol_on_exchange": pl.String,
    "base_asset": pl.String,
    "quote_asset": pl.String,
    "is_perpetual": pl.Boolean,
}

AGGREGATES: Schema = {
    "coinalyze_symbol": pl.String,
    "open_interest_change_4h_pct": pl.Float64,
    "predicted_funding_ratio": pl.Float64,  # fraction per interval
    "long_liquidations_usd_24h": pl.Float64,
    "short_liquidations_usd_24h": pl.Float64,
    "long_short_ratio": pl.Float64,
    "taker_buy_ratio": pl.Float64,  # share of the volume of the last closed hour
}


class Market(TypedDict):
    """A row of future-markets."""

    symbol: Name
    exchange: Text
    symbol_on_exchange: Text
    base_asset: Text
    quote_asset: Text
    is_perpetual: bool


class Bucket(TypedDict):
    """An hour of a history; t is its start in seconds."""

    t: Ms


B = TypeVar("B", bound=Bucket)


class Candle(Bucket):
    """Open interest or funding; funding in percent."""

    c: Number | None


class Liquidation(Bucket):
    """Liquidated longs and shorts."""

    l: Number | None  # noqa: E741
    s: Number | None


class LongShort(Bucket):
    """Long accounts to short accounts."""

    r: Number | None


class Trades(Bucket):
    """Volume and buy volume."""

    v: Number | None
    bv: Number | None


class Series(TypedDict, Generic[B]):
    """One symbol's buckets, ascending; the newest may be in progress."""

    symbol: Name
    history: Rows[B]


MARKET_ROWS = Table(NAME, Market)
MARKET_MEMBERS: Schema = {
    "symbol": pl.String,
    **{name: kind for name, kind in MARKETS.items() if name != "coinalyze_symbol"},
}
CANDLES: TypeAdapter[list[Series[Candle]]] = TypeAdapter(Rows[Series[Candle]])
LIQUIDATION_SERIES: TypeAdapter[list[Series[Liquidation]]] = TypeAdapter(Rows[Series[Liquidation]])
LONG_SHORTS: TypeAdapter[list[Series[LongShort]]] = TypeAdapter(Rows[Series[LongShort]])
TRADES: TypeAdapter[list[Series[Trades]]] = TypeAdapter(Rows[Series[Trades]])


def build_client(
    api_key: str,
    *,
    base_url: str = BASE_URL,
    share: float = 0.8,
    transport: Transport | None = None,
    clock: Clock = time.time,
) -> SourceClient:
    """Return the client with Coinalyze's budget in symbol-calls, of which it uses at most this share."""
    budgets = build_budgets(LIMITS, share, clock)
    headers = {KEY_HEADER: api_key}
    return SourceClient(NAME, base_url, budgets, secret_headers=headers, transport=transport, clock=clock)


class Coinalyze:
    """Coinalyze's aggregates by the hour."""

    name = NAME

    def __init__(self, client: SourceClient) -> None:
        """Ask through this client (`build_client`)."""
        self.client = client

    @property
    def symbols_per_minute(self) -> int:
        """Return for how many symbols a minute's budget holds all histories."""
        return int(self.client.budgets["default"].weight) // CALLS_PER_SYMBOL

    async def fetch_markets(self) -> Answer:
        """Return the markets (`MARKETS`): the only way from a venue's contract to a Coinalyze symbol."""
        return parse_markets(await self.client.ask(FUTURE_MARKETS))

    async def fetch_aggregates(self, symbols: Sequence[str], hour_ms: int) -> Answer:
        """Return one row of `AGGREGATES` per symbol, from buckets closed by the hour; what is missing is named."""
        bodies: dict[str, list[bytes]] = {path: [] for path in HISTORIES}
        for start in range(0, len(symbols), SYMBOLS_PER_REQUEST):
            batch = symbols[start : start + SYMBOLS_PER_REQUEST]
            answers = await asyncio.gather(*(self._fetch_history(path, batch, hour_ms) for path in HISTORIES))
            for path, body in zip(HISTORIES, answers, strict=True):
                bodies[path].append(body)
        return parse_aggregates(bodies, symbols, hour_ms)

    async def _fetch_history(self, path: str, symbols: Sequence[str], hour_ms: int) -> bytes:
        hour_s = hour_ms // 1_000  # milliseconds would be answered with an empty list
        params: dict[str, str | int] = {"symbols": ",".join(symbols), "interval": "1hour"}
        params |= {"from": hour_s - 24 * HOUR_S, "to": hour_s - HOUR_S}
        if path == LIQUIDATIONS:
            params["convert_to_usd"] = "true"
        return await self.client.ask(Endpoint(path, len(symbols)), params)


def parse_markets(body: bytes) -> Answer:
    """Return `MARKETS` and a Problem per row that cannot be read."""
    rows, problems = MARKET_ROWS.read(body)
    return Answer(
        conform(pl.DataFrame(rows, schema=MARKET_MEMBERS).rename({"symbol": "coinalyze_symbol"}), MARKETS), problems
    )


def parse_aggregates(bodies: Mapping[str, Sequence[bytes]], symbols: Sequence[str], hour_ms: int) -> Answer:
    """Return one row of `AGGREGATES` per symbol from the answers per history; what is missing is null and a Problem."""
    hour_s = hour_ms // 1_000
    interest = _closed(CANDLES, bodies[OPEN_INTEREST], hour_s)
    funding = _closed(CANDLES, bodies[PREDICTED_FUNDING], hour_s)
    liquidations = _closed(LIQUIDATION_SERIES, bodies[LIQUIDATIONS], hour_s)
    ratios = _closed(LONG_SHORTS, bodies[LONG_SHORT], hour_s)
    trades = _closed(TRADES, bodies[OHLCV], hour_s)
    last_s = hour_s - HOUR_S
    rows = [
        (
            symbol,
            _change_pct(_close(interest, symbol, last_s), _close(interest, symbol, last_s - 4 * HOUR_S)),
            _fraction(_close(funding, symbol, last_s)),
            *_day_of(liquidations.get(symbol)),
            _ratio(ratios.get(symbol, {}).get(last_s)),
            _buy_ratio(trades.get(symbol, {}).get(last_s)),
        )
        for symbol in symbols
    ]
    frame = conform(rows, AGGREGATES)
    return Answer(frame, _missing(frame))


def _closed(adapter: TypeAdapter[list[Series[B]]], bodies: Sequence[bytes], hour_s: int) -> dict[str, dict[int, B]]:
    """Return the buckets by symbol and start; the one in progress, told by its time, is left out."""
    series = [each for body in bodies for each in read(adapter, body, NAME)]
    day = range(hour_s - 24 * HOUR_S, hour_s, HOUR_S)
    return {each["symbol"]: {b["t"]: b for b in each["history"] if b["t"] in day} for each in series}


def _close(series: Mapping[str, Mapping[int, Candle]], symbol: str, at_s: int) -> float | None:
    candle = series.get(symbol, {}).get(at_s)
    return candle["c"] if candle else None


def _fraction(percent: float | None) -> float | None:
    return None if percent is None else percent / 100


def _change_pct(now: float | None, before: float | None) -> float | None:
    return None if now is None or not before else 100 * (now / before - 1)


def _day_of(buckets: Mapping[int, Liquidation] | None) -> tuple[float | None, float | None]:
    """Return longs and shorts liquidated in the day; hours without any are not in the answer."""
    if not buckets:
        return None, None
    return sum(b["l"] or 0.0 for b in buckets.values()), sum(b["s"] or 0.0 for b in buckets.values())


def _ratio(accounts: LongShort | None) -> float | None:
    return accounts["r"] if accounts else None


def _buy_ratio(trades: Trades | None) -> float | None:
    return None if trades is None or not trades["v"] or trades["bv"] is None else trades["bv"] / trades["v"]


def _missing(frame: pl.DataFrame) -> list[Problem]:
    names = frame.columns[1:]
    absent = (
        (symbol, [n for n, v in zip(names, values, strict=True) if v is None]) for symbol, *values in frame.rows()
    )
    return [Problem(NAME, symbol, "missing", ", ".join(fields)) for symbol, fields in absent if fields]
