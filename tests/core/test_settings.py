"""Thresholds that a person may change: values, bounds, refusals."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from quantscout.errors import InputError
from quantscout.factors import FACTORS
from quantscout.gates import GATES, Gate
from quantscout.settings import Settings, parse_settings

NUMBERS = [
    (name, sign, bound)
    for name, field in Settings.model_fields.items()
    for rule in field.metadata
    for sign in ("ge", "gt", "le", "lt")
    if (bound := getattr(rule, sign, None)) is not None
]
WORDS = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}


def _refusal(**given: Any) -> str:
    with pytest.raises(InputError) as refused:
        parse_settings(json.dumps(given))
    return str(refused.value)


def _beyond(gate: Gate) -> float:
    """Return a limit that is looser than the table's: what a guardrail must refuse."""
    low, high = gate.bounds
    return low - 1 if gate.sense == "at_least" else high + 1


@pytest.mark.parametrize("text", ["", "{}"])
def test_no_text_gives_the_defaults(text: str) -> None:
    """Without overrides the definitions' own numbers stand."""
    assert parse_settings(text) == Settings()


def test_value_is_overridden() -> None:
    """A value within its bounds replaces the default."""
    assert parse_settings('{"min_coverage": 0.7}').min_coverage == 0.7


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"min_coverage": 1.5}', "min_coverage"),
        ('{"min_values_for_z": 1}', "min_values_for_z"),
        ('{"min_covrage": 0.5}', "min_covrage: there is no such setting; did you mean 'min_coverage'"),
        ('{"unknown_passes": ["market_cap"]}', "unknown_passes"),
        ("no json", "the text"),
        ("[]", "the text"),
        ("5", "the text"),
        ('{"min_coverage": 0.7', "the text"),
    ],
)
def test_bad_setting_is_refused_by_name(text: str, name: str) -> None:
    """What is out of bounds, misspelt or no JSON object is refused, and the refusal names it."""
    with pytest.raises(InputError, match=f"QUANTSCOUT_SETTINGS: {name}"):
        parse_settings(text)


@pytest.mark.parametrize(("name", "sign", "bound"), NUMBERS)
def test_a_number_out_of_its_range_is_refused_with_its_range(name: str, sign: str, bound: float) -> None:
    """Just beyond each bound: the refusal names the setting, what was given, and the bound."""
    value = bound if sign in {"gt", "lt"} else bound + (1 if sign == "le" else -1)
    said = _refusal(**{name: value})
    assert said.startswith(f"QUANTSCOUT_SETTINGS: {name}: ")
    assert f"got {value}" in said
    assert f"{WORDS[sign]} {bound:g}" in said


@pytest.mark.parametrize(("name", "sign", "bound"), NUMBERS)
def test_a_number_at_its_bound_is_taken(name: str, sign: str, bound: float) -> None:
    """A bound that belongs to the range does."""
    if sign in {"ge", "le"}:
        assert getattr(parse_settings(json.dumps({name: bound})), name) == bound


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"min_coverage": "much"}, "min_coverage: Input should be a valid number"),
        ({"min_coverage": None}, "min_coverage: Input should be a valid number"),
        ({"min_coverage": float("nan")}, "min_coverage: "),
        ({"history_h": 60.5}, "history_h: Input should be a valid integer"),
        ({"alert_on_no_signal": "maybe"}, "alert_on_no_signal: Input should be a valid boolean"),
        ({"normalisation": "ranks"}, "normalisation: Input should be 'z', 'robust_z' or 'rank' (got 'ranks'"),
        ({"alert_on": "never"}, "alert_on: Input should be 'every_hour', 'changes' or 'high_confidence'"),
        ({"unknown_passes": "depth"}, "unknown_passes: Input should be a valid array"),
        ({"unknown_passes": ["dept"]}, "unknown_passes: Input should be 'funding', 'spread', 'depth' or 'min_"),
        ({"weights": [0.5]}, "weights: Input should be an object"),
        ({"weights": {"mom15m": "x"}}, "weights.mom15m: Input should be a valid number"),
        ({"gate_limits": 5}, "gate_limits: Input should be an object"),
        ({"gate_limits": {"depth": "x"}}, "gate_limits.depth: Input should be a valid"),
        ({"gate_limits": {"depth": [1, 2, 3]}}, "gate_limits: depth: give one limit per level (L0, L1, L2, L3), not 3"),
    ],
)
def test_a_value_of_another_kind_is_refused_by_name(given: dict[str, Any], said: str) -> None:
    """A text for a number, a half hour, a choice that is none: named, with what is allowed."""
    assert f"QUANTSCOUT_SETTINGS: {said}" in _refusal(**given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"mom15m": 0.3}, "the weights sum to 1.12, not 1 (those left out keep the table's weight)"),
        ({factor.name: 0.0 for factor in FACTORS}, "the weights sum to 0, not 1"),
        ({"mom15": 0.18}, "unknown factor 'mom15'; did you mean 'mom15m'?"),
        ({"price": 0.18}, "unknown factor 'price'; known are mom15m, mom60m"),
    ],
)
def test_weights_that_are_no_table_of_weights_are_refused(given: dict[str, float], said: str) -> None:
    """They must be of known factors and sum to 1, with those left out."""
    assert f"QUANTSCOUT_SETTINGS: weights: {said}" in _refusal(weights=given)


