"""Wilder's smoothing against TA-Lib, after any number of bars: where it begins, and how it goes on.

ATR and ADX are TA-Lib's functions with an unstable period; it is set to 0, TA-Lib's default. Values agree to 1e-9 of
their size, and are unknown (None here, NaN there) after the same bars.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from quantscout.regime import adx_last
from quantscout.windows import true_range, wilder_last

Floats = NDArray[np.float64]
few = settings(max_examples=100)


class Bars(NamedTuple):
    """One contract's bars, oldest first."""

    high: Floats
    low: Floats
    close: Floats


def _set_unstable_period(bars: int) -> None:
    for name in ("ATR", "ADX"):
        talib.set_unstable_period(name, bars)


@pytest.fixture(autouse=True)
def _no_unstable_period() -> Iterator[None]:
    """Let TA-Lib hide nothing, before and after each test: the setting is global."""
    _set_unstable_period(0)
    yield
    _set_unstable_period(0)


def _same(ours: float | None, theirs: Floats) -> bool:
    return math.isnan(theirs[-1]) if ours is None else math.isclose(ours, theirs[-1], rel_tol=1e-9)


WICKS = st.just(0.0) | st.floats(0, 0.1)
MOVES = st.tuples(st.just(0.0) | st.floats(-0.2, 0.2), WICKS, WICKS)
COUNTS = st.sampled_from([1, 2, 14, 15, 16, 27, 28, 29, 42, 43, 120])


@st.composite
def _walks(draw: st.DrawFn) -> Bars:
    """Return up to 120 bars, many of them flat, inside the one before, or with gaps."""
    count = draw(COUNTS)
    move, up, down = np.array(draw(st.lists(MOVES, min_size=count, max_size=count))).T
    close = 100 * np.exp(np.cumsum(move))
    return Bars(close * (1 + up), close * (1 - down), close)


def _true_ranges(c: Bars) -> pl.DataFrame:
    frame = pl.DataFrame({"high": c.high, "low": c.low, "close": c.close})
    return frame.with_columns(pl.lit("v").alias("venue"), pl.lit("C").alias("contract")).select(true_range().alias("x"))


@few
@given(c=_walks())
def test_true_range_is_that_of_ta_lib(c: Bars) -> None:
    """TRANGE of every bar from the second on."""
    ours = _true_ranges(c)["x"].to_numpy()
    np.testing.assert_allclose(ours, talib.TRANGE(*c), rtol=1e-9)


@few
@given(c=_walks())
def test_wilder_begins_and_goes_on_as_ta_lib(c: Bars) -> None:
    """ATR(14) after any number of bars: nothing up to the 14th, the mean of 14 ranges at the 15th, then smoothed."""
    assert _same(_true_ranges(c).select(wilder_last(pl.col("x"))).item(), talib.ATR(*c, timeperiod=14))


@few
@given(c=_walks())
def test_adx_begins_and_goes_on_as_ta_lib(c: Bars) -> None:
    """ADX(14) after any number of bars: nothing up to the 27th."""
    ours = adx_last(c.high.tolist(), c.low.tolist(), c.close.tolist())
    assert _same(ours, talib.ADX(*c, timeperiod=14))


@pytest.mark.parametrize("function", [talib.ATR, talib.ADX])
def test_unstable_period_hides_and_changes_nothing(function: Callable[..., Floats]) -> None:
    """An unstable period of 10 withholds TA-Lib's first 10 values; the others are the same bit for bit."""
    dice = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(dice.normal(0, 0.02, 100)))
    c = Bars(close * (1 + dice.random(100) / 50), close * (1 - dice.random(100) / 50), close)
    whole = function(*c, timeperiod=14)
    _set_unstable_period(10)
    later = function(*c, timeperiod=14)
    assert np.isnan(later).sum() == np.isnan(whole).sum() + 10
    assert np.array_equal(later[-50:], whole[-50:])
