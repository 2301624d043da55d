"""Hours drawn again in blocks: where every interval of the evidence comes from (docs/statistics.md).

The stationary bootstrap (Politis and Romano 1994) draws whole hours, with all that happened in them, in blocks of
random length. A statistic made of sums over hours then needs the hours' sums alone: one matrix product gives it for
all samples. Row 0 of everything drawn is the data as seen.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quantscout.errors import InputError

Array = NDArray[np.float64]

BLOCKS_H = 24
SAMPLES = 2000
CONFIDENCE_PCT = 95.0
LEAST_FINITE = 0.99
"""Where a statistic is undefined (0 / 0) in more than 1 % of the samples, there is no honest interval."""
CHUNK = 128
"""Samples at a time: bounds the memory, whatever the number of hours."""
LONGEST_H = 65_535
"""Seven years, and the most that a weight of 16 bits counts."""


class Estimate(NamedTuple):
    """A figure with its 95 % interval; None where it is undefined."""

    value: float | None
    low: float | None
    high: float | None


class Resamples(NamedTuple):
    """Which hours each sample holds, in order (`places`), and how often (`weights`); both (1 + samples) x hours."""

    places: NDArray[np.int32]
    weights: NDArray[np.uint16]

    @property
    def hours(self) -> int:
        """Return the number of hours of a sample."""
        return int(self.places.shape[1])

    def chunks(self) -> Iterator[slice]:
        """Yield the samples in slices that fit into memory."""
        for start in range(0, self.places.shape[0], CHUNK):
            yield slice(start, start + CHUNK)

    def total(self, sums: Array) -> Array:
        """Return the totals, (1 + samples) x columns, of sums per hour, hours x columns."""
        return np.concatenate([self.weights[part].astype(np.float64) @ sums for part in self.chunks()])


def draw_hours(hours: int, seed: int, blocks_h: int = BLOCKS_H, samples: int = SAMPLES) -> Resamples:
    """Draw `samples` times as many hours as there are, in blocks of `blocks_h` on average, the end joined to the start.

    Raises InputError for a number that cannot be drawn with.
    """
    _refuse(hours, blocks_h, samples)
    # The import takes seconds, and the command line's help must not wait for it.
    from arch.bootstrap import StationaryBootstrap  # noqa: PLC0415

    places = np.empty((1 + samples, hours), np.int32)
    places[0] = np.arange(hours)
    drawn = StationaryBootstrap(blocks_h, np.arange(hours), seed=seed).bootstrap(samples)
    for row, (data, _) in enumerate(drawn, start=1):
        places[row] = data[0]
    weights = np.empty(places.shape, np.uint16)
    for row, drawn_hours in enumerate(places):
        weights[row] = np.bincount(drawn_hours, minlength=hours)
    return Resamples(places, weights)


def _refuse(hours: int, blocks_h: int, samples: int) -> None:
    if not 2 <= hours <= LONGEST_H:
        raise InputError(f"{hours} hours cannot be resampled: give a range of 2 to {LONGEST_H:,} hours")
    if not 1 <= blocks_h <= hours:
        raise InputError(f"blocks of {blocks_h} h do not fit into {hours} hours: give a longer range or shorter blocks")
    if samples < 100:
        raise InputError(f"{samples} samples make no 95 % interval: ask for at least 100")


def divide(top: Array, bottom: Array) -> Array:
    """Return top / bottom, NaN where the bottom is 0."""
    return np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom != 0)


def build_estimate(draws: Array) -> Estimate:
    """Return the statistic as seen (draws[0]) with the percentile interval of its draws."""
    seen, rest = draws[0], draws[1:]
    if not np.isfinite(seen):
        return Estimate(None, None, None)
    finite = rest[np.isfinite(rest)]
    if finite.size < LEAST_FINITE * rest.size:
        return Estimate(float(seen), None, None)
    tail = (100 - CONFIDENCE_PCT) / 2
    low, high = np.percentile(finite, [tail, 100 - tail])
    return Estimate(float(seen), float(low), float(high))
