"""Which weights are tried: points of a simplex around the weights in force, drawn by Optuna, the same for a seed."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quantscout.errors import InputError
from quantscout.factors import NAMES
from quantscout.settings import Settings
from quantscout_local.evidence.rescore import Sheet
from quantscout_local.sensitivity_changes import with_changes

if TYPE_CHECKING:
    import optuna

BATCH = 8
"""Trials that are asked for together, whatever the number of workers: so the result does not depend on it."""
STARTUP = 2 * BATCH
"""Trials drawn at random before the sampler learns from any."""
REACH = 4.0
STEP = 10_000
"""Weights are whole ten-thousandths: what is proposed is exactly what was tried."""
LEAST_KNOWN = 0.5
Params = Mapping[str, float]


class Space(NamedTuple):
    """The weights in force, the factors whose weights are tried, how far, and why the others stay as they are."""

    settings: Settings
    tried: tuple[str, ...]
    reach: float
    fixed: dict[str, str]


class Tried(NamedTuple):
    """A finished trial."""

    params: dict[str, float]
    value: float


def build_space(sheet: Sheet, settings: Settings, reach: float = REACH) -> Space:
    """Return what can be tried in these hours: a factor without data or without spread keeps its weight.

    Raises InputError where fewer than two factors are left, or for a reach that is none.
    """
    if not 1 < reach <= 100:
        raise InputError(f"a reach of {reach:g} is none: give how many times a weight may grow or shrink, 1 to 100")
    fixed = {name: why for place, name in enumerate(NAMES) if (why := _why_fixed(sheet, place, settings))}
    tried = tuple(name for name in NAMES if name not in fixed)
    if len(tried) < 2:
        raise InputError(
            f"only {len(tried)} of the factors can be tuned in these hours ("
            + "; ".join(f"{name}: {why}" for name, why in fixed.items())
            + "): replay hours with more data"
        )
    return Space(settings, tried, reach, fixed)


def _why_fixed(sheet: Sheet, place: int, settings: Settings) -> str:
    norm = sheet.norms[place]
    known = ~np.isnan(norm)
    share = float(known.mean()) if norm.size else 0.0
    if settings.weights[NAMES[place]] == 0:
        return "its weight is 0"
    if share < LEAST_KNOWN:
        return f"known in {100 * share:.1f} % of the scored rows, of which {100 * LEAST_KNOWN:.0f} % are needed"
    at = sheet.at[known]
    highest, lowest = np.full(sheet.hours_ms.size, -np.inf), np.full(sheet.hours_ms.size, np.inf)
    np.maximum.at(highest, at, norm[known])
    np.minimum.at(lowest, at, norm[known])
    return "" if (highest > lowest).any() else "the same for all contracts of an hour: it orders nothing"


def weights_of(space: Space, params: Params) -> dict[str, float]:
    """Return all ten weights: of those that are tried softmax(ln(weight in force) + step), their sum as it was."""
    old = {name: space.settings.weights[name] for name in NAMES}
    if not any(params.values()):
        return old
    raw = np.array([old[name] * math.exp(params[name]) for name in space.tried])
    total = math.fsum(old[name] for name in space.tried)
    whole = math.floor(STEP * total + 1e-6)
    parts = whole * raw / raw.sum()
    down = np.floor(parts)
    down[np.argsort(down - parts, kind="stable")[: round(whole - down.sum())]] += 1
    new = dict(zip(space.tried, (down / STEP).tolist(), strict=True))
    largest = max(new, key=lambda name: new[name])
    new[largest] = round(total - math.fsum(new[name] for name in new if name != largest), 12)
    return old | new


def settings_of(space: Space, params: Params) -> Settings:
    """Return the settings in force with the weights that are tried."""
    return with_changes(space.settings, weights=weights_of(space, params))


def distributions(space: Space) -> "dict[str, optuna.distributions.BaseDistribution]":
    """Return Optuna's: per factor the step of its logarithm, within the reach."""
    from optuna.distributions import FloatDistribution  # noqa: PLC0415 - takes a second

    end = math.log(space.reach)
    return {name: FloatDistribution(-end, end) for name in space.tried}


def ask_batch(space: Space, done: Sequence[Tried], seed: int) -> list[dict[str, float]]:
    """Return the next batch: a function of the finished trials and the seed alone. The first trial changes nothing.

    A study is built anew for every batch, and each trial has a sampler of its own, so that neither an interruption nor
    the number of workers is seen by it.
    """
    import optuna  # noqa: PLC0415 - as above

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study, kinds = optuna.create_study(direction="maximize"), distributions(space)
    study.add_trials([build_trial(each, kinds) for each in done])
    if not done:
        study.enqueue_trial(dict.fromkeys(space.tried, 0.0))
    asked = []
    for number in range(len(done), len(done) + BATCH):
        own = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
        study.sampler = optuna.samplers.TPESampler(seed=own, n_startup_trials=STARTUP)
        asked.append(dict(study.ask(kinds).params))
    return asked


def build_trial(tried: Tried, kinds: "dict[str, optuna.distributions.BaseDistribution]") -> "optuna.trial.FrozenTrial":
    """Return a finished trial in Optuna's form."""
    import optuna  # noqa: PLC0415 - as above

    return optuna.trial.create_trial(params=dict(tried.params), distributions=kinds, value=tried.value)
