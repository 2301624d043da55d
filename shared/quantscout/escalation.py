"""What a person is told of (SPEC 8): degrading results, drifting inputs, and what is too improbable to be left alone.

Pure: from evaluated hours and the last day's reports to findings. What was told, and when it is told again, is the
state's matter (escalation_ledger.py).
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from quantscout.alert import coins_of
from quantscout.escalation_drift import psi, robust_z
from quantscout.escalation_models import DAY_H, Finding, History, Measure, Thresholds
from quantscout.escalation_results import find_drawdown, find_moves, find_precision
from quantscout.factors import FACTORS
from quantscout.frames import HOUR_MS

DRIFTING = tuple(factor.name for factor in FACTORS if factor.name != "regime")
"""The regime is one value for all contracts, stays for days, and stands in every report."""


def find(history: History, limits: Thresholds) -> list[Finding]:
    """Return everything that a person should hear of at N."""
    checks = (find_precision, find_drawdown, find_drift, find_repeated, find_scores, find_moves)
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
            step = "quantscout doctor: does its source answer as it used to? Then quantscout explain one of the picks"
            yield Finding("input_drift", name, text, step, measure, figures)


def _added(histograms: Sequence[Sequence[int]]) -> list[int]:
    return [sum(counts) for counts in zip(*histograms, strict=True)]


def find_repeated(history: History, limits: Thresholds) -> Iterator[Finding]:
    """Look for coins that stand in the list of many of the last 24 hours."""
    counts = Counter(coin for report in history.reports for coin in coins_of(report))
    for coin, count in sorted(counts.items()):
        if count >= limits.repeated_h:
            text = f"{coin} was in the list in {count} of the last {DAY_H} hours."
            step = f"quantscout explain {coin}: one lasting move, or a figure that has stopped changing?"
            measure = Measure(count, limits.repeated_h)
            yield Finding("repeated_coin", coin, text, step, measure, {"hours": count})


def find_scores(history: History, limits: Thresholds) -> Iterator[Finding]:
    """Look for top scores of the last day far from those of the evaluated hours, above or below."""
    usual = [hour.top_score for hour in history.hours if hour.top_score is not None]
    if len(usual) < limits.least_h:
        return
    for report in (report for report in history.reports if report.ranked_gems):
        best = max(report.ranked_gems, key=lambda gem: gem.score)
        z = robust_z(best.score, usual, limits.score_least_spread)
        measure = Measure(abs(z), limits.score_z)
        if measure.statistic > measure.threshold:
            text = (
                f"{best.symbol} ({best.exchange}) led the list of {report.hour} with {best.score:.1f}: {abs(z):.1f} "
                f"robust deviations {'above' if z > 0 else 'below'} the usual best."
            )
            step = f"quantscout explain {best.coin or best.symbol} for this hour: is every figure behind it believable?"
            yield Finding("improbable_score", report.hour, text, step, measure, {"score": best.score})
