"""The conditions under which the venues answer: how strict, how slow, how faulty."""

import asyncio
from dataclasses import dataclass

from quantscout_local.simulator.faults.plan import NO_FAULTS, Plan
from quantscout_local.simulator.latency import Sleep


@dataclass(frozen=True)
class Conditions:
    """What stands between a client and the honest market; `sleep` is replaced where time is virtual."""

    limits: bool = False
    latency_ms: float = 0.0  # the median
    faults: Plan = NO_FAULTS
    sleep: Sleep = asyncio.sleep


CALM = Conditions()
"""No limits, no latency, no faults."""
