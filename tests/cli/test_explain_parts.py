"""The parts of an explanation: verdicts of gates, lines of a score, bars."""

from collections import defaultdict

import polars as pl
import pytest
from world import Computed

from cli.asked import scored
from quantscout import gating
from quantscout.decide import missing
from quantscout.factors import NAMES
from quantscout.gates import FLAG_MEANINGS, FLAGS, LEVELS
from quantscout.settings import Settings
from quantscout_local.explain import MISSING_MEANINGS
from quantscout_local.explain_gates import judge_gates, write_beside
from quantscout_local.explain_score import NEUTRAL, choose_ink, printed_points, score_parts, signed_bar


def test_a_gates_verdict_is_that_of_the_run(computed: Computed) -> None:
    """For every contract and level the first gate that fails here is the reason that the product gives."""
    settings = Settings()
    eligible = computed.universe.filter(pl.col("ineligible").is_null())
    for level in range(len(LEVELS)):
        reasons = eligible.select(gating.first_failure(level, settings)[0]).to_series().to_list()
        for row, reason in zip(eligible.to_dicts(), reasons, strict=True):
            failing = [v for v in judge_gates(row, settings) if not v.passes[level]]
            codes = [v.gate.unknown_reason if v.value is None else v.gate.reason for v in failing]
            assert next(iter(codes), None) == reason


def test_the_printed_points_sum_to_the_printed_score(computed: Computed) -> None:
    """Neutral and the points as they are printed add up, to the hundredth, for every contract."""
    for row in scored(computed):
        points = printed_points(score_parts(row), row["score"])
        assert round(NEUTRAL + sum(p for p in points if p is not None), 2) == round(row["score"], 2)


@pytest.mark.parametrize(("penalty", "score"), [(0.9, 0.0), (-0.9, 100.0)])
def test_what_a_score_has_beyond_its_ends_is_a_line(computed: Computed, penalty: float, score: float) -> None:
    """A sum below 0 or above 100 is cut off before the reader's eyes."""
    extreme = {"penalty": max(penalty, 0.0), "boost": max(-penalty, 0.0), "listed_days": 1.0, "score": score}
    row = scored(computed)[0] | extreme
    parts = score_parts(row)
    assert "cut off" in [part.name for part in parts]
    assert NEUTRAL + sum(part.points or 0 for part in parts) == pytest.approx(score)


def test_penalty_and_boost_are_lines_of_the_score(computed: Computed) -> None:
    """They take from and add to it like a factor."""
    row = scored(computed)[0] | {"penalty": 0.03, "boost": 0.06, "listed_days": 1.0, "funding_z": 1.25}
    points = {part.name: part.points for part in score_parts(row)}
    assert (points["penalty"], points["boost"]) == (-3.0, 6.0)


def test_a_bar_is_drawn_to_the_side_of_its_sign() -> None:
    """Right of the axis lifts, left of it presses down, and without Unicode there are plain characters."""
    ink = choose_ink(80, ascii_only=True)
    assert signed_bar(2, 4, ink) == "      |###   "
    assert signed_bar(-4, 4, ink) == "######|      "
    assert len(signed_bar(1, 4, choose_ink(120, ascii_only=False))) > len(signed_bar(1, 4, ink))


def test_everything_that_can_be_missing_has_its_words() -> None:
    """What decide names as missing is either a factor or explained."""
    nothing: defaultdict[str, object] = defaultdict(lambda: None)
    assert {*missing(nothing)} - {*NAMES} == MISSING_MEANINGS.keys()


def test_every_flag_has_its_words() -> None:
    """The two tables have the same names."""
    assert FLAG_MEANINGS.keys() == FLAGS.keys()


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [(0.2, 0.2, "0.2"), (0.2000001, 0.2, "0.2000001"), (49_999_999.0, 5e7, "49999999"), (27_331_200, 5e7, "27.33 M")],
)
def test_a_value_never_looks_like_a_limit_that_it_is_not(value: float, limit: float, text: str) -> None:
    """Rounding stops where it would hide why a gate said no."""
    assert write_beside(value, limit) == text
