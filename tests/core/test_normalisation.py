"""The three ways from a factor's value to its norm: z, z by median and MAD, rank (setting `normalisation`)."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import get_args

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import market_frames as mf
from quantscout.decide import Decision
from quantscout.factors import FACTORS, NAMES
from quantscout.score import MAD_TO_DEVIATION, MEAN_AD_TO_DEVIATION, score_set
from quantscout.settings import Normalisation, Settings

ALL: tuple[Normalisation, ...] = get_args(Normalisation)
many = settings(max_examples=60)
VALUES = st.lists(st.integers(-10_000, 10_000).map(lambda k: k / 100), min_size=8, max_size=40)


def _scored(values: Sequence[float | None], normalisation: Normalisation) -> pl.DataFrame:
    """Return the scored set in which only mom60m differs."""
    n = len(values)
    columns: dict[str, Sequence[float | None]] = {name: [0.5] * n for name in NAMES} | {"mom60m": values}
    others: dict[str, Sequence[float | None]] = {
        "funding_z": [None] * n, "funding_change_z": [None] * n, "listed_days": [99.0] * n,
        "volume_24h_usdt": [2e6] * n,
    }  # fmt: skip
    names = {"venue": ["v"] * n, "contract": [f"C{k:03d}" for k in range(n)]}
    frame = pl.DataFrame(names | columns | others, schema_overrides=dict.fromkeys([*columns, *others], pl.Float64))
    return score_set(frame, "neutral", Settings(normalisation=normalisation))


def _norms(values: Sequence[float | None], normalisation: Normalisation) -> list[float | None]:
    return _scored(values, normalisation)["mom60m_norm"].to_list()


def _z(values: Sequence[float | None], normalisation: Normalisation = "robust_z") -> list[float | None]:
    return _scored(values, normalisation)["mom60m_z"].to_list()


def test_robust_z_is_the_distance_from_the_median_in_deviations() -> None:
    """Of 1 to 9 the median is 5 and the median distance from it 2."""
    z = _z([float(k) for k in range(1, 10)])
    assert z[8] == pytest.approx(4 / (MAD_TO_DEVIATION * 2))
    assert z[4] == 0.0


def test_robust_z_falls_back_on_the_mean_distance() -> None:
    """With more than half of the values equal the MAD is 0; the mean distance of 0 x 9 and 10 is 1."""
    z = _z([0.0] * 9 + [10.0])
    assert z == [0.0] * 9 + [pytest.approx(10 / MEAN_AD_TO_DEVIATION)]


def test_both_deviations_are_those_of_the_normal_distribution() -> None:
    """The factors make a normal sample's robust z the usual one."""
    assert pytest.approx(1 / 0.674489750196082) == MAD_TO_DEVIATION
    assert pytest.approx(math.sqrt(math.pi / 2)) == MEAN_AD_TO_DEVIATION


def test_rank_norm_is_the_middle_of_the_rank() -> None:
    """Of ten values they are 5 %, 15 %, up to 95 %; equal values share theirs."""
    assert _norms([float(k) for k in range(10)], "rank") == pytest.approx([0.05 + k / 10 for k in range(10)])
    assert _norms([1.0, 1.0, *map(float, range(2, 10))], "rank")[:3] == pytest.approx([0.1, 0.1, 0.25])


def test_ranks_have_no_z() -> None:
    """A rank says nothing of a distance, so the report's z is null."""
    assert _z([float(k) for k in range(10)], "rank") == [None] * 10


@pytest.mark.parametrize("normalisation", ALL)
@pytest.mark.parametrize("value", [0.0, 0.1, -1e-9, 12345.678])
def test_equal_values_are_in_the_middle(normalisation: Normalisation, value: float) -> None:
    """Without spread nobody stands out: norm 1/2."""
    assert _norms([value] * 11, normalisation) == [0.5] * 11


@pytest.mark.parametrize("normalisation", ALL)
@pytest.mark.parametrize(("known", "is_scored"), [(7, False), (8, True)])
def test_too_few_values_are_not_scored(normalisation: Normalisation, known: int, is_scored: bool) -> None:
    """Under each of them a factor needs eight values."""
    norms = _norms([float(k) if k < known else None for k in range(12)], normalisation)
    assert (norms[0] is not None) is is_scored
    assert norms[known:] == [None] * (12 - known)


@pytest.mark.parametrize("normalisation", ALL)
def test_a_missing_value_changes_nobody_elses_norm(normalisation: Normalisation) -> None:
    """Who has no data is not counted among those that have."""
    values: list[float | None] = [1.0, 2.0, 4.0, 8.0, 3.0, 5.0, 9.0, 7.0, 6.0]
    assert _norms([*values, None, None], normalisation) == [*_norms(values, normalisation), None, None]


