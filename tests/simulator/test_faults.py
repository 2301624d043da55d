"""Every kind of fault of a request: what a client meets instead of the answer, or in it."""

from collections.abc import Callable
from typing import Any, get_args

import httpx
import orjson
import pytest

from quantscout_local.simulator import DEFAULT_HOUR_MS
from quantscout_local.simulator.conditions import Conditions
from quantscout_local.simulator.faults.answers import CHANGES
from quantscout_local.simulator.faults.kinds import BREAKING, REFUSING, Kind
from simulator.stand import Stand

Maker = Callable[..., Stand]
TIME, KUCOIN_TIME = "/binance/fapi/v1/time", "/kucoin/api/v1/timestamp"
KLINES = "/binance/fapi/v1/klines"
BARS: dict[str, Any] = {"symbol": "BTCUSDT", "interval": "1h", "limit": 20}
KUCOIN_BARS: dict[str, Any] = {"symbol": "XBTUSDTM", "granularity": 60, "from": DEFAULT_HOUR_MS - 20 * 3_600_000}


def test_every_kind_is_made() -> None:
    """The vocabulary has no word without a fault."""
    assert set(get_args(Kind)) == REFUSING | BREAKING | CHANGES.keys() | {"slow_body", "truncated"}


def test_server_errors_are_of_several_kinds(faulty: Maker) -> None:
    """The statuses 500, 502, 503 and 504 come, some of them as a page."""
    found = faulty("server_error").ask_all([(TIME, {"n": n}) for n in range(60)])
    assert {answer.status_code for answer in found} == {500, 502, 503, 504}
    assert {answer.headers["content-type"].split(";")[0] for answer in found} == {"application/json", "text/html"}


def test_foreign_rate_limit_tells_of_a_full_window(faulty: Maker) -> None:
    """A 429 by somebody else's doing shows their weight, and a time to wait."""
    answer = faulty("rate_limited", seconds=7).ask(TIME)
    assert (answer.status_code, answer.headers["retry-after"], answer.headers["x-mbx-used-weight-1m"]) == (
        429,
        "7",
        "2401",
    )


@pytest.mark.parametrize("path", ["/coinalyze/v1/exchanges", "/coingecko/api/v3/ping"])
def test_foreign_rate_limit_of_the_others(faulty: Maker, path: str) -> None:
    """Coinalyze and CoinGecko name the time to wait."""
    answer = faulty("rate_limited", seconds=7).ask(path)
    assert (answer.status_code, float(answer.headers["retry-after"])) == (429, 7)


def test_the_two_refusals_of_kucoin_differ_by_their_headers(faulty: Maker) -> None:
    """429000 is a used-up pool with the limiter's headers, and overload without them."""
    used_up, overload = (faulty(kind).ask(KUCOIN_TIME) for kind in ("rate_limited", "overloaded"))
    assert used_up.json() == overload.json() == {"code": "429000", "msg": "Too many requests"}
    assert (used_up.headers["gw-ratelimit-remaining"], used_up.headers["gw-ratelimit-reset"]) == ("0", "10000")
    assert not any(name.startswith("gw-ratelimit") for name in overload.headers)


def test_overload_of_binance(faulty: Maker) -> None:
    """Binance says 503 and -1008."""
    answer = faulty("overloaded").ask(TIME)
    assert (answer.status_code, answer.json()["code"]) == (503, -1008)


def test_a_ban_holds_for_its_time(faulty: Maker) -> None:
    """After one 418 every request is refused until the time is over; other venues answer."""
    server = faulty("banned", count=1, seconds=60)
    assert server.ask(TIME).headers["retry-after"] == "60"
    server.time.now_s += 59
    assert server.ask("/binance/fapi/v1/exchangeInfo").status_code == 418
    assert server.ask(KUCOIN_TIME).status_code == 200
    server.time.now_s += 1
    assert server.ask(TIME).status_code == 200


