"""Made histories for the escalation: evaluated hours of a given worth, and series whose worth never changes."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple

from quantscout.escalation_drift import fall_from_best, page_hinkley
from quantscout.escalation_models import DAY_H, History, Thresholds
from quantscout.evaluation_models import EvaluatedHour, Group, Pick
from quantscout.factors import NAMES
from quantscout.frames import HOUR_MS
from quantscout.models import Report

N_MS = 1_772_366_400_000  # 2026-03-01T12:00Z
TABLE = "quantscout-State-1ABC"
NEWEST_MS = N_MS - 24 * HOUR_MS
LIMITS = Thresholds()
FLAT = [0, 5, 10, 20, 40, 40, 20, 10, 5, 0, 2]
"""A factor's norms in an hour of 152 scored contracts, two of them missing."""


def hour_of(ago_h: int, hits: int = 2, net: float = 0.0, **changes: Any) -> EvaluatedHour:
    """Return the hour so many before the newest evaluated one: so many of five picks hit, each with this return."""
    picks = [
        Pick(
            rank=k,
            venue="binance",
            contract=f"C{k}USDT",
            symbol=f"C{k}-USDT-PERP",
            coin=f"C{k}",
            score=60.0 + (ago_h + k) % 7,
            outcome="complete",
            hit10=k <= hits,
            return_24h_ratio=net + 0.003,
            net_return_24h_ratio=net,
            move_z=1.0,
        )
        for k in range(1, 6)
    ]
    values: dict[str, Any] = {
        "hour_ms": NEWEST_MS - ago_h * HOUR_MS,
        "evaluated_ms": N_MS - ago_h * HOUR_MS,
        "settled": True,
        "status": "ok",
        "population": Group(rows=100, complete=100, hits=18),
        "picks": picks,
        "norms": dict.fromkeys(NAMES, FLAT),
    }
    return EvaluatedHour(**values | changes)


def history_of(
    hours: Sequence[EvaluatedHour], reports: Sequence[Report] = (), told_ms: dict[str, int] | None = None
) -> History:
    """Return hours, in any order, as the history at N."""
    return History(N_MS, sorted(hours, key=lambda hour: hour.hour_ms), reports, told_ms or {}, TABLE)


def hit_shares(random: Random, hours: int, chance: float) -> list[float]:
    """Return the hit shares of five coins that stay in the list: a hit is an event in any of the next 24 hours.

    Each hour shares 23 of its 24 hours with the one after it, as real outcomes do; the chance of a hit is constant.
    """
    each = 1 - (1 - chance) ** (1 / 24)
    shares = [0.0] * hours
    for _ in range(5):
        next_event = hours + 10_000
        for at in range(hours + 23, -1, -1):
            next_event = at if random.random() < each else next_event
            if at < hours:
                shares[at] += (next_event - at < 24) / 5
    return shares


def net_returns(random: Random, hours: int, mean: float = -0.003, spread: float = 0.09) -> list[float]:
    """Return five coins' mean 24h returns: hourly steps with fat tails, half of the variance shared by all five."""

    def steps() -> list[float]:
        made = (
            random.gauss(0, 1) / (random.gammavariate(2.5, 0.4) ** 0.5) for _ in range(hours + 24)
        )  # Student's t, 5
        return [step * (3 / 5) ** 0.5 * spread / 24**0.5 for step in made]

    market, own = steps(), [steps() for _ in range(5)]
    both = [0.5**0.5 * step + 0.5**0.5 * sum(coin[at] for coin in own) / 5 for at, step in enumerate(market)]
    return [mean + sum(both[at : at + 24]) for at in range(hours)]


class Watch(NamedTuple):
    """How a kind looks at a series: what an hour counts, the statistic of a window, its threshold, the hours needed."""

    counted: Callable[[float], float]
    statistic: Callable[[Sequence[float]], float]
    threshold: float
    least_h: int


WATCHES = {
    "precision": Watch(
        lambda share: -share,
        lambda window: page_hinkley(window, LIMITS.precision_delta),
        LIMITS.precision_sum,
        LIMITS.least_h,
    ),
    "drawdown": Watch(
        lambda value: -max(-LIMITS.return_cap_ratio, min(LIMITS.return_cap_ratio, value)) / DAY_H,
        lambda window: page_hinkley(window, LIMITS.drawdown_delta),
        LIMITS.drawdown_sum,
        LIMITS.least_h,
    ),
    "loss": Watch(lambda value: value / DAY_H, fall_from_best, LIMITS.loss_ratio, 1),
}


def told_at(series: Sequence[float], kind: str, since: int | None = None) -> list[int]:
    """Return the hours, counted from the series' first, at which a person is told; with `since` up to the first then.

    As the function does: every hour, the outcome of each hour a day later, over the last `history_h`, only what came
    after the last message, and nothing within `cooldown_h`.
    """
    watch, told = WATCHES[kind], [-LIMITS.cooldown_h]
    counted = [watch.counted(value) for value in series]
    for now in range(DAY_H, len(series) + DAY_H):
        if now < told[-1] + LIMITS.cooldown_h:
            continue
        newest = now - DAY_H
        window = counted[max(told[-1] + 1, newest - LIMITS.history_h + 1, 0) : newest + 1]
        if len(window) >= watch.least_h and watch.statistic(window) > watch.threshold:
            told.append(now)
            if since is not None and now >= since:
                break
    return told[1:]


def delay_of(before: Sequence[float], after: Sequence[float], kind: str) -> int | None:
    """Return how many hours after the change a person is told, the day until an outcome is known among them."""
    change = len(before)
    known = change + DAY_H
    return next((at - change for at in told_at([*before, *after], kind, known) if at >= known), None)
