"""Every hour ranked again under other weights equals the product's own decision, hour by hour."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.made_rescore import Plan, make_hours_to_rescore, rank_as_decided
from quantscout.decide import PICKS
from quantscout.errors import InputError
from quantscout.factors import NAMES
from quantscout.frames import HOUR_MS
from quantscout.settings import Settings
from quantscout_local.evidence.rescore import build_sheet, take_hours
from quantscout_local.evidence.rescore_check import EXACT, check_found_again, compare
from quantscout_local.evidence.rescore_rank import build_rule, rank_hours
from quantscout_local.evidence.rescore_tally import tally_rule
from quantscout_local.sensitivity_changes import scale_weights

STEPS = st.dictionaries(st.sampled_from(NAMES), st.floats(0.05, 5), max_size=4)


def test_scores_and_picks_of_a_replay_are_found_again() -> None:
    """With the replay's own weights every score is the same to 1e-9, and every five."""
    made = make_hours_to_rescore(1)
    found = check_found_again(build_sheet(made.judged, made.hours), build_rule(Settings()))
    assert found.largest_difference <= EXACT
    assert found.hours_with_other_picks == 0
    assert found.rows == made.judged.filter(pl.col("score").is_not_null()).height > 500


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), steps=STEPS, least=st.sampled_from([0.6, 0.75, 0.9]))
def test_other_weights_rank_as_the_product_would(seed: int, steps: dict[str, float], least: float) -> None:
    """A sheet made under the default weights, ranked under others, equals hours decided under those others."""
    made = make_hours_to_rescore(seed, Plan(hours=9, coins=25))
    changed = scale_weights(Settings(min_coverage=least), steps)
    judged, hours = rank_as_decided(made.board, changed)
    loaded = build_sheet(made.judged, made.hours)
    expected = build_sheet(judged, hours)
    ranking = rank_hours(loaded.sheet, build_rule(changed))
    assert np.allclose(ranking.score, expected.replayed.score, rtol=0, atol=1e-9, equal_nan=True)
    found = np.zeros(loaded.sheet.at.size, int)
    found[ranking.rows] = ranking.rank
    assert (found == expected.replayed.rank).all()
    assert [None if k < 0 else k for k in ranking.level] == hours["level"].to_list()


@pytest.mark.parametrize("name", NAMES)
def test_a_factor_left_out_is_as_if_its_weight_were_zero_in_the_table(name: str) -> None:
    """The product under settings without the factor gives the same five."""
    made = make_hours_to_rescore(3)
    without = scale_weights(Settings(), {name: 0.0})
    judged, hours = rank_as_decided(made.board, without)
    found = compare(build_sheet(judged, hours), build_rule(without))
    assert found.hours_with_other_picks == 0
    ranking = rank_hours(build_sheet(made.judged, made.hours).sheet, build_rule(without))
    expected = build_sheet(judged, hours).replayed
    assert sorted(ranking.rows[ranking.rank == 1]) == sorted(np.flatnonzero(expected.rank == 1))


def test_without_levels_the_level_of_the_replay_stands() -> None:
    """Rows without `passes_from` pass where their reason says so, and the same five are found."""
    made = make_hours_to_rescore(4)
    passes = pl.col("passes_from") <= pl.col("level")
    reasoned = made.judged.join(made.hours.select("hour_ms", "level"), on="hour_ms").with_columns(
        pl.when(passes.fill_null(value=False)).then(pl.lit(None, pl.String)).otherwise(pl.lit("depth_high"))
        .alias("reason")
    )  # fmt: skip
    loaded = build_sheet(reasoned.drop("passes_from", "level"), made.hours)
    assert not loaded.levels_known
    assert check_found_again(loaded, build_rule(Settings())).hours_with_other_picks == 0


def test_norms_in_single_precision_are_held_to_what_they_can_tell() -> None:
    """With Float32 norms the tolerance is wider, and scores stay within it."""
    made = make_hours_to_rescore(5)
    small = made.judged.with_columns(pl.col(f"{name}_norm").cast(pl.Float32) for name in NAMES)
    found = compare(build_sheet(small, made.hours), build_rule(Settings()))
    assert EXACT < found.largest_difference <= found.tolerance


def test_other_settings_than_the_replays_are_refused() -> None:
    """A rule that does not find the replay's ranking again is named, with what to do."""
    made = make_hours_to_rescore(6)
    other = scale_weights(Settings(), {"mom15m": 3.0})
    with pytest.raises(InputError, match=r"the five of \d+ of 30 hours differ.*run quantscout replay again"):
        check_found_again(build_sheet(made.judged, made.hours), build_rule(other))


def test_a_missing_column_is_named() -> None:
    """Judged rows without a norm cannot be ranked again."""
    made = make_hours_to_rescore(7)
    with pytest.raises(InputError, match="judged rows: penalty, hours: regime"):
        build_sheet(made.judged.drop("penalty"), made.hours.drop("regime"))


def test_a_stretch_of_hours_is_what_those_hours_are_alone() -> None:
    """Taking hours out of a sheet changes nothing of their ranking and their outcomes."""
    made = make_hours_to_rescore(8)
    sheet, rule = build_sheet(made.judged, made.hours).sheet, build_rule(Settings())
    first, last = (int(sheet.hours_ms[0]) + k * HOUR_MS for k in (7, 19))
    part = tally_rule(take_hours(sheet, first, last), rule)
    assert np.array_equal(part.sums, tally_rule(sheet, rule).sums[7:20])
    ranking = rank_hours(take_hours(sheet, first, last), rule)
    assert np.unique(take_hours(sheet, first, last).at[ranking.picks], return_counts=True)[1].tolist() == [PICKS] * 13