@pytest.mark.parametrize(("kind", "status"), [("blocked_region", 451), ("refused", 403)])
def test_blocks_are_told_apart_by_their_status(faulty: Maker, kind: str, status: int) -> None:
    """A region is blocked with 451, a firewall says 403."""
    assert faulty(kind).ask(TIME).status_code == status


def test_a_page_with_status_200(faulty: Maker) -> None:
    """Success may be HTML."""
    answer = faulty("html").ask(TIME)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<html>")


def test_a_timeout_is_met_after_the_clients_patience(faulty: Maker) -> None:
    """No answer comes; httpx gives up after its five seconds of virtual time, and the ledger knows."""
    server = faulty("timeout")
    with pytest.raises(httpx.ReadTimeout):
        server.ask(TIME)
    assert server.time.now_s == pytest.approx(5)
    assert server.told("usage")["venues"]["binance"]["unanswered"] == 1


def test_a_timeout_ends_with_a_cut(faulty: Maker) -> None:
    """A client that is patient enough meets a cut connection."""
    with pytest.raises(httpx.ReadError):
        faulty("timeout", seconds=2).ask(TIME)


def test_a_reset_connection(faulty: Maker) -> None:
    """The connection breaks at once."""
    with pytest.raises(httpx.ReadError):
        faulty("reset").ask(TIME)


def test_a_slow_body_arrives_whole_in_its_time(faulty: Maker, stand: Maker) -> None:
    """The answer is the true one, some seconds later."""
    server = faulty("slow_body", seconds=3)
    slow = server.ask(KLINES, **BARS)
    assert server.time.now_s == pytest.approx(3)
    assert slow.content == stand().ask(KLINES, **BARS).content


def test_truncated_json(faulty: Maker, stand: Maker) -> None:
    """Half of the answer comes, with status 200."""
    body, whole = faulty("truncated").ask(KLINES, **BARS).content, stand().ask(KLINES, **BARS).content
    assert whole.startswith(body)
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(body)


@pytest.mark.parametrize(
    ("path", "params", "body"),
    [
        (KLINES, BARS, []),
        ("/kucoin/api/v1/kline/query", KUCOIN_BARS, {"code": "200000", "data": []}),
        ("/kucoin/api/v1/timestamp", {}, {"code": "200000", "data": None}),
        (TIME, {}, {}),
    ],
)
def test_empty_data_with_success(faulty: Maker, path: str, params: dict[str, Any], body: Any) -> None:
    """The answer succeeds and holds nothing."""
    answer = faulty("empty").ask(path, **params)
    assert (answer.status_code, answer.json()) == (200, body)


def test_an_empty_listing_and_an_empty_book(faulty: Maker) -> None:
    """A listing has no symbols, a book no levels."""
    server = faulty("empty")
    assert server.ask("/binance/fapi/v1/exchangeInfo").json()["symbols"] == []
    assert server.ask("/binance/fapi/v1/depth", symbol="BTCUSDT").json()["bids"] == []
    assert server.ask("/kucoin/api/v1/level2/depth20", symbol="XBTUSDTM").json()["data"]["asks"] == []


@pytest.mark.parametrize(
    ("path", "params"),
    [
        (KLINES, BARS),
        ("/binance/fapi/v1/exchangeInfo", {}),
        (TIME, {}),
        ("/kucoin/api/v1/contracts/active", {}),
        ("/kucoin/api/v1/timestamp", {}),
        ("/coingecko/api/v3/global", {}),
    ],
)
def test_wrong_types_change_one_value(faulty: Maker, stand: Maker, path: str, params: dict[str, Any]) -> None:
    """Something in the answer is of another type."""
    assert faulty("wrong_types").ask(path, **params).json() != stand().ask(path, **params).json()


def test_duplicated_rows(faulty: Maker) -> None:
    """One bar comes twice."""
    opens = [row[0] for row in faulty("duplicated_rows").ask(KLINES, **BARS).json()]
    assert (len(opens), len(set(opens)), opens) == (21, 20, sorted(opens))


