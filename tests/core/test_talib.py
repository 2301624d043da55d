"""The indicators against TA-Lib, on made-up walks of every short length and on real hours.

TA-Lib gets the same bars, oldest first, and its last value is compared: equal to 1e-9 of its size, and unknown (NaN)
exactly where ours is unknown (None). ATR and ADX are the two functions here that have an unstable period; it is set to
0, TA-Lib's default, in its default compatibility mode: then both begin with the seed that ours have, so they agree from
the first bar that has a value at all. TA-Lib has no median: that one is in test_windows.py only.
"""

import math
from collections.abc import Callable
from random import Random
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
import talib
from numpy.typing import NDArray

import made_market
import market_frames as mf
from quantscout.factors import FACTORS
from quantscout.frames import BARS, DAY_MS, HOUR_MS, conform
from quantscout.regime import RegimeInputs
from quantscout.trend import build_regime_inputs
from quantscout.windows import build_windows

Floats = NDArray[np.float64]
LENGTHS_H = (1, 2, 5, 14, 15, 16, 19, 20, 21, 24, 28, 56, 59, 60, 61, 64, 111, 112, 113, 168, 169, 400, 720, 721, 730)
AGES_H = (0, 7, 1001, 2002, 3003, 3690)
"""Hours before mf.NOON: H on and beside the 4h blocks, the last one near the archive's beginning."""
MOM60M = next(factor.value.alias("mom60m") for factor in FACTORS if factor.name == "mom60m")


class Market(NamedTuple):
    """Verified 1h bars without gaps, by contract, and the hour."""

    bars: pl.DataFrame
    hour_ms: int


class Columns(NamedTuple):
    """One contract's bars, oldest first."""

    open_ms: NDArray[np.int64]
    high: Floats
    low: Floats
    close: Floats
    volume_usdt: Floats


@pytest.fixture(autouse=True)
def _no_unstable_period() -> None:
    """Let TA-Lib hide nothing of the beginning of ATR and ADX: the setting is global."""
    for name in ("ATR", "ADX"):
        talib.set_unstable_period(name, 0)


def _made(dear: float) -> pl.DataFrame:
    """Return one walk per length in hours up to noon, and BTC and ETH of 60 days; prices times `dear`."""
    lengths = {f"W{hours:03d}USDT": hours for hours in LENGTHS_H} | {"BTCUSDT": 1440, "ETHUSDT": 1440}
    rows = [bar for name, n in lengths.items() for bar in made_market.walk(Random(name), name, n, mf.NOON)]
    return conform(rows, BARS).with_columns(pl.col("open", "high", "low", "close") * dear)


