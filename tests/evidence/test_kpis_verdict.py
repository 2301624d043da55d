"""The sentence: never stronger than the interval that it rests on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantscout_local.evidence.kpis_models import Kpi, Unit
from quantscout_local.evidence.kpis_verdict import LEAST_HOURS, Evidence, build_verdict, is_comparison, say_chance

Interval = tuple[float, float]
POINTS: Unit = "points"


def kpi_of(interval: Interval | None, unit: Unit = POINTS, name: str = "any") -> Kpi:
    """Return a figure in the middle of an interval."""
    if interval is None:
        return Kpi(name=name, value=None, unit=unit, n=0)
    return Kpi(name=name, value=sum(interval) / 2, low=interval[0], high=interval[1], unit=unit, n=1234)


def evidence_of(first: Interval | None, second: Interval | None = None, net: Interval = (-0.01, 0.01)) -> Evidence:
    """Return evidence with two intervals of the difference, the second like the first by default."""
    difference = kpi_of(first), kpi_of(second or first)
    money = kpi_of(net, "return")
    skew = kpi_of((-1.0, 3.0))
    rule, drawdown = kpi_of((-0.5, 0.5), "return"), kpi_of((0.2, 0.6), "share")
    returns = money, money, money, rule, drawdown
    return Evidence(*difference, kpi_of((3.0, 7.0)), skew, skew, *returns, 3000, "then to now", (), 1)


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
        ((0.001, 0.01), "On average a gain in this period"),
        ((-0.01, -0.001), "On average a loss in this period"),
        ((-0.01, 0.01), "By the average alone neither a gain nor a loss can be told"),
    ],
)
def test_money_is_told_apart_from_hits(net: Interval, says: str) -> None:
    """More hits need not be more money."""
    assert says in build_verdict(evidence_of((0.2, 3.0), net=net)).money


def test_an_average_that_leaves_it_open_does_not_hide_the_median_and_the_rule() -> None:
    """Their figures and intervals stand beside it, and how many of the four exclude 0 on which side."""
    median, rule = kpi_of((-0.026, -0.019), "return"), kpi_of((-0.92, -0.14), "return")
    longer = kpi_of((-0.012, -0.001), "return")
    money = build_verdict(evidence_of((0.2, 3.0))._replace(median=median, rule=rule, net_longer=longer)).money
    assert "the median pick -2.25 % (-2.60 to -1.90)" in money
    assert "-53.00 % (-92.00 to -14.00), with a largest drawdown of 40.0 %" in money
    assert "neither a gain nor a loss can be told" in money
    assert money.endswith("3 exclude 0 on the side of loss.")


ends = st.floats(-0.5, 0.5).map(lambda value: round(value, 3))
intervals = st.tuples(ends, ends).map(lambda pair: (min(pair), max(pair)))


@given(net=intervals, longer=intervals, median=intervals, rule=intervals)
def test_sides_are_counted_as_they_lie(net: Interval, longer: Interval, median: Interval, rule: Interval) -> None:
    """However the four lie: as many losses and gains are named as intervals lie wholly on that side."""
    four = [kpi_of(each, "return") for each in (net, longer, median, rule)]
    money = build_verdict(
        evidence_of((0.2, 3.0))._replace(net=four[0], net_longer=four[1], median=four[2], rule=four[3])
    ).money
    for side, count in (
        ("loss", sum(each[1] < 0 for each in (net, longer, median, rule))),
        ("gain", sum(each[0] > 0 for each in (net, longer, median, rule))),
    ):
        said = f"{count} exclude{'s' if count == 1 else ''} 0 on the side of {side}"
        assert (said in money) == (count > 0)
        assert (f"on the side of {side}" in money) == (count > 0)


@given(hits=intervals, falls=intervals)
def test_words_go_with_the_sign_and_its_interval(hits: Interval, falls: Interval) -> None:
    """More, less or as often by the figure; "also" where both are surely on the same side; nothing sure across 0."""
    hits, falls = (100 * hits[0], 100 * hits[1]), (100 * falls[0], 100 * falls[1])
    verdict = build_verdict(evidence_of(hits)._replace(falls=kpi_of(falls)))
    for interval, sentence in ((hits, verdict.sentence), (falls, verdict.direction)):
        middle = sum(interval) / 2
        shown = f"{abs(middle):.1f}"
        word = (
            "as often as" if shown == "0.0" else f"{shown} percentage points {'more' if middle > 0 else 'less'} often"
        )
        assert f"within 24 h {word}" in sentence
        assert "- percentage" not in sentence
    same = (hits[0] > 0 and falls[0] > 0) or (hits[1] < 0 and falls[1] < 0)
    open_ = falls[0] <= 0 <= falls[1]
    assert verdict.direction.startswith("Picks also fell") == same
    assert verdict.direction.startswith("Whether picks fall more or less often cannot be told") == open_


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
    assert "fell by 10 % within 24 h 5.0 percentage points more often" in direction


def test_the_caution_counts_trials_and_says_where_their_correction_is() -> None:
    """25 settings: nothing of what is printed here corrects for them."""
    caution = build_verdict(evidence_of((0.2, 3.0))._replace(trials=25)).caution
    assert "25 settings were tried" in caution
    assert "nothing here is corrected for that" in caution
    assert "result.json of `quantscout tune`" in caution
    assert "One setting was tried" in build_verdict(evidence_of((0.2, 3.0))).caution


@pytest.mark.parametrize(
    ("kpi", "compares"),
    [
        (kpi_of((1.0, 2.0)), True),
        (kpi_of((1.0, 2.0), "times"), True),
        (kpi_of((-0.1, 0.1), "rank"), True),
        (kpi_of((-0.1, 0.1), "return", "net_over_matched"), True),
        (kpi_of((-0.1, 0.1), "return", "mean_net_return_24h"), False),
        (kpi_of((0.1, 0.2), "share"), False),
        (kpi_of((1.0, 1.0), "per_day"), False),
        (kpi_of(None), False),
    ],
)
def test_only_what_has_a_value_of_no_effect_is_counted(kpi: Kpi, compares: bool) -> None:
    """Differences, ratios and correlations with an interval; a level excludes nothing."""
    assert is_comparison(kpi) is compares


def test_chance_is_reckoned_with_the_coverage_that_was_measured() -> None:
    """Of 100 intervals that hold the truth in 85 to 94 % of the cases, 6 to 15 leave it out."""
    said = say_chance([*[kpi_of((1.0, 2.0))] * 100, *[kpi_of((0.1, 0.2), "share")] * 9])
    assert said.startswith("The intervals of 100 differences, ratios and correlations are shown")
    assert "6 to 15 of the 100 would exclude it by chance" in said


def test_what_was_missing_is_in_the_sentence() -> None:
    """Or that nothing was named."""
    named = build_verdict(evidence_of((0.2, 3.0))._replace(missing=("social in all hours",)))
    assert named.sentence.endswith("missing: social in all hours.")
    assert build_verdict(evidence_of((0.2, 3.0))).sentence.endswith("no series is named as missing.")
