"""docs/observability.md says what the code tells: the same fields, the same metrics."""

import re
from pathlib import Path

from quantscout.lines import FUNNEL, MOST_REASONS, NOTE_CHARS, RunLine, SourceLine
from quantscout.measures import LOOK_BACK_H, UNITS
from quantscout.redaction import CHATTY, LEAST_CHARS
from quantscout.telemetry import ERROR_CHARS

PAGE = (Path(__file__).parents[2] / "docs" / "observability.md").read_text("utf-8")
PROSE = " ".join(PAGE.split())
LINE, SOURCE, METRICS = re.findall(r"\|---.*\n((?:\|.*\n)+)", PAGE)


def first_column(table: str) -> list[str]:
    """Return the names in the first column."""
    return re.findall(r"^\| `(\w+)`", table, re.MULTILINE)


def test_the_lines_fields_are_the_codes() -> None:
    """Each once, in the same order."""
    assert first_column(LINE) == list(RunLine.__annotations__)


def test_the_sources_fields_are_the_codes() -> None:
    """As above."""
    assert first_column(SOURCE) == list(SourceLine.__annotations__)


def test_the_metrics_and_their_units_are_the_codes() -> None:
    """Six, with the unit that CloudWatch shows."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", METRICS, re.MULTILINE)
    assert rows == [(name, unit.value) for name, unit in UNITS.items()]


def test_the_bounds_are_the_codes() -> None:
    """Numbers in the text are those of the code."""
    assert ", ".join(FUNNEL) in PROSE
    assert (MOST_REASONS, f"notes of {NOTE_CHARS} characters" in PROSE) == (5, True)
    assert f"at most {LOOK_BACK_H} are looked at" in PROSE
    assert f"fewer than {LEAST_CHARS} characters" in PROSE
    assert f"text of the exception, {ERROR_CHARS} characters" in PROSE


def test_the_quiet_loggers_are_the_codes() -> None:
    """The four that tell requests are named."""
    assert set(CHATTY) >= {"botocore", "httpx", "httpcore", "urllib3"}
