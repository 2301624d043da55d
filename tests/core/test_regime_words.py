"""The market's line: what decided the regime, in words, and what was not known."""

from dataclasses import fields
from typing import get_args

import pytest

from quantscout.message import build_email
from quantscout.models import RegimeState
from quantscout.regime import RegimeInputs, RegimeName, classify
from quantscout.regime_words import DECIDING, INPUTS, TREND, regime_words, trend_words
from written_reports import report_of

KNOWN: dict[str, float | None] = {
    "btc_return_1h_pct": -0.5,
    "btc_return_7d_pct": -5.6,
    "btc_vs_sma50d_pct": 1.2,
    "btc_adx14_4h": 31.26,
    "eth_btc_return_7d_pct": 1.1,
    "btc_dominance_change_7d_points": -0.04,
    "usdt_dominance_change_7d_points": 0.3,
}
BTC = "BTC -0.5 % in 1 h, -5.6 % in 7 days, +1.2 % against its 50-day average"
ROTATION = "ETH/BTC +1.1 % in 7 days, BTC dominance -0.04 points"


def state_of(name: RegimeName, **inputs: float | None) -> RegimeState:
    """Return a regime with the known inputs, some of them changed; those that are None are its unknown ones."""
    values = KNOWN | inputs
    return RegimeState(name=name, inputs=values, unknown=sorted(key for key, value in values.items() if value is None))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("risk_on", f"risk-on, {BTC}, {ROTATION}"),
        ("btc_led", f"btc-led, {BTC}, ADX 31.3, {ROTATION}"),
        ("neutral", f"neutral, {BTC}, {ROTATION}"),
        ("risk_off", f"risk-off, {BTC}, USDT dominance +0.30 points"),
    ],
)
def test_a_regime_is_said_with_what_decided_it(name: RegimeName, said: str) -> None:
    """BTC's trend and what else the regime's rule looks at."""
    assert regime_words(state_of(name)) == said


def test_the_unknown_is_said_in_words() -> None:
    """An hour of risk_on that ETH/BTC alone decided shows it, and names the dominance as unknown."""
    state = state_of("risk_on", btc_dominance_change_7d_points=None, usdt_dominance_change_7d_points=None)
    said = f"risk-on, {BTC}, ETH/BTC +1.1 % in 7 days (unknown: BTC dominance, USDT dominance)"
    assert regime_words(state) == said


def test_without_any_input_only_names_are_left() -> None:
    """A market of which nothing is known has a regime, no figures, and seven names."""
    made = classify(RegimeInputs())
    state = RegimeState(name=made.name, inputs=made.inputs, unknown=made.unknown)
    assert trend_words(state) == ""
    assert regime_words(state).startswith("neutral (unknown: BTC's ADX, BTC dominance, ")


def test_no_signal_says_the_trend_once() -> None:
    """Where the second line has told of BTC, the market's line does not repeat it."""
    text = build_email(report_of(*"ABCDE", status="no_signal", regime=state_of("risk_off"))).replace("\n  ", " ")
    assert text.count(BTC) == 1
    assert "Market: risk-off, USDT dominance +0.30 points" in text


def test_every_input_has_words() -> None:
    """Each input of the rules has a name, and every regime says what its rule looks at."""
    assert INPUTS.keys() == {field.name for field in fields(RegimeInputs)}
    assert DECIDING.keys() == set(get_args(RegimeName))
    assert {*TREND, *(name for names in DECIDING.values() for name in names)} == INPUTS.keys()


def test_an_input_of_a_later_version_is_named_as_it_is() -> None:
    """A report that names an input without words here can still be told."""
    state = RegimeState(name="neutral", inputs={}, unknown=["sol_return_7d_pct"])
    assert regime_words(state) == "neutral (unknown: sol_return_7d_pct)"
