"""Latency: its distribution, that it repeats, and that it costs no time where time is virtual."""

from collections.abc import Callable

import numpy as np
import pytest

from quantscout_local.simulator.conditions import Conditions
from quantscout_local.simulator.latency import Latency
from simulator.stand import Stand

Maker = Callable[..., Stand]
TIME = "/binance/fapi/v1/time"


def test_latency_has_a_median_and_a_long_tail() -> None:
    """Half of the answers take 80 ms, one in a hundred 400 ms."""
    taken = [Latency(80).seconds(f"/path?n={n}", 1) for n in range(20_000)]
    assert np.median(taken) == pytest.approx(0.080, rel=0.03)
    assert np.quantile(taken, 0.99) == pytest.approx(0.400, rel=0.08)


def test_latency_is_drawn_by_request_and_attempt() -> None:
    """The same attempt takes the same time, another one another."""
    latency = Latency(80)
    assert latency.seconds("/path?a=1", 1) == latency.seconds("/path?a=1", 1)
    assert latency.seconds("/path?a=1", 1) != latency.seconds("/path?a=1", 2)


def test_no_latency_by_default() -> None:
    """Zero switches it off."""
    assert Latency().seconds("/path", 1) == 0


def test_answers_wait_beside_each_other(stand: Maker) -> None:
    """A thousand requests at once take as long as the slowest of them, and runs repeat."""
    servers = [stand(Conditions(latency_ms=80)) for _ in range(2)]
    for server in servers:
        server.ask_all([(TIME, {"n": n}) for n in range(1000)])
    expected = max(Latency(80).seconds(f"{TIME}?n={n}", 1) for n in range(1000))
    assert servers[0].time.now_s == pytest.approx(expected)
    assert servers[0].time.now_s == servers[1].time.now_s


def test_a_request_counts_when_half_of_its_time_is_over(stand: Maker) -> None:
    """The venue's clock is read in the middle of the way."""
    server = stand(Conditions(latency_ms=80))
    start_ms = server.told("usage")["now_ms"]
    asked_ms = server.ask(TIME).json()["serverTime"]
    assert asked_ms - start_ms == pytest.approx(server.time.now_s * 500, abs=1)