@pytest.mark.parametrize("normalisation", ALL)
def test_direct_factors_count_as_they_are(normalisation: Normalisation) -> None:
    """Regime and liquidity are norms already, under each normalisation."""
    scored = _scored([float(k) for k in range(9)], normalisation)
    direct = [f.name for f in FACTORS if f.kind == "direct"]
    assert direct == ["regime", "liquidity"]
    assert all(scored[f"{name}_norm"].to_list() == [0.5] * 9 for name in direct)


@pytest.mark.parametrize("normalisation", ALL)
@many
@given(values=VALUES)
def test_norms_follow_the_values(normalisation: Normalisation, values: list[float]) -> None:
    """More of a factor is never a smaller norm, equal values have equal norms, all lie between 0 and 1."""
    norms = _norms(values, normalisation)
    assert all(norm is not None and 0 <= norm <= 1 for norm in norms)
    pairs = sorted((x, norm) for x, norm in zip(values, norms, strict=True) if norm is not None)
    for (x, low), (y, high) in pairwise(pairs):
        assert low <= high
        assert x != y or low == high


@many
@given(values=VALUES)
def test_rank_norms_are_strictly_inside(values: list[float]) -> None:
    """No rank is 0 or 1, different values have different norms, and their mean is 1/2."""
    norms = [norm for norm in _norms(values, "rank") if norm is not None]
    assert 0 < min(norms) <= max(norms) < 1
    assert len(set(norms)) == len(set(values))
    assert sum(norms) / len(norms) == pytest.approx(0.5)


@many
@given(values=VALUES)
def test_rank_norms_depend_on_the_order_alone(values: list[float]) -> None:
    """Any rising change of scale leaves them as they are."""
    assert _norms([math.exp(x / 20) for x in values], "rank") == _norms(values, "rank")


@many
@given(values=VALUES.filter(lambda values: len(set(values)) > 1), size=st.sampled_from([1e3, 1e6, 1e12]))
def test_robust_z_of_the_others_ignores_an_outliers_size(values: list[float], size: float) -> None:
    """One coin may rise tenfold or a millionfold: where the MAD is not 0, the others' z stays the same."""
    spread = pl.Series([*values, 200.0 * size])
    assume((spread - spread.median()).abs().median() != 0)
    one, two = (_z([*values, outlier]) for outlier in (200.0 * size, 900.0 * size))
    assert one[:-1] == pytest.approx(two[:-1])


@many
@given(values=VALUES, scale=st.sampled_from([1e-3, 0.5, 7.0, 1e4]), shift=st.sampled_from([-50.0, 0.0, 3.0]))
def test_robust_z_has_no_unit(values: list[float], scale: float, shift: float) -> None:
    """Values in another unit, from another origin, have the same z."""
    moved = [scale * x + shift for x in values]
    assume(len(set(values)) == len(set(moved)))
    assert _z(moved) == pytest.approx(_z(values), rel=1e-6, abs=1e-6)


def test_an_outlier_presses_the_others_together_by_z_alone() -> None:
    """The reason for the setting: by mean and deviation one jump makes nine different coins nearly equal."""
    values: list[float | None] = [*map(float, range(9)), 1000.0]
    small = {name: [norm for norm in _norms(values, name)[:9] if norm is not None] for name in ALL}
    spreads = {name: max(norms) - min(norms) for name, norms in small.items()}
    assert spreads["z"] < 0.01
    assert spreads["robust_z"] > 0.3
    assert spreads["rank"] == pytest.approx(0.8)


@pytest.fixture(scope="module", params=ALL)
def decision(request: pytest.FixtureRequest) -> Decision:
    """Return a small market's hour under each normalisation."""
    return mf.decide_hour(mf.made_hour(4), Settings(normalisation=request.param))


def test_an_hour_is_ranked_under_each_normalisation(decision: Decision) -> None:
    """Five coins with finite scores between 0 and 100, whose points, penalty and boost add up to the score."""
    ranked = decision.universe.filter(pl.col("fate") == "ranked")
    assert ranked.height >= 5
    assert ranked["score"].is_finite().all()
    assert ranked["score"].is_between(0, 100).all()
    for row in ranked.to_dicts():
        points = sum(row[f"{name}_points"] or 0 for name in NAMES)
        assert row["score"] == pytest.approx(min(100, max(0, points + 100 * (row["boost"] - row["penalty"]))))


def test_the_normalisation_changes_no_gate(decision: Decision) -> None:
    """Who passes is decided before the norms; only the order and the scores differ."""
    usual = mf.decide_hour(mf.made_hour(4))
    assert decision.passed_per_level == usual.passed_per_level
    assert decision.universe["in_scored_set"].equals(usual.universe["in_scored_set"])
