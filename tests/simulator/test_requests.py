"""Refusals in the venues' words, the clock, and the simulator's own controls."""

from collections.abc import Callable

import httpx
import pytest

from quantscout.errors import InputError
from quantscout_local.simulator import DEFAULT_HOUR_MS, create_app
from quantscout_local.simulator.hours import hour_of
from quantscout_local.simulator.market import Market

Ask = Callable[..., httpx.Response]
DAY = 86_400_000
KEY = {"api_key": "any"}


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("/fapi/v1/klines", {"symbol": "NOPEUSDT", "interval": "1h"}, -1121),
        ("/fapi/v1/klines", {"interval": "1h"}, -1102),
        ("/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "7m"}, -1120),
        ("/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "1h", "limit": 1501}, -1130),
        ("/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "1h", "startTime": "soon"}, -1130),
        ("/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": 7}, -4021),
        ("/futures/data/openInterestHist", {"symbol": "BTCUSDT", "period": "3h"}, -1130),
        ("/futures/data/openInterestHist", {"symbol": "BTCUSDT", "period": "1h", "limit": 501}, -1130),
    ],
)
def test_binance_refuses_with_its_code(ask: Ask, path: str, params: dict[str, object], code: int) -> None:
    """A bad request is a 400 with Binance's code."""
    answer = ask(f"/binance{path}", **params)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/kucoin/api/v1/kline/query", {"symbol": "NOPEUSDTM", "granularity": 60}),
        ("/kucoin/api/v1/kline/query", {"symbol": "XBTUSDTM", "granularity": 7}),
        ("/kucoin/api/v1/contract/funding-rates", {"symbol": "XBTUSDTM"}),
        ("/kucoin-unified/api/ua/v1/market/open-interest", {"symbol": "XBTUSDTM", "interval": "2hour"}),
    ],
)
def test_kucoin_refuses_in_its_envelope(ask: Ask, path: str, params: dict[str, object]) -> None:
    """A bad request to KuCoin has a code other than 200000."""
    assert ask(path, **params).json()["code"] != "200000"


def test_coinalyze_wants_a_key(ask: Ask) -> None:
    """Without a key Coinalyze answers 401, with one in header or query it answers."""
    assert ask("/coinalyze/v1/exchanges").status_code == 401
    assert ask("/coinalyze/v1/exchanges", headers=KEY).status_code == 200
    assert ask("/coinalyze/v1/exchanges", api_key="any").status_code == 200


def test_coinalyze_in_milliseconds_is_empty(ask: Ask) -> None:
    """A range in milliseconds brings nothing, as the venue does; unknown symbols are left out."""
    span = {"from": DEFAULT_HOUR_MS - DAY, "to": DEFAULT_HOUR_MS, "interval": "1hour"}
    assert ask("/coinalyze/v1/ohlcv-history", symbols="BTCUSDT_PERP.A", headers=KEY, **span).json() == []
    assert ask("/coinalyze/v1/open-interest", symbols="XBTUSDTM.K", headers=KEY).json() == []


def test_coinalyze_takes_twenty_symbols(ask: Ask) -> None:
    """More than 20 symbols in a request are refused."""
    assert ask("/coinalyze/v1/open-interest", symbols=",".join(["A"] * 21), headers=KEY).status_code == 400


def test_funding_sweep_is_ascending(ask: Ask) -> None:
    """Without a symbol, settlements of all contracts come in order of time from the start."""
    rows = ask("/binance/fapi/v1/fundingRate", startTime=DEFAULT_HOUR_MS - DAY, limit=1000).json()
    times = [row["fundingTime"] for row in rows]
    assert len(rows) == 1000
    assert times == sorted(times)
    assert len({row["symbol"] for row in rows}) > 100


def test_funding_of_one_contract_without_times_is_the_latest(ask: Ask) -> None:
    """Without times the last 200 settlements come, oldest first, none later than the hour."""
    rows = ask("/binance/fapi/v1/fundingRate", symbol="ETHUSDT").json()
    times = [row["fundingTime"] for row in rows]
    assert times == sorted(times)
    assert times[-1] <= DEFAULT_HOUR_MS < times[-1] + DAY


