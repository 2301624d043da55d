"""Figures as they stand in a message: short, with their unit, never with an exponent."""

import pytest

from quantscout.figures import age, money, percent, price


@pytest.mark.parametrize(
    ("value", "said"),
    [(1e-8, "0.00000001"), (9.9999996e-7, "0.000001"), (0.000012345678, "0.000012346"), (0.1, "0.1"),
     (99999.6, "100000"), (123456.0, "123456"), (64123.4, "64123")],
)  # fmt: skip
def test_a_price_has_no_exponent(value: float, said: str) -> None:
    """Five significant digits, written out."""
    assert price(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0.00"),
        (999.4, "999"),
        (999.6, "1.00 k"),
        (999_999.0, "1.00 M"),
        (1.5e9, "1.50 B"),
        (99_960_000.0, "100 M"),
    ],
)
def test_an_amount_has_three_figures(value: float, said: str) -> None:
    """Thousands, millions and billions have their letters, also where rounding reaches the next one."""
    assert money(value) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2.0 h")]
)
def test_an_age_has_its_largest_sensible_unit(seconds: int, said: str) -> None:
    """Seconds, minutes, hours."""
    assert age(seconds) == said


def test_what_is_unknown_is_a_question_mark() -> None:
    """Never a zero."""
    assert (money(None), percent(None)) == ("?", "?")
