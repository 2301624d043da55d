"""Answers have the keys and the types that the recorded ones have."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

Ask = Callable[..., httpx.Response]
KINDS = {
    int: "number",
    float: "number",
    str: "text",
    bool: "truth",
    type(None): "nothing",
    list: "list",
    dict: "object",
}
RANGE = {"from": 1793520000, "to": 1793534400}
KEY = {"api_key": "any"}


def recorded(folder: Path, name: str) -> Any:
    """Return a recorded answer."""
    return json.loads((folder / "raw" / name).read_text(encoding="utf-8"))


def kinds(row: dict[str, Any]) -> dict[str, str]:
    """Return the kind of each field."""
    return {name: KINDS[type(value)] for name, value in row.items()}


BINANCE = {
    "single_premiumIndex": ("/fapi/v1/premiumIndex", {}),
    "single_ticker_24hr": ("/fapi/v1/ticker/24hr", {}),
    "single_ticker_bookTicker": ("/fapi/v1/ticker/bookTicker", {}),
    "single_openInterest": ("/fapi/v1/openInterest", {}),
    "single_depth_limit5": ("/fapi/v1/depth", {"limit": "5"}),
    "single_fundingRate_limit2": ("/fapi/v1/fundingRate", {"limit": "2"}),
    "single_openInterestHist_5m_excerpt_2026-09-28": ("/futures/data/openInterestHist", {"period": "5m", "limit": "6"}),
}


@pytest.mark.parametrize("name", BINANCE)
def test_binance_answer_has_the_recorded_fields(archive_dir: Path, ask: Ask, name: str) -> None:
    """A small answer of Binance has the recorded keys with the recorded types."""
    path, params = BINANCE[name]
    expected, found = (
        recorded(archive_dir, f"binance/{name}.json"),
        ask(f"/binance{path}", symbol="BTCUSDT", **params).json(),
    )
    if isinstance(expected, list):
        assert len(found) == len(expected)
        expected, found = expected[0], found[0]
    assert kinds(found) == kinds(expected)


def test_klines_row_has_twelve_columns_of_the_recorded_types(archive_dir: Path, ask: Ask) -> None:
    """A row of klines has the recorded columns."""
    expected = recorded(archive_dir, "binance/single_klines_1m_limit3.json")[0]
    found = ask("/binance/fapi/v1/klines", symbol="BTCUSDT", interval="1h", limit=3).json()[0]
    assert [type(value) for value in found] == [type(value) for value in expected]


def test_funding_info_row_has_the_recorded_fields(archive_dir: Path, ask: Ask) -> None:
    """A row of fundingInfo has the recorded keys."""
    expected = recorded(archive_dir, "binance/single_fundingInfo_excerpt.json")[0]
    assert ask("/binance/fapi/v1/fundingInfo").json()[0].keys() == expected.keys()


def test_built_exchange_info_entry_has_the_recorded_fields(archive_dir: Path, ask: Ask) -> None:
    """An entry that is built has the keys and filters of the venue's own."""
    expected = recorded(archive_dir, "binance/single_exchangeInfo_BTCUSDT_entry.json")
    found = next(e for e in ask("/binance/fapi/v1/exchangeInfo").json()["symbols"] if e["symbol"] == "BTCUSDT")
    assert expected.keys() <= found.keys()
    assert {f["filterType"] for f in found["filters"]} == {f["filterType"] for f in expected["filters"]}


def test_errors_are_the_recorded_ones(archive_dir: Path, ask: Ask) -> None:
    """A request that Binance refused in the record is refused in the same words."""
    for case in recorded(archive_dir, "binance/single_errors.json"):
        path, _, query = case["url"].replace("interval=1m", "interval=1h").partition("?")
        answer = ask(f"/binance{path}", **dict(pair.split("=") for pair in query.split("&")))
        assert (answer.status_code, answer.json()) == (case["http"], case["body"])


def test_kucoin_contract_has_the_recorded_fields(archive_dir: Path, ask: Ask) -> None:
    """A row of contracts/active has the recorded keys with the recorded types."""
    expected = recorded(archive_dir, "kucoin/contracts_active_trimmed_2026-10-03.json")["data"]
    found = {row["symbol"]: row for row in ask("/kucoin/api/v1/contracts/active").json()["data"]}
    by_name = {row["symbol"]: row for row in expected}
    assert found["XBTUSDTM"].keys() == by_name["XBTUSDTM"].keys()
    nullable = {"effectiveFundingRateCycleStartTime"}
    differing = {
        name
        for name, kind in kinds(by_name["XBTUSDTM"]).items()
        if kinds(found["XBTUSDTM"])[name] != kind and name not in nullable
    }
    assert not differing


