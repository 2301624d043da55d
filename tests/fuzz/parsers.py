"""Every parser of the four sources: what it reads, and what must hold of what it returns."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import polars as pl

from fuzz.promises import check_bars, check_frame, check_number, check_problems
from fuzz.shapes import H, shapes
from quantscout.aggregates import AGGREGATES, HISTORIES, MEMBERS, build_aggregates
from quantscout.frames import BOOK, FUNDING, HOUR_MS, KEY, LISTING, OPEN_INTEREST, Schema, conform
from quantscout.venues import binance_answers as binance
from quantscout.venues import coinalyze_answers as coinalyze
from quantscout.venues import coingecko
from quantscout.venues import kucoin_answers as kucoin
from quantscout.venues.base import Contract

A, LOTS = Contract("AUSDT"), Contract("AUSDTM", 0.001)
RANGE = HOUR_MS, H - 400 * HOUR_MS, H + 400 * HOUR_MS
MEMBERS_OF_A = ("AUSDT_PERP.A", True), ("BTCUSDT_PERP.A", False)
Read = Callable[..., None]


class Parser(NamedTuple):
    """A parser: its source, the valid answers of each of its bodies, and a reading that checks what comes out."""

    source: str
    templates: list[list[str]]
    read: Read


def rows(parse: Callable[..., pl.DataFrame], schema: Schema, *arguments: object, key: tuple[str, ...] = ()) -> Read:
    """Return a reading of one body into a frame."""
    return lambda body: check_frame(parse(body, *arguments), schema, key)


def bars(parse: Callable[..., pl.DataFrame], contract: Contract) -> Read:
    """Return a reading of one body into bars of the range."""
    return lambda body: check_bars(parse(body, contract, *RANGE), *RANGE)


def listing(parse: Callable[..., Any], source: str, schema: Schema, key: tuple[str, ...]) -> Read:
    """Return a reading of several bodies into a frame with problems."""

    def read(*bodies: bytes) -> None:
        answer = parse(*bodies)
        check_frame(answer.frame, schema, key)
        check_problems(answer.problems, source)
        if schema is LISTING:
            check_listing(answer.frame)

    return read


def check_listing(frame: pl.DataFrame) -> None:
    """Fail if a price is not positive, an interval shorter than an hour, or an eligible contract without its lot."""
    for row in frame.iter_rows(named=True):
        assert all(row[name] is None or row[name] > 0 for name in ("price", "bid", "ask"))
        assert row["funding_interval_h"] is None or row["funding_interval_h"] >= 1
        assert row["ineligible"] is not None or row["lot_coins"] is not None
        assert row["price"] is not None or row["min_notional_usdt"] is None


def book(parse: Callable[[bytes], pl.DataFrame]) -> Read:
    """Return a reading of one body into the row of a book."""

    def read(body: bytes) -> None:
        frame = parse(body)
        check_frame(frame, BOOK)
        row = frame.row(0, named=True)
        assert len(frame) == 1
        assert row["mid"] is None or row["mid"] > 0
        assert row["mid"] is not None or row["bids_usdt"] is row["asks_usdt"] is None
        assert all(row[side] is None or row[side] >= 0 for side in ("bids_usdt", "asks_usdt"))

    return read


def time(parse: Callable[[bytes], int]) -> Read:
    """Return a reading of a venue's clock."""

    def read(body: bytes) -> None:
        value = parse(body)
        assert type(value) is int
        assert 0 <= value < 2**53

    return read


def settlements(body: bytes) -> None:
    """Read settlements, as rows and as a frame."""
    check_frame(binance.build_funding(binance.read_settlements(body, A.name), 0, 2**53), FUNDING)


def ratio(body: bytes) -> None:
    """Read the long/short ratio of the hour."""
    check_number(binance.parse_long_short_ratio(body, A, H))


def dominance(body: bytes) -> None:
    """Read the shares of the market."""
    for share in coingecko.parse_dominance(body):
        check_number(share)


def trending(body: bytes) -> None:
    """Read what is searched for; ranks go from 1 to 15."""
    frame = coingecko.parse_trending(body)
    check_frame(frame, coingecko.ATTENTION, ("coin_id",))
    assert all(1 <= rank <= 15 for rank in frame["rank"].to_list())
    assert frame["rank"].is_sorted()


