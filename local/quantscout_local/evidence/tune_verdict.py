"""What a sweep says in plain words: never more than the hours it has not seen let it."""

from typing import NamedTuple

from quantscout_local.evidence.ablate_table import show_change, show_reach
from quantscout_local.evidence.sweep import MEASURE, Objective
from quantscout_local.evidence.trials import Difference
from quantscout_local.evidence.tune_models import Answer, Overfit, Part, Refitted

DEFLATED_ENOUGH = 0.95
OVERFIT_TOO_MUCH = 0.5
WORDS = {
    "precision_at_5": "precision@5 (percentage points)",
    "lift_over_matched_points": "the lift over matched controls (percentage points)",
    "mean_net_return_24h": "the mean net return of a pick",
}


def answer_of(validated: Part, objective: Objective, *, changed: bool) -> Answer:
    """Return the answer by the interval of one difference, named beforehand, in the hours that were not fitted on."""
    if not changed:
        return "no_change"
    difference = find(validated, objective)
    if difference.low is None or difference.high is None:
        return "cannot_be_told"
    return "better" if difference.low > 0 else "worse" if difference.high < 0 else "cannot_be_told"


def find(part: Part, objective: Objective) -> Difference:
    """Return the difference that the objective is told by."""
    return next(each for each in part.differences if each.name == MEASURE[objective])


def is_worth_trying(answer: Answer, overfit: Overfit) -> bool:
    """Tell whether all three speak for the proposal: the validation, the deflated Sharpe ratio, PBO."""
    return (
        answer == "better"
        and (overfit.deflated or 0.0) >= DEFLATED_ENOUGH
        and overfit.probability is not None
        and overfit.probability < OVERFIT_TOO_MUCH
    )


class Found(NamedTuple):
    """What a sweep found: both parts, the choice made again in folds, and how much of it may be luck."""

    fitted: Part
    validated: Part
    refitted: Refitted
    overfit: Overfit


def say_tuning(found: Found, objective: Objective, answer: Answer) -> list[str]:
    """Return the sentences, the conclusion first."""
    said = [_conclude(answer, found.overfit)]
    if answer != "no_change":
        said.append(_say_parts(found.fitted, found.validated, objective, answer))
    kept = "The defaults were not changed; only a person changes them."
    return [*said, _say_folds(found.refitted), _say_overfit(found.overfit), kept]


def _conclude(answer: Answer, overfit: Overfit) -> str:
    if answer == "no_change":
        return "None of the weights that were tried does better in the fitting hours: nothing is proposed."
    if is_worth_trying(answer, overfit):
        return "The proposal is worth a try on hours that neither part of this replay holds."
    return "Nothing here says that the weights should change."


def _say_parts(fitted: Part, validated: Part, objective: Objective, answer: Answer) -> str:
    inside, outside = find(fitted, objective), find(validated, objective)
    told = {
        "better": "it does better there",
        "worse": "it does worse there",
        "cannot_be_told": "whether it does better there cannot be told",
    }[answer]
    return (
        f"Against the weights in force the proposal changes {WORDS[MEASURE[objective]]} by {_plain(inside)} in "
        f"the hours it was chosen on, and by {_plain(outside)} (95 % interval {show_reach(outside)}) in those it "
        f"has not seen: {told}."
    )


def _say_folds(refitted: Refitted) -> str:
    change = refitted.change
    if change is None:
        return f"The choice cannot be made again in folds ({refitted.note})."
    gains = [fold.gain for fold in refitted.folds]
    better = sum(gain is not None and gain > 0 for gain in gains)
    reach = "" if change.low is None else f" (95 % interval {show_reach(change)})"
    return (
        f"Chosen again from the same trials in each of {len(gains)} purged and embargoed folds of the fitting hours, "
        f"the choice changes {WORDS[change.name]} by {_plain(change)}{reach} in the hours it was chosen without, "
        f"upwards in {better} of {len(gains)} folds; the trials were looked for in all these hours, which flatters it."
    )


def _plain(difference: Difference) -> str:
    return show_change(difference).rstrip("*")


def _say_overfit(overfit: Overfit) -> str:
    head = f"{overfit.trials} settings were tried"
    if overfit.deflated is None and overfit.probability is None:
        return f"{head}; how much of the best is luck cannot be computed ({overfit.note})."
    deflated = "unknown" if overfit.deflated is None else f"{overfit.deflated:.2f}"
    probability = "unknown" if overfit.probability is None else f"{overfit.probability:.2f}"
    return (
        f"{head}: the probability that the best one's Sharpe ratio is above what the best of as many without skill "
        f"would show is {deflated} (at least {DEFLATED_ENOUGH} would be convincing), the probability of overfitting "
        f"{probability} (a half is what chance gives)."
    )