def test_kucoin_funding_is_newest_first(ask: Ask) -> None:
    """KuCoin's settlements come newest first."""
    span = {"from": DEFAULT_HOUR_MS - 5 * DAY, "to": DEFAULT_HOUR_MS + DAY}
    rows = ask("/kucoin/api/v1/contract/funding-rates", symbol="XBTUSDTM", **span).json()["data"]
    times = [row["timepoint"] for row in rows]
    assert times == sorted(times, reverse=True)
    assert times[0] <= DEFAULT_HOUR_MS


def test_kucoin_open_interest_of_now_is_the_history_of_now(ask: Ask) -> None:
    """The current open interest is the newest of the history, in lots."""
    path = "/kucoin-unified/api/ua/v1/market/open-interest"
    now = ask(path, symbol="XBTUSDTM,ETHUSDTM").json()["data"]
    past = ask(path, symbol="XBTUSDTM", interval="1hour", pageSize=200).json()["data"]
    assert len(now) == 2
    assert len(past) == 200
    assert past[0]["openInterest"] == now[0]["openInterest"]
    assert len(ask(path).json()["data"]) == 500


def test_open_interest_goes_back_thirty_days(ask: Ask) -> None:
    """Open interest and the account ratio are kept for 30 days."""
    for name in ("openInterestHist", "globalLongShortAccountRatio"):
        params = {"symbol": "BTCUSDT", "period": "1h", "startTime": DEFAULT_HOUR_MS - 90 * DAY, "limit": 500}
        rows = ask(f"/binance/futures/data/{name}", **params).json()
        assert rows[0]["timestamp"] == DEFAULT_HOUR_MS - 30 * DAY
        assert len(rows) == 500


def test_clock_runs_from_ten_seconds_after_the_hour(ask: Ask) -> None:
    """Both venues' clocks stand some seconds after the hour."""
    binance = ask("/binance/fapi/v1/time").json()["serverTime"]
    kucoin = ask("/kucoin/api/v1/timestamp").json()["data"]
    assert DEFAULT_HOUR_MS + 95_000 <= binance <= kucoin < DEFAULT_HOUR_MS + 600_000


def test_stamps_of_kept_answers_move(ask: Ask) -> None:
    """The time stamps in an answer that is kept are those of the request, in the venue's unit."""
    first = ask("/kucoin/api/v1/allTickers").json()["data"][0]["ts"]
    second = ask("/kucoin/api/v1/allTickers").json()["data"][0]["ts"]
    assert first < second
    assert first // 10**6 - DEFAULT_HOUR_MS < 600_000


def test_hour_can_be_moved(embedded: Market, asking: Callable[..., Ask]) -> None:
    """Moving the hour moves the clock and the last bar."""
    ask = asking(embedded, DEFAULT_HOUR_MS)
    moved = ask("/simulator/hour", method="POST", at="2026-10-20T03:00Z")
    rows = ask("/binance/fapi/v1/klines", symbol="BTCUSDT", interval="1h", limit=1).json()
    assert moved.json().keys() == {"clock_offset_s"}
    assert rows[0][0] == hour_of("2026-10-20T03:00Z")


def test_hour_outside_is_refused_and_nothing_moves(embedded: Market, asking: Callable[..., Ask]) -> None:
    """An hour that the market does not cover is a 400 that says what is covered."""
    ask = asking(embedded, DEFAULT_HOUR_MS)
    assert "choose a full hour" in ask("/simulator/hour", method="POST", at="2031-01-01T00:00Z").json()["error"]
    assert ask("/simulator/facts").json()["hour"] == "2026-11-01T12:00Z"


def test_facts_count_the_market(ask: Ask) -> None:
    """The facts say what is listed and what is simulated."""
    facts = ask("/simulator/facts").json()
    assert facts["binance"]["listed"] == 789
    assert facts["simulated"] == ["synthetic_market"]


@pytest.mark.parametrize("written", ["noon", "2026-03-01T12:30Z", ""])
def test_hour_must_be_a_full_hour(written: str) -> None:
    """Anything but a full hour is refused with an example."""
    with pytest.raises(InputError, match="2026-03-01T12:00Z"):
        hour_of(written)


def test_unknown_path_is_not_found(embedded: Market, asking: Callable[..., Ask]) -> None:
    """A path that no venue has is a 404."""
    assert asking(embedded, DEFAULT_HOUR_MS)("/binance/fapi/v1/nothing").status_code == 404
    assert create_app(embedded, DEFAULT_HOUR_MS).routes
