"""From factor values to a score."""

import math
from typing import Any, get_args

import polars as pl
import pytest

from quantscout.factors import FACTORS, NAMES, factor_values
from quantscout.regime import RegimeName
from quantscout.score import order, score_set, weights
from quantscout.settings import Settings

OTHERS: dict[str, Any] = {"funding_z": None, "funding_change_z": None, "listed_days": 100.0, "volume_24h_usdt": 2e6}


def _set(n: int = 10, **columns: list[Any]) -> pl.DataFrame:
    """Return a set of contracts whose factors are all alike, but for the columns given."""
    base: dict[str, Any] = {"venue": ["v"] * n, "contract": [f"C{k:02d}" for k in range(n)]}
    alike = {name: [0.5] * n for name in NAMES} | {name: [value] * n for name, value in OTHERS.items()}
    kinds = dict.fromkeys((*NAMES, *OTHERS), pl.Float64)
    return pl.DataFrame(base | alike | columns, schema_overrides=kinds)


def _score(frame: pl.DataFrame, regime: RegimeName = "neutral") -> pl.DataFrame:
    return score_set(frame, regime, Settings())


def test_weights_are_those_of_the_definitions() -> None:
    """The base weights, in the table's order, sum to 1."""
    assert [f.weight for f in FACTORS] == [0.18, 0.12, 0.18, 0.08, 0.10, 0.07, 0.12, 0.05, 0.05, 0.05]


@pytest.mark.parametrize("regime", get_args(RegimeName))
def test_weights_sum_to_one_in_every_regime(regime: RegimeName) -> None:
    """A regime's multipliers shift weight, they add none."""
    assert sum(weights(regime, Settings()).values()) == pytest.approx(1)


def test_regime_shifts_weight_to_its_factors() -> None:
    """In a btc_led market liquidity weighs more against momentum."""
    led, calm = (weights(name, Settings()) for name in ("btc_led", "neutral"))
    assert led["liquidity"] / led["mom15m"] == pytest.approx(1.5 / 0.8 * calm["liquidity"] / calm["mom15m"])


def test_z_is_against_the_population() -> None:
    """1 to 10 have mean 5.5 and deviation sqrt(8.25)."""
    scored = _score(_set(mom60m=[float(k) for k in range(1, 11)]))
    assert scored["mom60m_z"][9] == pytest.approx(4.5 / math.sqrt(8.25))


def test_norm_is_half_at_the_mean_and_clipped_at_three_deviations() -> None:
    """Z 0 is 0.5, and an outlier beyond z 3 counts as 1."""
    scored = _score(_set(20, mom60m=[0.0] * 19 + [100.0]))
    assert scored["mom60m_z"][19] > 3
    assert scored["mom60m_norm"][19] == 1.0
    assert scored["mom15m_norm"][0] == 0.5


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-9, 12345.678])
def test_values_without_spread_have_z_zero(value: float) -> None:
    """Equal values are neither high nor low, also where their mean cannot be written exactly."""
    assert _score(_set(11, mom60m=[value] * 11))["mom60m_z"].to_list() == [0.0] * 11


@pytest.mark.parametrize(("known", "scored"), [(7, False), (8, True)])
def test_factor_needs_eight_values(known: int, scored: bool) -> None:
    """With fewer than eight values a factor is unscored for the hour."""
    frame = _score(_set(mom60m=[float(k) if k < known else None for k in range(10)]))
    assert (frame["mom60m_z"][0] is not None) is scored
    assert (frame["mom60m_weight"][0] > 0) is scored


def test_missing_is_not_zero() -> None:
    """A factor without data gives its weight to the others and lowers the coverage."""
    frame = _score(_set(mom15m=[None] + [1.0, 2.0, 3.0] * 3))
    assert frame["mom15m_points"][0] is None
    assert frame["coverage"][0] == pytest.approx(0.82)
    assert frame["mom60m_weight"][0] == pytest.approx(0.12 / 0.82)
    assert sum(frame[f"{name}_weight"][0] for name in NAMES) == pytest.approx(1)


def test_direct_factors_are_no_z() -> None:
    """Regime and liquidity count as they are, however few values there are."""
    frame = _score(_set(2, regime=[1.0, 1.0], liquidity=[0.2, 0.9]))
    assert (frame["regime_norm"][0], frame["liquidity_norm"].to_list()) == (1.0, [0.2, 0.9])
    assert frame["liquidity_z"].to_list() == [None, None]


def test_score_of_a_middling_contract_is_fifty() -> None:
    """All norms 0.5, no penalty and no boost give 50."""
    assert _score(_set())["score"].to_list() == pytest.approx([50.0] * 10)


def test_points_add_up_to_the_score() -> None:
    """Without penalty and boost the score is the sum of the factors' points."""
    frame = _score(_set(mom60m=[float(k * k) for k in range(10)]))
    assert sum(frame[f"{name}_points"][3] for name in NAMES) == pytest.approx(frame["score"][3])


@pytest.mark.parametrize(
    ("fz", "dz", "penalty"),
    [
        (0.5, 0.5, 0.0),
        (1.5, None, 0.04),
        (None, 1.5, 0.03),
        (1.5, 1.5, 0.07),
        (-9.0, 1.5, 0.03),
        (9.0, 9.0, 0.15),
        (None, None, 0.0),
    ],
)
def test_funding_penalty(fz: float | None, dz: float | None, penalty: float) -> None:
    """High and rising funding costs from half a deviation on, up to 0.15; the unknown and the low cost nothing."""
    frame = _score(_set(funding_z=[fz] * 10, funding_change_z=[dz] * 10))
    assert frame["penalty"][0] == pytest.approx(penalty)
    assert frame["score"][0] == pytest.approx(50 - 100 * penalty)


