"""What a report says of its settings: the hash of the rules, and what differs from the defaults."""

import json
from typing import Any

import pytest

from quantscout.factors import FACTORS, Factor
from quantscout.gates import GATES, Gate
from quantscout.report import config_hash
from quantscout.settings import Settings, parse_settings

OTHERS: dict[str, Any] = {
    "history_h": 719, "clock_drift_report_s": 2.5, "clock_drift_fail_s": 31, "late_until_s": 91,
    "price_agreement_ratio": 0.06, "supply_agreement_ratio": 0.26, "supply_max_age_h": 71, "finalists": 4,
    "gate_limits": {"depth": [40e3, 100e3, 250e3, 500e3]}, "weights": {"mom15m": 0.17, "mom60m": 0.13},
    "normalisation": "rank", "min_values_for_z": 9, "min_coverage": 0.61, "penalty_cap": 0.16,
    "penalty_per_funding_z": 0.05, "penalty_per_change_z": 0.04, "penalty_threshold_z": 0.6, "min_settlements": 21,
    "boost": 0.07, "boost_listed_days": 8, "boost_min_volume_24h_usdt": 2e6, "unknown_passes": ["spread"],
    "alert_on": "changes", "alert_on_no_signal": True, "cooldown_h": 1,
}  # fmt: skip
"""Another value for every setting."""


def test_every_setting_has_another_value_here() -> None:
    """The tests below walk all of them."""
    assert OTHERS.keys() == Settings.model_fields.keys()


@pytest.mark.parametrize("name", OTHERS)
def test_config_hash_changes_with_every_setting(name: str) -> None:
    """A report tells by which rules it was made: another value, another hash."""
    assert config_hash(parse_settings(json.dumps({name: OTHERS[name]}))) != config_hash(Settings())


@pytest.mark.parametrize("factor", FACTORS, ids=lambda factor: factor.name)
def test_config_hash_changes_with_every_weight(factor: Factor) -> None:
    """A hundredth more for one factor at another's cost is another score."""
    other = next(f for f in FACTORS if f.name != factor.name)
    moved = {factor.name: factor.weight + 0.01, other.name: other.weight - 0.01}
    assert config_hash(Settings(weights=moved)) != config_hash(Settings())


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize("gate", [gate for gate in GATES if not gate.is_guardrail], ids=lambda gate: gate.name)
def test_config_hash_changes_with_every_limit(gate: Gate, level: int) -> None:
    """At every level of every gate."""
    hashes = {config_hash(Settings()), config_hash(Settings(gate_limits={gate.name: _moved(gate, level)}))}
    assert len(hashes) == 2


def _moved(gate: Gate, level: int) -> tuple[float, float, float, float]:
    """Return the gate's limits with this level's put between its own and its neighbour's, where they differ."""
    limits = list(gate.limits)
    neighbour = limits[level - 1] if level else limits[level] * 0.9
    limits[level] = (limits[level] + neighbour) / 2 if neighbour != limits[level] else limits[level] * 1.01
    first, second, third, fourth = sorted(limits, reverse=gate.sense == "at_least")
    return first, second, third, fourth


@pytest.mark.parametrize("gate", [g for g in GATES if g.bounds[0] < g.bounds[1] and g.is_guardrail])
def test_config_hash_changes_with_every_guardrail(gate: Gate) -> None:
    """A guardrail that was tightened is another rule."""
    tighter = (gate.bounds[0] + gate.bounds[1]) / 2
    assert config_hash(Settings(gate_limits={gate.name: tighter})) != config_hash(Settings())


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ('{"boost": 0.05, "min_coverage": 0.7}', '{"min_coverage": 0.7, "boost": 0.05}'),
        ('{"weights": {"mom15m": 0.17, "mom60m": 0.13}}', '{"weights": {"mom60m": 0.13, "mom15m": 0.17}}'),
        ('{"gate_limits": {"depth": 9, "spread": 0.005}}', '{"gate_limits": {"spread": 0.005, "depth": [9, 9, 9, 9]}}'),
        ('{"unknown_passes": ["spread", "depth"]}', '{"unknown_passes": ["depth", "spread", "depth"]}'),
        ('{"boost_listed_days": 8}', '{"boost_listed_days": 8.0}'),
    ],
)
def test_config_hash_does_not_change_with_the_way_of_writing(one: str, two: str) -> None:
    """The order of keys, a whole number or not, one limit or four equal ones: the same rules, the same hash."""
    assert config_hash(parse_settings(one)) == config_hash(parse_settings(two))


def test_defaults_written_out_are_the_defaults() -> None:
    """Saying what stands anyway changes neither the hash nor what the report calls changed."""
    whole = parse_settings(json.dumps(Settings().plain()))
    assert (config_hash(whole), whole.changed()) == (config_hash(Settings()), {})


def test_nothing_is_changed_by_default() -> None:
    """A report of the defaults names no setting."""
    assert Settings().changed() == {}


@pytest.mark.parametrize("name", OTHERS)
def test_changed_names_exactly_what_differs(name: str) -> None:
    """One setting that differs is one entry, with its value as JSON."""
    changed = parse_settings(json.dumps({name: OTHERS[name]})).changed()
    assert changed == {name: OTHERS[name]}
    assert json.loads(json.dumps(changed)) == changed


def test_changed_names_of_tables_only_the_entries_that_differ() -> None:
    """A weight or limit that was given as it stands is no change."""
    given = {
        "weights": {"mom15m": 0.17, "mom60m": 0.13, "social": 0.05},
        "gate_limits": {"depth": [50e3, 100e3, 250e3, 500e3], "spread": 0.005},
        "boost": 0.06,
    }
    assert parse_settings(json.dumps(given)).changed() == {
        "weights": {"mom15m": 0.17, "mom60m": 0.13},
        "gate_limits": {"spread": [0.005] * 4},
    }
