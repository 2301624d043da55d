"""Binance USD-M futures: what its answers look like and how they become canonical frames. Pure: bytes in, frame out."""

import math
from collections.abc import Mapping
from typing import Annotated, NamedTuple, NotRequired

import polars as pl
from pydantic import TypeAdapter
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from quantscout.errors import AnswerError
from quantscout.frames import BARS, DAY_MS, FUNDING, LISTING, MINUTE_MS, OPEN_INTEREST, conform
from quantscout.venues.answers import Blankable, Hours, Ms, Name, Number, Rows, Table, Text, columns, finite, read
from quantscout.venues.base import Contract, Listing
from quantscout.venues.depth import Level, Levels, build_book
from quantscout.venues.gaps import fill_between

NAME = "binance"
NEVER_MS = 4_133_404_800_000  # the delivery date of a contract that has none
DEFAULT_FUNDING_INTERVAL_H = 8  # of a contract that fundingInfo does not list


class Filter(TypedDict):
    """A rule of a contract; which members it has depends on its kind."""

    filterType: str
    notional: NotRequired[Number | None]
    minQty: NotRequired[Number | None]


class Symbol(TypedDict):
    """A row of exchangeInfo."""

    symbol: Name
    status: Text
    contractType: Text
    quoteAsset: Text
    underlyingType: Text
    baseAsset: Name
    deliveryDate: Ms
    onboardDate: Ms
    filters: Rows[Filter]


class Premium(TypedDict):
    """A row of premiumIndex: mark price and the running interval's funding rate."""

    symbol: Name
    markPrice: Blankable
    lastFundingRate: Blankable
    time: Ms


class Ticker(TypedDict):
    """A row of bookTicker."""

    symbol: Name
    bidPrice: Blankable
    askPrice: Blankable


class FundingInfo(TypedDict):
    """A row of fundingInfo."""

    symbol: Name
    fundingIntervalHours: Hours


class OpenInterest(TypedDict):
    """A row of openInterestHist."""

    timestamp: Ms
    sumOpenInterest: Number
    CMCCirculatingSupply: NotRequired[Blankable]


class Settlement(TypedDict):
    """A row of fundingRate."""

    symbol: Name
    fundingTime: Ms
    fundingRate: Number


class LongShort(TypedDict):
    """A row of globalLongShortAccountRatio."""

    timestamp: Ms
    longShortRatio: Number


class Depth(TypedDict):
    """A book; E is when the venue put it together."""

    E: Ms
    bids: Rows[Level]
    asks: Rows[Level]


class ServerTime(TypedDict):
    """The venue's clock."""

    serverTime: Ms


KLINE_COLUMNS = {
    "open_ms": pl.Int64,
    **dict.fromkeys(("open", "high", "low", "close", "volume_coins"), pl.Float64),
    "close_ms": pl.Int64,
    "volume_usdt": pl.Float64,
    "trades": pl.Int64,
    **dict.fromkeys(("taker_buy_coins", "taker_buy_usdt"), pl.Float64),
}
Amount = Number | None  # an amount that is null is unknown; a bar without its prices is no bar
Kline = Annotated[
    tuple[Ms, Number, Number, Number, Number, Amount, Ms, Amount, Ms | None, Amount, Amount],
    columns(len(KLINE_COLUMNS)),
]

SYMBOLS = Table(NAME, Symbol, at="symbols")
PREMIUMS, TICKERS, FUNDING_INFOS = Table(NAME, Premium), Table(NAME, Ticker), Table(NAME, FundingInfo)
KLINES: TypeAdapter[list[Kline]] = TypeAdapter(Rows[Kline])
OPEN_INTERESTS: TypeAdapter[list[OpenInterest]] = TypeAdapter(Rows[OpenInterest])
SETTLEMENTS: TypeAdapter[list[Settlement]] = TypeAdapter(Rows[Settlement])
LONG_SHORTS: TypeAdapter[list[LongShort]] = TypeAdapter(Rows[LongShort])
DEPTH = TypeAdapter(Depth)
SERVER_TIME = TypeAdapter(ServerTime)


class Snapshot(NamedTuple):
    """The four all-contracts answers that make up a listing."""

    exchange_info: bytes
    premium_index: bytes
    book_ticker: bytes
    funding_info: bytes


def parse_server_time_ms(body: bytes) -> int:
    """Return the venue's clock."""
    return read(SERVER_TIME, body, NAME)["serverTime"]


def parse_listing(snapshot: Snapshot) -> Listing:
    """Return every contract of exchangeInfo with what the other answers say of it, null where they do not know it."""
    symbols, problems = SYMBOLS.read(snapshot.exchange_info)
    if not symbols:
        raise AnswerError(NAME, "symbols", "no contract is listed")
    premiums, more = PREMIUMS.read(snapshot.premium_index)
    tickers, again = TICKERS.read(snapshot.book_ticker)
    intervals, rest = FUNDING_INFOS.read(snapshot.funding_info)
    by_symbol = {row["symbol"]: row for row in premiums}, {row["symbol"]: row for row in tickers}
    unread: dict[str | None, int | None] = dict.fromkeys(problem.contract for problem in rest)  # not the default
    hours = unread | {row["symbol"]: row["fundingIntervalHours"] for row in intervals}
    unending_ms = next((row["deliveryDate"] for row in symbols if row["symbol"] == "BTCUSDT"), NEVER_MS)
    rows = [_listing_row(symbol, *by_symbol, hours, unending_ms) for symbol in symbols]
    return Listing(conform(rows, LISTING), [*problems, *more, *again, *rest])


