"""Virtual time: waiting is free, work in threads is waited for, and 500 hours pass in moments."""

import asyncio
import time
from collections.abc import Callable

import httpx
import pytest

from quantscout_local.simulator import DEFAULT_HOUR_MS, create_app
from quantscout_local.simulator.clock import SimulatorClock
from quantscout_local.simulator.in_process import InProcessTransport
from quantscout_local.simulator.market import Market
from quantscout_local.simulator.virtual import VirtualTime
from simulator.stand import Stand

Maker = Callable[..., Stand]
HOUR_S = 3600


def test_a_day_of_sleep_costs_nothing() -> None:
    """Sleeping moves the virtual time alone, exactly."""
    virtual, before = VirtualTime(), time.monotonic()
    with asyncio.Runner(loop_factory=virtual.new_loop) as runner:
        runner.run(asyncio.sleep(24 * HOUR_S))
    assert virtual.now_s == 24 * HOUR_S
    assert time.monotonic() - before < 5


def test_sleepers_wake_in_the_order_of_their_time() -> None:
    """Timers of several tasks end in order, each at its own moment."""
    virtual = VirtualTime(100.0)
    woken: list[tuple[str, float]] = []

    async def sleep(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        woken.append((name, virtual.seconds()))

    async def all_of_them() -> None:
        await asyncio.gather(sleep("late", 3), sleep("early", 1), sleep("middle", 2))

    with asyncio.Runner(loop_factory=virtual.new_loop) as runner:
        runner.run(all_of_them())
    assert woken == [("early", 101.0), ("middle", 102.0), ("late", 103.0)]


def test_no_time_is_skipped_while_a_thread_works() -> None:
    """A timeout does not strike work in a thread that takes real time."""
    virtual = VirtualTime()

    async def work() -> str:
        async with asyncio.timeout(1):
            await asyncio.to_thread(time.sleep, 0.05)
        return "done"

    with asyncio.Runner(loop_factory=virtual.new_loop) as runner:
        assert runner.run(work()) == "done"
    assert virtual.now_s == 0


def test_time_goes_on_over_several_loops() -> None:
    """A second loop begins where the first one ended."""
    virtual = VirtualTime()
    for _ in range(2):
        with asyncio.Runner(loop_factory=virtual.new_loop) as runner:
            runner.run(asyncio.sleep(10))
    assert virtual.now_s == 20


def test_hours_pass_one_after_the_other(embedded: Market) -> None:
    """Many hours are played in one process: each one's clock starts after its hour."""
    virtual = VirtualTime()
    clock = SimulatorClock(DEFAULT_HOUR_MS, after_ms=5_000, source_ms=virtual.now_ms)
    app = create_app(embedded, DEFAULT_HOUR_MS, clock=clock)

    async def play() -> list[int]:
        seen = []
        async with httpx.AsyncClient(transport=InProcessTransport(app), base_url="http://simulator") as client:
            for hour in range(50):
                app.state.stage.move(DEFAULT_HOUR_MS + hour * HOUR_S * 1000)
                await asyncio.sleep(60)
                seen.append((await client.get("/binance/fapi/v1/time")).json()["serverTime"])
        return seen

    with asyncio.Runner(loop_factory=virtual.new_loop) as runner:
        found = runner.run(play())
    assert found == [DEFAULT_HOUR_MS + hour * HOUR_S * 1000 + 65_000 for hour in range(50)]


def test_the_clock_is_set_and_told(stand: Maker) -> None:
    """The distance to the machine's clock can be set; without a number it is refused."""
    server = stand()
    assert server.ask("/simulator/clock", "POST", offset_s=12.5).json() == {"clock_offset_s": 12.5, "now_ms": 12_500}
    assert server.ask("/simulator/clock", "POST").status_code == 400


def test_an_hour_can_begin_earlier_than_usual(stand: Maker) -> None:
    """With after_s the clock stands shortly after the hour, while bars are still to come."""
    server = stand()
    server.ask("/simulator/hour", "POST", at="2026-11-01T13:00Z", after_s=5)
    assert server.ask("/binance/fapi/v1/time").json()["serverTime"] == DEFAULT_HOUR_MS + HOUR_S * 1000 + 5_000


def test_an_application_that_fails_is_not_hidden() -> None:
    """Errors other than cut connections and timeouts are the caller's to see."""

    async def broken(scope: object, receive: object, send: object) -> None:
        raise RuntimeError("a mistake in the simulator")

    async def ask() -> None:
        async with httpx.AsyncClient(transport=InProcessTransport(broken), base_url="http://simulator") as client:
            await client.get("/")

    with pytest.raises(RuntimeError, match="a mistake"):
        asyncio.run(ask())
