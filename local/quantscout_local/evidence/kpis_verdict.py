"""One plain sentence: does the score beat its matched controls? Never stronger than the intervals."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from quantscout_local.evidence.kpis_models import Answer, Kpi, Verdict

MARGIN_POINTS = 1.0
"""An advantage that is surely smaller than this is no advantage: "does not"."""
LEAST_HOURS = 240
"""Ten blocks of 24 h: below it the bootstrap's intervals mean nothing."""
COMPARING_UNITS = ("points", "times", "rank")
"""Differences, ratios and correlations: figures for which there is a value of no effect."""
COMPARING_RETURNS = "net_over_"
"""How the names of differences of returns begin."""
MEASURED_COVERAGE_PCT = (85, 94)
"""How often such intervals held the truth in simulations with overlapping labels (docs/statistics.md)."""


class Evidence(NamedTuple):
    """What the sentences are made from: differences in points, with both lengths of blocks, and what they rest on."""

    difference: Kpi
    difference_longer: Kpi
    falls: Kpi
    skew: Kpi
    skew_longer: Kpi
    net: Kpi
    net_longer: Kpi
    median: Kpi
    rule: Kpi
    drawdown: Kpi
    pick_hours: int
    period: str
    missing: Sequence[str]
    trials: int


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
    figures = f"picks reached +10 % within 24 h {_often(value)} their controls (95 % interval {_points(reach)})"
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


def _often(value: float) -> str:
    """Return how much more or less often, as its sign says; what rounds to nothing is neither."""
    shown = f"{abs(value):.1f}"
    if not float(shown):
        return "as often as"
    return f"{shown} percentage points {'more' if value > 0 else 'less'} often than"


def _points(reach: Reach) -> str:
    return f"{reach.low:+.1f} to {reach.high:+.1f}"


def _percent(reach: Reach) -> str:
    return f"{100 * reach.low:+.2f} to {100 * reach.high:+.2f}"


def _say_direction(evidence: Evidence) -> str:
    reach, skew, falls = widen(evidence.skew, evidence.skew_longer), evidence.skew.value, _reach(evidence.falls)
    value = evidence.falls.value
    if reach is None or skew is None or falls is None or value is None or evidence.pick_hours < LEAST_HOURS:
        return "Whether the score tells up from down cannot be told yet."
    said = f"fell by 10 % within 24 h {_often(value)} their controls (95 % interval {_points(falls)})"
    return (
        f"{_say_falls(falls, evidence)} {said}; hits less falls are {skew:+.1f} points against controls "
        f"(95 % interval {_points(reach)}): {_lean(reach)}."
    )


def _say_falls(falls: Reach, evidence: Evidence) -> str:
    """Return who fell: "also" where hits and falls are both surely more, nothing sure where the interval holds 0."""
    if falls.low <= 0 <= falls.high:
        return "Whether picks fall more or less often cannot be told: they"
    hits = widen(evidence.difference, evidence.difference_longer)
    same = hits is not None and ((falls.low > 0 and hits.low > 0) or (falls.high < 0 and hits.high < 0))
    return "Picks also" if same else "Picks"


def _reach(kpi: Kpi) -> Reach | None:
    return widen(kpi, kpi)


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
    told = [f"After costs a pick returned {100 * value:+.2f} % (95 % interval {_percent(reach)}) on average"]
    told += _say_return("the median pick", evidence.median)
    told += _say_return("the rule that buys all of them, over the whole time,", evidence.rule)
    depth = evidence.drawdown.value
    fell = "" if depth is None else f", with a largest drawdown of {100 * depth:.1f} %"
    return f"{', '.join(told)}{fell}. {_gain(reach)}; {_say_sides(evidence)}."


def _say_return(who: str, kpi: Kpi) -> list[str]:
    reach = _reach(kpi)
    if kpi.value is None or reach is None:
        return []
    return [f"{who} {100 * kpi.value:+.2f} % ({_percent(reach)})"]


def _gain(reach: Reach) -> str:
    if reach.low > 0:
        return "On average a gain in this period"
    if reach.high < 0:
        return "On average a loss in this period"
    return "By the average alone neither a gain nor a loss can be told"


def _say_sides(evidence: Evidence) -> str:
    """Return on which side of 0 the intervals of returns lie: each of them, so that no kinder one stands for all."""
    kpis = (evidence.net, evidence.net_longer, evidence.median, evidence.rule)
    reaches = [reach for reach in map(_reach, kpis) if reach is not None]
    counts = {"loss": sum(reach.high < 0 for reach in reaches), "gain": sum(reach.low > 0 for reach in reaches)}
    told = [f"{count} exclude{'s' * (count == 1)} 0 on the side of {side}" for side, count in counts.items() if count]
    what = "the average in shorter and in longer blocks, the median, the rule"
    return f"of the {len(reaches)} intervals of returns ({what}) {' and '.join(told) or 'none excludes 0'}"


def is_comparison(kpi: Kpi) -> bool:
    """Tell whether a figure has an interval and a value of no effect: a difference, a ratio or a correlation."""
    compares = kpi.unit in COMPARING_UNITS or kpi.name.startswith(COMPARING_RETURNS)
    return compares and kpi.low is not None and kpi.high is not None


def say_chance(shown: Iterable[Kpi]) -> str:
    """Return what chance alone does with the comparisons among the figures that are shown together."""
    count = sum(map(is_comparison, shown))
    least, most = (round(count * (100 - pct) / 100) for pct in reversed(MEASURED_COVERAGE_PCT))
    low, high = MEASURED_COVERAGE_PCT
    return (
        f"The intervals of {count} differences, ratios and correlations are shown, none corrected for their number. In "
        f"simulations with labels that overlap as these do, such intervals held the truth in {low} to {high} % of the "
        f"cases, not in 95 % (docs/statistics.md): without any effect {least} to {most} of the {count} would exclude "
        "it by chance."
    )


def _say_caution(evidence: Evidence) -> str:
    trials = (
        "One setting was tried"
        if evidence.trials == 1
        else f"{evidence.trials} settings were tried, the best of many looks good by chance, and nothing here is "
        "corrected for that; the deflated Sharpe ratio and the probability of overfitting need the returns of all of "
        "them: they are in the result.json of `quantscout tune`"
    )
    return (
        f"{trials}. The answer rests on one difference, named beforehand, with the wider of two intervals, which is "
        "still too narrow (docs/statistics.md)."
    )
