"""Funding: the interval in force, settlements where none are recorded, and the live rate."""

import numpy as np

from quantscout.frames import HOUR_MS
from quantscout_local.simulator.derive.interest import day_return
from quantscout_local.simulator.market import Contract
from quantscout_local.simulator.seeds import Floats, Ints, key_of, normal
from quantscout_local.simulator.series import Bars, Points

_VENUE_INTERVALS_H = (1, 2, 4, 8)


def rates(stream: str, bars: Bars, at_ms: Ints, interval_h: int) -> Floats:
    """Return a rate per interval for settlements at these moments: it leans with the day's return."""
    noise = normal(key_of("funding", stream), at_ms // HOUR_MS)
    calm = 0.00008 + 0.0008 * np.clip(day_return(bars, at_ms), -1.0, 1.0) + 0.00007 * noise
    return np.asarray(np.round(np.clip(calm, -0.02, 0.02) * interval_h / 8, 8))


def settlements(stream: str, bars: Bars, interval_h: int, until_ms: int) -> Points:
    """Return all settlements after the first bar up to a moment."""
    step = interval_h * HOUR_MS
    first = int(bars.open_ms[0]) // step * step + step
    at = np.arange(first, until_ms + 1, step, dtype=np.int64)
    return Points(at, rates(stream, bars, at, interval_h))


def settled(contract: Contract, hour_ms: int) -> Points:
    """Return the recorded settlements that are stamped at or before an hour; one stamped some ms late comes later."""
    if contract.funding is None:
        return Points(np.zeros(0, np.int64), np.zeros(0))
    stop = int(np.searchsorted(contract.funding.at_ms, hour_ms, "right"))
    return Points(contract.funding.at_ms[:stop], contract.funding.value[:stop])


def interval_h(contract: Contract, hour_ms: int) -> int:
    """Return the interval in force: the distance of the last two settlements, else the contract's own."""
    at = settled(contract, hour_ms).at_ms
    if len(at) < 2:
        return contract.funding_h
    hours = round(int(at[-1] - at[-2]) / HOUR_MS)
    return hours if hours in _VENUE_INTERVALS_H else contract.funding_h


def live_rate(contract: Contract, hour_ms: int) -> float | None:
    """Return the last settlement at or before the hour, None where none is recorded."""
    value = settled(contract, hour_ms).value
    return float(value[-1]) if len(value) else None


def made_rate(contract: Contract, hour_ms: int) -> float:
    """Return a rate for a contract without any recorded settlement."""
    step = contract.funding_h * HOUR_MS
    at = np.array([hour_ms // step * step])
    return float(rates(contract.symbol, contract.bars, at, contract.funding_h)[0])


def rates_at(contract: Contract, at_ms: Ints) -> Floats:
    """Return the rate in force at moments: the last settlement, or a made one before the first."""
    made = rates(contract.symbol, contract.bars, at_ms, contract.funding_h)
    points = contract.funding
    if points is None or not len(points.at_ms):
        return made
    index = np.searchsorted(points.at_ms, at_ms, "right") - 1
    return np.asarray(np.where(index >= 0, points.value[np.maximum(index, 0)], made))