def test_dated_kucoin_contract_has_no_funding(archive_dir: Path, ask: Ask) -> None:
    """The dated future's funding fields are null, as recorded."""
    expected = next(
        r
        for r in recorded(archive_dir, "kucoin/contracts_active_trimmed_2026-10-03.json")["data"]
        if r["type"] == "FFICSX"
    )
    found = next(r for r in ask("/kucoin/api/v1/contracts/active").json()["data"] if r["type"] == "FFICSX")
    empty = {name for name, value in expected.items() if value is None and "und" in name}
    assert not {name for name in empty if found[name] is not None}


@pytest.mark.parametrize(
    ("name", "path", "params"),
    [
        ("allTickers_trimmed_2026-10-03", "/api/v1/allTickers", {}),
        ("level2_depth20_XBTUSDTM_2026-10-03", "/api/v1/level2/depth20", {"symbol": "XBTUSDTM"}),
        ("level2_depth100_XBTUSDTM_2026-10-03", "/api/v1/level2/depth100", {"symbol": "XBTUSDTM"}),
        (
            "funding_history_XBTUSDTM_2026-10-03",
            "/api/v1/contract/funding-rates",
            {"symbol": "XBTUSDTM", "from": 1793000000000, "to": 1793534400000},
        ),
    ],
)
def test_kucoin_answer_has_the_recorded_fields(
    archive_dir: Path, ask: Ask, name: str, path: str, params: dict[str, Any]
) -> None:
    """A small answer of KuCoin has the recorded envelope, keys and types."""
    expected, found = recorded(archive_dir, f"kucoin/{name}.json"), ask(f"/kucoin{path}", **params).json()
    assert found.keys() == expected.keys()
    assert found["code"] == "200000"
    one, other = (e["data"][0] if isinstance(e["data"], list) else e["data"] for e in (found, expected))
    assert kinds(one) == kinds(other)


def test_kucoin_klines_row_has_seven_numbers(ask: Ask) -> None:
    """A bar is time, open, high, low, close, whole lots, turnover."""
    params = {"symbol": "XBTUSDTM", "granularity": 60, "from": 1793520000000, "to": 1793534400000}
    row = ask("/kucoin/api/v1/kline/query", **params).json()["data"][0]
    assert [type(value) for value in row] == [int, float, float, float, float, int, float]


@pytest.mark.parametrize(
    "name",
    [
        "open-interest-history",
        "funding-rate-history",
        "liquidation-history",
        "long-short-ratio-history",
        "ohlcv-history",
    ],
)
def test_coinalyze_history_has_the_recorded_fields(archive_dir: Path, ask: Ask, name: str) -> None:
    """A history of Coinalyze has the recorded keys."""
    expected = recorded(archive_dir, "coinalyze/endpoint_samples.json")[name][0]
    found = ask(f"/coinalyze/v1/{name}", symbols="BTCUSDT_PERP.A", interval="1hour", headers=KEY, **RANGE).json()[0]
    assert found.keys() == expected.keys()
    assert kinds(found["history"][0]) == kinds(expected["history"][0])


@pytest.mark.parametrize("name", ["open-interest", "funding-rate", "predicted-funding-rate"])
def test_coinalyze_current_has_the_recorded_fields(archive_dir: Path, ask: Ask, name: str) -> None:
    """A current figure of Coinalyze has the recorded keys."""
    expected = recorded(archive_dir, "coinalyze/endpoint_samples.json")[name][0]
    assert kinds(ask(f"/coinalyze/v1/{name}", symbols="BTCUSDT_PERP.A", headers=KEY).json()[0]) == kinds(expected)


def test_coinalyze_lists_are_the_recorded_ones(archive_dir: Path, ask: Ask) -> None:
    """The exchanges are the recorded ones, and a market has the recorded keys."""
    exchanges = {row["name"]: row["code"] for row in ask("/coinalyze/v1/exchanges", headers=KEY).json()}
    assert exchanges == {row["name"]: row["code"] for row in recorded(archive_dir, "coinalyze/exchanges.json")}
    market = recorded(archive_dir, "coinalyze/endpoint_samples.json")["future-markets"][0]
    assert ask("/coinalyze/v1/future-markets", headers=KEY).json()[0].keys() == market.keys()


def test_coingecko_market_has_what_the_product_reads(archive_dir: Path, ask: Ask) -> None:
    """A coin has recorded keys only, those about price and supply among them."""
    expected = recorded(archive_dir, "coingecko/coins_markets_100_2021-06-24.json")[0]
    found = ask("/coingecko/api/v3/coins/markets", vs_currency="usd", per_page=1).json()[0]
    assert found.keys() <= expected.keys()
    assert {"id", "symbol", "current_price", "market_cap", "circulating_supply", "market_cap_rank"} <= found.keys()
