"""The market's regime, and the inputs it is decided on."""

import itertools
import math
from dataclasses import replace
from random import Random

import polars as pl
import pytest

import naive_regime
from quantscout.frames import BARS, DAY_MS, HOUR_MS, conform
from quantscout.regime import WEIGHT_MULTIPLIERS, RegimeInputs, adx_last, classify
from quantscout.trend import build_regime_inputs

HOUR = 20_833 * DAY_MS + 12 * HOUR_MS
CALM = RegimeInputs(
    btc_return_1h_pct=0.1,
    btc_return_7d_pct=1.0,
    btc_vs_sma50d_pct=2.0,
    btc_adx14_4h=20.0,
    eth_btc_return_7d_pct=-1.0,
    btc_dominance_change_7d_points=0.2,
    usdt_dominance_change_7d_points=0.0,
)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "neutral"),
        ({"btc_return_1h_pct": -3.0}, "risk_off"),
        ({"btc_return_1h_pct": -2.99}, "neutral"),
        ({"btc_vs_sma50d_pct": -1.0, "btc_return_7d_pct": -1.0}, "risk_off"),
        ({"btc_vs_sma50d_pct": -1.0, "btc_return_7d_pct": 1.0}, "neutral"),
        ({"btc_vs_sma50d_pct": -1.0, "btc_return_7d_pct": -1.0, "usdt_dominance_change_7d_points": -0.1}, "neutral"),
        ({"btc_dominance_change_7d_points": 0.0, "eth_btc_return_7d_pct": 0.1}, "risk_on"),
        ({"btc_dominance_change_7d_points": 0.1, "eth_btc_return_7d_pct": 0.1}, "neutral"),
        ({"btc_dominance_change_7d_points": 0.0, "eth_btc_return_7d_pct": 0.0}, "neutral"),
        ({"btc_adx14_4h": 25.1, "btc_dominance_change_7d_points": 1.0}, "btc_led"),
        ({"btc_adx14_4h": 25.1, "eth_btc_return_7d_pct": -2.1}, "btc_led"),
        ({"btc_adx14_4h": 25.1}, "neutral"),
        ({"btc_adx14_4h": 25.0, "btc_dominance_change_7d_points": 1.0}, "neutral"),
        ({"btc_vs_sma50d_pct": -1.0, "btc_adx14_4h": 30.0, "btc_dominance_change_7d_points": 1.0}, "neutral"),
    ],
)
def test_regime_follows_its_rules(changes: dict[str, float], name: str) -> None:
    """Each rule of the definitions, at its limits."""
    assert classify(replace(CALM, **changes)).name == name


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"btc_dominance_change_7d_points": None, "eth_btc_return_7d_pct": 0.1}, "risk_on"),
        ({"btc_dominance_change_7d_points": None, "eth_btc_return_7d_pct": None}, "neutral"),
        ({"btc_vs_sma50d_pct": None, "eth_btc_return_7d_pct": 0.1, "btc_dominance_change_7d_points": -1.0}, "neutral"),
        ({"btc_vs_sma50d_pct": -1.0, "btc_return_7d_pct": -1.0, "usdt_dominance_change_7d_points": None}, "risk_off"),
    ],
)
def test_unknown_input_leaves_its_condition_out(changes: dict[str, float | None], name: str) -> None:
    """A condition that cannot be tested does not stop a rule; but no trend, no rule about the trend."""
    assert classify(replace(CALM, **changes)).name == name


def test_unknown_inputs_are_named() -> None:
    """The regime says what it did not know."""
    regime = classify(replace(CALM, btc_adx14_4h=None, usdt_dominance_change_7d_points=None))
    assert regime.unknown == ["btc_adx14_4h", "usdt_dominance_change_7d_points"]


def test_nothing_known_is_neutral() -> None:
    """Without any input nothing is claimed."""
    regime = classify(RegimeInputs())
    assert (regime.name, len(regime.unknown)) == ("neutral", 7)