def _listing_row(
    symbol: Symbol,
    premiums: Mapping[str, Premium],
    tickers: Mapping[str, Ticker],
    hours: Mapping[str | None, int | None],
    unending_ms: int,
) -> tuple[object, ...]:
    name = symbol["symbol"]
    premium, ticker = premiums.get(name), tickers.get(name)
    price = _price(premium["markPrice"]) if premium else None
    return (
        *(NAME, name, symbol["baseAsset"], *_ineligible(symbol, unending_ms), symbol["onboardDate"], 1.0),
        *(_min_notional_usdt(symbol["filters"], price), price),
        *((_price(ticker["bidPrice"]), _price(ticker["askPrice"])) if ticker else (None, None)),
        *(premium["lastFundingRate"] if premium else None, hours.get(name, DEFAULT_FUNDING_INTERVAL_H)),
        *(None, premium["time"] if premium else None),
    )


def _ineligible(symbol: Symbol, unending_ms: int) -> tuple[str, str] | tuple[None, None]:
    """Return the first rule of the universe that the contract fails, and the value that failed (SPEC 2)."""
    delisted = symbol["deliveryDate"] < unending_ms - DAY_MS  # captures exist that differ by seconds
    rules = (
        ("not_trading", symbol["status"], symbol["status"] == "TRADING"),
        ("not_perpetual", symbol["contractType"], symbol["contractType"] == "PERPETUAL"),
        ("not_usdt", symbol["quoteAsset"], symbol["quoteAsset"] == "USDT"),
        ("not_coin", symbol["underlyingType"], symbol["underlyingType"] == "COIN"),
        ("delisting", str(symbol["deliveryDate"]), not delisted),
    )
    return next(((code, value) for code, value, passed in rules if not passed), (None, None))


def _min_notional_usdt(filters: list[Filter], price: float | None) -> float | None:
    """Return the smallest order: the larger of the two rules, unknown where one of them or the price is."""
    by_kind = {each["filterType"]: each for each in filters}
    notional = finite(by_kind["MIN_NOTIONAL"].get("notional")) if "MIN_NOTIONAL" in by_kind else None
    quantity = finite(by_kind["LOT_SIZE"].get("minQty")) if "LOT_SIZE" in by_kind else None
    return None if notional is None or quantity is None or price is None else max(notional, quantity * price)


def _price(value: float | None) -> float | None:
    return value if value is not None and 0 < value < math.inf else None  # an empty side of the book comes as zero


def parse_bars(body: bytes, contract: Contract, interval_ms: int, since_ms: int, until_ms: int) -> pl.DataFrame:
    """Return `frames.BARS` of one klines answer, those that open in the range, omitted ones filled."""
    rows = pl.DataFrame(read(KLINES, body, NAME, contract.name), schema=KLINE_COLUMNS, orient="row")
    inside = rows.filter(pl.col("open_ms").is_between(since_ms, until_ms, closed="left"))
    named = inside.with_columns(venue=pl.lit(NAME), contract=pl.lit(contract.name), filled=pl.lit(value=False))
    return fill_between(conform(named, BARS), interval_ms)


def parse_open_interest(body: bytes, contract: Contract) -> pl.DataFrame:
    """Return `frames.OPEN_INTEREST`; a supply of 0 is unknown."""
    rows = [
        (NAME, contract.name, row["timestamp"], row["sumOpenInterest"], row.get("CMCCirculatingSupply") or None)
        for row in read(OPEN_INTERESTS, body, NAME, contract.name)
    ]
    return conform(rows, OPEN_INTEREST)


def read_settlements(body: bytes, contract: str | None = None) -> list[Settlement]:
    """Return the validated rows of one fundingRate answer, ascending."""
    return read(SETTLEMENTS, body, NAME, contract)


def build_funding(settlements: list[Settlement], since_ms: int, until_ms: int) -> pl.DataFrame:
    """Return `frames.FUNDING` in `since <= t <= until`; pages may overlap, an equal row stands once."""
    rows = [
        (NAME, row["symbol"], row["fundingTime"] // MINUTE_MS * MINUTE_MS, row["fundingRate"]) for row in settlements
    ]
    inside = conform(rows, FUNDING).filter(pl.col("settled_ms").is_between(since_ms, until_ms))
    return inside.unique(maintain_order=True)


def parse_book(body: bytes, contract: Contract, asked: int) -> pl.DataFrame:
    """Return the one row of `frames.BOOK`."""
    depth = read(DEPTH, body, NAME, contract.name)
    return build_book(NAME, contract, Levels(depth["bids"], depth["asks"], depth["E"], asked))


def parse_long_short_ratio(body: bytes, contract: Contract, at_ms: int) -> float | None:
    """Return the ratio stamped with exactly this time, None if there is none or if it is no number."""
    rows = read(LONG_SHORTS, body, NAME, contract.name)
    return finite(next((row["longShortRatio"] for row in rows if row["timestamp"] == at_ms), None))
