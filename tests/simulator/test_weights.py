"""What a request costs, at the exact boundaries of the venues' tables."""

import pytest

from quantscout_local.simulator.weights import Charge, charge_of


@pytest.mark.parametrize(
    ("limit", "weight"),
    [("1", 1), ("99", 1), ("100", 2), ("499", 2), ("500", 5), ("1000", 5), ("1001", 10), ("1500", 10), (None, 5)],
)
def test_klines_cost_by_the_strict_reading_of_the_rows(limit: str | None, weight: int) -> None:
    """100 and 500 rows belong to the dearer class, a missing limit counts as 500 rows."""
    params = {"symbol": "BTCUSDT"} | ({"limit": limit} if limit else {})
    assert charge_of("binance", "/fapi/v1/klines", params) == Charge("weight", weight)


@pytest.mark.parametrize(
    ("limit", "weight"), [("5", 2), ("50", 2), ("100", 5), ("500", 10), ("1000", 20), ("7", 2), ("many", 10)]
)
def test_depth_costs_by_its_levels(limit: str, weight: int) -> None:
    """A deeper book costs more, and a refused depth costs as much as the next one."""
    assert charge_of("binance", "/fapi/v1/depth", {"limit": limit}) == Charge("weight", weight)


@pytest.mark.parametrize(
    ("endpoint", "one", "every"),
    [
        ("/fapi/v1/ticker/24hr", 1, 40),
        ("/fapi/v1/ticker/price", 1, 2),
        ("/fapi/v1/ticker/bookTicker", 2, 5),
        ("/fapi/v1/premiumIndex", 1, 10),
        ("/fapi/v1/exchangeInfo", 1, 1),
        ("/fapi/v1/openInterest", 1, 1),
        ("/fapi/v1/tradingSchedule", 5, 5),
    ],
)
def test_all_symbols_cost_more_than_one(endpoint: str, one: int, every: int) -> None:
    """Binance's snapshots have a price for one symbol and one for all."""
    assert charge_of("binance", endpoint, {"symbol": "BTCUSDT"}) == Charge("weight", one)
    assert charge_of("binance", endpoint, {}) == Charge("weight", every)


@pytest.mark.parametrize(
    ("endpoint", "pool"),
    [
        ("/futures/data/openInterestHist", "data"),
        ("/futures/data/basis", "data"),
        ("/fapi/v1/fundingRate", "funding"),
        ("/fapi/v1/fundingInfo", "funding"),
    ],
)
def test_statistics_and_funding_have_pools_of_their_own(endpoint: str, pool: str) -> None:
    """They count requests, and no weight."""
    assert charge_of("binance", endpoint, {}) == Charge(pool, 1)


@pytest.mark.parametrize(
    ("endpoint", "weight"),
    [
        ("/api/v1/kline/query", 3),
        ("/api/v1/level2/depth100", 10),
        ("/api/v1/timestamp", 2),
        ("/api/v1/contracts/XBTUSDTM", 3),
        ("/api/v1/funding-rate/XBTUSDTM/current", 2),
        ("/api/ua/v1/market/open-interest", 10),
        ("/api/v1/unknown", 5),
    ],
)
def test_kucoin_has_one_pool(endpoint: str, weight: int) -> None:
    """Both of KuCoin's hosts take from the public pool."""
    assert charge_of("kucoin", endpoint, {}) == Charge("public", weight)


@pytest.mark.parametrize(("count", "calls"), [(0, 1), (1, 1), (20, 20), (21, 1)])
def test_coinalyze_counts_symbols(count: int, calls: int) -> None:
    """Each symbol is a call; a request that is refused for too many is one."""
    params = {"symbols": ",".join(["A"] * count)}
    assert charge_of("coinalyze", "/open-interest", params) == Charge("calls", calls)