@pytest.mark.parametrize(
    ("days", "volume", "boost"),
    [(7.0, 1e6, 0.06), (7.01, 1e6, 0.0), (7.0, 999_999.0, 0.0), (None, 1e6, 0.0), (0.0, None, 0.0)],
)
def test_fresh_listing_boost(days: float | None, volume: float | None, boost: float) -> None:
    """A listing of at most seven days with a million of volume is lifted; an unknown age or volume is not."""
    frame = _score(_set(listed_days=[days] * 10, volume_24h_usdt=[volume] * 10))
    assert frame["boost"][0] == boost


def test_score_stays_within_its_bounds() -> None:
    """Penalty and boost never leave 0 to 100."""
    low = _set(liquidity=[0.0] * 10, regime=[0.0] * 10, funding_z=[9.0] * 10, funding_change_z=[9.0] * 10)
    nothing = low.with_columns(pl.lit(None, pl.Float64).alias(f.name) for f in FACTORS if f.kind == "z")
    assert _score(nothing)["score"][0] == 0.0


def test_contract_without_any_factor_has_no_score() -> None:
    """No data is no score, not zero."""
    nothing = _set().with_columns(pl.lit(None, pl.Float64).alias(name) for name in NAMES)
    assert _score(nothing)["score"].to_list() == [None] * 10


def test_empty_set_is_scored() -> None:
    """An hour in which nothing passes gives an empty set with all columns."""
    assert {"score", "penalty", "boost", "coverage"} <= set(_score(_set().clear()).columns)


def _order(**columns: list[Any]) -> list[str]:
    n = len(next(iter(columns.values())))
    base: dict[str, Any] = {"score": [50.0] * n, "coverage": [1.0] * n, "adv30_usdt": [1.0] * n, "symbol": ["S"] * n}
    names = {"venue": ["v"] * n, "contract": [f"C{k}" for k in range(n)]}
    return order(pl.DataFrame(names | base | columns))["contract"].to_list()


@pytest.mark.parametrize(
    "columns",
    [
        {"score": [1.0, 2.0], "coverage": [1.0, 0.6]},
        {"coverage": [0.7, 0.8], "adv30_usdt": [9.0, 1.0]},
        {"adv30_usdt": [1.0, 2.0], "symbol": ["A", "B"]},
        {"symbol": ["B", "A"]},
        {"venue": ["kucoin", "binance"]},
    ],
)
def test_order_is_score_coverage_turnover_name(columns: dict[str, list[Any]]) -> None:
    """The second contract comes first: by score, then coverage, then adv30, then symbol, then venue."""
    assert _order(**columns) == ["C1", "C0"]


def test_order_of_equals_is_by_contract() -> None:
    """Two contracts of one symbol on one venue (a coin and its thousand) have a fixed order, too."""
    assert _order(score=[50.0] * 200) == sorted(f"C{k}" for k in range(200))


def _values(**columns: float | None) -> dict[str, Any]:
    names = (
        "close_15m", "open_15m", "close", "close_1h_ago", "volume_usdt", "volume_median_usdt", "sma20", "high_20h",
        "atr14_1h", "bids_usdt", "asks_usdt", "taker_buy_usdt", "oi_change_4h_pct", "trending_points", "regime_value",
        "depth_usdt",
    )  # fmt: skip
    board = pl.DataFrame([{name: columns.get(name) for name in names}], schema=dict.fromkeys(names, pl.Float64))
    return board.select(factor_values()).row(0, named=True)


@pytest.mark.parametrize(
    ("name", "columns", "value"),
    [
        ("mom15m", {"close_15m": math.e, "open_15m": 1.0}, 1.0),
        ("mom60m", {"close": 1.0, "close_1h_ago": math.e}, -1.0),
        ("vol_spike", {"volume_usdt": math.e, "volume_median_usdt": 1.0}, 1.0),
        ("vol_spike", {"volume_usdt": 0.0, "volume_median_usdt": 1.0}, -5.0),
        ("vol_spike", {"volume_usdt": 1e-9, "volume_median_usdt": 1.0}, -5.0),
        ("vol_spike", {"volume_usdt": 1.0, "volume_median_usdt": 0.0}, None),
        ("breakout", {"close": 12.0, "sma20": 10.0, "high_20h": 11.0, "atr14_1h": 2.0}, 0.75),
        ("breakout", {"close": 12.0, "sma20": 10.0, "high_20h": 11.0, "atr14_1h": 0.0}, None),
        ("breakout", {"close": 10.0, "sma20": 10.0, "high_20h": 10.0, "atr14_1h": 0.0}, None),
        ("ob_imbalance", {"bids_usdt": 3.0, "asks_usdt": 1.0}, 0.5),
        ("ob_imbalance", {"bids_usdt": 0.0, "asks_usdt": 0.0}, None),
        ("aggressor", {"volume_usdt": 10.0, "taker_buy_usdt": 7.5}, 0.5),
        ("aggressor", {"volume_usdt": 0.0, "taker_buy_usdt": 0.0}, None),
        ("liquidity", {"depth_usdt": 25_000.0}, 1.0),
        ("liquidity", {"depth_usdt": 25_000.0 * math.e}, math.exp(-0.5)),
        ("liquidity", {"depth_usdt": 0.0}, None),
    ],
)
def test_factor_follows_its_definition(name: str, columns: dict[str, float], value: float | None) -> None:
    """Each factor by its formula; what cannot be computed is no data, never infinite."""
    assert _values(**columns)[name] == (None if value is None else pytest.approx(value))


def test_unknown_inputs_give_unknown_factors() -> None:
    """Without any input every factor is unknown."""
    assert set(_values().values()) == {None}
