"""The choice made again in purged and embargoed folds: what picking the best of the trials is worth elsewhere.

For each fold the best of all trials is chosen in the other hours of the fitting part, less those whose labels share a
bar with the fold's and a day after it, and compared with the weights in force in the fold's own hours. The trials were
looked for in all fitting hours, so this flatters the choice; the validation does not.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quantscout.clock import iso
from quantscout.errors import InputError
from quantscout_local.evidence.folds import Fold as Split
from quantscout_local.evidence.folds import Hours, build_folds
from quantscout_local.evidence.rescore_tally import UNITS, Tally, measure_sums
from quantscout_local.evidence.stats_bootstrap import Array, Resamples, build_estimate
from quantscout_local.evidence.sweep import LEAST_PICKS_SHARE, MEASURE, REFUSED, Objective, value_of
from quantscout_local.evidence.trials import Difference
from quantscout_local.evidence.tune_models import Fold, Refitted

FOLDS = 5


class Trials(NamedTuple):
    """Per hour and trial the sums of its picks (Tally.sums), those of the weights in force, and what is raised."""

    hours_ms: Hours
    sums: Sequence[Array]
    baseline: Array
    objective: Objective


def refit(trials: Trials, resamples: Resamples) -> Refitted:
    """Return the choice of every fold, and the change over all of them; none where the hours are too few for folds."""
    try:
        splits = build_folds(trials.hours_ms, FOLDS)
    except InputError as cause:
        return Refitted(folds=(), change=None, note=str(cause))
    found, chosen = [], np.empty_like(trials.baseline)
    for split in splits:
        number = choose(trials, np.isin(trials.hours_ms, split.train_ms))
        inside = np.isin(trials.hours_ms, split.test_ms)
        chosen[inside] = trials.sums[number][inside]
        found.append(_fold(split, number, _gain(trials, number, inside)))
    return Refitted(folds=tuple(found), change=_compare(trials, chosen, resamples))


def choose(trials: Trials, inside: NDArray[np.bool_]) -> int:
    """Return the number of the best trial in some hours, of equal ones the first; too few picks rank as in a sweep."""
    least = LEAST_PICKS_SHARE * trials.baseline[inside, 0].sum()
    tallies = (Tally(sums[inside], 0) for sums in trials.sums)
    values = [value_of(tally, trials.objective) if tally.picks >= least else REFUSED for tally in tallies]
    return int(np.argmax(values))


def _gain(trials: Trials, number: int, inside: NDArray[np.bool_]) -> float | None:
    name = MEASURE[trials.objective]
    own, base = (
        measure_sums(sums[inside].sum(axis=0)[None])[name][0] for sums in (trials.sums[number], trials.baseline)
    )
    return float(own - base) if np.isfinite(own - base) else None


def _fold(split: Split, number: int, gain: float | None) -> Fold:
    return Fold(
        first_hour=iso(int(split.test_ms[0])),
        last_hour=iso(int(split.test_ms[-1])),
        hours=split.test_ms.size,
        train_hours=split.train_ms.size,
        trial=number,
        gain=gain,
    )


def _compare(trials: Trials, chosen: Array, resamples: Resamples) -> Difference:
    """Return the paired change over all folds, without a p-value: the trials were looked for in these hours."""
    name = MEASURE[trials.objective]
    own, base = (measure_sums(resamples.total(sums))[name] for sums in (chosen, trials.baseline))
    value, low, high = build_estimate(own - base)
    return Difference(name=name, value=value, low=low, high=high, unit=UNITS[name], p=None)
