"""How a factor's values of one hour become 0 to 1, by hand: z-score, z by the median, or rank.

`None` means "not known": unknown values take no part, and below eight known ones nobody gets a norm.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist, median

from naive import Key, percentiles, z_score

MAD_TO_DEVIATION = 1 / NormalDist().inv_cdf(0.75)
"""What the median absolute deviation of normal numbers is multiplied by to be their standard deviation: 1.4826022."""
MEAN_TO_DEVIATION = math.sqrt(math.pi / 2)
"""The same for the mean absolute deviation, which stands in where the median one is 0: 1.2533141."""
LEAST_VALUES = 8
Scaled = tuple[float | None, float | None]
"""z and norm."""


def robust_z(x: float, values: Sequence[float]) -> float:
    """Return (x - median) by the median absolute deviation; by the mean one where that is 0; 0 where all are equal."""
    middle = median(values)
    distances = [abs(v - middle) for v in values]
    if max(distances) == 0:
        return 0.0
    spread = MAD_TO_DEVIATION * median(distances) or MEAN_TO_DEVIATION * math.fsum(distances) / len(distances)
    return (x - middle) / spread


def norms(values: Mapping[Key, float | None], how: str) -> dict[Key, Scaled]:
    """Return z and norm of every contract; a rank has no z."""
    known = {key: x for key, x in values.items() if x is not None}
    if len(known) < LEAST_VALUES:
        return dict.fromkeys(values, (None, None))
    if how == "rank":
        found: dict[Key, Scaled] = {key: (None, rank) for key, rank in percentiles(known).items()}
    else:
        found = _by_z(known, {"z": z_score, "robust_z": robust_z}[how])
    return {key: found.get(key, (None, None)) for key in values}


def _by_z(known: Mapping[Key, float], z_of: Callable[[float, Sequence[float]], float]) -> dict[Key, Scaled]:
    sample = list(known.values())
    scores = {key: z_of(x, sample) for key, x in known.items()}
    return {key: (z, min(1.0, max(0.0, 0.5 + z / 6))) for key, z in scores.items()}
