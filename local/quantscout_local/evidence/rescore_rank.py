"""Every hour ranked again under other weights: score.py and decide.py over arrays, term by term in their order."""

from typing import NamedTuple

import numpy as np

from quantscout import score
from quantscout.decide import PICKS
from quantscout.factors import NAMES
from quantscout.gates import LEVELS
from quantscout.settings import Settings
from quantscout_local.evidence.rescore import NEVER, REGIMES, Sheet, Whole, Yes
from quantscout_local.evidence.stats_bootstrap import Array

COVERAGE_TOLERANCE = 1e-9
"""As decide.covered."""


class Rule(NamedTuple):
    """What a score is made by: `weights` are regimes x factors, each regime's sum is 1.

    `cover` are the weights whose share with data must reach the minimum: the same, unless it is asked what a factor is
    worth to the order alone.
    """

    weights: Array
    cover: Array
    min_coverage: float
    penalty: bool = True
    boost: bool = True


class Ranking(NamedTuple):
    """Per row score (NaN: none) and coverage; per hour the level (-1: none); the ranked rows with their rank from 1."""

    score: Array
    coverage: Array
    level: Whole
    rows: Whole
    rank: Whole

    @property
    def picks(self) -> Whole:
        """Return the rows of the five of each hour."""
        return self.rows[self.rank <= PICKS]


def build_rule(settings: Settings) -> Rule:
    """Return the rule of settings, the regimes' multipliers in force."""
    table = [score.weights(regime, settings) for regime in REGIMES]
    weights = np.array([[row[name] for name in NAMES] for row in table])
    return Rule(weights, weights, settings.min_coverage)


def rank_hours(sheet: Sheet, rule: Rule) -> Ranking:
    """Return every hour ranked: the first level with five coins that have a score, one contract per coin."""
    points, coverage = score_rows(sheet, rule)
    covered = ~np.isnan(points) & (coverage >= rule.min_coverage - COVERAGE_TOLERANCE)
    level = _choose_levels(sheet, covered)
    able = np.flatnonzero(covered & (sheet.passes_from <= level[sheet.at]))
    best = able[
        np.lexsort(
            (sheet.tie[able], -sheet.adv30_usdt[able], -coverage[able], -points[able], sheet.at[able]),
        )
    ]
    first = _first_of_coin(sheet, best)
    at = sheet.at[first]
    rank = np.arange(first.size) - np.searchsorted(at, at) + 1
    return Ranking(points, coverage, level, first, rank)


def score_rows(sheet: Sheet, rule: Rule) -> tuple[Array, Array]:
    """Return score (NaN where no factor is known) and the coverage that is held against the minimum, of each row."""
    regime, present = sheet.regime[sheet.at], ~np.isnan(sheet.norms)
    whole = _add_present(rule.weights, regime, present)
    gross, known = np.zeros(sheet.at.size), whole > 0
    for factor, there in enumerate(present):
        shared = np.divide(rule.weights[regime, factor], whole, out=np.zeros_like(whole), where=known)
        gross += np.where(there, 100 * shared * sheet.norms[factor], 0.0)
    penalty = sheet.penalty if rule.penalty else 0.0
    boost = sheet.boost if rule.boost else 0.0
    points = np.where(known, 100 * np.clip(gross / 100 - penalty + boost, 0, 1), np.nan)
    return points, whole if rule.cover is rule.weights else _add_present(rule.cover, regime, present)


def _add_present(weights: Array, regime: Whole, present: Yes) -> Array:
    """Return the sum of the weights with data, in the order of the factors: the last bit depends on it."""
    total = np.zeros(regime.size)
    for factor, there in enumerate(present):
        total += np.where(there, weights[regime, factor], 0.0)
    return total


def _choose_levels(sheet: Sheet, covered: Yes) -> Whole:
    hours = sheet.hours_ms.size
    if not sheet.at.size:
        return np.full(hours, -1, np.int32)
    coin = np.minimum.reduceat(np.where(covered, sheet.passes_from, NEVER), sheet.starts)
    hour = sheet.at[sheet.starts]
    chosen = np.full(hours, -1, np.int32)
    for level in reversed(range(len(LEVELS))):
        chosen[np.bincount(hour[coin <= level], minlength=hours) >= PICKS] = level
    return chosen


def _first_of_coin(sheet: Sheet, best: Whole) -> Whole:
    """Return the rows of an order by hour without a coin's second contract."""
    group = np.searchsorted(sheet.starts, best, side="right")
    _, first = np.unique(group, return_index=True)
    return best[np.sort(first)]
