"""Coinalyze's answers: bytes to the list of markets, and to figures by the hour."""

from typing import Any, Generic, NotRequired, TypeVar

import polars as pl
from pydantic import TypeAdapter
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from quantscout.aggregates import HISTORIES
from quantscout.frames import HOUR_MS, Schema, conform
from quantscout.venues.answers import Answer, Ms, Name, Number, Rows, Table, Text, read

NAME = "coinalyze"
DAY_H = 24

MARKETS: Schema = {
    "coinalyze_symbol": pl.String,
    "exchange": pl.String,  # its code: A is Binance
    "symbol_on_exchange": pl.String,
    "base_asset": pl.String,
    "quote_asset": pl.String,
    "is_perpetual": pl.Boolean,
    "margined": pl.String,  # STABLE or COIN
    "denominated_in": pl.String,  # BASE_ASSET or QUOTE_ASSET: its open interest and volumes
    "has_buy_sell_data": pl.Boolean,
}


class Market(TypedDict):
    """A row of future-markets."""

    symbol: Name
    exchange: Text
    symbol_on_exchange: Text
    base_asset: Text
    quote_asset: Text
    is_perpetual: bool
    margined: NotRequired[Text | None]
    oi_lq_vol_denominated_in: NotRequired[Text | None]
    has_buy_sell_data: NotRequired[bool | None]


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
    """Close, volume and buy volume."""

    c: Number | None
    v: Number | None
    bv: Number | None


class Series(TypedDict, Generic[B]):
    """One symbol's buckets, ascending; the newest may be in progress."""

    symbol: Name
    history: Rows[B]


MARKET_ROWS = Table(NAME, Market)
CANDLES: TypeAdapter[list[Series[Candle]]] = TypeAdapter(Rows[Series[Candle]])
LIQUIDATION_SERIES: TypeAdapter[list[Series[Liquidation]]] = TypeAdapter(Rows[Series[Liquidation]])
LONG_SHORTS: TypeAdapter[list[Series[LongShort]]] = TypeAdapter(Rows[Series[LongShort]])
TRADES: TypeAdapter[list[Series[Trades]]] = TypeAdapter(Rows[Series[Trades]])

MEMBERS: dict[str, tuple[TypeAdapter[Any], tuple[str, ...]]] = {
    "open_interest": (CANDLES, ("c",)),
    "predicted_funding": (CANDLES, ("c",)),
    "liquidations": (LIQUIDATION_SERIES, ("l", "s")),
    "long_short": (LONG_SHORTS, ("r",)),
    "ohlcv": (TRADES, ("c", "v", "bv")),
}
"""Per history its answer, and the members of a bucket that become its columns."""


def parse_markets(body: bytes) -> Answer:
    """Return `MARKETS` and a Problem per row that cannot be read."""
    rows, problems = MARKET_ROWS.read(body)
    named = [
        (
            *(row["symbol"], row["exchange"], row["symbol_on_exchange"], row["base_asset"], row["quote_asset"]),
            *(row["is_perpetual"], row.get("margined"), row.get("oi_lq_vol_denominated_in")),
            row.get("has_buy_sell_data"),
        )
        for row in rows
    ]
    return Answer(conform(named, MARKETS), problems)


def history_schema(name: str) -> Schema:
    """Return the columns of a history (aggregates.HISTORIES)."""
    return {"coinalyze_symbol": pl.String, "open_ms": pl.Int64, **HISTORIES[name]}


def parse_history(name: str, body: bytes, hour_ms: int) -> pl.DataFrame:
    """Return the 24 closed hours before H of every symbol of the answer (`history_schema`), each hour once.

    The bucket in progress, told by its time, is left out. Funding becomes a fraction.
    """
    adapter, members = MEMBERS[name]
    day = range(hour_ms - DAY_H * HOUR_MS, hour_ms, HOUR_MS)
    rows = [
        (series["symbol"], bucket["t"] * 1_000, *(bucket[member] for member in members))
        for series in read(adapter, body, NAME)
        for bucket in series["history"]
        if bucket["t"] * 1_000 in day
    ]
    frame = conform(rows, history_schema(name)).unique(
        ["coinalyze_symbol", "open_ms"], keep="last", maintain_order=True
    )
    percent = pl.col("predicted_funding_ratio")
    return frame.with_columns(percent / 100) if name == "predicted_funding" else frame
