"""The plan of faults of a soak: what strikes always, what strikes once a day, and what comes now and then."""

from collections.abc import Iterator
from typing import Any

from quantscout.frames import DAY_MS, HOUR_MS
from quantscout_local.simulator.faults.plan import Plan, Rule
from quantscout_local.simulator.seeds import draw

ALWAYS: tuple[dict[str, Any], ...] = (
    {"kind": "server_error", "share": 0.02},
    {"kind": "overloaded", "venue": "kucoin", "share": 0.155},
    {"kind": "rate_limited", "venue": "kucoin", "share": 0.03, "seconds": 3},
    {"kind": "timeout", "share": 0.01, "seconds": 30},
    {"kind": "reset", "share": 0.002},
    {"kind": "html", "share": 0.003},
    {"kind": "truncated", "share": 0.003},
    {"kind": "wrong_types", "share": 0.003},
    {"kind": "empty", "share": 0.001},
    {"kind": "duplicated_rows", "share": 0.01},
    {"kind": "unordered_rows", "share": 0.01},
    {"kind": "negative_prices", "share": 0.01},
    {"kind": "late_bar", "share": 0.05},
    {"kind": "missing_bar", "share": 0.01},
)
"""By request; the last two by contract and hour. KuCoin: 18 % of 429, with and without its limiter's headers."""
VENUES = ("binance", "kucoin", "coinalyze", "coingecko")
OUTAGES = ("server_error", "timeout", "reset")
BLOCKS = ("blocked_region", "refused")
BAN_S = (120, 5_400)
"""The longer one reaches into the next hour's run."""


def build_plan(seed: str, first_ms: int, hours: int) -> Plan:
    """Return the plan for so many hours from the first on; rules that replace the whole answer come first."""
    days = range(-(-hours // 24))
    daily = [rule for day in days for rule in _of_day(seed, day, first_ms + day * DAY_MS)]
    return Plan(seed=seed, rules=(*daily, *(Rule(**rule) for rule in ALWAYS)))


def _of_day(seed: str, day: int, start_ms: int) -> Iterator[Rule]:
    """Return the day's outage, ban, and by turns a block and misaligned open interest, in hours of their own."""
    turn = int(draw(seed, "day", str(day)) * 24)
    outage, ban, block, interest = ((start_ms + (turn + apart) % 24 * HOUR_MS,) * 2 for apart in (0, 5, 11, 17))
    yield Rule(kind=OUTAGES[day % 3], venue=VENUES[:2][day % 2], hours=outage)
    yield Rule(kind=OUTAGES[(day + 1) % 3], venue=VENUES[2:][day % 2], hours=outage)
    yield Rule(
        kind="banned",
        venue="binance",
        endpoint="/fapi/v1/klines",
        share=0.2,
        count=1,
        seconds=BAN_S[day % 2],
        hours=ban,
    )
    if day % 3 == 1:
        yield Rule(kind=BLOCKS[day // 3 % 2], venue=VENUES[day // 3 % 4], hours=block)
    if day % 3 != 1:
        yield Rule(kind="misaligned_interest", share=0.3, hours=interest)
