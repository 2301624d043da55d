"""The simulator's own endpoints: which hour is meant, what is played and asked, and which faults are on."""

import math
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, get_args

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from quantscout.errors import InputError
from quantscout_local.simulator.bound import bound
from quantscout_local.simulator.faults.plan import read_plan
from quantscout_local.simulator.hours import hour_of
from quantscout_local.simulator.market import Simulated
from quantscout_local.simulator.stage import Stage
from quantscout_local.simulator.view import View, iso

_CONCURRENCY = 100
Control = Callable[[Stage, Request], Awaitable[Any]]


def facts(view: View) -> dict[str, Any]:
    """Return what the market is, how many contracts it lists at the hour, and what it may simulate."""
    market = view.market
    contracts = Counter(f"{c.contract_type} {c.underlying_type} {c.quote}" for c in view.binance.values())
    names: list[str] = [] if market.real_only else [name for name in get_args(Simulated) if name != "synthetic_market"]
    return {
        "market": market.name,
        "source": market.source,
        "hour": iso(view.hour_ms),
        "real_only": market.real_only,
        "covers": [iso(int(market.hours_ms[0])), iso(int(market.hours_ms[-1]))],
        "binance": {"listed": len(view.binance), "by_kind": dict(contracts)},
        "kucoin": {"listed": len(view.kucoin)},
        "simulated": ["synthetic_market"] if market.synthetic else names,
    }


def control_routes(stage: Stage) -> list[Route]:
    """Return the routes below /simulator."""
    table: list[tuple[str, str, Control]] = [
        ("/hour", "POST", _move),
        ("/clock", "POST", _set_clock),
        ("/facts", "GET", _facts),
        ("/usage", "GET", _usage),
        ("/usage/reset", "POST", _reset_usage),
        ("/bound", "GET", _bound),
        ("/faults", "POST", _set_faults),
        ("/faults/log", "GET", _fault_log),
    ]
    return [Route(f"/simulator{path}", _endpoint(stage, read), methods=[method]) for path, method, read in table]


def _endpoint(stage: Stage, control: Control) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        try:
            value, status = await control(stage, request), 200
        except InputError as error:
            value, status = {"error": str(error)}, 400
        return Response(orjson.dumps(value), status, media_type="application/json")

    return serve


async def _move(stage: Stage, request: Request) -> Any:
    after_s = _number(request, "after_s")
    stage.move(hour_of(request.query_params.get("at", "")), None if after_s is None else round(after_s * 1000))
    return {"clock_offset_s": stage.clock.offset_s}


async def _set_clock(stage: Stage, request: Request) -> Any:
    found = _number(request, "offset_s")
    if found is None:
        raise InputError("the clock needs offset_s: its time minus the machine's, in seconds")
    stage.clock.offset_ms = round(found * 1000)
    return {"clock_offset_s": stage.clock.offset_s, "now_ms": stage.clock.now_ms()}


async def _facts(stage: Stage, request: Request) -> Any:
    del request
    conditions = {
        "limits": stage.limits.enforced,
        "latency_ms": stage.latency.median_ms,
        "faults": len(stage.faults.plan.rules),
    }
    return facts(stage.view) | {"answered": stage.answered, "conditions": conditions}


async def _usage(stage: Stage, request: Request) -> Any:
    del request
    return stage.usage.told()


async def _reset_usage(stage: Stage, request: Request) -> Any:
    stage.usage.reset(forget="forget" in request.query_params)
    return stage.usage.told()


async def _bound(stage: Stage, request: Request) -> Any:
    concurrency = _number(request, "concurrency")
    if concurrency is not None and concurrency < 1:
        raise InputError("concurrency is the number of requests at once: at least 1")
    return bound(stage.usage, int(concurrency or _CONCURRENCY))


async def _set_faults(stage: Stage, request: Request) -> Any:
    plan = read_plan(await request.body(), "the body")
    stage.faults.follow(plan)
    return {"rules": len(plan.rules)}


async def _fault_log(stage: Stage, request: Request) -> Any:
    del request
    return stage.faults.log.told()


def _number(request: Request, name: str) -> float | None:
    written = request.query_params.get(name)
    if written is None:
        return None
    try:
        found = float(written)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise InputError(f"{name}={written!r} is not a number")
    return found
