"""Colours as a person sees them: text at least 4.5 to 1 on its ground, marks of charts at least 3 to 1 (WCAG 2.2)."""

import re
from importlib.resources import files
from itertools import product

import pytest

STYLE = files("quantscout.page").joinpath("templates", "page.css").read_text("utf-8")
SCHEMES = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
GROUNDS = ("paper", "card")
TEXT = ("ink", "soft", "accent", "good", "bad", "mark")
MARKS = ("fill", "rose", "fell", "edge", "s0", "s1", "s2", "s3", "s4", "l0", "l1", "l2", "l3", "l4")


def colours(scheme: int) -> dict[str, str]:
    """Return the style sheet's colours by name: 0 light, 1 dark."""
    return dict(re.findall(r"--([a-z0-9]+): #([0-9a-f]{6})", SCHEMES[scheme]))


def luminance(colour: str) -> float:
    """Return the relative luminance of sRGB (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure_knows_black_on_white() -> None:
    """The known values: 21 for black on white, 4.54 for the grey #767676."""
    assert contrast("000000", "ffffff") == pytest.approx(21)
    assert contrast("767676", "ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("name", "ground"), list(product(TEXT, GROUNDS)))
def test_text_can_be_read(name: str, ground: str, scheme: int) -> None:
    """Every colour of text on both grounds."""
    known = colours(scheme)
    assert contrast(known[name], known[ground]) >= 4.5


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("name", "ground"), list(product(MARKS, GROUNDS)))
def test_marks_can_be_seen(name: str, ground: str, scheme: int) -> None:
    """Bars, lines and axes on both grounds."""
    known = colours(scheme)
    assert contrast(known[name], known[ground]) >= 3


def test_every_colour_is_a_variable_of_both_schemes() -> None:
    """A colour that stands elsewhere in the style sheet would be the same by night; print's white paper apart."""
    assert len(SCHEMES) == 2
    assert colours(0).keys() == colours(1).keys()
    rest = STYLE
    for scheme in SCHEMES:
        rest = rest.replace(scheme, "")
    assert re.findall(r"#[0-9a-f]{3,8}\b", rest) == ["#fff"]
    used = set(re.findall(r"var\(--([a-z0-9]+)\)", STYLE))
    assert used == colours(0).keys()
