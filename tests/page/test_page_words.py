"""Numbers, times and axes of the page in words."""

from datetime import UTC, datetime
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from page.made_page import START_MS
from quantscout.frames import DAY_MS, HOUR_MS
from quantscout.page.axes import build_ticks
from quantscout.page.content import FUNNEL, Figure, Unit
from quantscout.page.coverage import build_weeks, count_statuses, list_lacking
from quantscout.page.wording import (
    say,
    say_barrier,
    say_fine,
    say_interval,
    say_months,
    say_price,
    say_setting,
    say_span,
    say_tick,
)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.1834, "share", "18.3 %"),
        (-0.0042, "return", "-0.42 %"),
        (-0.000001, "return", "0.00 %"),
        (0.0042, "return", "+0.42 %"),
        (1.5, "points", "+1.5 points"),
        (1.093, "times", "1.09\u00d7"),
        (0.97, "per_day", "0.97\u00a0a day"),
        (0.0123, "rank", "+0.012"),
        (1234.0, "count", "1,234"),
        (None, "share", "not known"),
    ],
)
def test_a_figure_is_said_with_its_unit(value: float | None, unit: Unit, text: str) -> None:
    """With a true minus sign, a space that does not break, and no sign on zero."""
    assert say(value, unit) == text.replace(" %", "\u00a0%").replace(" points", "\u00a0points").replace("-", "\u2212")


def test_an_interval_needs_both_ends() -> None:
    """One end alone is none."""
    assert say_interval(Figure(name="x", title="x", unit="times", value=1, low=0.9, high=1.1)) == "0.90 to 1.10\u00d7"
    assert say_interval(Figure(name="x", title="x", unit="times", value=1, low=0.9)) == ""


@pytest.mark.parametrize(("value", "text"), [(0.05, "5 %"), (0.125, "12.5 %"), (0.0, "0 %"), (1.0, "100 %")])
def test_an_axis_says_no_idle_decimals(value: float, text: str) -> None:
    """Zeros behind the point are left out, those before it stay."""
    assert say_tick(value, "share") == text.replace(" ", "\u00a0")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0000012345678, "0.00000123457"),
        (1234567.8, "1,234,570"),
        (0.0123, "0.0123"),
        (2.0, "2"),
        (1e-9, "0.000000001"),
    ],
)
def test_a_price_is_never_a_power_of_ten(value: float, text: str) -> None:
    """Six digits that count, written out."""
    assert say_price(value) == text


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("+10 % in 24 h", "+10\u00a0% in 24\u00a0h"),
        ("from -0.5 to +2", "from \u22120.5 to +2"),
        ("at 2026-03-01T12:00:00Z, 2026-03-01", "at 2026-03-01 12:00\u00a0UTC, 2026-03-01"),
        ("micro-cap", "micro-cap"),
    ],
)
def test_a_sentence_is_set_well(text: str, fine: str) -> None:
    """Units stay beside their numbers; dates and words keep their hyphens."""
    assert say_fine(text) == fine


def test_spans_settings_and_barriers_are_said() -> None:
    """As a person would."""
    assert say_span(None, None) == ""
    assert say_span(START_MS, START_MS + HOUR_MS) == "2025-10-13"
    assert say_span(START_MS, START_MS + DAY_MS) == "2025-10-13 to 2025-10-14"
    assert say_setting(["a", "b"]) == "a, b"
    assert say_barrier(1, 3).endswith("first, in hour 3")
    assert say_barrier(0, 24).startswith("neither")


def test_of_many_months_every_third_is_named() -> None:
    """A year fits on an axis, two do not."""
    year = [f"2025-{month:02}" for month in range(1, 13)]
    assert say_months(year)[:3] == ["Jan", "Feb", "Mar"]
    assert [name for name in say_months([*year, "2026-01"]) if name] == ["Jan", "Apr", "Jul", "Oct", "Jan"]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.integers(2, 8))
def test_ticks_hold_all_values_and_are_evenly_apart(values: list[float], about: int) -> None:
    """From at or below the least to at or above the most, rising, and not more than twice as many as asked for."""
    ticks = build_ticks(values, about)
    width = max(max(values) - min(values), 1)
    assert ticks[0] <= min(values) + 1e-6 * width
    assert ticks[-1] >= max(values) - 1e-6 * width
    assert 2 <= len(ticks) <= about + 3
    steps = [after - before for before, after in pairwise(ticks)]
    assert steps == pytest.approx([steps[0]] * len(steps), rel=1e-6)


def make_hours(count: int) -> pl.DataFrame:
    """Return hours whose counts are their number."""
    numbers = list(range(count))
    return pl.DataFrame(
        {
            "hour_ms": [START_MS + number * HOUR_MS for number in numbers],
            "status": ["ok" if number % 3 else "no_data" for number in numbers],
            "level": pl.Series([number % 4 if number % 3 else None for number in numbers], dtype=pl.Int8),
            **dict.fromkeys(FUNNEL, numbers),
            "lacking": [["social", "funding"] if number < 5 else ["social"] for number in numbers],
        }
    )


def test_weeks_begin_on_monday_and_hold_every_hour() -> None:
    """200 hours from a Monday on are a whole week and 32 hours."""
    weeks = build_weeks(make_hours(200))
    assert [(week.start_ms, week.hours) for week in weeks] == [(START_MS, 168), (START_MS + 7 * DAY_MS, 32)]
    assert all(datetime.fromtimestamp(week.start_ms / 1000, UTC).weekday() == 0 for week in weeks)
    assert [week.medians["passed"] for week in weeks] == [83.5, 183.5]
    assert all(sum(week.levels.values()) == week.hours for week in weeks)
    assert weeks[0].levels["none"] == 56


def test_what_hours_lacked_is_counted_with_its_ends() -> None:
    """The longest missing first."""
    lacks = list_lacking(make_hours(50))
    assert [(lack.what, lack.hours, lack.of_hours) for lack in lacks] == [("social", 50, 50), ("funding", 5, 50)]
    assert (lacks[1].first_ms, lacks[1].last_ms) == (START_MS, START_MS + 4 * HOUR_MS)


def test_statuses_are_counted() -> None:
    """The most frequent first."""
    assert list(count_statuses(make_hours(50)).items()) == [("ok", 33), ("no_data", 17)]
