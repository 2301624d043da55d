"""KuCoin: the listing in coins, and the rules of the universe."""

from typing import Any

import pytest

from quantscout.errors import AnswerError
from quantscout.frames import HOUR_MS, LISTING
from venues.script import Script

ACTIVE, TICKERS = "/api/v1/contracts/active", "/api/v1/allTickers"


def ok(data: object) -> dict[str, object]:
    """Return an answer with this data."""
    return {"code": "200000", "data": data}


def contract(**other: Any) -> dict[str, Any]:
    """Return an eligible row of contracts/active, changed as told."""
    row = {
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
        "markPrice": 50_000,
        "openInterest": "2000",
        "fundingFeeRate": 1.0e-4,
        "fundingRateGranularity": 8 * HOUR_MS,
        "currentFundingRateGranularity": 4 * HOUR_MS,
        "nextFundingRateTime": 1_000,
        "nextFundingRateDateTime": 5_000,
    }
    return row | other


def listed(script: Script, **other: Any) -> dict[str, Any]:
    """Return the row of a listing with one contract."""
    script.replies[ACTIVE] = ok([contract(**other)])
    script.replies[TICKERS] = ok(
        [
            {"symbol": "XBTUSDTM", "bestBidPrice": "49999", "bestAskPrice": "50001", "ts": 3_000_000_000},
            {"symbol": "YUSDTM", "bestBidPrice": "1", "bestAskPrice": "2", "ts": 3_999_999_999},
        ]
    )
    listing = script.kucoin(lambda venue: venue.fetch_listing())
    assert listing.frame.schema == dict(LISTING)
    return listing.frame.to_dicts()[0]


def test_server_time_is_the_venues(script: Script) -> None:
    """The clock comes from /timestamp."""
    script.replies["/api/v1/timestamp"] = ok(123)
    assert script.kucoin(lambda venue: venue.fetch_server_time_ms()) == 123


def test_listing_is_in_coins_under_the_coins_name(script: Script) -> None:
    """XBT is BTC, lots are coins, the interval is the one in force, the time is the venue's own."""
    assert listed(script) == {
        "venue": "kucoin",
        "contract": "XBTUSDTM",
        "base": "BTC",
        "ineligible": None,
        "ineligible_value": None,
        "listed_ms": 7,
        "lot_coins": 0.001,
        "min_notional_usdt": 50.0,
        "price": 50_000.0,
        "bid": 49_999.0,
        "ask": 50_001.0,
        "funding_rate_ratio": 0.0001,
        "funding_interval_h": 4,
        "open_interest_coins": 2.0,
        "snapshot_ms": 4_000,
    }


@pytest.mark.parametrize(
    ("change", "code", "value"),
    [
        ({"status": "Paused"}, "not_trading", "Paused"),
        ({"type": "FFICSX"}, "not_perpetual", "FFICSX"),
        ({"quoteCurrency": "USDC", "settleCurrency": "USDC"}, "not_usdt", "USDC/USDC/linear"),
        ({"isInverse": True}, "not_usdt", "USDT/USDT/inverse"),
        ({"expireDate": 9}, "delisting", "9"),
        ({"assetClass": "STOCK"}, "not_coin", "STOCK"),
        ({"marketStage": "PRE_MARKET"}, "pre_market", "PRE_MARKET"),
        ({"marketStage": "PRE_MARKET", "expireDate": 9}, "delisting", "9"),
    ],
)
def test_first_failed_rule_of_the_universe_is_named(
    script: Script, change: dict[str, Any], code: str, value: str
) -> None:
    """An ineligible contract has the code of the first rule that it fails, and the value."""
    row = listed(script, **change)
    assert (row["ineligible"], row["ineligible_value"]) == (code, value)


def test_inverse_contract_has_no_amount_in_coins(script: Script) -> None:
    """A lot of an inverse contract is a dollar: nothing about it is given in coins."""
    row = listed(script, isInverse=True, multiplier=-1.0)
    assert {row[name] for name in ("lot_coins", "open_interest_coins", "min_notional_usdt")} == {None}


def test_funding_interval_falls_back_to_the_regular_one(script: Script) -> None:
    """Some contracts have no current interval."""
    assert listed(script, currentFundingRateGranularity=None)["funding_interval_h"] == 8


def test_snapshot_without_countdown_has_the_time_of_the_newest_ticker(script: Script) -> None:
    """Dated contracts have no next settlement; the tickers are stamped in nanoseconds."""
    assert listed(script, nextFundingRateTime=None)["snapshot_ms"] == 3_999


def test_one_bad_row_does_not_blind_the_listing(script: Script) -> None:
    """A malformed contract is named, the others are listed."""
    listed(script)
    script.replies[ACTIVE] = ok([contract(), contract(symbol="BUSDTM", multiplier=None)])
    listing = script.kucoin(lambda venue: venue.fetch_listing())
    assert listing.frame["contract"].to_list() == ["XBTUSDTM"]
    assert [(p.contract, "data[1].multiplier" in p.detail) for p in listing.problems] == [("BUSDTM", True)]


def test_empty_listing_is_refused(script: Script) -> None:
    """An empty list of contracts means that the venue cannot serve it."""
    script.replies = {ACTIVE: ok([]), TICKERS: ok([])}
    with pytest.raises(AnswerError, match="cannot serve"):
        script.kucoin(lambda venue: venue.fetch_listing())


@pytest.mark.parametrize("interval_ms", [HOUR_MS - 1, 2**52])
def test_interval_that_is_none_is_unknown(script: Script, interval_ms: int) -> None:
    """Less than an hour is no interval: rates are divided by it."""
    assert listed(script, currentFundingRateGranularity=interval_ms)["funding_interval_h"] is None


def test_countdown_longer_than_all_time_is_not_believed(script: Script) -> None:
    """A snapshot before 1970 has the time of the newest ticker instead."""
    assert listed(script, nextFundingRateTime=5_001)["snapshot_ms"] == 3_999


@pytest.mark.parametrize("size", ["multiplier", "lotSize"])
def test_contract_of_no_known_size_is_not_listed(script: Script, size: str) -> None:
    """Without the size of a lot every amount would be in other units than it says."""
    listed(script)
    script.replies[ACTIVE] = ok([contract(), contract(symbol="BUSDTM", **{size: "NaN"})])
    listing = script.kucoin(lambda venue: venue.fetch_listing())
    assert listing.frame["contract"].to_list() == ["XBTUSDTM"]
    assert f"data[1].{size}" in listing.problems[0].detail
