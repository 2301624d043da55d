"""Two rankings of the same hours compared: paired differences, their p-values, and a correction for their number."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

from quantscout_local.evidence.kpis_models import Kpi, Unit, build_kpi
from quantscout_local.evidence.rescore_tally import UNITS, Tally, draw_measures
from quantscout_local.evidence.stats_bootstrap import Array, Resamples, build_estimate

ALPHA = 0.05


class Difference(BaseModel):
    """A figure less the baseline's, both from the same drawn hours; `p_holm` is corrected for all comparisons shown."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    value: float | None
    low: float | None
    high: float | None
    unit: Unit
    p: float | None
    p_holm: float | None = None

    @property
    def is_clear(self) -> bool:
        """Tell whether it stands after the correction."""
        return self.p_holm is not None and self.p_holm <= ALPHA


class Compared(NamedTuple):
    """The figures of a ranking, and their differences to the baseline's."""

    figures: tuple[Kpi, ...]
    differences: tuple[Difference, ...]


def build_figures(tally: Tally, resamples: Resamples) -> tuple[Kpi, ...]:
    """Return precision@5, lift over matched controls and mean net return, each with its interval."""
    return _name_figures(tally, draw_measures(tally, resamples))


def _name_figures(tally: Tally, draws: Mapping[str, Array]) -> tuple[Kpi, ...]:
    matched = tally.sums[:, 3].sum()
    counts = {
        name: (matched, "picks with a control") if "matched" in name else (tally.picks, "picks") for name in UNITS
    }
    return tuple(build_kpi(name, draws[name], unit, *counts[name]) for name, unit in UNITS.items())


def compare_tallies(tally: Tally, baseline: Tally, resamples: Resamples) -> Compared:
    """Return figures and paired differences: both rankings are measured in the same drawn hours."""
    draws, base = draw_measures(tally, resamples), draw_measures(baseline, resamples)
    differences = tuple(_differ(name, draws[name] - base[name], unit) for name, unit in UNITS.items())
    return Compared(_name_figures(tally, draws), differences)


def _differ(name: str, draws: Array, unit: Unit) -> Difference:
    value, low, high = build_estimate(draws)
    return Difference(name=name, value=value, low=low, high=high, unit=unit, p=p_value(draws))


def p_value(draws: Array) -> float | None:
    """Return how often draws are as far from the value seen as that is from 0 (both sides); None where undefined.

    (1 + number of such draws) / (1 + number of draws): Davison and Hinkley 1997, 4.2; of the bootstrap centred at 0.
    """
    seen, rest = draws[0], draws[1:]
    finite = rest[np.isfinite(rest)]
    if not np.isfinite(seen) or not finite.size:
        return None
    far = np.abs(finite - seen) >= abs(seen) * (1 - 1e-12)
    return float((1 + far.sum()) / (1 + finite.size))


def correct(many: Sequence[Compared]) -> list[Compared]:
    """Return the same with `p_holm`: Holm 1979 over every difference of all of them."""
    from statsmodels.stats.multitest import multipletests  # type: ignore[import-untyped] # noqa: PLC0415 - takes a second

    known = [difference.p for each in many for difference in each.differences if difference.p is not None]
    corrected = iter(multipletests(known, method="holm")[1].tolist() if known else [])
    return [
        each._replace(
            differences=tuple(
                each_one if each_one.p is None else each_one.model_copy(update={"p_holm": next(corrected)})
                for each_one in each.differences
            )
        )
        for each in many
    ]


def drop_p_values(compared: Compared) -> Compared:
    """Return the same without p-values: where the difference was looked for, they mean nothing."""
    bare = tuple(each.model_copy(update={"p": None}) for each in compared.differences)
    return compared._replace(differences=bare)


def rate_superiority(returns: Sequence[Array], baseline: Array, seed: int, blocks_h: int, samples: int) -> float | None:
    """Return Hansen's (2005) p-value that none of the settings has a higher mean than the baseline.

    Each is a series of hours; the number of settings is accounted for. None where no setting differs from it.
    """
    from arch.bootstrap import SPA  # noqa: PLC0415 - as above

    losses = [-each for each in returns if (each != baseline).any()]
    if not losses:
        return None
    spa = SPA(-baseline, np.stack(losses, axis=1), block_size=blocks_h, reps=samples, bootstrap="stationary", seed=seed)
    spa.compute()
    return float(spa.pvalues["consistent"])
