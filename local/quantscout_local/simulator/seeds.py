"""Numbers that look random and are the same on every machine.

Only integer hashing and the exactly rounded operations (+ - * / sqrt, comparison) are used: the vector instructions
behind exp, log and the random generators of numpy differ by processor in the last bit.
"""

from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_STEP = 0x9E3779B97F4A7C15
_MASK = 0xFFFFFFFFFFFFFFFF
_LN2 = 0.6931471805599453
_NORMAL_SD = 0.5773502691896258  # of the sum of four uniforms


@lru_cache(maxsize=65536)
def key_of(*names: str) -> int:
    """Return the 64-bit key of a stream, made from its names."""
    return int.from_bytes(blake2b("/".join(names).encode(), digest_size=8).digest(), "big")


def _mix(x: int) -> int:
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


def draw(*names: str) -> float:
    """Return the uniform number in (0, 1) that belongs to these names."""
    return ((_mix(key_of(*names)) >> 11) + 0.5) * 2.0**-53


def draw_once(*names: str) -> float:
    """Return what `draw` does, for names that will hardly come again: nothing is kept."""
    return ((_mix(key_of.__wrapped__(*names)) >> 11) + 0.5) * 2.0**-53


def draw_normal(*names: str) -> float:
    """Return the bell-shaped number (mean 0, sd 1, within 3.5) that belongs to these names."""
    x = _mix(key_of(*names))
    return (sum((x >> shift) & 0xFFFF for shift in (0, 16, 32, 48)) / 65536.0 - 2.0 + 2.0 / 65536.0) / _NORMAL_SD


def _hashed(key: int, index: Ints) -> NDArray[np.uint64]:
    x = (index.astype(np.uint64) + np.uint64(1)) * np.uint64(_STEP) + np.uint64(key)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)), np.uint64)


def uniform(key: int, index: Ints) -> Floats:
    """Return one uniform number in (0, 1) per index of a stream."""
    return np.asarray(((_hashed(key, index) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53)


def normal(key: int, index: Ints) -> Floats:
    """Return one bell-shaped number (mean 0, sd 1, within 3.5) per index of a stream."""
    parts = _hashed(key, index).view(np.uint16).reshape(*index.shape, 4)
    total = parts[..., 0].astype(np.float64) + parts[..., 1] + parts[..., 2] + parts[..., 3]
    return np.asarray((total / 65536.0 - 2.0 + 2.0 / 65536.0) / _NORMAL_SD)


def exponential(x: Floats) -> Floats:
    """Return e to the x, built from exactly rounded operations, right to about 1e-13."""
    whole = np.rint(x / _LN2)
    rest = x - whole * _LN2
    total = np.ones_like(rest)
    for divisor in range(13, 0, -1):
        total = 1.0 + total * rest / divisor
    return np.asarray(np.ldexp(total, whole.astype(np.int32)))


def exponential_of(x: float) -> float:
    """Return e to the x for one number."""
    return float(exponential(np.array([x]))[0])


def interpolated(x: Floats, places: Floats, values: Floats) -> Floats:
    """Return values between known points; numpy's own may fuse its multiplication and addition on some machines."""
    index = np.clip(np.searchsorted(places, x, "right") - 1, 0, len(places) - 2)
    slope = (values[index + 1] - values[index]) / (places[index + 1] - places[index])
    inside = np.clip(x, places[0], places[-1])
    return np.asarray(values[index] + slope * (inside - places[index]))