STATES: dict[str, list[float | None]] = {
    "btc_return_1h_pct": [-3.0, -2.999, None],
    "btc_return_7d_pct": [-0.001, 0.0, None],
    "btc_vs_sma50d_pct": [-0.001, 0.0, 0.001, None],
    "btc_adx14_4h": [25.0, 25.001, None],
    "eth_btc_return_7d_pct": [-2.001, -2.0, 0.0, 0.001, None],
    "btc_dominance_change_7d_points": [-0.001, 0.0, 0.001, 0.999, 1.0, None],
    "usdt_dominance_change_7d_points": [-0.001, 0.0, None],
}
"""Every input on both sides of each of its limits, and unknown."""
CASES = [dict(zip(STATES, values, strict=True)) for values in itertools.product(*STATES.values())]


def _name(case: dict[str, float | None]) -> str:
    return classify(RegimeInputs(**case)).name


def test_regime_is_that_of_the_definitions_in_every_case() -> None:
    """All 9,720 combinations of true, false and unknown agree with the second implementation."""
    assert len(CASES) == 9_720
    assert [case for case in CASES if _name(case) != naive_regime.regime_of(case)] == []


def test_every_unknown_input_is_named_in_every_case() -> None:
    """The names are those of the inputs that are None, and of no others."""
    named = [classify(RegimeInputs(**case)).unknown for case in CASES]
    assert named == [sorted(name for name, value in case.items() if value is None) for case in CASES]


def test_claim_without_an_input_is_one_that_some_value_of_it_gives() -> None:
    """Leaving a condition out never makes a regime that the input, were it known, could not make."""
    names = {tuple(case.values()): _name(case) for case in CASES}
    for case in CASES:
        for unknown in (name for name, value in case.items() if value is None):
            filled = ((case | {unknown: value}).values() for value in STATES[unknown] if value is not None)
            assert _name(case) in {names[tuple(values)] for values in filled}, (case, unknown)


def test_nothing_unknown_hides_a_crash() -> None:
    """BTC's hour alone decides: at -3 % every case is risk_off."""
    assert {_name(case) for case in CASES if case["btc_return_1h_pct"] == -3} == {"risk_off"}


def test_without_the_trend_only_a_crash_is_claimed() -> None:
    """Whatever else is known, without BTC's 50-day average nothing is said about its trend."""
    calm = [case for case in CASES if case["btc_return_1h_pct"] != -3 and case["btc_vs_sma50d_pct"] is None]
    assert {_name(case) for case in calm} == {"neutral"}


def test_silence_of_the_definitions_is_read_carefully() -> None:
    """Where any condition might be left out, other regimes come only without the trend, or with the trend alone."""
    careful = [c for c in CASES if _name(c) != naive_regime.regime_of(c, naive_regime.claimed_to_the_letter)]
    pairs = [("btc_return_7d_pct", "usdt_dominance_change_7d_points")]
    pairs += [("eth_btc_return_7d_pct", "btc_dominance_change_7d_points")]
    alone = [c["btc_vs_sma50d_pct"] is None or any(c[a] is c[b] is None for a, b in pairs) for c in careful]
    assert (len(careful), all(alone)) == (1_206, True)


def test_weight_multipliers_are_those_of_the_definitions() -> None:
    """risk_on favours momentum and attention, btc_led damps it and favours liquidity."""
    assert WEIGHT_MULTIPLIERS["risk_on"] == dict.fromkeys(("mom15m", "mom60m", "vol_spike", "social"), 1.25)
    assert WEIGHT_MULTIPLIERS["btc_led"] == {"mom15m": 0.8, "mom60m": 0.8, "vol_spike": 0.8, "liquidity": 1.5}


def test_adx_of_a_steady_rise_is_100() -> None:
    """When every bar moves up, all movement has one direction."""
    up = [float(k) for k in range(40)]
    assert adx_last([x + 1 for x in up], up, [x + 0.5 for x in up]) == pytest.approx(100)


def test_adx_of_no_movement_is_zero() -> None:
    """Bars that never move have no direction, and nothing is divided by zero."""
    flat = [5.0] * 40
    assert adx_last(flat, flat, flat) == 0


