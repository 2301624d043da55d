"""Weights tuned on the first part of a replay's hours and held against the rest. Proposes; changes nothing."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from quantscout import METHOD_VERSION
from quantscout.clock import iso
from quantscout.errors import InputError
from quantscout.settings import Settings
from quantscout_local.evidence.folds import split_by_time
from quantscout_local.evidence.judged import open_judged
from quantscout_local.evidence.kpis_verdict import LEAST_HOURS
from quantscout_local.evidence.rescore import Sheet, build_sheet, take_hours
from quantscout_local.evidence.rescore_check import check_found_again
from quantscout_local.evidence.rescore_rank import build_rule
from quantscout_local.evidence.rescore_tally import tally_rule
from quantscout_local.evidence.stats_bootstrap import draw_hours
from quantscout_local.evidence.sweep import REFUSED, Objective, Rate, Rated, Workers, build_work
from quantscout_local.evidence.sweep_workers import open_workers
from quantscout_local.evidence.trials import build_figures, compare_tallies, correct, drop_p_values
from quantscout_local.evidence.tune_folds import Trials, refit
from quantscout_local.evidence.tune_models import Part, Refitted, Tuning
from quantscout_local.evidence.tune_overfit import rate_overfit
from quantscout_local.evidence.tune_search import BATCH, Space, Tried, ask_batch, build_space, settings_of
from quantscout_local.evidence.tune_study import SavedStudy, hash_sheet, open_study
from quantscout_local.evidence.tune_verdict import Found, answer_of, is_worth_trying, say_tuning

TRAIN_RATIO = 0.6
FORMAT = 1
Progress = Callable[[int, int], None]


class Ask(NamedTuple):
    """What a person asked for."""

    replay: Path
    trials: int
    objective: Objective
    seed: int
    study: Path
    workers: Workers
    reach: float
    samples: int
    blocks_h: int


class Halves(NamedTuple):
    """The hours that are fitted on, and those that the proposal is held against."""

    fit: Sheet
    validation: Sheet


def tune(ask: Ask, progress: Progress) -> Tuning:
    """Return the proposal and what it is worth.

    Trials are made in batches of 8 (their number is rounded up), each saved when it is whole: an interrupted sweep goes
    on there. Raises InputError for what cannot be used, SourceError for a cluster that is lost.
    """
    if ask.trials < 1:
        raise InputError(f"{ask.trials} trials try nothing: give --trials 1 or more")
    judged = open_judged(ask.replay)
    settings = Settings.model_validate(judged.about["settings"])
    loaded = build_sheet(judged.scan(), judged.hours())
    check_found_again(loaded, build_rule(settings))
    halves = split_hours(loaded.sheet)
    space = build_space(halves.fit, settings, ask.reach)
    work = build_work(halves.fit, settings, ask.objective)
    study = open_study(ask.study, space, _inputs(ask, halves, space))
    try:
        with open_workers(work, ask.workers) as rate:
            swept = run_sweep(study, space, ask, rate, progress)
            # A worker's arrays lie in memory that is gone with the workers.
            rated = [Rated(each.value, each.returns.copy(), each.sums.copy()) for each in swept.rated]
    finally:
        study.close()
    return _judge(ask, halves, space, Swept(swept.trials, rated))


def split_hours(sheet: Sheet) -> Halves:
    """Return the first 60 % of the hours, less the 24 h whose outcomes reach into the rest, and the rest.

    Raises InputError where a part is shorter than ten blocks of 24 h.
    """
    if sheet.hours_ms.size < 2:
        raise InputError(f"{sheet.hours_ms.size} hours with outcomes cannot be split: replay more hours")
    fold = split_by_time(sheet.hours_ms, TRAIN_RATIO)
    if min(fold.train_ms.size, fold.test_ms.size) < LEAST_HOURS:
        raise InputError(
            f"{sheet.hours_ms.size:,} hours with outcomes leave {fold.train_ms.size:,} to fit on and "
            f"{fold.test_ms.size:,} to validate on: each needs at least {LEAST_HOURS}; replay 600 hours or more"
        )
    parts = [take_hours(sheet, int(hours[0]), int(hours[-1])) for hours in fold]
    return Halves(*parts)


def _inputs(ask: Ask, halves: Halves, space: Space) -> dict[str, Any]:
    """Return what the trials depend on: a study of anything else must not be gone on with."""
    import optuna  # noqa: PLC0415 - takes a second

    return {
        "format": FORMAT, "method_version": METHOD_VERSION, "optuna": optuna.__version__, "batch": BATCH,
        "hours": hash_sheet(halves.fit), "settings": space.settings.plain(), "tried": list(space.tried),
        "reach": ask.reach, "seed": ask.seed, "objective": ask.objective,
    }  # fmt: skip


class Swept(NamedTuple):
    """All trials, and what each was worth."""

    trials: list[Tried]
    rated: list[Rated]


def run_sweep(study: SavedStudy, space: Space, ask: Ask, rate: Rate, progress: Progress) -> Swept:
    """Rate whole batches until there are as many trials as asked for; those of an earlier run for their returns."""
    total = -(-ask.trials // BATCH) * BATCH
    done = study.load()[:total]
    progress(len(done), total)
    rated = rate([settings_of(space, each.params) for each in done]) if done else []
    _refuse_other(done, rated, ask.study)
    while len(done) < total:
        asked = ask_batch(space, done, ask.seed)
        found = rate([settings_of(space, params) for params in asked])
        batch = [Tried(params, each.value) for params, each in zip(asked, found, strict=True)]
        study.save(len(done), batch)
        done, rated = done + batch, rated + found
        progress(len(done), total)
    return Swept(done, rated)


def _refuse_other(done: Sequence[Tried], rated: Sequence[Rated], path: Path) -> None:
    if [each.value for each in done] != [each.value for each in rated]:
        raise InputError(f"{path} holds values that are not found again here: remove it and sweep anew")


def _judge(ask: Ask, halves: Halves, space: Space, swept: Swept) -> Tuning:
    trials = swept.trials
    best = max(range(len(trials)), key=lambda number: trials[number].value)  # of equal ones the first: nothing changed
    proposed = settings_of(space, trials[best].params)
    # A p-value of hours on which the proposal was chosen for its difference would say nothing.
    fitted = _compare(halves.fit, space.settings, proposed, ask, blind=False)
    validated = _compare(halves.validation, space.settings, proposed, ask, blind=True)
    refitted = _refit(halves.fit, space.settings, swept, ask)
    returns = np.stack([each.returns for each in swept.rated], axis=1)
    overfit = rate_overfit(returns, best, sum(each.value == REFUSED for each in trials))
    answer = answer_of(validated, ask.objective, changed=proposed.weights != space.settings.weights)
    return Tuning(
        replay=str(ask.replay),
        objective=ask.objective,
        trials=len(trials),
        seed=ask.seed,
        samples=ask.samples,
        blocks_h=ask.blocks_h,
        reach=ask.reach,
        weights=dict(space.settings.weights),
        proposed=dict(proposed.weights),
        fixed=space.fixed,
        fitted=fitted,
        validated=validated,
        refitted=refitted,
        overfit=overfit,
        answer=answer,
        worth_trying=is_worth_trying(answer, overfit),
        sentences=tuple(say_tuning(Found(fitted, validated, refitted, overfit), ask.objective, answer)),
    )


def _refit(sheet: Sheet, settings: Settings, swept: Swept, ask: Ask) -> Refitted:
    baseline = tally_rule(sheet, build_rule(settings)).sums
    resamples = draw_hours(sheet.hours_ms.size, ask.seed, ask.blocks_h, ask.samples)
    return refit(Trials(sheet.hours_ms, [each.sums for each in swept.rated], baseline, ask.objective), resamples)


def _compare(sheet: Sheet, settings: Settings, proposed: Settings, ask: Ask, *, blind: bool) -> Part:
    resamples = draw_hours(sheet.hours_ms.size, ask.seed, ask.blocks_h, ask.samples)
    baseline, proposal = (tally_rule(sheet, build_rule(each)) for each in (settings, proposed))
    compared = compare_tallies(proposal, baseline, resamples)
    compared = correct([compared])[0] if blind else drop_p_values(compared)
    return Part(
        first_hour=iso(int(sheet.hours_ms[0])),
        last_hour=iso(int(sheet.hours_ms[-1])),
        hours=sheet.hours_ms.size,
        baseline=build_figures(baseline, resamples),
        proposal=compared.figures,
        differences=compared.differences,
    )
