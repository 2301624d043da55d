"""The market's regime a second time, from the words of the definitions (SPEC 6), not from the product's code.

A condition is True, False or, where its input is not known, None. `regime_of` takes the inputs by name.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

Inputs = Mapping[str, float | None]


class Conditions(NamedTuple):
    """The definitions' conditions, in their words."""

    btc_1h_return_at_most_minus_3_percent: bool | None
    btc_below_its_50_day_sma: bool | None
    negative_7_day_return: bool | None
    usdt_dominance_not_falling: bool | None
    btc_above_its_50_day_sma: bool | None
    btc_dominance_not_rising: bool | None
    eth_btc_up_over_7_days: bool | None
    adx_above_25: bool | None
    btc_dominance_rising_by_1_point: bool | None
    eth_btc_down_more_than_2_percent: bool | None


def conditions_of(inputs: Inputs) -> Conditions:
    """Return every condition's state."""

    def state(name: str, holds: Callable[[float], bool]) -> bool | None:
        value = inputs[name]
        return None if value is None else holds(value)

    return Conditions(
        state("btc_return_1h_pct", lambda pct: pct <= -3),
        state("btc_vs_sma50d_pct", lambda pct: pct < 0),
        state("btc_return_7d_pct", lambda pct: pct < 0),
        state("usdt_dominance_change_7d_points", lambda points: not points < 0),
        state("btc_vs_sma50d_pct", lambda pct: pct > 0),
        state("btc_dominance_change_7d_points", lambda points: not points > 0),
        state("eth_btc_return_7d_pct", lambda pct: pct > 0),
        state("btc_adx14_4h", lambda adx: adx > 25),
        state("btc_dominance_change_7d_points", lambda points: points >= 1),
        state("eth_btc_return_7d_pct", lambda pct: pct < -2),
    )


def either(one: bool | None, other: bool | None) -> bool | None:
    """Return whether one of the two holds; what is unknown is left out."""
    if one is None:
        return other
    return one if other is None else one or other


def rules_of(c: Conditions) -> dict[str, list[list[bool | None]]]:
    """Return the regimes in their order, each with its ways to hold; BTC against its average comes first in a way."""
    led = either(c.btc_dominance_rising_by_1_point, c.eth_btc_down_more_than_2_percent)
    falling = [c.btc_below_its_50_day_sma, c.negative_7_day_return, c.usdt_dominance_not_falling]
    return {
        "risk_off": [[c.btc_1h_return_at_most_minus_3_percent], falling],
        "risk_on": [[c.btc_above_its_50_day_sma, c.btc_dominance_not_rising, c.eth_btc_up_over_7_days]],
        "btc_led": [[c.btc_above_its_50_day_sma, c.adx_above_25, led]],
    }


def claimed(conditions: list[bool | None]) -> bool:
    """Tell whether all conditions that are known hold.

    How many may be left out the definitions do not say. Read here: never the first, and where there are more, not all
    the others.
    """
    first, *others = conditions
    known = [c for c in others if c is not None]
    return first is True and all(known) and (bool(known) or not others)


def claimed_to_the_letter(conditions: list[bool | None]) -> bool:
    """Tell the same where any condition may be left out, as long as one remains."""
    known = [c for c in conditions if c is not None]
    return bool(known) and all(known)


def regime_of(inputs: Inputs, claim: Callable[[list[bool | None]], bool] = claimed) -> str:
    """Return the first regime that one of its ways claims, else neutral."""
    rules = rules_of(conditions_of(inputs))
    return next((name for name, ways in rules.items() if any(claim(way) for way in ways)), "neutral")
