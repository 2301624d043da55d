"""z-scores and changes of positions against TA-Lib: equal to 1e-9 of their size.

TA-Lib's STDDEV (nbdev 1) over n values is the population's deviation: it divides by n. It has no unstable period.
"""

import math
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pytest
import talib
from numpy.typing import NDArray

import market_frames as mf
from quantscout.factors import NAMES
from quantscout.frames import FUNDING, HOUR_MS, OPEN_INTEREST, conform
from quantscout.positions import build_funding, build_open_interest
from quantscout.score import score_set
from quantscout.settings import Settings

Floats = NDArray[np.float64]


def _near(expected: float | list[float]) -> Any:
    return pytest.approx(expected, rel=1e-9, abs=0)


def _deviation(sample: Floats) -> float:
    return float(talib.STDDEV(sample, timeperiod=len(sample), nbdev=1.0)[-1])


def _z(value: float, sample: Floats) -> float:
    return (value - float(talib.SMA(sample, timeperiod=len(sample))[-1])) / _deviation(sample)


@pytest.mark.parametrize("count", [8, 9, 30, 400])
def test_z_is_that_of_ta_lib(count: int) -> None:
    """(x - SMA) / STDDEV over the whole set: the population's deviation, from the smallest set that is scored on."""
    x = np.array([Random(f"{count} {k}").gauss(0.01, 0.02) for k in range(count)])
    others = {"funding_z": None, "funding_change_z": None, "listed_days": 100.0, "volume_24h_usdt": 2e6}
    keys = {"venue": ["v"] * count, "contract": [f"C{k:03d}" for k in range(count)]}
    rows = pl.DataFrame(keys).with_columns(
        *(pl.lit(0.5).alias(n) for n in NAMES), *(pl.lit(v).alias(n) for n, v in others.items())
    )
    scored = score_set(rows.with_columns(pl.Series("mom60m", x)), "neutral", Settings())
    assert scored["mom60m_z"].to_list() == _near([_z(value, x) for value in x])


@pytest.mark.parametrize("count", [6, 28, 720])
def test_open_interest_changes_are_those_of_ta_lib(count: int) -> None:
    """ROC(4) in percent, from the fifth hourly value on, and the STDDEV of all of them."""
    dice = Random(count)
    held = np.array([1e6 * math.exp(dice.gauss(0, 0.05)) for _ in range(count)])
    rows = [("v", "C", mf.NOON - (count - 1 - k) * HOUR_MS, float(x), None) for k, x in enumerate(held)]
    row = build_open_interest(conform(rows, OPEN_INTEREST), mf.NOON).row(0, named=True)
    changes = talib.ROC(held, timeperiod=4)
    assert row["oi_change_4h_pct"] == _near(changes[-1])
    assert row["oi_change_4h_std_pct"] == _near(_deviation(changes[4:]))


@pytest.mark.parametrize("count", [24, 25, 60])
def test_funding_z_is_that_of_ta_lib(count: int) -> None:
    """(rate - SMA) / STDDEV of the settlements, and of their MOM(3): the change in 24 h where one is paid every 8 h.

    The first settlement has no interval known and does not count, so changes begin with the fifth: 24 settlements
    are the fewest that have the 20 changes asked for.
    """
    dice = Random(count)
    paid = np.array([dice.gauss(1e-4, 1e-4) for _ in range(count)])
    rows = [("v", "C", mf.NOON - (count - k) * 8 * HOUR_MS, float(x)) for k, x in enumerate(paid)]
    now = {"venue": ["v"], "contract": ["C"], "funding_rate_ratio": [3e-4], "funding_interval_h": [8]}
    row = build_funding(pl.DataFrame(now), conform(rows, FUNDING), mf.NOON, Settings()).row(0, named=True)
    assert row["funding_z"] == _near(_z(3e-4, paid[1:]))
    assert row["funding_change_z"] == _near(_z(3e-4 - paid[-3], talib.MOM(paid[1:], timeperiod=3)[3:]))
