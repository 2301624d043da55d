"""Round numbers for an axis."""

from collections.abc import Sequence
from math import ceil, floor, log10

NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
FLAT = 1e-9
"""Values closer to each other than this are one."""


def build_ticks(values: Sequence[float], about: int = 5) -> tuple[float, ...]:
    """Return evenly spaced round numbers, `about` as many, from at or below the least value to at or above the most."""
    low, high = min(values), max(values)
    if high - low < FLAT:
        low, high = low - 0.5, high + 0.5
    raw = (high - low) / about
    power = 10.0 ** floor(log10(raw))
    step = next(nice for nice in NICE if nice * power >= raw * (1 - 1e-9)) * power
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return tuple(round(place * step, 12) for place in range(first, last + 1))