@pytest.mark.parametrize("weight", [-0.01, 1.01])
def test_a_single_weight_has_its_range(weight: float) -> None:
    """No factor counts less than nothing or more than all."""
    assert f"weights.mom15m: Input should be {'greater' if weight < 0 else 'less'} than or equal to" in _refusal(
        weights={"mom15m": weight}
    )


def test_weights_left_out_keep_the_tables() -> None:
    """Two weights that swap a hundredth are enough to say."""
    weights = parse_settings('{"weights": {"mom60m": 0.13, "mom15m": 0.17}}').weights
    assert list(weights) == [factor.name for factor in FACTORS]
    assert (weights["mom15m"], weights["mom60m"], weights["social"]) == (0.17, 0.13, 0.05)


def test_an_unknown_gate_is_refused_with_the_nearest() -> None:
    """A misspelt gate changes nothing in silence."""
    assert "gate_limits: unknown gate 'dept'; did you mean 'depth'?" in _refusal(gate_limits={"dept": 1})


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_a_limit_out_of_its_bounds_is_refused_with_them(gate: Gate) -> None:
    """Gate, bounds and unit are named; for a guardrail looser than the table's is out of bounds."""
    said = _refusal(gate_limits={gate.name: _beyond(gate)})
    assert f"gate_limits: {gate.name}: " in said
    assert f"is not within {gate.bounds[0]:g} to {gate.bounds[1]:g} ({gate.unit})" in said


@pytest.mark.parametrize("gate", [gate for gate in GATES if gate.is_guardrail], ids=lambda gate: gate.name)
def test_a_guardrails_bounds_end_at_its_limit(gate: Gate) -> None:
    """No setting can loosen it: its loosest bound is the limit of the definitions."""
    assert gate.limits[0] == (gate.bounds[0] if gate.sense == "at_least" else gate.bounds[1])


@pytest.mark.parametrize(("name", "limits"), [("spread", [0.001, 0.002, 0.003, 0.004]), ("history", [90, 80, 70, 60])])
def test_a_guardrail_has_one_limit(name: str, limits: list[float]) -> None:
    """It never widens, so it takes no limits per level."""
    assert f"gate_limits: {name} is a guardrail: one limit for all levels" in _refusal(gate_limits={name: limits})


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("depth", [500e3, 250e3, 100e3, 50e3]),
        ("adv30_percentile", [0.2, 0.1, 0.3, 0.4]),
        ("atr_percentile", [0.4, 0.5, 0.6, 0.7]),
    ],
)
def test_limits_that_do_not_widen_are_refused(name: str, limits: list[float]) -> None:
    """From L0 to L3 every level holds what the one before it does."""
    assert f"gate_limits: {name}: {tuple(limits)} must widen from L0 to L3" in _refusal(gate_limits={name: limits})


@pytest.mark.parametrize(
    ("given", "limits"),
    [
        ({"depth": [1, 2, 3, 3]}, (1.0, 2.0, 3.0, 3.0)),
        ({"depth": 50_000}, (50e3, 50e3, 50e3, 50e3)),
        ({"atr_percentile": [0.9, 0.8, 0.8, 0.1]}, (0.9, 0.8, 0.8, 0.1)),
        ({"spread": 0.005}, (0.005, 0.005, 0.005, 0.005)),
    ],
)
def test_limits_are_taken_one_or_four(given: dict[str, Any], limits: tuple[float, ...]) -> None:
    """One number stands for all levels; equal neighbours are no narrowing."""
    [name] = given
    settings = parse_settings(json.dumps({"gate_limits": given}))
    gates = {gate.name: gate for gate in GATES}
    assert settings.limits_of(gates[name]) == limits
    assert settings.limits_of(gates["market_cap"]) == gates["market_cap"].limits


def test_several_errors_are_told_at_once() -> None:
    """A person mends all of them before the next try."""
    said = _refusal(x=1, min_coverage=2, weights={"a": 1}, gate_limits={"depth": [4, 3, 2, 1]})
    for name in ("x: there is no such setting", "min_coverage: ", "weights: unknown factor", "gate_limits: depth: "):
        assert name in said
    assert said.count("QUANTSCOUT_SETTINGS") == 1
    assert "\n" not in said


def test_settings_are_frozen() -> None:
    """Nobody changes a threshold in the middle of a run."""
    with pytest.raises(ValidationError, match="frozen"):
        Settings().min_coverage = 0.5  # type: ignore[misc]


def test_defaults_are_those_of_the_definitions() -> None:
    """The score's numbers are the published ones."""
    s = Settings()
    assert (s.min_coverage, s.min_values_for_z, s.min_settlements) == (0.60, 8, 20)
    penalty = (s.penalty_cap, s.penalty_per_funding_z, s.penalty_per_change_z, s.penalty_threshold_z)
    assert penalty == (0.15, 0.04, 0.03, 0.5)
    assert (s.boost, s.boost_listed_days, s.boost_min_volume_24h_usdt) == (0.06, 7, 1e6)


def test_every_setting_says_what_it_is() -> None:
    """Each field has a description."""
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"gate_limits": {"history": 300}, "history_h": 200}, "only history_h 200 h are read"),
        (
            {"gate_limits": {"volume_24h_min": 1e7, "volume_24h_max": 1e6}},
            "volume_24h_min must be below volume_24h_max",
        ),
        ({"clock_drift_report_s": 20, "clock_drift_fail_s": 10}, "clock_drift_report_s must not be above"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(given: dict[str, Any], said: str) -> None:
    """Two settings that leave nothing to pass are told apart from a quiet market."""
    assert said in _refusal(**given)
