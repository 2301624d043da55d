"""Filling of omitted bars, whatever bars come: only between two bars that verification keeps."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.promises import check_filled, check_frame
from fuzz.test_parsers import many
from quantscout.frames import BARS, HOUR_MS, conform
from quantscout.venues.gaps import LONGEST_HOLE, fill_between

pytestmark = pytest.mark.fuzz

opens = st.one_of(
    st.integers(0, 12).map(lambda hour: hour * HOUR_MS),
    st.integers(0, 12 * HOUR_MS),
    st.sampled_from([2**53 // HOUR_MS * HOUR_MS, 2**53 - 1, 3_000 * HOUR_MS, 1_500 * HOUR_MS]),
)
amounts = st.sampled_from([1.0, 1.0, 1.0, 2.0, 0.0, -1.0, 1e308, 1e-320, float("nan"), float("inf"), None])
values = st.lists(amounts, min_size=7, max_size=7) | st.just([1.0, 2.0, 0.5, 1.5, 1.0, 1.0, None])


@st.composite
def bars(draw: Any) -> pl.DataFrame:
    """Return a few bars, most of them sound, some at the same time."""
    rows = [("venue", "A", draw(opens), *draw(values), False) for _ in range(draw(st.integers(0, 6)))]
    return conform(rows, BARS)


@many
@given(frame=bars())
def test_only_holes_between_two_real_bars_are_filled(frame: pl.DataFrame) -> None:
    """Every bar that came is still there, in order of time, and every filled one has sound neighbours."""
    whole = fill_between(frame, HOUR_MS)
    check_frame(whole, BARS)
    assert whole["open_ms"].is_sorted()
    assert whole.filter(~pl.col("filled")).equals(frame.sort("open_ms", maintain_order=True))
    assert len(whole) <= len(frame) * LONGEST_HOLE
    check_filled(whole, HOUR_MS)
