"""Numbers by hash: the same everywhere, and of the right distribution."""

import math

import numpy as np
import pytest

from quantscout_local.simulator.seeds import draw, draw_normal, exponential, interpolated, key_of, normal, uniform

INDEX = np.arange(20_000, dtype=np.int64)


def test_streams_are_fixed() -> None:
    """The first numbers of a stream are these, on every machine."""
    assert key_of("a", "b") == 0xDEBD2558BCA8FA0
    assert uniform(key_of("a"), INDEX[:2]).tolist() == [0.0968376800578879, 0.8203152032730834]
    assert draw("a") == 0.44166075284378475


def test_uniform_numbers_fill_the_interval() -> None:
    """Uniform numbers have the mean and spread of the interval."""
    values = uniform(key_of("u"), INDEX)
    assert (values > 0).all()
    assert (values < 1).all()
    assert values.mean() == pytest.approx(0.5, abs=0.01)
    assert values.std() == pytest.approx(math.sqrt(1 / 12), abs=0.005)


def test_normal_numbers_are_centred() -> None:
    """Bell-shaped numbers have mean 0 and standard deviation 1, streams differ."""
    values = normal(key_of("n"), INDEX)
    assert values.mean() == pytest.approx(0, abs=0.02)
    assert values.std() == pytest.approx(1, abs=0.02)
    assert abs(np.corrcoef(values, normal(key_of("m"), INDEX))[0, 1]) < 0.03
    assert abs(np.corrcoef(values[1:], values[:-1])[0, 1]) < 0.03
    assert -3.5 < draw_normal("x") < 3.5


def test_exponential_agrees_with_the_library() -> None:
    """The portable exponential is right to 1e-12."""
    x = np.linspace(-30, 30, 1001)
    np.testing.assert_allclose(exponential(x), np.exp(x), rtol=1e-12)


def test_interpolation_agrees_with_the_library() -> None:
    """The portable interpolation is right, also outside."""
    x, places, values = np.linspace(-1, 4, 50), np.array([0.0, 1.0, 3.0]), np.array([5.0, 2.0, 8.0])
    np.testing.assert_allclose(interpolated(x, places, values), np.interp(x, places, values), rtol=1e-12)
