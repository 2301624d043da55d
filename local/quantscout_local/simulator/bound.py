"""The least time in which the requests that were served can be asked, by the limits and by their latencies."""

from typing import Any

from quantscout_local.simulator.ledger import Latencies, Record
from quantscout_local.simulator.pools import Meter
from quantscout_local.simulator.usage import Usage


def bound(usage: Usage, concurrency: int) -> dict[str, Any]:
    """Return, per venue and over all, a time in seconds that no client with so many requests at once can beat.

    Each part of it holds by itself, so the largest counts; `docs/simulator.md` says what each part is.
    """
    venues = {
        venue: _of_venue(record, usage.limits.meters[venue], concurrency)
        for venue, record in usage.records.items()
        if record.first_ms is not None
    }
    return {
        "concurrency": concurrency,
        "bound_s": max((found["bound_s"] for found in venues.values()), default=0.0),
        "elapsed_s": _elapsed_s(list(usage.records.values())),
        "venues": venues,
    }


def _of_venue(record: Record, meters: dict[str, Meter], concurrency: int) -> dict[str, Any]:
    stages = list(record.stages.values())
    parts = {
        "limits_s": max(_limits_s(meter, record, name) for name, meter in meters.items()),
        "latency_s": _latency_s(_together(stages), concurrency),
        "chain_s": sum(_latency_s(stage, concurrency) for stage in stages),
    }
    rounded = {name: round(value, 4) for name, value in parts.items()}
    return {"bound_s": max(rounded.values()), **rounded, "requests": sum(stage.count for stage in stages)}


def _limits_s(meter: Meter, record: Record, name: str) -> float:
    """Return how long after the first request the window opens that the last weight needs."""
    weight, pool = sum(window.weight for window in meter.windows), meter.pool
    # Of a sliding window nobody knows here when the weight before goes: without it the bound is lower, and holds.
    before = 0 if pool.start == "sliding" else record.used_before.get(name, 0)
    beyond = weight - (pool.limit - before)
    if beyond <= 0 or record.first_ms is None:
        return 0.0
    start_ms = meter.windows[0].start_ms
    return (start_ms + -(-beyond // pool.limit) * pool.window_ms - record.first_ms) / 1000


def _latency_s(stage: Latencies, concurrency: int) -> float:
    """Return the time for answers that wait this long in sum, so many at once: never less than the longest."""
    return max(stage.longest_s, stage.sum_s / concurrency)


def _together(stages: list[Latencies]) -> Latencies:
    return Latencies(
        sum(stage.count for stage in stages),
        sum(stage.sum_s for stage in stages),
        max(stage.longest_s for stage in stages),
    )


def _elapsed_s(records: list[Record]) -> float:
    """Return the time from the first request of all to the last answer."""
    firsts = [record.first_ms for record in records if record.first_ms is not None]
    lasts = [record.done_ms for record in records if record.done_ms is not None]
    return (max(lasts) - min(firsts)) / 1000 if firsts and lasts else 0.0
