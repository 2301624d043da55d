"""A server of the embedded market in virtual time, and the clients that ask it."""

import asyncio
from typing import Any

import httpx

from quantscout_local.simulator import DEFAULT_HOUR_MS, create_app
from quantscout_local.simulator.clock import SimulatorClock
from quantscout_local.simulator.conditions import CALM, Conditions
from quantscout_local.simulator.in_process import InProcessTransport
from quantscout_local.simulator.market import Market
from quantscout_local.simulator.virtual import VirtualTime

KEY = {"api_key": "any"}


class Stand:
    """A server in virtual time, and the clients that ask it: waiting costs nothing."""

    def __init__(self, market: Market, conditions: Conditions = CALM, after_s: float = 95.0) -> None:
        """Play the default hour."""
        self.time = VirtualTime()
        clock = SimulatorClock(DEFAULT_HOUR_MS, after_ms=round(after_s * 1000), source_ms=self.time.now_ms)
        self.app = create_app(market, DEFAULT_HOUR_MS, conditions=conditions, clock=clock)

    def ask(self, path: str, method: str = "GET", **params: Any) -> httpx.Response:
        """Send one request."""
        return self.ask_all([(path, params)], method)[0]

    def post(self, path: str, value: Any) -> httpx.Response:
        """Send a value as JSON."""
        return self._send([("POST", path, {"json": value})])[0]

    def ask_all(self, requests: list[tuple[str, dict[str, Any]]], method: str = "GET") -> list[httpx.Response]:
        """Send requests all at once."""
        return self._send([(method, path, {"params": asked}) for path, asked in requests])

    def _send(self, requests: list[tuple[str, str, dict[str, Any]]]) -> list[httpx.Response]:
        async def send() -> list[httpx.Response]:
            transport = InProcessTransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://simulator", headers=KEY) as client:
                return await asyncio.gather(*(client.request(how, path, **more) for how, path, more in requests))

        with asyncio.Runner(loop_factory=self.time.new_loop) as runner:
            return runner.run(send())

    def told(self, path: str) -> Any:
        """Return one of the simulator's own answers."""
        return self.ask(f"/simulator/{path}").json()
