"""What the picks of a ranking were worth, hour by hour, and its figures in every sample of hours."""

from typing import NamedTuple

import numpy as np

from quantscout.decide import PICKS
from quantscout_local.evidence.kpis_models import Unit
from quantscout_local.evidence.rescore import Sheet, Whole
from quantscout_local.evidence.rescore_rank import Ranking, Rule, rank_hours
from quantscout_local.evidence.stats_bootstrap import Array, Resamples, divide

UNITS: dict[str, Unit] = {
    "precision_at_5": "share",
    "lift_over_matched_points": "points",
    "mean_net_return_24h": "return",
}
"""The figures, in the order of the tables; as in kpis_headline.py."""


class Tally(NamedTuple):
    """Per hour: evaluated picks, hits, net; of the picks with a control: number, hits, mean hits of their controls."""

    sums: Array
    lost: int
    """Picks without outcome: in no figure."""

    @property
    def returns(self) -> Array:
        """Return each hour's net return of its five; a pick that is lost or was not made leaves its fifth idle."""
        return np.asarray(self.sums[:, 2] / PICKS)

    @property
    def picks(self) -> int:
        """Return the number of evaluated picks."""
        return int(self.sums[:, 0].sum())


def tally_rule(sheet: Sheet, rule: Rule) -> Tally:
    """Rank all hours by a rule, and return what its picks were worth."""
    return build_tally(sheet, rank_hours(sheet, rule))


def build_tally(sheet: Sheet, ranking: Ranking) -> Tally:
    """Return what the picks were worth; controls as in controls.match_controls."""
    picks = ranking.picks
    known = picks[sheet.complete[picks]]
    at, hit, net, one = sheet.at[known], sheet.hit[known], sheet.net[known], np.ones(known.size)
    control = _control_hits(sheet, known)
    matched = ~np.isnan(control)
    columns = (one, hit, net, matched * one, np.where(matched, hit, 0.0), np.where(matched, control, 0.0))
    sums = [np.bincount(at, weights=column, minlength=sheet.hours_ms.size) for column in columns]
    return Tally(np.stack(sums, axis=1), int(picks.size - known.size))


def _control_hits(sheet: Sheet, picks: Whole) -> Array:
    """Return the share of each pick's controls that hit: those of its stratum that are not picked; NaN without any."""
    stratum, size = sheet.stratum[picks], sheet.strata.shape[0]
    picked = np.bincount(stratum, minlength=size)
    hits = np.bincount(stratum, weights=sheet.hit[picks], minlength=size)
    return divide(sheet.strata[:, 1] - hits, sheet.strata[:, 0] - picked)[stratum]


def draw_measures(tally: Tally, resamples: Resamples) -> dict[str, Array]:
    """Return each of UNITS in every sample."""
    return measure_sums(resamples.total(tally.sums))


def measure_sums(totals: Array) -> dict[str, Array]:
    """Return each of UNITS from totals, samples x columns of Tally.sums; NaN without a pick."""
    picks, hits, net, matched, matched_hits, control_hits = totals.T
    return {
        "precision_at_5": divide(hits, picks),
        "lift_over_matched_points": 100 * divide(matched_hits - control_hits, matched),
        "mean_net_return_24h": divide(net, picks),
    }


def measure_as_seen(tally: Tally) -> dict[str, float]:
    """Return each of UNITS over all hours."""
    return {name: float(values[0]) for name, values in measure_sums(tally.sums.sum(axis=0)[None]).items()}
