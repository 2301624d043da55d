"""The venues' limits: where they end, what they say, and when they begin anew."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from quantscout_local.simulator.clock import SimulatorClock
from quantscout_local.simulator.conditions import Conditions
from quantscout_local.simulator.limits import LONGEST_BAN_MS, Ban, Limits
from quantscout_local.simulator.passage import Passage
from quantscout_local.simulator.virtual import VirtualTime
from quantscout_local.simulator.weights import Charge
from simulator.stand import Stand

Maker = Callable[..., Stand]
STRICT = Conditions(limits=True)
TEN = ("/binance/fapi/v1/klines", {"symbol": "NOPEUSDT", "interval": "1h", "limit": 1500})
"""A request that is refused with 400 and costs ten."""
ONE = ("/binance/fapi/v1/openInterest", {"symbol": "BTCUSDT"})
USED = "x-mbx-used-weight-1m"


def statuses(stand: Stand, requests: list[tuple[str, dict[str, Any]]]) -> Counter[int]:
    """Return how many answers had which status."""
    return Counter(found.status_code for found in stand.ask_all(requests))


def test_used_weight_is_on_every_answer(stand: Maker) -> None:
    """The header counts good and bad requests of the minute, with and without enforcement."""
    for conditions in (STRICT, Conditions()):
        server = stand(conditions)
        assert [found.headers[USED] for found in server.ask_all([ONE, TEN, ONE])] == ["1", "11", "12"]


def test_the_whole_allowance_is_let_in_and_no_more(stand: Maker) -> None:
    """2,400 pass; the next one is a 429 that says how long the clock minute still lasts."""
    server = stand(STRICT)
    assert statuses(server, [TEN] * 240) == {400: 240}
    refused = server.ask(ONE[0], **ONE[1])
    assert (refused.status_code, refused.json()["code"]) == (429, -1003)
    assert refused.headers["retry-after"] == "25"  # the clock stands at 12:01:35
    assert refused.headers[USED] == "2401"


def test_a_minute_begins_with_the_clock(stand: Maker) -> None:
    """After the seconds of Retry-After the weight is counted anew."""
    server = stand(STRICT)
    server.ask_all([TEN] * 241)
    server.time.now_s += 25
    assert server.ask(ONE[0], **ONE[1]).headers[USED] == "1"


def test_going_on_after_refusals_is_a_ban(stand: Maker) -> None:
    """Ten 429 in a minute are a warning, the eleventh is a 418 for two minutes, whatever is asked."""
    server = stand(STRICT)
    server.ask_all([TEN] * 240)
    assert statuses(server, [ONE] * 10) == {429: 10}
    banned = server.ask(ONE[0], **ONE[1])
    assert (banned.status_code, banned.headers["retry-after"]) == (418, "120")
    server.time.now_s += 119
    assert server.ask("/binance/futures/data/openInterestHist", symbol="BTCUSDT", period="1h").status_code == 418
    server.time.now_s += 1
    assert server.ask(ONE[0], **ONE[1]).status_code == 200


def test_bans_grow_to_three_days() -> None:
    """Each further ban lasts twice as long, at most three days."""
    ban, lengths = Ban(), []
    for _ in range(14):
        ban.begin(0)
        lengths.append(ban.until_ms)
    assert lengths[:3] == [120_000, 240_000, 480_000]
    assert lengths[-1] == LONGEST_BAN_MS


def test_a_request_that_waits_is_never_banned(stand: Maker) -> None:
    """One refusal a minute bans nobody."""
    server = stand(STRICT)
    for _ in range(12):
        assert 418 not in statuses(server, [TEN] * 241)
        server.time.now_s += 60


@pytest.mark.parametrize(("pool", "most", "window_s"), [("data", 1000, 300), ("funding", 500, 300)])
def test_five_minute_pools(pool: str, most: int, window_s: int) -> None:
    """Statistics and funding count requests in five minutes of the clock."""
    time = VirtualTime()
    limits = Limits(SimulatorClock(0, after_ms=95_000, source_ms=time.now_ms), enforced=True)
    ask = [Passage("binance", "", {}, "", Charge(pool, 1)) for _ in range(most + 1)]
    answers = [limits.admit(passage)[1] for passage in ask]
    assert answers[:most] == [None] * most
    refused = answers[most]
    assert refused is not None
    assert (refused.status, refused.headers["Retry-After"]) == (429, str(window_s - 95))
    time.now_s += window_s - 95
    assert limits.admit(ask[0])[1] is None


def test_funding_endpoints_share_one_pool(stand: Maker) -> None:
    """Intervals and settlements are counted together, and cost no weight."""
    server = stand(STRICT)
    server.ask_all([("/binance/fapi/v1/fundingInfo", {}), ("/binance/fapi/v1/fundingRate", {"symbol": "BTCUSDT"})])
    pools = server.told("usage")["venues"]["binance"]["pools"]
    assert (pools["funding"]["weight"], pools["weight"]["weight"]) == (2, 0)


def test_kucoin_pool_is_shared_and_told(stand: Maker) -> None:
    """Both hosts take from 2,000; the headers say what is left and for how long."""
    server = stand(STRICT)
    first = server.ask("/kucoin/api/v1/timestamp")
    server.time.now_s += 10
    second = server.ask("/kucoin-unified/api/ua/v1/market/open-interest", symbol="XBTUSDTM")
    names = ("gw-ratelimit-limit", "gw-ratelimit-remaining", "gw-ratelimit-reset")
    assert [first.headers[name] for name in names] == ["2000", "1998", "30000"]
    assert [second.headers[name] for name in names] == ["2000", "1988", "20000"]


def test_kucoin_quota_used_up(stand: Maker) -> None:
    """Over the pool it is 429000 with the headers, until thirty seconds after the first request."""
    server = stand(STRICT)
    assert statuses(server, [("/kucoin/api/v1/timestamp", {})] * 1000) == {200: 1000}
    refused = server.ask("/kucoin/api/v1/timestamp")
    assert (refused.status_code, refused.json()) == (429, {"code": "429000", "msg": "Too many requests"})
    assert (refused.headers["gw-ratelimit-remaining"], refused.headers["gw-ratelimit-reset"]) == ("0", "30000")
    server.time.now_s += 30
    assert server.ask("/kucoin/api/v1/timestamp").status_code == 200


def test_coinalyze_counts_forty_symbols_a_minute(stand: Maker) -> None:
    """Two full requests fill any minute; the next symbol waits until the first ones are a minute old."""
    server = stand(STRICT)
    full = {"symbols": ",".join(f"C{n}USDT_PERP.A" for n in range(20))}
    assert server.ask("/coinalyze/v1/open-interest", **full).status_code == 200
    server.time.now_s += 20
    assert server.ask("/coinalyze/v1/open-interest", **full).status_code == 200
    server.time.now_s += 30.5
    refused = server.ask("/coinalyze/v1/exchanges")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "9.500")
    server.time.now_s += 9.5
    assert server.ask("/coinalyze/v1/open-interest", **full).status_code == 200
    assert server.ask("/coinalyze/v1/exchanges").status_code == 429


def test_coinalyze_refuses_more_than_twenty_symbols(stand: Maker) -> None:
    """Twenty-one symbols are a 400, with the limits on as well."""
    assert stand(STRICT).ask("/coinalyze/v1/open-interest", symbols=",".join(["A"] * 21)).status_code == 400


def test_coingecko_answers_thirty_a_minute(stand: Maker) -> None:
    """The thirty-first call within a minute is a 429 with the time to wait."""
    server = stand(STRICT)
    assert statuses(server, [("/coingecko/api/v3/ping", {})] * 30) == {200: 30}
    refused = server.ask("/coingecko/api/v3/ping")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")


def test_without_limits_nothing_is_refused(stand: Maker) -> None:
    """By default everything is counted and nothing refused."""
    server = stand()
    assert statuses(server, [TEN] * 300) == {400: 300}
    assert server.told("usage")["venues"]["binance"]["pools"]["weight"]["peak"] == 3000


def test_limits_follow_the_simulators_clock(stand: Maker) -> None:
    """A clock that is moved into the next minute opens the next window."""
    server = stand(STRICT)
    server.ask_all([TEN] * 240)
    offset = server.told("facts") and server.ask("/simulator/clock", "POST", offset_s=1_793_534_400 + 121).json()
    assert offset["now_ms"] == 1_793_534_521_000
    assert server.ask(ONE[0], **ONE[1]).status_code == 200
