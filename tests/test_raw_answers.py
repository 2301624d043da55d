"""Every answer recorded from the sources parses, or is refused with an error that names the field.

The list with reasons is docs/raw-answers.md. The recordings are not part of the repository.
"""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from pydantic import TypeAdapter

from quantscout.errors import AnswerError, SourceError
from quantscout.frames import DAY_MS, MINUTE_MS
from quantscout.venues import binance, coingecko, kucoin_answers
from quantscout.venues import binance_answers as answers
from quantscout.venues import coinalyze_answers as coinalyze
from quantscout.venues.answers import Table, read
from quantscout.venues.base import Contract, Listing

ROOT = Path(__file__).parents[1]
RAW = ROOT.parent / "shared" / "market" / "raw"
EVER_MS = 2**52
BTC = Contract("BTCUSDT")
XBT = Contract("XBTUSDTM", 0.001)
XBT_MINUTES = XBT, MINUTE_MS, 0, EVER_MS

pytestmark = pytest.mark.skipif(not RAW.is_dir(), reason=f"the recorded answers are not there: {RAW}")

Parse = Callable[[bytes], int]


def rows_of(table: Table[Any]) -> Parse:
    """Return a parser that counts the rows of an all-contracts answer, all of which must be good."""

    def parse(body: bytes) -> int:
        rows, problems = table.read(body)
        assert problems == []
        return len(rows)

    return parse


def frame_of(parse: Callable[..., pl.DataFrame], *arguments: object) -> Parse:
    """Return a parser that counts the rows of a frame."""
    return lambda body: len(parse(body, *arguments))


def read_as(adapter: TypeAdapter[Any], source: str) -> Parse:
    """Return a parser that counts the rows of a validated list."""
    return lambda body: len(read(adapter, body, source))


def alone(parse: Parse) -> Parse:
    """Return a parser for one row that was recorded without its list."""
    return lambda body: parse(b"[" + body + b"]")


def klines_of_all(body: bytes) -> int:
    """Return the number of bars in a collection {symbol: answer}; each answer must parse."""
    collection = json.loads(body).items()
    bars = [answers.parse_bars(json.dumps(a).encode(), Contract(s), DAY_MS, 0, EVER_MS) for s, a in collection]
    return sum(map(len, bars))


def samples_of_all(body: bytes) -> int:
    """Return the number of rows of the six endpoints in a collection {endpoint: answer} that are used."""
    collection = {name: json.dumps(answer).encode() for name, answer in json.loads(body).items()}
    adapters: dict[str, TypeAdapter[Any]] = {
        "open-interest-history": coinalyze.CANDLES,
        "funding-rate-history": coinalyze.CANDLES,
        "liquidation-history": coinalyze.LIQUIDATION_SERIES,
        "long-short-ratio-history": coinalyze.LONG_SHORTS,
        "ohlcv-history": coinalyze.TRADES,
    }
    series = [read(adapter, collection[name], "coinalyze") for name, adapter in adapters.items()]
    return sum(map(len, series)) + len(coinalyze.parse_markets(collection["future-markets"]).frame)


ENTRIES = Table("binance", answers.Symbol)  # of exchangeInfo, without the object around them

PARSED: dict[str, tuple[Parse, int]] = {
    "binance/depth_CTKUSDT_limit1000.json": (frame_of(answers.parse_book, Contract("CTKUSDT"), 1_000), 1),
    "binance/depth_SUSHIUSDT_limit1000.json": (frame_of(answers.parse_book, Contract("SUSHIUSDT"), 1_000), 1),
    "binance/exchangeInfo.json": (rows_of(answers.SYMBOLS), 705),
    "binance/klines_1d_all_2025-06-29.json": (klines_of_all, 6_681),
    "binance/premiumIndex_all.json": (rows_of(answers.PREMIUMS), 521),
    "binance/single_depth_limit5.json": (frame_of(answers.parse_book, BTC, 5), 1),
    "binance/single_exchangeInfo_BTCUSDT_entry.json": (alone(rows_of(ENTRIES)), 1),
    "binance/single_fundingInfo_excerpt.json": (rows_of(answers.FUNDING_INFOS), 3),
    "binance/single_fundingRate_limit2.json": (lambda body: len(answers.read_settlements(body)), 2),
    "binance/single_klines_1m_limit3.json": (frame_of(answers.parse_bars, BTC, MINUTE_MS, 0, EVER_MS), 3),
    "binance/single_openInterestHist_5m_excerpt_2026-09-28.json": (frame_of(answers.parse_open_interest, BTC), 6),
    "binance/single_premiumIndex.json": (alone(rows_of(answers.PREMIUMS)), 1),
    "binance/single_ticker_bookTicker.json": (alone(rows_of(answers.TICKERS)), 1),
    "coinalyze/endpoint_samples.json": (samples_of_all, 9),
    "coingecko/coins_markets_100_2021-06-24.json": (lambda body: len(coingecko.parse_supply(body).frame), 100),
    "kucoin/allTickers_trimmed_2026-10-03.json": (rows_of(kucoin_answers.TICKERS), 5),
    "kucoin/contracts_active_trimmed_2026-10-03.json": (rows_of(kucoin_answers.CONTRACTS), 11),
    "kucoin/funding_history_XBTUSDTM_2026-10-03.json": (frame_of(kucoin_answers.parse_funding, XBT), 6),
    "kucoin/kline_XBTUSDTM_1min_2026-10-03.json": (frame_of(kucoin_answers.parse_bars, *XBT_MINUTES), 5),
    "kucoin/level2_depth100_XBTUSDTM_2026-10-03.json": (frame_of(kucoin_answers.parse_book, XBT), 1),
    "kucoin/level2_depth20_XBTUSDTM_2026-10-03.json": (frame_of(kucoin_answers.parse_book, XBT), 1),
}

