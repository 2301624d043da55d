"""Binance: the listing out of four answers, and the rules of the universe."""

from typing import Any

import pytest

from quantscout.errors import AnswerError
from quantscout.frames import DAY_MS, LISTING
from quantscout.venues.binance_answers import NEVER_MS
from venues.script import Script


def symbol(name: str = "AUSDT", **other: Any) -> dict[str, Any]:
    """Return an eligible row of exchangeInfo, changed as told."""
    row = {
        "symbol": name,
        "status": "TRADING",
        "contractType": "PERPETUAL",
        "quoteAsset": "USDT",
        "underlyingType": "COIN",
        "baseAsset": name.removesuffix("USDT"),
        "deliveryDate": NEVER_MS,
        "onboardDate": 7,
        "filters": [
            {"filterType": "MIN_NOTIONAL", "notional": "5"},
            {"filterType": "LOT_SIZE", "minQty": "10", "stepSize": "10"},
        ],
    }
    return row | other


def listed(script: Script, *symbols: dict[str, Any], **side: Any) -> dict[str, dict[str, Any]]:
    """Return the listing's rows by contract; the answers beside exchangeInfo may be changed."""
    script.replies = {
        "/fapi/v1/exchangeInfo": {"symbols": symbols},
        "/fapi/v1/premiumIndex": side.get(
            "premium", [{"symbol": "AUSDT", "markPrice": "2.5", "lastFundingRate": "-0.0001", "time": 99}]
        ),
        "/fapi/v1/ticker/bookTicker": side.get("ticker", [{"symbol": "AUSDT", "bidPrice": "2.4", "askPrice": "2.6"}]),
        "/fapi/v1/fundingInfo": side.get("funding", [{"symbol": "AUSDT", "fundingIntervalHours": 4}]),
    }
    listing = script.binance(lambda venue: venue.fetch_listing())
    assert listing.frame.schema == dict(LISTING)
    return {row["contract"]: row for row in listing.frame.to_dicts()}


def test_server_time_is_the_venues(script: Script) -> None:
    """The clock comes from /time."""
    script.replies["/fapi/v1/time"] = {"serverTime": 123}
    assert script.binance(lambda venue: venue.fetch_server_time_ms()) == 123


def test_listing_joins_the_four_answers(script: Script) -> None:
    """One row has the contract, its price and spread, funding with its interval, and the smallest order."""
    assert listed(script, symbol())["AUSDT"] == {
        "venue": "binance",
        "contract": "AUSDT",
        "base": "A",
        "ineligible": None,
        "ineligible_value": None,
        "listed_ms": 7,
        "lot_coins": 1.0,
        "min_notional_usdt": 25.0,
        "price": 2.5,
        "bid": 2.4,
        "ask": 2.6,
        "funding_rate_ratio": -0.0001,
        "funding_interval_h": 4,
        "open_interest_coins": None,
        "snapshot_ms": 99,
    }


def test_contract_absent_from_the_other_answers_is_listed_with_nulls(script: Script) -> None:
    """The contracts are those of exchangeInfo: what the others do not know is null, and the funding interval 8 h."""
    row = listed(script, symbol("BUSDT"))["BUSDT"]
    assert {row[name] for name in ("price", "bid", "ask", "min_notional_usdt", "snapshot_ms")} == {None}
    assert row["funding_interval_h"] == 8


def test_contract_known_only_elsewhere_is_not_listed(script: Script) -> None:
    """A symbol of premiumIndex that exchangeInfo no longer has is gone."""
    assert list(listed(script, symbol("BUSDT"))) == ["BUSDT"]


@pytest.mark.parametrize(
    ("change", "code", "value"),
    [
        ({"status": "SETTLING"}, "not_trading", "SETTLING"),
        ({"contractType": "TRADIFI_PERPETUAL"}, "not_perpetual", "TRADIFI_PERPETUAL"),
        ({"quoteAsset": "USDC"}, "not_usdt", "USDC"),
        ({"underlyingType": "INDEX"}, "not_coin", "INDEX"),
        ({"deliveryDate": NEVER_MS - 2 * DAY_MS}, "delisting", str(NEVER_MS - 2 * DAY_MS)),
        ({"status": "SETTLING", "contractType": "", "quoteAsset": "BTC"}, "not_trading", "SETTLING"),
    ],
)
def test_first_failed_rule_of_the_universe_is_named(
    script: Script, change: dict[str, Any], code: str, value: str
) -> None:
    """An ineligible contract has the code of the first rule that it fails, and the value."""
    row = listed(script, symbol(**change))["AUSDT"]
    assert (row["ineligible"], row["ineligible_value"]) == (code, value)


