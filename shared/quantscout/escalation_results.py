"""Findings about what became of the picks: precision, drawdown, loss, moves that are too improbable. Pure."""

from collections.abc import Iterator, Sequence

from quantscout.clock import iso
from quantscout.escalation_drift import fall_from_best, page_hinkley
from quantscout.escalation_models import DAY_H, WEEK_H, Finding, History, Kind, Measure, Thresholds
from quantscout.evaluation_models import EvaluatedHour
from quantscout.frames import DAY_MS

PICKS = "picks"
"""The key of what is about all picks together."""


def find_precision(history: History, limits: Thresholds) -> Iterator[Finding]:
    """Look for a fall of the picks' share of hits beyond that of all contracts, which is the market's own."""
    hours = _judged(history, "precision", limits)
    excess = [_hit_share(hour) - _base_rate(hour) for hour in hours]
    measure = Measure(page_hinkley([-share for share in excess], limits.precision_delta), limits.precision_sum)
    if not hours or measure.statistic <= measure.threshold:
        return
    recent = hours[-WEEK_H:]
    figures = {
        "precision_7d": _mean([_hit_share(hour) for hour in recent]),
        "base_rate_7d": _mean([_base_rate(hour) for hour in recent]),
        "precision": _mean([_hit_share(hour) for hour in hours]),
        "base_rate": _mean([_base_rate(hour) for hour in hours]),
        "hours": len(hours),
    }
    text = (
        f"Of the picks {figures['precision_7d']:.0%} rose by 10 % within 24 h in the last 7 days (all contracts: "
        f"{figures['base_rate_7d']:.0%}); over {len(hours)} hours it was {figures['precision']:.0%} (all: "
        f"{figures['base_rate']:.0%})."
    )
    step = f"{history.kpis_call()}\nThen look for a change of settings, version or sources before the fall."
    yield Finding("precision", PICKS, text, step, measure, figures)


def find_drawdown(history: History, limits: Thresholds) -> Iterator[Finding]:
    """Look for losses of the rule "1/24 of the capital into each hour's five" beyond their usual pace.

    The statistic is the fall of its equity from the best point, less what running mean and delta explain.
    """
    hours = _judged(history, "drawdown", limits)
    cap, returns = limits.return_cap_ratio, [_net_return(hour) for hour in hours]
    losses = [-max(-cap, min(cap, value)) / DAY_H for value in returns]
    measure = Measure(page_hinkley(losses, limits.drawdown_delta), limits.drawdown_sum)
    if not hours or measure.statistic <= measure.threshold:
        return
    figures = {
        "drawdown": _drawdown(returns),
        "mean_net_24h_7d": _mean(returns[-WEEK_H:]),
        "mean_net_24h": _mean(returns),
        "hours": len(hours),
    }
    text = (
        f"Buying each hour's five for 24 h lost {figures['drawdown']:.0%} of the capital from its best point within "
        f"{len(hours)} hours, after costs; a pick's mean was {figures['mean_net_24h_7d']:+.1%} in the last 7 days, "
        f"{figures['mean_net_24h']:+.1%} over all."
    )
    yield Finding("drawdown", PICKS, text, _market_or_picks(history), measure, figures)


def find_loss(history: History, limits: Thresholds) -> Iterator[Finding]:
    """Look at what the same rule has lost since its best point, whatever its usual pace: a fact, no test of a change.

    It needs no hours to compare with, so a deployment whose first days are ruinous is told, too. Returns count whole.
    """
    hours = [hour for hour in history.since("loss", PICKS) if hour.complete_picks]
    returns = [_net_return(hour) for hour in hours]
    measure = Measure(fall_from_best([value / DAY_H for value in returns]), limits.loss_ratio)
    if measure.statistic <= measure.threshold:
        return
    groups = [hour.population for hour in hours if hour.population.complete]
    figures = {"loss": measure.statistic, "mean_net_24h": _mean(returns), "hours": len(hours)}
    if groups:
        figures["mean_net_24h_of_all"] = _mean([group.net_return_sum / group.complete for group in groups])
    text = (
        f"Buying each hour's five for 24 h has lost {measure.statistic:.0%} of the capital since its best point within "
        f"{len(hours)} hours, after costs; a pick's mean was {figures['mean_net_24h']:+.1%} a day."
    )
    yield Finding("loss", PICKS, text, _market_or_picks(history), measure, figures)


def _market_or_picks(history: History) -> str:
    words = "Is it the market (base rate, controls) or the picks? Do not act on the list until it is clear."
    return f"{history.kpis_call()}\n{words}"


def find_moves(history: History, limits: Thresholds) -> Iterator[Finding]:
    """Look for picks whose day lies far from that of all contracts of their hour: an error in the data, or a story.

    In what was evaluated in the last 24 h, however old the hours are: after an outage they come late.
    """
    told: set[str] = set()
    for hour in (hour for hour in history.hours if history.at_ms - DAY_MS < hour.evaluated_ms <= history.at_ms):
        for pick in hour.complete_picks:
            key, z, change = f"{pick.venue}:{pick.contract}", pick.move_z or 0.0, pick.return_24h_ratio or 0.0
            if abs(z) <= limits.move_z or key in told:
                continue
            told.add(key)
            text = (
                f"{key}, picked at {iso(hour.hour_ms)}, moved {change:+.0%} in 24 h: {abs(z):.0f} robust deviations "
                "from the median of all contracts."
            )
            step = "Look at its bars on the venue: a split, a new denomination, a wrong bar? A true move needs nothing."
            yield Finding("improbable_move", key, text, step, Measure(abs(z), limits.move_z), {"change": change})


def _judged(history: History, kind: Kind, limits: Thresholds) -> list[EvaluatedHour]:
    """Return the hours with outcomes of their picks since this was told last; none if they are too few."""
    hours = [hour for hour in history.since(kind, PICKS) if hour.complete_picks and hour.population.complete]
    return hours if len(hours) >= limits.least_h else []


def _hit_share(hour: EvaluatedHour) -> float:
    return _mean([float(bool(pick.hit10)) for pick in hour.complete_picks])


def _base_rate(hour: EvaluatedHour) -> float:
    return hour.population.hits / hour.population.complete


def _net_return(hour: EvaluatedHour) -> float:
    return _mean([pick.net_return_24h_ratio or 0.0 for pick in hour.complete_picks])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _drawdown(returns: Sequence[float]) -> float:
    """Return the largest fall of the rule's equity from its best point, of a capital that is not reinvested."""
    equity = best = deepest = 0.0
    for value in returns:
        equity += value / DAY_H
        best = max(best, equity)
        deepest = max(deepest, best - equity)
    return deepest