REFUSED: dict[str, tuple[Parse, str]] = {  # each with the parser of the nearest endpoint that is used
    "binance/derived_listing_map_2026-08-06.json": (rows_of(answers.SYMBOLS), "symbols"),
    "binance/derived_turnover_2026-08-06.json": (rows_of(answers.SYMBOLS), "symbols"),
    "binance/klines_1d_all_2025-06-29.json": (frame_of(answers.parse_bars, BTC, DAY_MS, 0, EVER_MS), "(answer)"),
    "binance/single_openInterest.json": (frame_of(answers.parse_open_interest, BTC), "(answer)"),
    "binance/single_premiumIndex.json": (rows_of(answers.PREMIUMS), "(answer)"),
    "binance/single_ticker_24hr.json": (alone(rows_of(answers.TICKERS)), "[0].bidPrice"),
    "binance/single_ticker_bookTicker.json": (rows_of(answers.TICKERS), "(answer)"),
    "binance/ticker_price_all.json": (rows_of(answers.TICKERS), "[0].bidPrice"),
    "coinalyze/endpoint_samples.json": (read_as(coinalyze.CANDLES, "coinalyze"), "(answer)"),
    "coinalyze/exchanges.json": (rows_of(coinalyze.MARKET_ROWS), "[0].symbol"),
    "kucoin/funding_current_XBTUSDTM_2026-10-03.json": (frame_of(kucoin_answers.parse_funding, XBT), "data"),
}

NOT_JSON: dict[str, Parse] = {
    "coinalyze/daily_funding_94_symbols.csv": read_as(coinalyze.CANDLES, "coinalyze"),
    "coinalyze/daily_open_interest_640_symbols.csv": read_as(coinalyze.CANDLES, "coinalyze"),
    "coingecko/coins_markets_167_2025-11-03.csv": lambda body: len(coingecko.parse_supply(body).frame),
}

ERRORS = "binance/single_errors.json"


def raw(name: str) -> bytes:
    """Return a recorded answer."""
    return (RAW / name).read_bytes()


@pytest.mark.parametrize("name", PARSED)
def test_recorded_answer_parses(name: str) -> None:
    """The whole answer becomes rows, none of them refused."""
    parse, rows = PARSED[name]
    assert parse(raw(name)) == rows


@pytest.mark.parametrize("name", REFUSED)
def test_other_answer_is_refused_by_field(name: str) -> None:
    """An answer of another endpoint, or a third party's collection, is refused at a named field."""
    parse, field = REFUSED[name]
    with pytest.raises(AnswerError) as caught:
        parse(raw(name))
    assert caught.value.field == field


@pytest.mark.parametrize("name", NOT_JSON)
def test_table_of_a_third_party_is_not_an_answer(name: str) -> None:
    """A CSV file is no JSON, as a page from a server in trouble is none."""
    with pytest.raises(SourceError, match="not JSON"):
        NOT_JSON[name](raw(name))


@pytest.mark.parametrize("index", range(4))
def test_recorded_refusal_is_quoted(index: int) -> None:
    """Each recorded error body becomes a bad request with the venue's code and message."""
    error = json.loads(raw(ERRORS))[index]

    async def ask() -> None:
        reply = httpx.MockTransport(lambda _: httpx.Response(error["http"], json=error["body"]))
        async with binance.build_client(transport=reply) as client:
            await client.get(error["url"].split("?")[0])

    with pytest.raises(SourceError) as caught:
        asyncio.run(ask())
    assert caught.value.fault == "bad_request"
    assert caught.value.detail.endswith(f": {error['body']['code']}: {error['body']['msg']}")


