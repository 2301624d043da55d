"""A place from which the doctor asks the simulator, healthy or with faults, without sockets."""

from collections.abc import Callable
from functools import cache

import httpx

from quantscout.environment import parse_environment
from quantscout.secrets import SourceKeys
from quantscout_local.doctor import Place
from quantscout_local.simulator import DEFAULT_HOUR_MS, create_app, make_market
from quantscout_local.simulator.clock import SimulatorClock
from quantscout_local.simulator.conditions import Conditions
from quantscout_local.simulator.faults.plan import Plan, Rule
from quantscout_local.simulator.in_process import InProcessTransport
from quantscout_local.simulator.market import Market

KEY = "a-key-that-nobody-may-see"
PREFIXES = {
    "BINANCE_URL": "/binance",
    "KUCOIN_URL": "/kucoin",
    "KUCOIN_UNIFIED_URL": "/kucoin-unified/api/ua/v1",
    "COINALYZE_URL": "/coinalyze/v1",
    "COINGECKO_URL": "/coingecko/api/v3",
}
ADDRESSES = {name: f"http://simulator{path}" for name, path in PREFIXES.items()}
ENVIRONMENT = parse_environment({"TABLE_NAME": "not-asked", **ADDRESSES})
KEYS = SourceKeys.model_validate({"coinalyze_api_key": KEY, "coingecko_api_key": KEY})
Change = Callable[[httpx.Request], httpx.Response | None]


class Counting(httpx.AsyncBaseTransport):
    """The simulator; what `change` returns or raises stands in for its answer. Keeps the paths that were asked."""

    def __init__(self, inner: httpx.AsyncBaseTransport, change: Change = lambda _: None) -> None:
        """Ask `inner`."""
        self.inner, self.change = inner, change
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer."""
        self.asked.append(request.url.path)
        return self.change(request) or await self.inner.handle_async_request(request)


@cache
def market() -> Market:
    """Return the embedded market."""
    return make_market()


def place_of(*rules: Rule, change: Change = lambda _: None, keys: SourceKeys = KEYS) -> tuple[Place, Counting]:
    """Return a place from which the simulator is asked, under rules of faults and changed answers."""
    clock = SimulatorClock(DEFAULT_HOUR_MS)
    conditions = Conditions(limits=True, faults=Plan(rules=rules))
    wire = Counting(
        InProcessTransport(create_app(market(), DEFAULT_HOUR_MS, conditions=conditions, clock=clock)), change
    )
    return Place(ENVIRONMENT, keys, wire, lambda: clock.now_ms() / 1000), wire