@pytest.mark.parametrize(("count", "known"), [(27, False), (28, True)])
def test_adx_needs_twice_its_period(count: int, known: bool) -> None:
    """With fewer than 28 bars there is no ADX."""
    bars = [float(k) for k in range(count)]
    assert (adx_last(bars, bars, bars) is not None) is known


def _worksheet(high: list[float], low: list[float], close: list[float], first: int) -> float:
    """Return ADX(14) as on paper: sums over the first rows, then s - s/14 + x; TA-Lib takes 13, Wilder 14."""
    rows = []
    for k in range(1, len(close)):
        up, down = high[k] - high[k - 1], low[k - 1] - low[k]
        true_range = max(high[k], close[k - 1]) - min(low[k], close[k - 1])
        rows.append((max(up, 0) * (up > down), max(down, 0) * (down > up), true_range))
    sums, indexes = [sum(column[:first]) for column in zip(*rows, strict=True)], []
    for row in rows[first:]:
        sums = [s - s / 14 + x for s, x in zip(sums, row, strict=True)]
        plus, minus = sums[0] / sums[2], sums[1] / sums[2]
        indexes.append(100 * abs(plus - minus) / (plus + minus))
    adx = sum(indexes[:14]) / 14
    for index in indexes[14:]:
        adx = (13 * adx + index) / 14
    return float(adx)


def _wild_bars(count: int) -> tuple[list[float], list[float], list[float]]:
    dice = Random(7)
    close = [100 * math.exp(dice.gauss(0, 0.1)) for _ in range(count)]
    return [x + dice.random() for x in close], [x - dice.random() for x in close], close


@pytest.mark.parametrize("count", [28, 29, 60])
def test_adx_begins_as_in_ta_lib(count: int) -> None:
    """From the first bar that has an ADX on it is TA-Lib's."""
    assert adx_last(*_wild_bars(count)) == pytest.approx(_worksheet(*_wild_bars(count), first=13), rel=1e-12)


def test_adx_forgets_how_it_began() -> None:
    """Over a long series Wilder's own way of starting the sums gives the same."""
    assert adx_last(*_wild_bars(400)) == pytest.approx(_worksheet(*_wild_bars(400), first=14), rel=1e-6)


def _bars(closes: list[float], interval_ms: int, until_ms: int) -> pl.DataFrame:
    first = until_ms - len(closes) * interval_ms
    rows = [("binance", "X", first + k * interval_ms, x, x, x, x, 1.0, 1.0, None, False) for k, x in enumerate(closes)]
    return conform(rows, BARS)


MIDNIGHT = HOUR - 12 * HOUR_MS
DAILY = _bars([90.0] * 50, DAY_MS, MIDNIGHT)
BTC = _bars([100.0] * 198 + [110.0, 99.0], HOUR_MS, HOUR)
ETH = _bars([5.0] * 199 + [9.9], HOUR_MS, HOUR)


def test_inputs_come_from_bars() -> None:
    """Returns over one hour and seven days, the distance to the 50-day mean, and ETH against BTC, in percent."""
    inputs = build_regime_inputs(BTC, ETH, DAILY, {"btc_pct": 0.5}, HOUR)
    assert inputs.btc_return_1h_pct == pytest.approx(-10)
    assert inputs.btc_return_7d_pct == pytest.approx(-1)
    assert inputs.btc_vs_sma50d_pct == pytest.approx(10)
    assert inputs.eth_btc_return_7d_pct == pytest.approx(100)
    assert (inputs.btc_dominance_change_7d_points, inputs.usdt_dominance_change_7d_points) == (0.5, None)


def test_mean_of_fifty_days_needs_fifty_days() -> None:
    """One missing day leaves the distance to the mean unknown."""
    inputs = build_regime_inputs(BTC, ETH, DAILY[1:], {}, HOUR)
    assert inputs.btc_vs_sma50d_pct is None


def test_missing_bars_leave_inputs_unknown() -> None:
    """Without bars every input is unknown, and nothing raises."""
    inputs = build_regime_inputs(BTC.clear(), ETH.clear(), DAILY.clear(), {}, HOUR)
    assert inputs == RegimeInputs()
