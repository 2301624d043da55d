"""The page about outcomes says what the thresholds are."""

import re
from pathlib import Path
from typing import get_args

from quantscout.escalation_message import TITLES
from quantscout.escalation_models import Kind, Thresholds
from quantscout.outcomes import OUTCOMES

PAGE = (Path(__file__).parents[2] / "docs" / "outcomes.md").read_text("utf-8")


def test_every_threshold_stands_on_the_page_with_its_bounds() -> None:
    """Name, default, bounds and meaning, in the order of the model."""
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| (.+) \|$", PAGE, re.MULTILINE)
    expected = []
    for name, field in Thresholds.model_fields.items():
        bounds = {key: getattr(rule, key) for rule in field.metadata for key in ("ge", "le") if hasattr(rule, key)}
        numbers = tuple(float(number) for number in (field.default, bounds["ge"], bounds["le"]))
        expected.append((name, *numbers, field.description))
    assert [(name, *map(float, numbers), text) for name, *numbers, text in rows] == expected


def test_every_kind_stands_on_the_page() -> None:
    """A kind that nobody explains would surprise who gets it."""
    table = PAGE.partition("| kind | found when")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(get_args(Kind))
    assert set(TITLES) == set(get_args(Kind))


def test_every_column_of_an_outcome_stands_on_the_page() -> None:
    """The definitions are whole."""
    assert [name for name in OUTCOMES if f"`{name}`" not in PAGE] == ["venue", "contract", "hour_ms"]