def test_delivery_dates_that_differ_by_seconds_are_no_delisting(script: Script) -> None:
    """A capture exists whose BTCUSDT has a date two seconds later than the others."""
    rows = listed(script, symbol("BTCUSDT", deliveryDate=NEVER_MS + 2_000), symbol())
    assert rows["AUSDT"]["ineligible"] is None


@pytest.mark.parametrize("missing", ["MIN_NOTIONAL", "LOT_SIZE"])
def test_smallest_order_is_unknown_without_its_rules(script: Script, missing: str) -> None:
    """With one of the two rules absent nothing is claimed about the smallest order."""
    filters = [rule for rule in symbol()["filters"] if rule["filterType"] != missing]
    assert listed(script, symbol(filters=filters))["AUSDT"]["min_notional_usdt"] is None


@pytest.mark.parametrize("nothing", ["0.00000", "", None])
def test_empty_side_of_the_book_is_null(script: Script, nothing: str | None) -> None:
    """A bid of zero or nothing is no bid."""
    ticker = [{"symbol": "AUSDT", "bidPrice": nothing, "askPrice": "2.6"}]
    assert listed(script, symbol(), ticker=ticker)["AUSDT"]["bid"] is None


def test_one_bad_row_does_not_blind_the_listing(script: Script) -> None:
    """A malformed contract and a malformed price are named; everything else is listed."""
    bad: list[dict[str, Any]] = [
        {"symbol": "AUSDT", "markPrice": "x", "lastFundingRate": "0", "time": 1},
        {"symbol": "C"},
    ]
    listed(script, symbol(), symbol("BUSDT", deliveryDate="soon"), symbol("币安人生USDT"))
    script.replies["/fapi/v1/premiumIndex"] = [*bad, {**bad[0], "symbol": "币安人生USDT", "markPrice": "3"}]
    listing = script.binance(lambda venue: venue.fetch_listing())
    assert listing.frame.select("contract", "price").rows() == [("AUSDT", None), ("币安人生USDT", 3.0)]
    assert [problem.contract for problem in listing.problems] == ["BUSDT", "AUSDT", "C"]


def test_empty_listing_is_refused(script: Script) -> None:
    """A venue without any contract is a broken answer."""
    with pytest.raises(AnswerError, match="no contract"):
        listed(script)


@pytest.mark.parametrize("hours", [10**30, 0, -8, None, "x"])
def test_unreadable_funding_interval_is_unknown(script: Script, hours: object) -> None:
    """The usual 8 h are those of a contract that is not in the list, not of one whose interval cannot be read."""
    funding = [{"symbol": "AUSDT", "fundingIntervalHours": hours}, {"symbol": "BUSDT", "fundingIntervalHours": 4}]
    rows = listed(script, symbol(), symbol("BUSDT"), symbol("CUSDT"), funding=funding)
    assert [row["funding_interval_h"] for row in rows.values()] == [None, 4, 8]


@pytest.mark.parametrize("rule", [{"filterType": "LOT_SIZE", "minQty": "NaN"}, {"filterType": "LOT_SIZE"}])
def test_smallest_order_is_unknown_where_a_rule_is_no_number(script: Script, rule: dict[str, Any]) -> None:
    """The other rule alone is not the smallest order."""
    filters = [symbol()["filters"][0], rule]
    assert listed(script, symbol(filters=filters))["AUSDT"]["min_notional_usdt"] is None


@pytest.mark.parametrize("name", ["", "A" * 70_000])
def test_name_that_fits_no_address_is_no_contract(script: Script, name: str) -> None:
    """A contract is asked for by its name: one that is empty or a book long is a problem, not a request."""
    assert list(listed(script, symbol(), symbol(name))) == ["AUSDT"]