def ascending(parse: Callable[[bytes, Contract], pl.DataFrame], schema: Schema, time_column: str) -> Read:
    """Return a reading of one body into rows in order of time."""

    def read(body: bytes) -> None:
        frame = parse(body, LOTS)
        check_frame(frame, schema)
        assert frame[time_column].is_sorted()

    return read


def history(name: str) -> Read:
    """Return a reading of one history; all of it is of the day before H."""

    def read(body: bytes) -> None:
        frame = coinalyze.parse_history(name, body, H)
        check_frame(frame, coinalyze.history_schema(name), ("coinalyze_symbol", "open_ms"))
        assert all(H - 24 * HOUR_MS <= at < H and at % HOUR_MS == 0 for at in frame["open_ms"].to_list())

    return read


def aggregated(*bodies: bytes) -> None:
    """Read the five histories into what they make of a coin on two markets, of which one must prove itself."""
    histories = {n: coinalyze.parse_history(n, body, H) for n, body in zip(HISTORIES, bodies, strict=True)}
    rows = [("A", 1, 1.5, name, name[-1], 1.0, "BASE_ASSET", True, sure, sure) for name, sure in MEMBERS_OF_A]
    answer = build_aggregates(conform(rows, MEMBERS), histories, H, 0.05)
    check_frame(answer.frame, AGGREGATES, ("coin",))
    check_problems(answer.problems, "coinalyze")
    assert answer.frame["coin"].to_list() == ["A"]


def binance_listing(*bodies: bytes) -> Any:
    """Parse the four answers of Binance's listing."""
    return binance.parse_listing(binance.Snapshot(*bodies))


def _binance() -> dict[str, Parser]:
    four = ("exchangeInfo", "premiumIndex", "bookTicker", "fundingInfo")
    reads: dict[str, tuple[list[str], Read]] = {
        "server time": (["time"], time(binance.parse_server_time_ms)),
        "listing": (list(four), listing(binance_listing, "binance", LISTING, KEY)),
        "bars": (["klines"], bars(binance.parse_bars, A)),
        "open interest": (["openInterestHist"], rows(binance.parse_open_interest, OPEN_INTEREST, A)),
        "funding": (["fundingRate"], settlements),
        "book": (["depth"], book(partial(binance.parse_book, contract=A, asked=2))),
        "long/short ratio": (["longShort"], ratio),
    }
    return _parsers("binance", reads)


def _kucoin() -> dict[str, Parser]:
    reads: dict[str, tuple[list[str], Read]] = {
        "server time": (["timestamp"], time(kucoin.parse_server_time_ms)),
        "listing": (["active", "allTickers"], listing(kucoin.parse_listing, "kucoin", LISTING, KEY)),
        "bars": (["kline"], bars(kucoin.parse_bars, LOTS)),
        "open interest": (["openInterest"], ascending(kucoin.parse_open_interest, OPEN_INTEREST, "at_ms")),
        "funding": (["fundingRates"], ascending(kucoin.parse_funding, FUNDING, "settled_ms")),
        "book": (["level2"], book(partial(kucoin.parse_book, contract=LOTS))),
    }
    return _parsers("kucoin", reads, "kucoin refusal")


def _parsers(source: str, reads: dict[str, tuple[list[str], Read]], *more: str) -> dict[str, Parser]:
    return {
        f"{source} {name}": Parser(source, [shapes(*[f"{source} {end}"] * 4, *more) for end in ends], read)
        for name, (ends, read) in reads.items()
    }


def _outside() -> dict[str, Parser]:
    histories = ["candles", "candles", "liquidations", "longShort", "trades"]
    markets = listing(coinalyze.parse_markets, "coinalyze", coinalyze.MARKETS, ("coinalyze_symbol",))
    supply = listing(coingecko.parse_supply, "coingecko", coingecko.COINS, ("coin_id",))
    asked: dict[str, tuple[list[str], Read]] = {
        "markets": (["markets"], markets),
        "aggregates": (histories, aggregated),
    }
    asked |= {name: ([shape], history(name)) for name, shape in zip(HISTORIES, histories, strict=True)}
    searched: dict[str, tuple[list[str], Read]] = {
        "supply": (["markets"], supply),
        "trending": (["trending"], trending),
        "dominance": (["global"], dominance),
    }
    return _parsers("coinalyze", asked) | _parsers("coingecko", searched)


PARSERS = {**_binance(), **_kucoin(), **_outside()}