def test_unordered_rows(faulty: Maker, stand: Maker) -> None:
    """The bars are all there, not in order of time."""
    found, truth = (server.ask(KLINES, **BARS).json() for server in (faulty("unordered_rows"), stand()))
    assert found != truth
    assert sorted(found) == truth


def test_negative_prices_in_a_bar(faulty: Maker) -> None:
    """One bar's prices are below zero."""
    rows = faulty("negative_prices").ask(KLINES, **BARS).json()
    assert sum(all(price.startswith("-") for price in row[1:5]) for row in rows) == 1


def test_negative_prices_in_a_listing(faulty: Maker) -> None:
    """One contract's price is below zero, on either venue."""
    server = faulty("negative_prices")
    marks = [float(row["markPrice"]) for row in server.ask("/binance/fapi/v1/premiumIndex").json()]
    lasts = [row["lastTradePrice"] for row in server.ask("/kucoin/api/v1/contracts/active").json()["data"]]
    assert (sum(mark < 0 for mark in marks), sum(last < 0 for last in lasts)) == (1, 1)


def test_refusals_are_not_mangled(faulty: Maker) -> None:
    """A 400 of the honest market comes as it is, and nothing is logged."""
    server = faulty("duplicated_rows")
    assert server.ask(KLINES, symbol="NOPEUSDT", interval="1h").json()["code"] == -1121
    assert server.told("faults/log")["total"] == 0


def test_the_first_rule_that_replaces_the_answer_wins(stand: Maker) -> None:
    """Of two outages the plan's order decides."""
    server = stand(Conditions())
    server.post("/simulator/faults", {"rules": [{"kind": "blocked_region"}, {"kind": "html"}]})
    assert server.ask(TIME).status_code == 451


EVERYWHERE: list[tuple[str, dict[str, Any]]] = [
    (KLINES, BARS),
    *(
        (f"/binance/fapi/v1/{name}", {})
        for name in ("exchangeInfo", "premiumIndex", "ticker/bookTicker", "fundingInfo")
    ),
    *((f"/binance/fapi/v1/{name}", {"symbol": "ETHUSDT"}) for name in ("depth", "openInterest", "fundingRate")),
    *((f"/binance/fapi/v1/ticker/{name}", {"symbol": "ETHUSDT"}) for name in ("24hr", "price")),
    ("/binance/futures/data/openInterestHist", {"symbol": "ETHUSDT", "period": "1h"}),
    ("/binance/futures/data/globalLongShortAccountRatio", {"symbol": "ETHUSDT", "period": "1h"}),
    (KUCOIN_TIME, {}),
    ("/kucoin/api/v1/kline/query", KUCOIN_BARS),
    ("/kucoin/api/v1/contracts/active", {}),
    ("/kucoin/api/v1/allTickers", {}),
    ("/kucoin/api/v1/level2/snapshot", {"symbol": "ETHUSDTM"}),
    ("/kucoin/api/v1/contract/funding-rates", {"symbol": "ETHUSDTM", "from": 0, "to": DEFAULT_HOUR_MS}),
    ("/kucoin-unified/api/ua/v1/market/open-interest", {"symbol": "ETHUSDTM,XBTUSDTM"}),
    ("/coinalyze/v1/future-markets", {}),
    ("/coinalyze/v1/open-interest", {"symbols": "BTCUSDT_PERP.A"}),
    ("/coingecko/api/v3/coins/markets", {"vs_currency": "usd"}),
    ("/coingecko/api/v3/search/trending", {}),
    ("/coingecko/api/v3/global", {}),
]


@pytest.mark.parametrize("kind", [kind for kind in get_args(Kind) if kind not in BREAKING])
def test_every_kind_can_strike_everywhere(faulty: Maker, kind: str) -> None:
    """Whatever a plan names, each endpoint answers something and the simulator itself never fails."""
    server = faulty(kind, after_s=5)
    found = server.ask_all(EVERYWHERE)
    assert len(found) == len(EVERYWHERE)
    assert server.told("faults/log")["by_kind"].keys() == {kind}
