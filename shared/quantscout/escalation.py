"""What a person is told of (SPEC 8): degrading results, drifting inputs, and what is too improbable to be left alone.

Pure: from evaluated hours and the last day's reports to findings. What was told, and when it is told again, is the
state's matter (escalation_ledger.py).
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from quantscout.alert import coins_of
from quantscout.escalation_drift import psi, robust_z
from quantscout.escalation_models import DAY_H, Finding, History, Measure, Thresholds
from quantscout.escalation_results import find_drawdown, find_loss, find_moves, find_precision
from quantscout.factors import FACTORS
from quantscout.frames import HOUR_MS
from quantscout.models import Gem

DRIFTING = tuple(factor.name for factor in FACTORS if factor.name != "regime")
"""The regime is one value for all contracts, stays for days, and stands in every report."""


def find(history: History, limits: Thresholds) -> list[Finding]:
    """Return everything that a person should hear of at N."""
    checks = (find_precision, find_drawdown, find_loss, find_drift, find_repeated, find_scores, find_moves)
    return [finding for check in checks for finding in check(history, limits)]


def find_drift(history: History, limits: Thresholds) -> Iterator[Finding]:
    """Compare each factor's norms in the newest day, missing ones as a bin of their own, with those before it.

    Norms are what the score sees: a level that moves for all contracts alike is taken out by the z-scores.
    """
    for name in DRIFTING:
        hours = [hour for hour in history.since("input_drift", name) if name in hour.norms]
        since_ms = max((hour.hour_ms for hour in hours), default=0) - DAY_H * HOUR_MS
        earlier, newest = [h for h in hours if h.hour_ms <= since_ms], [h for h in hours if h.hour_ms > since_ms]
        now, before = (_added([hour.norms[name] for hour in side]) for side in (newest, earlier))
        if len(earlier) < limits.least_h or min(sum(now), sum(before)) < limits.drift_least_rows:
            continue
        measure = Measure(psi(now, before), limits.drift_psi)
        if measure.statistic > measure.threshold:
            figures = {"missing_day": now[-1] / sum(now), "missing_before": before[-1] / sum(before), "rows": sum(now)}
            text = (
                f"The factor {name} is not distributed as before (PSI {measure.statistic:.2f}): it is missing for "
                f"{figures['missing_day']:.0%} of a day's scored contracts, {figures['missing_before']:.0%} before."
            )
            yield Finding("input_drift", name, text, _ask_source(history), measure, figures)


def _ask_source(history: History) -> str:
    """Return the first step: the sources, then the factors of the newest list's first."""
    step = "quantscout doctor\nDoes its source answer as it used to?"
    for report in reversed(history.reports):
        if report.ranked_gems:
            call = history.explain_call(report.ranked_gems[0].contract, report.hour)
            return f"{step} Then the factors of a pick:\n{call}"
    return step


def _added(histograms: Sequence[Sequence[int]]) -> list[int]:
    return [sum(counts) for counts in zip(*histograms, strict=True)]


def find_repeated(history: History, limits: Thresholds) -> Iterator[Finding]:
    """Look for coins that stand in the list of many of the last 24 hours."""
    counts = Counter(coin for report in history.reports for coin in coins_of(report))
    newest = {coin: report.hour for report in history.reports for coin in coins_of(report)}
    for coin, count in sorted(counts.items()):
        if count >= limits.repeated_h:
            text = f"{coin} was in the list in {count} of the last {DAY_H} hours."
            step = (
                f"{history.explain_call(coin, newest[coin])}\nOne lasting move, or a figure that has stopped changing?"
            )
            measure = Measure(count, limits.repeated_h)
            yield Finding("repeated_coin", coin, text, step, measure, {"hours": count})


def find_scores(history: History, limits: Thresholds) -> Iterator[Finding]:
    """Look for the top score of the last day that lies farthest above those of the evaluated hours, and below them."""
    best = {report.hour: max(report.ranked_gems, key=_score) for report in history.reports if report.ranked_gems}
    for key, sign in (("above", 1), ("below", -1)):
        hours = history.since("improbable_score", key)
        usual = [hour.top_score for hour in hours if hour.top_score is not None]
        if not best or len(usual) < limits.least_h:
            continue
        hour, gem = max(best.items(), key=lambda one: sign * one[1].score)
        measure = Measure(sign * robust_z(gem.score, usual, limits.score_least_spread), limits.score_z)
        if measure.statistic > measure.threshold:
            text = (
                f"{gem.symbol} ({gem.exchange}) led the list of {hour} with {gem.score:.1f}: {measure.statistic:.1f} "
                f"robust deviations {key} the usual best."
            )
            step = f"{history.explain_call(gem.contract, hour)}\nIs every figure behind it believable?"
            yield Finding("improbable_score", key, text, step, measure, {"score": gem.score})


def _score(gem: Gem) -> float:
    return gem.score
