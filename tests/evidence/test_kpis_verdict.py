"""The sentence: never stronger than the interval that it rests on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantscout_local.evidence.kpis_models import Kpi, Unit
from quantscout_local.evidence.kpis_verdict import LEAST_HOURS, Evidence, build_verdict

Interval = tuple[float, float]
POINTS: Unit = "points"


def kpi_of(interval: Interval | None, unit: Unit = POINTS) -> Kpi:
    """Return a figure in the middle of an interval."""
    if interval is None:
        return Kpi(name="any", value=None, unit=unit, n=0)
    return Kpi(name="any", value=sum(interval) / 2, low=interval[0], high=interval[1], unit=unit, n=1234)


def evidence_of(first: Interval | None, second: Interval | None = None, net: Interval = (-0.01, 0.01)) -> Evidence:
    """Return evidence with two intervals of the difference, the second like the first by default."""
    difference = kpi_of(first), kpi_of(second or first)
    money = kpi_of(net, "return")
    skew = kpi_of((-1.0, 3.0))
    return Evidence(*difference, kpi_of((3.0, 7.0)), skew, skew, money, money, 3000, "then to now", (), 1, 80)


@pytest.mark.parametrize(
    ("interval", "answer", "says"),
    [
        ((0.2, 3.0), "does", "does beat its matched controls"),
        ((-3.0, -0.2), "does_not", "it does worse"),
        ((-0.5, 0.9), "does_not", "does not beat its matched controls in hits by 1 point or more"),
        ((-0.5, 2.0), "cannot_be_told", "it cannot be told whether"),
        ((0.0, 2.0), "cannot_be_told", "it cannot be told whether"),
    ],
)
def test_the_answer_is_the_interval_s(interval: Interval, answer: str, says: str) -> None:
    """Above 0: does; surely below one point: does not; anything else cannot be told."""
    verdict = build_verdict(evidence_of(interval))
    assert verdict.answer == answer
    assert says in verdict.sentence
    assert "1,234 picks" in verdict.sentence
    assert "then to now" in verdict.sentence


@given(
    low=st.floats(-20, 20), width=st.floats(0, 20), other_low=st.floats(-20, 20), other_width=st.floats(0, 20)
)  # fmt: skip
def test_it_is_never_stronger_than_either_interval(
    low: float, width: float, other_low: float, other_width: float
) -> None:
    """Blocks of both lengths must agree."""
    intervals = (low, low + width), (other_low, other_low + other_width)
    answer = build_verdict(evidence_of(*intervals)).answer
    assert (answer == "does") == all(interval[0] > 0 for interval in intervals)
    if answer == "does_not":
        assert all(interval[1] < 1 for interval in intervals)


def test_a_few_hours_tell_nothing() -> None:
    """Nine days of picks, however good: the figures are given, the answer is not."""
    verdict = build_verdict(evidence_of((5.0, 9.0))._replace(pick_hours=LEAST_HOURS - 1))
    assert verdict.answer == "cannot_be_told"
    assert f"cannot be told from {LEAST_HOURS - 1} hours" in verdict.sentence
    assert "cannot be told yet" in verdict.money
    assert "cannot be told yet" in verdict.direction


def test_without_an_interval_nothing_is_told() -> None:
    """No picks with controls."""
    verdict = build_verdict(evidence_of(None))
    assert verdict.answer == "cannot_be_told"
    assert "too little" in verdict.sentence


@pytest.mark.parametrize(
    ("net", "says"),
    [
        ((0.001, 0.01), "a gain in this period"),
        ((-0.01, -0.001), "a loss"),
        ((-0.01, 0.01), "neither a gain nor a loss"),
    ],
)
def test_money_is_told_apart_from_hits(net: Interval, says: str) -> None:
    """More hits need not be more money."""
    assert says in build_verdict(evidence_of((0.2, 3.0), net=net)).money


@pytest.mark.parametrize(
    ("skew", "says"),
    [
        ((0.1, 3.0), "leans upwards"),
        ((-3.0, -0.1), "leans downwards"),
        ((-3.0, 0.9), "does not tell up from down by 1 point or more"),
        ((-1.0, 3.0), "cannot be told"),
    ],
)
def test_falls_are_told_beside_hits(skew: Interval, says: str) -> None:
    """A score that finds whatever moves has more hits and as many more falls."""
    direction = build_verdict(evidence_of((0.2, 3.0))._replace(skew=kpi_of(skew), skew_longer=kpi_of(skew))).direction
    assert says in direction
    assert "fall by 10 % within 24 h +5.0 percentage points more often" in direction


def test_the_caution_counts_intervals_and_trials() -> None:
    """80 intervals, 4 of them by chance; 25 settings."""
    caution = build_verdict(evidence_of((0.2, 3.0))._replace(trials=25)).caution
    assert caution.startswith("80 intervals")
    assert "about 4 of them" in caution
    assert "25 settings were tried" in caution
    assert "one setting was tried" in build_verdict(evidence_of((0.2, 3.0))).caution


def test_what_was_missing_is_in_the_sentence() -> None:
    """Or that nothing was named."""
    named = build_verdict(evidence_of((0.2, 3.0))._replace(missing=("social in all hours",)))
    assert named.sentence.endswith("missing: social in all hours.")
    assert build_verdict(evidence_of((0.2, 3.0))).sentence.endswith("no series is named as missing.")