def test_every_recording_is_accounted_for() -> None:
    """No recorded file is left out, here or in the documentation."""
    recorded = {path.relative_to(RAW).as_posix() for path in RAW.rglob("*") if path.is_file()}
    listed = (ROOT / "docs" / "raw-answers.md").read_text(encoding="utf-8")
    assert recorded == {*PARSED, *REFUSED, *NOT_JSON, ERRORS}
    assert [name for name in sorted(recorded) if f"`{name}`" not in listed] == []


def binance_listing() -> Listing:
    """Return the listing of the recorded answers."""
    ticker, intervals = (raw(f"binance/single_{n}.json") for n in ("ticker_bookTicker", "fundingInfo_excerpt"))
    info, premium = raw("binance/exchangeInfo.json"), raw("binance/premiumIndex_all.json")
    return answers.parse_listing(answers.Snapshot(info, premium, b"[" + ticker + b"]", intervals))


def kucoin_listing() -> Listing:
    """Return the listing of the recorded answers."""
    names = "contracts_active", "allTickers"
    return kucoin_answers.parse_listing(*(raw(f"kucoin/{name}_trimmed_2026-10-03.json") for name in names))


def test_binance_contracts_fall_under_the_first_rule_that_they_fail() -> None:
    """705 contracts: 514 of the universe, and each of the others with its code."""
    counts = dict(binance_listing().frame["ineligible"].value_counts().iter_rows())
    assert counts == {None: 514, "not_trading": 115, "not_perpetual": 21, "not_usdt": 38, "not_coin": 17}


def test_binance_delisting_is_told_from_dates_that_differ_by_seconds() -> None:
    """BTCUSDT's own date is two seconds off in this capture, and nobody is delisted for it."""
    frame = binance_listing().frame
    assert frame.filter(contract="BTCUSDT")["ineligible"].to_list() == [None]
    assert frame.filter(ineligible="delisting").is_empty()


def test_kucoin_contracts_of_every_kind_are_classified() -> None:
    """A dated future with nulls, an inverse one, one being delisted, stocks, a metal, USDC, and a pre-market one."""
    listing = kucoin_listing()
    assert dict(listing.frame.select("contract", "ineligible").iter_rows()) == {
        "XBTUSDTM": None,
        "XBTMZ26": "not_perpetual",
        "XBTUSDM": "not_usdt",
        "PROMPTUSDTM": "delisting",
        "BPUSDTM": "pre_market",
        "AAOIUSDTM": "not_coin",
        "BYDUSDTM": "not_coin",
        "YFIUSDTM": None,
        "DOGEUSDTM": None,
        "PAXGUSDTM": "not_coin",
        "SOLUSDCM": "not_usdt",
    }
    assert listing.problems == []


def test_kucoin_amounts_are_in_coins() -> None:
    """Lots times multiplier, in the listing (9.6 M lots are 9,623 BTC) and in bars (their price fits the turnover)."""
    row = kucoin_listing().frame.filter(contract="XBTUSDTM").to_dicts()[0]
    assert (row["base"], row["open_interest_coins"]) == ("BTC", pytest.approx(9_622.772))
    bars = kucoin_answers.parse_bars(raw("kucoin/kline_XBTUSDTM_1min_2026-10-03.json"), *XBT_MINUTES)
    price = bars["volume_usdt"] / bars["volume_coins"]
    assert price.is_between(bars["low"], bars["high"]).all()


@pytest.mark.parametrize("name", ["CTKUSDT", "SUSHIUSDT"])
def test_whole_book_gives_a_finite_depth(name: str) -> None:
    """Both sides of a recorded book reach 1 % from mid, and their value is that of a naive sum."""
    body = raw(f"binance/depth_{name}_limit1000.json")
    row = answers.parse_book(body, Contract(name), 1_000).to_dicts()[0]
    book = json.loads(body)
    mid = (float(book["bids"][0][0]) + float(book["asks"][0][0])) / 2
    near = partial(filter, lambda level: abs(float(level[0]) / mid - 1) <= 0.01)
    sums = [sum(float(price) * float(size) for price, size in near(book[side])) for side in ("bids", "asks")]
    assert [row["bids_usdt"], row["asks_usdt"]] == pytest.approx(sums)
    assert row["reaches_band"]
    assert min(sums) > 0
