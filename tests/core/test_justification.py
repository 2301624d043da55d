"""A score in words: its parts, strongest first, what was missing."""

from typing import Any

import polars as pl
import pytest

import market_frames as mf
from quantscout.decide import Decision
from quantscout.factors import NAMES
from quantscout.justification import contributions, justify, reasons
from quantscout.models import FactorScore


@pytest.fixture(scope="module")
def decision() -> Decision:
    """Return the decision of a small market."""
    return mf.decide_hour(mf.made_hour(4))


def _row(decision: Decision, **changes: Any) -> dict[str, Any]:
    return decision.universe.filter(pl.col("rank") == 1).row(0, named=True) | changes


def test_reasons_are_strongest_first(decision: Decision) -> None:
    """A factor with more weighted lift is named before one with less."""
    level = {f"{name}_norm": 0.5 for name in NAMES}
    row = _row(decision, **level, mom60m=0.02, mom15m=0.01) | {"mom60m_norm": 0.9, "mom60m_weight": 0.1}
    row |= {"mom15m_norm": 0.6, "mom15m_weight": 0.1}
    assert [text.split(" (")[0] for text in reasons(row)] == ["+2.0 % in the last hour", "+1.0 % in the last 15 min"]


def test_reasons_count_from_average_not_from_zero(decision: Decision) -> None:
    """More of the report's points (100 x weight x norm) come later where they lie nearer to the average."""
    level = {f"{name}_norm": 0.5 for name in NAMES}
    row = _row(decision, **level, mom60m=0.02, mom15m=0.01) | {"mom60m_norm": 0.9, "mom60m_weight": 0.1}
    row |= {"mom15m_norm": 0.6, "mom15m_weight": 0.2, "mom60m_points": 9.0, "mom15m_points": 12.0}
    assert [text.split(" (")[0] for text in reasons(row)] == ["+2.0 % in the last hour", "+1.0 % in the last 15 min"]
    assert [part.points for part in contributions(row | {"boost": 0.0, "penalty": 0.0})] == pytest.approx([4, 2])
    said = str(FactorScore.model_fields["points"].description)
    assert "100 x weight x norm," in said
    assert "100 x weight x (norm - 1/2)" in said


def test_reasons_against_are_apart(decision: Decision) -> None:
    """What presses the score below neutral is no reason for it."""
    row = _row(decision, **{f"{name}_norm": 0.5 for name in NAMES}) | {"mom60m_norm": 0.1, "mom60m": -0.02}
    assert reasons(row) == []
    assert reasons(row, against=True)[0].startswith("-2.0 % in the last hour")


def test_what_weighs_little_can_be_left_out(decision: Decision) -> None:
    """With a least number of points only what counts as much is named, against a contract as for it."""
    row = _row(decision, **{f"{name}_norm": 0.5 for name in NAMES}, penalty=0.0, boost=0.0) | {
        "mom60m_norm": 0.39, "mom60m": -0.02, "mom60m_weight": 0.1,
        "mom15m_norm": 0.41, "mom15m": -0.01, "mom15m_weight": 0.1,
    }  # fmt: skip
    said = {
        least: [text.split(" (")[0] for text in reasons(row, against=True, least=least)] for least in (0.0, 1.0, 1.2)
    }
    assert said == {0.0: ["-2.0 % in the last hour", "-1.0 % in the last 15 min"],
                    1.0: ["-2.0 % in the last hour"], 1.2: []}  # fmt: skip


def test_factor_without_data_is_no_reason(decision: Decision) -> None:
    """Nothing is said about a value that is not there, either way."""
    nothing = _row(decision, **dict.fromkeys((f"{name}_norm" for name in NAMES), None))
    assert (reasons(nothing), reasons(nothing, against=True)) == ([], [])


def test_justification_names_what_is_missing(decision: Decision) -> None:
    """What the score had to do without is in the words, by name."""
    row = _row(decision, mom15m_norm=None, market_cap_usd=None, flags=["market_cap_unknown"])
    text = justify(row)
    assert "mom15m" in text.split("Missing: ")[1]
    assert "market_cap" in text.split("Missing: ")[1]
    assert text.endswith("Flags: market_cap_unknown.")


def test_justification_names_penalty_and_boost(decision: Decision) -> None:
    """What funding costs and a fresh listing gives is told in points."""
    row = _row(decision, penalty=0.042, boost=0.06, listed_days=3.25, funding_z=1.55, funding_change_z=None)
    text = justify(row)
    assert "funding penalty 4.2 points (funding z +1.6 against its own 30 days)" in text.split("Against: ")[1]
    assert "isted 3.2 days ago (+6.0 points)" in text.split("Against: ")[0]


def test_penalty_and_boost_stand_by_their_strength(decision: Decision) -> None:
    """The largest penalty is the first thing against a contract; the smallest is still named."""
    row = _row(decision, boost=0.0, funding_z=4.0, funding_change_z=2.5)
    against = justify(row | {"penalty": 0.15}).split("Against: ")[1]
    assert against.startswith(
        "funding penalty 15.0 points (funding z +4.0, its 24 h change z +2.5 against its own 30 days)"
    )
    assert "funding penalty 0.1 points" in justify(row | {"penalty": 0.001})


def test_contributions_and_neutral_are_the_score(decision: Decision) -> None:
    """Fifty and the parts, within 0 to 100, make every score of the set."""
    for row in decision.universe.filter("in_scored_set").to_dicts():
        whole = 50 + sum(part.points for part in contributions(row))
        assert min(max(whole, 0), 100) == pytest.approx(row["score"], abs=1e-9)


def test_norms_by_rank_are_told_by_rank(decision: Decision) -> None:
    """Without a z the place in the scored set is given instead."""
    level = {f"{name}_norm": 0.5 for name in NAMES}
    row = _row(decision, **level, mom60m=0.02) | {"mom60m_norm": 0.93, "mom60m_weight": 0.1, "mom60m_z": None}
    assert reasons(row | {"boost": 0.0}) == ["+2.0 % in the last hour (above 93 % of the scored set)"]


def test_a_contract_that_nothing_lifts_is_said_to_be_so(decision: Decision) -> None:
    """A justification does not begin with what speaks against it as if that were all."""
    level = {f"{name}_norm": 0.5 for name in NAMES}
    row = _row(decision, **level, mom60m=-0.02) | {"mom60m_norm": 0.1, "boost": 0.0, "penalty": 0.0}
    assert justify(row).startswith("Nothing lifts it above neutral. Against: -2.0 % in the last hour")


def test_missing_factors_tell_how_much_of_the_weights_is_there(decision: Decision) -> None:
    """The share of weights that had data stands beside what was missing."""
    row = _row(decision, **{f"{name}_norm": 0.5 for name in NAMES}) | {"aggressor_norm": None, "coverage": 0.93}
    assert "aggressor" in justify(row).split("Missing: ")[1]
    assert "(93 % of the weights have data)." in justify(row)


def test_justification_without_penalty_is_silent_about_it(decision: Decision) -> None:
    """Nothing is said about what did not happen."""
    text = justify(_row(decision, penalty=0.0, boost=0.0, flags=[]))
    assert "penalty" not in text
    assert "Flags" not in text
