"""KuCoin futures: what its answers look like and how they become canonical frames. Pure: bytes in, frame out."""

import math
from collections.abc import Mapping
from typing import Annotated, Generic, NotRequired, TypeVar

import polars as pl
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from quantscout.errors import MESSAGE_CHARS, OVERLOAD_CODE, AnswerError, SourceError, SourceFault
from quantscout.frames import BARS, FUNDING, HOUR_MS, LISTING, MINUTE_MS, OPEN_INTEREST, conform
from quantscout.venues.answers import (
    LONGEST_INTERVAL_H,
    NUMERIC,
    Blankable,
    Ms,
    Name,
    Number,
    Rows,
    Table,
    Text,
    columns,
    read,
)
from quantscout.venues.base import Contract, Listing
from quantscout.venues.depth import Level, Levels, build_book
from quantscout.venues.gaps import fill_between

NAME = "kucoin"
OK_CODE = "200000"
NS_PER_MS = 1_000_000
BASE_OF = {"XBT": "BTC"}

T = TypeVar("T")
Ns = Annotated[int, Field(ge=0, lt=2**63), NUMERIC]
Size = Annotated[float, Field(allow_inf_nan=False), NUMERIC]  # without it no amount of the contract means anything


class Head(TypedDict):
    """What every answer starts with; only code 200000 comes with data."""

    code: Annotated[str, Field(max_length=20)]
    msg: NotRequired[str | None]


class Data(TypedDict, Generic[T]):
    """The envelope around an answer."""

    data: T


class Row(TypedDict):
    """A row of contracts/active; dated contracts have no funding."""

    symbol: Name
    status: Text
    type: Text
    baseCurrency: Name
    quoteCurrency: Text
    settleCurrency: Text
    isInverse: bool
    expireDate: Ms | None
    assetClass: Text
    marketStage: Text
    firstOpenDate: Ms | None
    multiplier: Size
    lotSize: Size
    markPrice: Blankable
    openInterest: Blankable
    fundingFeeRate: Blankable
    fundingRateGranularity: Ms | None
    currentFundingRateGranularity: NotRequired[Ms | None]
    nextFundingRateTime: NotRequired[Ms | None]
    nextFundingRateDateTime: NotRequired[Ms | None]


class Ticker(TypedDict):
    """A row of allTickers."""

    symbol: Name
    bestBidPrice: Blankable
    bestAskPrice: Blankable
    ts: Ns


class OpenInterest(TypedDict):
    """A row of the unified API's open-interest history."""

    ts: Ms
    openInterest: Number


class Settlement(TypedDict):
    """A row of contract/funding-rates."""

    timepoint: Ms
    fundingRate: Number


class Book(TypedDict):
    """A whole book; a side without orders may be null."""

    ts: Ns
    bids: Rows[Level] | None
    asks: Rows[Level] | None


KLINE_COLUMNS = {
    "open_ms": pl.Int64,
    **dict.fromkeys(("open", "high", "low", "close", "lots", "volume_usdt"), pl.Float64),
}
# The turnover came with the seventh column in 2025-09; before that the row has six.
Kline = Annotated[tuple[Ms, Number, Number, Number, Number, Number, Number | None], columns(len(KLINE_COLUMNS))]

HEAD = TypeAdapter(Head)
CONTRACTS, TICKERS = Table(NAME, Row, at="data"), Table(NAME, Ticker, at="data")
SERVER_TIME = TypeAdapter(Data[Ms])
KLINES: TypeAdapter[Data[list[Kline]]] = TypeAdapter(Data[Rows[Kline]])
OPEN_INTERESTS: TypeAdapter[Data[list[OpenInterest]]] = TypeAdapter(Data[Rows[OpenInterest]])
SETTLEMENTS: TypeAdapter[Data[list[Settlement]]] = TypeAdapter(Data[Rows[Settlement]])
BOOK = TypeAdapter(Data[Book])

# The venue refuses inside an answer of status 200, too.
FAULTS: Mapping[str, SourceFault] = {OVERLOAD_CODE: "rate_limited", "500000": "unavailable"}


def _check_head(body: bytes, contract: str | None = None) -> None:
    head = read(HEAD, body, NAME, contract)
    if head["code"] != OK_CODE:
        fault = FAULTS.get(head["code"], "bad_request")
        raise SourceError(NAME, fault, f"{head['code']}: {(head.get('msg') or '')[:MESSAGE_CHARS]}", contract)


def _data(adapter: TypeAdapter[Data[T]], body: bytes, contract: str | None = None) -> T:
    _check_head(body, contract)
    return read(adapter, body, NAME, contract)["data"]


def parse_server_time_ms(body: bytes) -> int:
    """Return the venue's clock."""
    return _data(SERVER_TIME, body)


