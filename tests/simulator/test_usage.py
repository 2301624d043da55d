"""The ledger and the lower bound: what a bench or a test judges a client by."""

from collections.abc import Callable
from typing import Any

import pytest

from quantscout_local.simulator.bound import bound
from quantscout_local.simulator.conditions import Conditions
from quantscout_local.simulator.latency import Latency
from simulator.stand import Stand

Maker = Callable[..., Stand]
STRICT = Conditions(limits=True)
TEN: tuple[str, dict[str, Any]] = ("/binance/fapi/v1/klines", {"interval": "1h", "limit": 1500})
ONE: tuple[str, dict[str, Any]] = ("/binance/fapi/v1/time", {})


def binance(server: Stand) -> dict[str, Any]:
    """Return Binance's part of the ledger."""
    found: dict[str, Any] = server.told("usage")["venues"]["binance"]
    return found


def test_windows_hold_weight_and_requests(stand: Maker) -> None:
    """Each window of a pool says what was let in and what was refused."""
    server = stand(STRICT)
    server.ask_all([TEN] * 241)
    server.time.now_s += 60
    server.ask_all([TEN] * 2)
    windows = binance(server)["pools"]["weight"]["windows"]
    assert [(w["weight"], w["requests"], w["refused"]) for w in windows] == [(2400, 240, 1), (20, 2, 0)]
    assert windows[1]["start_ms"] - windows[0]["start_ms"] == 60_000


def test_answers_times_and_endpoints_are_kept(stand: Maker) -> None:
    """Statuses, first and last time, and how often each endpoint was asked."""
    server = stand(STRICT)
    server.ask_all([TEN] * 241)
    server.time.now_s += 5
    server.ask(ONE[0])
    found = binance(server)
    assert (found["requests"], found["answers"], found["refused_429"]) == (242, {"400": 240, "429": 2}, 2)
    assert found["last_request_ms"] - found["first_request_ms"] == 5000
    assert found["endpoints"] == {"/fapi/v1/klines": 241, "/fapi/v1/time": 1}


def test_most_requests_at_once_are_counted(stand: Maker) -> None:
    """With latency, requests that wait beside each other are seen."""
    server = stand(Conditions(latency_ms=80))
    server.ask_all([ONE] * 7)
    assert binance(server)["most_in_flight"] == 7


def test_asking_before_retry_after_is_counted(stand: Maker) -> None:
    """A request in the time that a refusal named is held against the client, one after it is not."""
    server = stand(STRICT)
    server.ask_all([TEN] * 241)
    assert binance(server)["before_retry_after"] == 0
    server.time.now_s += 1
    server.ask(ONE[0])
    server.time.now_s += 24
    server.ask(ONE[0])
    assert binance(server)["before_retry_after"] == 1


def test_requests_that_were_under_way_are_not_blamed(stand: Maker) -> None:
    """What was sent before the refusal could be read does not count as going on."""
    server = stand(Conditions(limits=True, latency_ms=80))
    server.ask_all([TEN] * 260)
    assert binance(server)["before_retry_after"] == 0


def test_asking_again_after_a_block_is_counted(faulty: Maker) -> None:
    """The same request after a 451 is a repetition, until another hour begins."""
    server = faulty("blocked_region")
    server.ask(ONE[0])
    server.ask(ONE[0])
    server.ask("/simulator/hour", "POST", at="2026-11-01T13:00Z")
    server.ask(ONE[0])
    assert binance(server)["repeated_after_block"] == 1


def test_reset_begins_anew_but_the_venue_remembers(stand: Maker) -> None:
    """The ledger is empty, the window is as full as before; with `forget` it is empty too."""
    server = stand(STRICT)
    server.ask_all([TEN] * 240)
    server.ask("/simulator/usage/reset", "POST")
    assert binance(server)["requests"] == 0
    assert server.ask(ONE[0]).status_code == 429
    server.ask("/simulator/usage/reset", "POST", forget="1")
    assert server.ask(ONE[0]).status_code == 200


def test_bound_of_the_limits_ends_where_the_last_window_opens(stand: Maker) -> None:
    """5,000 of weight from 12:01:35 on: what exceeds two minutes' allowance waits until 12:03."""
    server = stand()
    server.ask_all([TEN] * 500)
    found = server.told("bound")["venues"]["binance"]
    assert found["limits_s"] == 25 + 60


def test_bound_knows_what_was_used_before(stand: Maker) -> None:
    """Weight of the running window from before the reset narrows it."""
    server = stand()
    server.ask_all([TEN] * 239)
    server.ask("/simulator/usage/reset", "POST")
    server.ask(TEN[0], **TEN[1])
    assert server.told("bound")["bound_s"] == 0
    server.ask(ONE[0])
    assert server.told("bound")["bound_s"] == 25


def test_bound_of_kucoin_begins_with_the_first_request(stand: Maker) -> None:
    """2,002 of weight need a second window, thirty seconds after the first request."""
    server = stand()
    server.ask_all([("/kucoin/api/v1/timestamp", {})] * 1001)
    assert server.told("bound")["venues"]["kucoin"]["limits_s"] == 30


def test_bound_of_latency_is_the_sum_over_the_slots_or_the_longest(stand: Maker) -> None:
    """So many at once finish no sooner than their summed latencies over the slots, nor than the longest one."""
    server = stand(Conditions(latency_ms=80))
    server.ask_all([("/binance/fapi/v1/time", {"n": n}) for n in range(300)])
    taken = [Latency(80).seconds(f"/binance/fapi/v1/time?n={n}", 1) for n in range(300)]
    for concurrency, expected in ((1, sum(taken)), (300, max(taken))):
        found = bound(server.app.state.stage.usage, concurrency)
        assert found["bound_s"] == pytest.approx(expected, abs=1e-3)


def test_bound_of_the_chain_adds_the_stages(stand: Maker) -> None:
    """Listing, bars and details follow each other: the longest of each are summed."""
    server = stand(Conditions(latency_ms=80))
    stages: tuple[tuple[str, dict[str, Any]], ...] = (
        ("/fapi/v1/premiumIndex", {}),
        ("/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "1h", "limit": 1}),
        ("/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "15m", "limit": 1}),
    )
    for path, params in stages:
        server.ask(f"/binance{path}", **params)
    found = server.told("bound")
    assert found["venues"]["binance"]["chain_s"] == pytest.approx(server.time.now_s, abs=1e-3)
    assert found["elapsed_s"] == pytest.approx(server.time.now_s, abs=2e-3)


def test_bound_needs_a_number_of_slots(stand: Maker) -> None:
    """A concurrency that is none is refused in one sentence."""
    for written in ("0", "many", "nan"):
        assert "error" in stand().ask("/simulator/bound", concurrency=written).json()


def test_prepared_answers_are_the_same(stand: Maker) -> None:
    """What is made beforehand is what is made when it is asked for, at a move as well, and is no request."""
    prepared, plain = stand(), stand()
    prepared.app.state.stage.prepare_hours()
    for server in (prepared, plain):
        server.ask("/simulator/hour", "POST", at="2026-11-01T11:00Z")
    assert binance(prepared)["requests"] == 0
    for path in ("/binance/fapi/v1/ticker/bookTicker", "/kucoin/api/v1/contracts/active"):
        assert prepared.ask(path).content == plain.ask(path).content
