"""Thresholds that a person may change."""

import pytest
from pydantic import ValidationError

from quantscout.errors import InputError
from quantscout.settings import Settings, parse_settings


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
        ('{"min_covrage": 0.5}', "min_covrage"),
        ('{"unknown_passes": ["market_cap"]}', "unknown_passes"),
        ("no json", "the text"),
        ("[]", "the text"),
    ],
)
def test_bad_setting_is_refused_by_name(text: str, name: str) -> None:
    """What is out of bounds, misspelt or no JSON object is refused, and the refusal names it."""
    with pytest.raises(InputError, match=f"QUANTSCOUT_SETTINGS: {name}"):
        parse_settings(text)


def test_settings_are_frozen() -> None:
    """Nobody changes a threshold in the middle of a run."""
    with pytest.raises(ValidationError, match="frozen"):
        Settings().min_coverage = 0.5  # type: ignore[misc]


def test_defaults_are_those_of_the_definitions() -> None:
    """The score's numbers are the published ones."""
    s = Settings()
    assert (s.min_coverage, s.min_values_for_z, s.min_settlements) == (0.60, 8, 20)
    assert (s.penalty_cap, s.penalty_per_funding_z, s.penalty_per_change_z, s.penalty_threshold_z) == (
        0.15,
        0.04,
        0.03,
        0.5,
    )
    assert (s.boost, s.boost_listed_days, s.boost_min_volume_24h_usdt) == (0.06, 7, 1e6)


def test_every_setting_says_what_it_is() -> None:
    """Each field has a description, and each number bounds."""
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
