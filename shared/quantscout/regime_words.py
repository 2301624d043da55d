"""The market's regime in words: what it was decided on, and what was not known (SPEC 6). Pure."""

from collections.abc import Iterable

from quantscout.models import RegimeState
from quantscout.regime import RegimeName

INPUTS = {
    "btc_return_1h_pct": ("BTC in 1 h", "{:+.1f} % in 1 h"),
    "btc_return_7d_pct": ("BTC in 7 days", "{:+.1f} % in 7 days"),
    "btc_vs_sma50d_pct": ("BTC's 50-day average", "{:+.1f} % against its 50-day average"),
    "btc_adx14_4h": ("BTC's ADX", "ADX {:.1f}"),
    "eth_btc_return_7d_pct": ("ETH/BTC", "ETH/BTC {:+.1f} % in 7 days"),
    "btc_dominance_change_7d_points": ("BTC dominance", "BTC dominance {:+.2f} points"),
    "usdt_dominance_change_7d_points": ("USDT dominance", "USDT dominance {:+.2f} points"),
}
"""Per input its name, and how its value is said; the three of BTC's trend are said behind the word BTC."""
TREND = ("btc_return_1h_pct", "btc_return_7d_pct", "btc_vs_sma50d_pct")
ROTATION = ("eth_btc_return_7d_pct", "btc_dominance_change_7d_points")
DECIDING: dict[RegimeName, tuple[str, ...]] = {
    "risk_off": ("usdt_dominance_change_7d_points",),
    "risk_on": ROTATION,
    "btc_led": ("btc_adx14_4h", *ROTATION),
    "neutral": ROTATION,
}
"""What a regime's rule looks at besides BTC's trend (regime.py)."""


def trend_words(regime: RegimeState) -> str:
    """Return what is known of BTC's trend, empty where nothing is."""
    known = _known(regime, TREND)
    return f"BTC {', '.join(known)}" if known else ""


def regime_words(regime: RegimeState, *, with_trend: bool = True) -> str:
    """Return the regime's name, the values that decided it, and in brackets the inputs that were unknown."""
    trend = [trend_words(regime)] if with_trend and trend_words(regime) else []
    told = ", ".join([regime.name.replace("_", "-"), *trend, *_known(regime, DECIDING[regime.name])])
    unknown = ", ".join(INPUTS[name][0] if name in INPUTS else name for name in regime.unknown)
    return f"{told} (unknown: {unknown})" if unknown else told


def _known(regime: RegimeState, names: Iterable[str]) -> list[str]:
    return [INPUTS[name][1].format(regime.inputs[name]) for name in names if regime.inputs.get(name) is not None]
