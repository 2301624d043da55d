"""The statistics behind an escalation, over plain numbers: Page-Hinkley, fall from the best, PSI, robust z. Pure."""

import math
from collections.abc import Sequence
from statistics import median

NORMAL_MAD = 1.4826
SMOOTHING = 0.5
"""Added to every count, so that an empty bin has a logarithm."""


def page_hinkley(values: Sequence[float], delta: float) -> float:
    """Return the Page-Hinkley statistic of a rise in the mean at the end of a series; a fall is a rise of negatives.

    The largest sum, up to the end, by which values exceed their running mean by more than `delta` each (Page 1954,
    Hinkley 1971; as in Gama et al., "A Survey on Concept Drift Adaptation", 2014). An alarm is a statistic above a
    threshold.
    """
    mean = total = least = 0.0
    for count, value in enumerate(values, start=1):
        mean += (value - mean) / count
        total += value - mean - delta
        least = min(least, total)
    return total - least


def fall_from_best(gains: Sequence[float]) -> float:
    """Return how far the sum of gains lies, at the end, below the best that it has been; it begins at 0."""
    total = best = 0.0
    for gain in gains:
        total += gain
        best = max(best, total)
    return best - total


def psi(now: Sequence[int], before: Sequence[int]) -> float:
    """Return the population stability index of two histograms over the same bins.

    The sum of (p - q) ln(p / q) over the bins' shares; by the usual rule (Siddiqi, "Credit Risk Scorecards", 2006) one
    below 0.10 is stable, above 0.25 a shift.
    """
    pairs = zip(_shares(now), _shares(before), strict=True)
    return sum((p - q) * math.log(p / q) for p, q in pairs)


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts) + SMOOTHING * len(counts)
    return [(count + SMOOTHING) / total for count in counts]


def robust_z(value: float, usual: Sequence[float], least_spread: float) -> float:
    """Return by how many robust deviations (1.4826 MAD, at least `least_spread`) a value exceeds the median."""
    middle = median(usual)
    spread = NORMAL_MAD * median(abs(one - middle) for one in usual)
    return (value - middle) / max(spread, least_spread)