@pytest.fixture(scope="module")
def archive() -> pl.DataFrame:
    """Return all 1h bars of BTC, ETH and 30 contracts spread over the alphabet; some began to trade late."""
    if not mf.ARCHIVE.is_dir():
        pytest.skip(mf.NEEDS_ARCHIVE)
    every = mf.archive_bars("1h")
    names = every.select(pl.col("contract").unique().sort()).collect()["contract"].to_list()
    some = [*names[5 :: len(names) // 30][:30], "BTCUSDT", "ETHUSDT"]
    return every.filter(pl.col("contract").is_in(some)).sort("contract", "open_ms").collect()


@pytest.fixture(
    scope="module",
    params=["made up", "made up, 1e-7 of the price", *AGES_H],
    ids=lambda p: p if isinstance(p, str) else f"{p} h ago",
)
def market(request: pytest.FixtureRequest) -> Market:
    """Return a made-up market or the archive's some hours before 2026-03-01T12:00Z."""
    if isinstance(request.param, str):
        return Market(_made(1e-7 if "1e-7" in request.param else 1.0), mf.NOON)
    return Market(request.getfixturevalue("archive"), mf.NOON - request.param * HOUR_MS)


def _columns(market: Market, contract: str, hours: int = 721) -> Columns:
    """Return the contract's bars of the window, which TA-Lib gets as they are."""
    inside = pl.col("open_ms").is_between(market.hour_ms - hours * HOUR_MS, market.hour_ms - 1)
    bars = market.bars.filter(inside & (pl.col("contract") == contract)).sort("open_ms")
    assert (bars["open_ms"].diff().drop_nulls() == HOUR_MS).all(), f"{contract} has a gap"
    return Columns(*(bars[name].to_numpy() for name in Columns._fields))


def _blocks(c: Columns) -> Columns:
    """Return the aligned 4h blocks by cutting the gapless prices into rows of four."""
    first = int(-c.open_ms[0] // HOUR_MS % 4)
    until = first + (len(c.close) - first) // 4 * 4
    high, low = c.high[first:until].reshape(-1, 4).max(axis=1), c.low[first:until].reshape(-1, 4).min(axis=1)
    return c._replace(open_ms=c.open_ms[first:until:4], high=high, low=low, close=c.close[first:until][3::4])


def _atr(c: Columns) -> Floats:
    return talib.ATR(c.high, c.low, c.close, timeperiod=14)


def _deviation(values: Floats) -> Floats:
    """Return the population deviation of all values; TA-Lib's shortest period is 2, and it has none of one value."""
    return talib.STDDEV(values, timeperiod=len(values), nbdev=1.0) if len(values) > 1 else values * 0


WINDOWS: dict[str, Callable[[Columns], Floats]] = {
    "atr14_1h": _atr,
    "atr14_4h": lambda c: _atr(_blocks(c)),
    "atr_pct": lambda c: 100 * _atr(_blocks(c)) / c.close[-1],
    "sma20": lambda c: talib.SMA(c.close, timeperiod=20),
    "high_20h": lambda c: talib.MAX(c.high[:-1], timeperiod=20),
    "volume_24h_usdt": lambda c: talib.SUM(c.volume_usdt, timeperiod=24),
    "change_4h_ratio": lambda c: talib.ROCP(c.close, timeperiod=4),
    "change_4h_std_ratio": lambda c: _deviation(talib.ROCP(c.close, timeperiod=4)[4:]),
    "mom60m": lambda c: talib.LN(1 + talib.ROCP(c.close, timeperiod=1)),
}


def _same(ours: float | None, theirs: Floats) -> bool:
    """Tell whether the value is TA-Lib's last one to 1e-9 of its size, or unknown in both."""
    last = float(theirs[-1]) if len(theirs) else math.nan
    return math.isnan(last) if ours is None else math.isclose(ours, last, rel_tol=1e-9)


@pytest.mark.parametrize("name", WINDOWS)
def test_windows_are_those_of_ta_lib(market: Market, name: str) -> None:
    """Every figure of every contract, over the bars of its window, from the first bar on at which it has a value.

    ATR(14): from the 15th bar (the first has no true range, the seed is the mean of the next 14; 4h bars likewise);
    SMA(20), SUM(24): from the 20th, 24th; MAX(20) of the highs before the hour's bar: from the 21st; ROCP(n): from the
    bar after n. STDDEV (nbdev 1) divides by n, not n - 1; TA-Lib calls a deviation below 1e-7 zero, none here is.
    """
    rows = build_windows(market.bars, market.hour_ms)
    ours = dict(rows.with_columns(MOM60M).select("contract", name).rows())
    wrong = {c: value for c, value in ours.items() if not _same(value, WINDOWS[name](_columns(market, c)))}
    assert wrong == {}
    assert len(ours) >= 20


REGIME: dict[str, Callable[[Columns, Columns], Floats]] = {
    "btc_return_1h_pct": lambda btc, _: 100 * talib.ROCP(btc.close, timeperiod=1),
    "btc_return_7d_pct": lambda btc, _: 100 * talib.ROCP(btc.close, timeperiod=168),
    "btc_adx14_4h": lambda btc, _: talib.ADX(*_blocks(btc)[1:4], timeperiod=14),
    "eth_btc_return_7d_pct": lambda btc, eth: 100 * talib.ROCP(talib.DIV(eth.close, btc.close), timeperiod=168),
}


def _days(market: Market) -> pl.DataFrame:
    """Return BTC's whole days as frames.BARS."""
    btc = market.bars.filter((pl.col("contract") == "BTCUSDT") & (pl.col("open_ms") < market.hour_ms))
    days = btc.sort("open_ms").group_by(pl.col("open_ms") // DAY_MS * DAY_MS, maintain_order=True)
    return conform(
        days.agg(pl.exclude("open_ms").last(), pl.len().alias("h"))
        .filter(pl.col("h") == 24)
        .drop("h")
        .select(BARS.keys()),
        BARS,
    )


def _regime_inputs(market: Market) -> RegimeInputs:
    inside = pl.col("open_ms").is_between(market.hour_ms - 721 * HOUR_MS, market.hour_ms - 1)
    btc, eth = (market.bars.filter(inside & (pl.col("contract") == name)) for name in ("BTCUSDT", "ETHUSDT"))
    return build_regime_inputs(btc, eth, _days(market), {}, market.hour_ms)


@pytest.mark.parametrize("name", REGIME)
def test_regime_inputs_are_those_of_ta_lib(market: Market, name: str) -> None:
    """Returns are ROCP times 100; ADX(14) on 4h bars agrees from its first value on, the 28th bar.

    Both sum the first 13 movements, then s - s / 14 + x (TA-Lib's start, Wilder's own has 14), and the first ADX is the
    mean of the next 14 indexes.
    """
    ours = getattr(_regime_inputs(market), name)
    assert ours is not None
    assert _same(ours, REGIME[name](_columns(market, "BTCUSDT"), _columns(market, "ETHUSDT")))


def test_mean_of_fifty_days_is_that_of_ta_lib(market: Market) -> None:
    """SMA(50) of the daily closes before the hour's midnight; unknown before the 50th whole day.

    Compared is close / mean: its distance from 1 has fewer digits the nearer it is to 0.
    """
    ours = _regime_inputs(market).btc_vs_sma50d_pct
    mean = talib.SMA(_days(market)["close"].to_numpy(), timeperiod=50)
    ratio = _columns(market, "BTCUSDT").close[-1] / mean
    assert _same(None if ours is None else 1 + ours / 100, ratio)


def test_thirty_days_are_enough_for_wilder(archive: pl.DataFrame) -> None:
    """The seed is forgotten: from 30 days of bars ATR and ADX are those of TA-Lib over all 169 days, to 1e-5.

    A seed fades by 13/14 per 4h bar, to 5e-6 of itself over the 165 bars after it.
    """
    market, rows = Market(archive, mf.NOON), build_windows(archive, mf.NOON)
    known = rows.select("contract", "atr14_4h").drop_nulls().rows()
    ratios = [ours / _atr(_blocks(_columns(market, c, 5000)))[-1] for c, ours in known]
    adx = talib.ADX(*_blocks(_columns(market, "BTCUSDT", 5000))[1:4], timeperiod=14)[-1]
    assert _regime_inputs(market).btc_adx14_4h == pytest.approx(adx, rel=1e-5)
    assert ratios == pytest.approx([1] * len(ratios), rel=1e-5)
    assert len(ratios) >= 20
