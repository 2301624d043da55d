"""One plain sentence: does the score beat its matched controls? Never stronger than the intervals."""

from collections.abc import Sequence
from typing import NamedTuple

from quantscout_local.evidence.kpis_models import Answer, Kpi, Verdict

MARGIN_POINTS = 1.0
"""An advantage that is surely smaller than this is no advantage: "does not"."""
LEAST_HOURS = 240
"""Ten blocks of 24 h: below it the bootstrap's intervals mean nothing."""


class Evidence(NamedTuple):
    """What the sentences are made from: differences in points, with both lengths of blocks, and what they rest on."""

    difference: Kpi
    difference_longer: Kpi
    falls: Kpi
    skew: Kpi
    skew_longer: Kpi
    net: Kpi
    net_longer: Kpi
    pick_hours: int
    period: str
    missing: Sequence[str]
    trials: int
    intervals: int


class Reach(NamedTuple):
    """The wider of two intervals, end by end."""

    low: float
    high: float


def build_verdict(evidence: Evidence) -> Verdict:
    """Return answer and sentences; what the interval leaves open stays open."""
    reach = widen(evidence.difference, evidence.difference_longer)
    answer = "cannot_be_told" if reach is None or evidence.pick_hours < LEAST_HOURS else _decide(reach)
    return Verdict(
        answer=answer,
        sentence=_say(answer, evidence, reach),
        direction=_say_direction(evidence),
        money=_say_money(evidence),
        caution=_say_caution(evidence),
    )


def widen(first: Kpi, second: Kpi) -> Reach | None:
    """Return the interval that holds both; None if one is missing."""
    lows = [kpi.low for kpi in (first, second) if kpi.low is not None]
    highs = [kpi.high for kpi in (first, second) if kpi.high is not None]
    return Reach(min(lows), max(highs)) if len(lows) == len(highs) == 2 else None


def _decide(reach: Reach) -> Answer:
    if reach.low > 0:
        return "does"
    return "does_not" if reach.high < MARGIN_POINTS else "cannot_be_told"


def _say(answer: Answer, evidence: Evidence, reach: Reach | None) -> str:
    head = f"{evidence.period}, {evidence.difference.n:,} picks with matched controls"
    return f"{head}: {_claim(answer, evidence, reach)}; {_say_missing(evidence.missing)}."


def _claim(answer: Answer, evidence: Evidence, reach: Reach | None) -> str:
    value = evidence.difference.value
    if reach is None or value is None:
        return "whether it beats them cannot be told, there is too little to compute an interval from"
    figures = (
        f"picks reach +10 % within 24 h {value:+.1f} percentage points more often than their controls "
        f"(95 % interval {reach.low:+.1f} to {reach.high:+.1f})"
    )
    if evidence.pick_hours < LEAST_HOURS:
        return f"whether it beats them cannot be told from {evidence.pick_hours} hours with picks; so far {figures}"
    return f"{_answer(answer, reach)}; {figures}"


def _answer(answer: Answer, reach: Reach) -> str:
    if answer == "does":
        return "the score does beat its matched controls in hits"
    if answer == "cannot_be_told":
        return "it cannot be told whether the score beats its matched controls in hits"
    if reach.high < 0:
        return "the score does not beat its matched controls in hits, it does worse"
    return f"the score does not beat its matched controls in hits by {MARGIN_POINTS:g} point or more"


def _say_missing(missing: Sequence[str]) -> str:
    return f"missing: {', '.join(missing)}" if missing else "no series is named as missing"


def _say_direction(evidence: Evidence) -> str:
    reach, skew, falls = widen(evidence.skew, evidence.skew_longer), evidence.skew.value, evidence.falls.value
    if reach is None or skew is None or falls is None or evidence.pick_hours < LEAST_HOURS:
        return "Whether the score tells up from down cannot be told yet."
    return (
        f"Picks also fall by 10 % within 24 h {falls:+.1f} percentage points more often than their controls; hits less "
        f"falls are {skew:+.1f} points (95 % interval {reach.low:+.1f} to {reach.high:+.1f}): {_lean(reach)}."
    )


def _lean(reach: Reach) -> str:
    if reach.low > 0:
        return "among moves of 10 % the score leans upwards"
    if reach.high < 0:
        return "among moves of 10 % the score leans downwards"
    if reach.high < MARGIN_POINTS:
        return f"the score does not tell up from down by {MARGIN_POINTS:g} point or more, it finds what moves"
    return "whether the score tells up from down, or only finds what moves, cannot be told"


def _say_money(evidence: Evidence) -> str:
    reach, value = widen(evidence.net, evidence.net_longer), evidence.net.value
    if reach is None or value is None or evidence.pick_hours < LEAST_HOURS:
        return "What a pick returns after costs cannot be told yet."
    figures = f"{100 * value:+.2f} % (95 % interval {100 * reach.low:+.2f} to {100 * reach.high:+.2f})"
    if reach.low > 0:
        return f"After costs a pick returned {figures} on average: a gain in this period."
    if reach.high < 0:
        return f"After costs a pick returned {figures} on average: a loss in this period."
    return f"After costs a pick returned {figures} on average: neither a gain nor a loss can be told."


def _say_caution(evidence: Evidence) -> str:
    chance = 0.05 * evidence.intervals
    trials = (
        "one setting was tried"
        if evidence.trials == 1
        else f"{evidence.trials} settings were tried, and the best of many looks good by chance: see the deflated "
        "Sharpe ratio and the probability of overfitting"
    )
    return (
        f"{evidence.intervals} intervals are shown and not corrected for their number: without any effect about "
        f"{chance:.0f} of them would exclude it by chance; {trials}. The sentence rests on one difference, named "
        "beforehand, with the wider of two intervals; in simulations with labels that overlap as these do, such "
        "intervals held the truth in 85 to 94 % of the cases, not in 95 % (docs/statistics.md)."
    )