def parse_listing(contracts_active: bytes, all_tickers: bytes) -> Listing:
    """Return every contract with its snapshot.

    Raises AnswerError for an empty list: the venue answers with one when it cannot serve, never for having none.
    """
    _check_head(contracts_active)
    _check_head(all_tickers)
    contracts, problems = CONTRACTS.read(contracts_active)
    tickers, more = TICKERS.read(all_tickers)
    if not contracts:
        raise AnswerError(NAME, "data", "an empty list of contracts means that the venue cannot serve it")
    by_symbol = {row["symbol"]: row for row in tickers}
    newest_ms = max((row["ts"] // NS_PER_MS for row in tickers), default=None)
    rows = [_listing_row(row, by_symbol.get(row["symbol"]), newest_ms) for row in contracts]
    return Listing(conform(rows, LISTING), [*problems, *more])


def _listing_row(row: Row, ticker: Ticker | None, newest_ms: int | None) -> tuple[object, ...]:
    price, base = _price(row["markPrice"]), row["baseCurrency"]
    lot = None if row["isInverse"] else row["multiplier"]  # a lot of an inverse contract is a dollar, not coins
    order = None if lot is None or price is None else row["lotSize"] * lot * price
    lots = row["openInterest"]
    return (
        *(NAME, row["symbol"], BASE_OF.get(base, base), *_ineligible(row), row["firstOpenDate"], lot, order, price),
        *((_price(ticker["bestBidPrice"]), _price(ticker["bestAskPrice"])) if ticker else (None, None)),
        *(row["fundingFeeRate"], _funding_interval_h(row)),
        *(None if lot is None or lots is None else lots * lot, _snapshot_ms(row, newest_ms)),
    )


def _ineligible(row: Row) -> tuple[str, str] | tuple[None, None]:
    """Return the first rule of the universe that the contract fails, and the value that failed (SPEC 2)."""
    money = row["quoteCurrency"], row["settleCurrency"], "inverse" if row["isInverse"] else "linear"
    rules = (
        ("not_trading", row["status"], row["status"] == "Open"),
        ("not_perpetual", row["type"], row["type"] == "FFWCSX"),
        ("not_usdt", "/".join(money), money == ("USDT", "USDT", "linear")),
        ("delisting", str(row["expireDate"]), row["expireDate"] is None),
        ("not_coin", row["assetClass"], row["assetClass"] == "CRYPTO"),
        ("pre_market", row["marketStage"], row["marketStage"] == "NORMAL"),
    )
    return next(((code, value) for code, value, passed in rules if not passed), (None, None))


def _funding_interval_h(row: Row) -> int | None:
    interval_ms = row.get("currentFundingRateGranularity") or row["fundingRateGranularity"]
    hours = (interval_ms or 0) // HOUR_MS
    return hours if 1 <= hours <= LONGEST_INTERVAL_H else None


def _snapshot_ms(row: Row, newest_ms: int | None) -> int | None:
    """Return the venue's time of the row: next settlement minus the countdown to it, else that of the newest ticker."""
    settles_ms, countdown_ms = row.get("nextFundingRateDateTime"), row.get("nextFundingRateTime")
    if settles_ms is None or countdown_ms is None or countdown_ms > settles_ms:
        return newest_ms
    return settles_ms - countdown_ms


def _price(value: float | None) -> float | None:
    return value if value is not None and 0 < value < math.inf else None  # an empty side of the book comes as zero


def parse_bars(body: bytes, contract: Contract, interval_ms: int, since_ms: int, until_ms: int) -> pl.DataFrame:
    """Return `frames.BARS` of one answer, those that open in the range, omitted ones filled; no taker volume."""
    rows = pl.DataFrame(_data(KLINES, body, contract.name), schema=KLINE_COLUMNS, orient="row")
    inside = rows.filter(pl.col("open_ms").is_between(since_ms, until_ms, closed="left"))
    named = inside.with_columns(
        venue=pl.lit(NAME),
        contract=pl.lit(contract.name),
        volume_coins=pl.col("lots") * contract.lot_coins,
        taker_buy_usdt=pl.lit(None),
        filled=pl.lit(value=False),
    )
    return fill_between(conform(named, BARS), interval_ms)


def parse_open_interest(body: bytes, contract: Contract) -> pl.DataFrame:
    """Return `frames.OPEN_INTEREST`, ascending; the venue promises no order."""
    rows = [
        (NAME, contract.name, row["ts"], row["openInterest"] * contract.lot_coins, None)
        for row in _data(OPEN_INTERESTS, body, contract.name)
    ]
    return conform(rows, OPEN_INTEREST).sort("at_ms")


def parse_funding(body: bytes, contract: Contract) -> pl.DataFrame:
    """Return `frames.FUNDING`, ascending; the venue answers newest first."""
    rows = [
        (NAME, contract.name, row["timepoint"] // MINUTE_MS * MINUTE_MS, row["fundingRate"])
        for row in _data(SETTLEMENTS, body, contract.name)
    ]
    return conform(rows, FUNDING).sort("settled_ms")


def parse_book(body: bytes, contract: Contract) -> pl.DataFrame:
    """Return the one row of `frames.BOOK` of the whole book."""
    book = _data(BOOK, body, contract.name)
    return build_book(NAME, contract, Levels(book["bids"] or [], book["asks"] or [], book["ts"] // NS_PER_MS))
