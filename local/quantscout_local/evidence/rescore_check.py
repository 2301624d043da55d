"""Is the replay found again? Weights can only be changed in what its own weights reproduce."""

from typing import NamedTuple

import numpy as np

from quantscout.decide import PICKS
from quantscout.errors import InputError
from quantscout_local.evidence.rescore import Loaded
from quantscout_local.evidence.rescore_rank import Ranking, Rule, rank_hours
from quantscout_local.program import program

EXACT, SINGLE = 1e-9, 2e-5
"""Of a score of 0 to 100: with norms stored in double and in single precision (24 bits: 6e-8 of each norm)."""
SINGLE_HOURS = 0.002
"""Share of hours whose five may differ with single precision: scores that are closer than it can tell."""


class Agreement(NamedTuple):
    """How the replay's own scores and picks are found again."""

    rows: int
    hours: int
    largest_difference: float
    tolerance: float
    hours_with_other_picks: int


def compare(loaded: Loaded, rule: Rule) -> Agreement:
    """Return how far the rule's scores and picks are from the replay's."""
    ranking, replayed = rank_hours(loaded.sheet, rule), loaded.replayed
    here, there = ~np.isnan(ranking.score), ~np.isnan(replayed.score)
    both = here & there
    away = np.abs(ranking.score[both] - replayed.score[both])
    largest = float("inf") if (here != there).any() else float(away.max(initial=0.0))
    tolerance = EXACT if replayed.exact else SINGLE
    others = _hours_with_other_picks(loaded, ranking)
    return Agreement(int(both.sum()), loaded.sheet.hours_ms.size, largest, tolerance, others)


def _hours_with_other_picks(loaded: Loaded, ranking: Ranking) -> int:
    found = np.zeros(loaded.sheet.at.size, np.int32)
    found[ranking.rows] = ranking.rank
    theirs = loaded.replayed.rank
    now, then = (np.where(rank <= PICKS, rank, 0) for rank in (found, theirs))
    return int(np.unique(loaded.sheet.at[now != then]).size)


def check_found_again(loaded: Loaded, rule: Rule) -> Agreement:
    """Return the agreement; InputError where the replay was made by other settings or another version."""
    found = compare(loaded, rule)
    allowed = 0 if loaded.replayed.exact else SINGLE_HOURS * found.hours
    if found.largest_difference > found.tolerance or found.hours_with_other_picks > allowed:
        raise InputError(
            f"the replay's own ranking is not found again (scores differ by up to {found.largest_difference:.3g}, the "
            f"five of {found.hours_with_other_picks:,} of {found.hours:,} hours differ): it was made by another "
            f"version or other settings; run {program()} replay again"
        )
    return found
