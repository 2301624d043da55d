"""Point figures over evaluated hours: what can be said without resampling. `quantscout kpis` has the intervals.

Pure. Every figure stands with the number that it is over, and is None where that is 0.
"""

from collections import Counter
from collections.abc import Iterable
from statistics import median
from typing import Any, NamedTuple

from quantscout.evaluation_models import EvaluatedHour, Group


class Figure(NamedTuple):
    """A figure and how many picks or contracts it is over."""

    value: float | None
    n: int


class LiveKpis(NamedTuple):
    """Figures of a span of hours; shares and ratios as fractions, returns after costs."""

    hours: int
    precision_at_5: Figure
    base_rate: Figure
    scored_set_rate: Figure
    lift_over_base: Figure
    lift_over_matched: Figure
    """Hit share of the picks that have matched controls over the mean hit share of those controls."""
    mean_net_return_24h: Figure
    median_net_return_24h: Figure
    without_controls: int
    without_outcome: int
    excluded: dict[str, int]
    """Hours without a judgement, by reason."""

    def plain(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        return {name: value._asdict() if isinstance(value, Figure) else value for name, value in self._asdict().items()}


def live_kpis(hours: Iterable[EvaluatedHour]) -> LiveKpis:
    """Return the figures of these hours (SPEC 8); those that may not count are only named."""
    every = list(hours)
    known = [hour for hour in every if hour.is_measured]
    picks = [pick for hour in known for pick in hour.complete_picks]
    matched = [pick for pick in picks if pick.controls]
    nets = [pick.net_return_24h_ratio for pick in picks if pick.net_return_24h_ratio is not None]
    hits = _share([float(bool(pick.hit10)) for pick in picks])
    base, scored = (_rate([getattr(hour, name) for hour in known]) for name in ("population", "scored"))
    controls = _share([pick.controls_hit / pick.controls for pick in matched])
    of_matched = _share([float(bool(pick.hit10)) for pick in matched])
    return LiveKpis(
        hours=sum(not hour.excluded for hour in known),
        precision_at_5=hits,
        base_rate=base,
        scored_set_rate=scored,
        lift_over_base=Figure(_ratio(hits.value, base.value), hits.n),
        lift_over_matched=Figure(_ratio(of_matched.value, controls.value), of_matched.n),
        mean_net_return_24h=_share(nets),
        median_net_return_24h=Figure(median(nets) if nets else None, len(nets)),
        without_controls=len(picks) - len(matched),
        without_outcome=sum(len(hour.picks) for hour in known) - len(picks),
        excluded=dict(Counter(hour.excluded for hour in every if hour.excluded)),
    )


def _share(values: list[float]) -> Figure:
    return Figure(sum(values) / len(values) if values else None, len(values))


def _rate(groups: list[Group]) -> Figure:
    complete = sum(group.complete for group in groups)
    return Figure(sum(group.hits for group in groups) / complete if complete else None, complete)


def _ratio(value: float | None, of: float | None) -> float | None:
    return None if value is None or not of else value / of
