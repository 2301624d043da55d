"""The regime of every hour against trend.build_regime_inputs and regime.classify of the hour alone."""

import numpy as np
import polars as pl
import pytest

from evidence.made_archive import START_MS
from quantscout.frames import BARS, DAY_MS, HOUR_MS, conform
from quantscout.regime import classify
from quantscout.trend import SMA_DAYS, build_regime_inputs
from quantscout.venues.gaps import fill_between
from quantscout_local.evidence.columns_regime import Leaders, name_regimes

HOURS = 24 * 70


def make_bars(name: str, seed: int, trend: float) -> pl.DataFrame:
    """Return 70 days of a contract's bars: a walk whose trend turns three times."""
    rng = np.random.default_rng(seed)
    drift = trend * np.sin(np.arange(HOURS) / 150)
    close = 100 * np.exp(np.cumsum(rng.normal(drift, 0.006)))
    opened = np.concatenate([[100.0], close[:-1]])
    frame = pl.DataFrame(
        {
            "venue": "binance", "contract": name, "open_ms": START_MS + HOUR_MS * np.arange(HOURS), "open": opened,
            "high": np.maximum(opened, close) * 1.001, "low": np.minimum(opened, close) * 0.999, "close": close,
            "volume_coins": 1.0, "volume_usdt": 1.0, "taker_buy_usdt": 0.5, "filled": False,
        }
    )  # fmt: skip
    return conform(frame, BARS)


def days_before(btc: pl.DataFrame, hour_ms: int) -> pl.DataFrame:
    """Return open_ms and close of the 50 days before the hour's midnight."""
    until_ms = hour_ms // DAY_MS * DAY_MS
    inside = btc.filter(pl.col("open_ms").is_between(until_ms - SMA_DAYS * DAY_MS, until_ms - 1))
    return inside.group_by((pl.col("open_ms") // DAY_MS * DAY_MS).alias("open_ms"), maintain_order=True).agg(
        pl.col("close").last()
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_regime_of_every_hour_is_that_of_the_hour_alone(seed: int) -> None:
    """From the first hours, in which the 50 days are missing, to trends of all kinds."""
    btc, eth, history_h = make_bars("BTC", seed, 0.0012), make_bars("ETH", seed + 50, 0.001), 200
    hours = [START_MS + hour * HOUR_MS for hour in range(1, HOURS, 7)]
    names = name_regimes(Leaders(btc, eth, btc), hours, history_h)
    for hour_ms in hours:
        inside = pl.col("open_ms").is_between(hour_ms - (history_h + 1) * HOUR_MS, hour_ms - HOUR_MS)
        inputs = build_regime_inputs(btc.filter(inside), eth.filter(inside), days_before(btc, hour_ms), {}, hour_ms)
        assert names[hour_ms] == classify(inputs).name, hour_ms
    assert len(set(names.values())) >= 2


def test_all_four_regimes_are_among_the_made_ones() -> None:
    """The comparison above would be worth little if one of them never came."""
    hours = [START_MS + hour * HOUR_MS for hour in range(1, HOURS)]
    found = set()
    for seed in (1, 2, 3):
        btc, eth = make_bars("BTC", seed, 0.0012), make_bars("ETH", seed + 50, 0.001)
        found |= set(name_regimes(Leaders(btc, eth, btc), hours, 200).values())
    assert found == {"risk_on", "risk_off", "btc_led", "neutral"}


def test_without_btc_nothing_is_known() -> None:
    """In an hour in which BTC does not trade every input is unknown, whatever its last bars say."""
    btc, eth = make_bars("BTC", 1, 0.0012), make_bars("ETH", 51, 0.001)
    hours = [START_MS + hour * HOUR_MS for hour in range(1, HOURS)]
    names = name_regimes(Leaders(btc, eth, btc), hours, 200)
    gone = next(hour for hour, name in names.items() if name == "risk_off" and hour > START_MS + 60 * DAY_MS)
    fewer = btc.filter(pl.col("open_ms") != gone - HOUR_MS)
    assert name_regimes(Leaders(btc, eth, fewer), [gone], 200) == {gone: "neutral"}


def test_a_short_history_knows_no_week_ago() -> None:
    """With windows of less than a week the returns over seven days are unknown, as in the hourly pipeline."""
    btc, eth, history_h = make_bars("BTC", 1, 0.0012), make_bars("ETH", 51, 0.001), 100
    hours = [START_MS + hour * HOUR_MS for hour in range(1, HOURS, 31)]
    names = name_regimes(Leaders(btc, eth, btc), hours, history_h)
    for hour_ms in hours:
        inside = pl.col("open_ms").is_between(hour_ms - (history_h + 1) * HOUR_MS, hour_ms - HOUR_MS)
        inputs = build_regime_inputs(btc.filter(inside), eth.filter(inside), days_before(btc, hour_ms), {}, hour_ms)
        assert names[hour_ms] == classify(inputs).name, hour_ms


@pytest.mark.parametrize("seed", [1, 3])
def test_bars_filled_before_a_window_are_not_of_it(seed: int) -> None:
    """While a window begins within a filled hole, its trend and its week ago are those of the bars after the hole."""
    bars = [make_bars("BTC", seed, 0.0012), make_bars("ETH", seed + 50, 0.001)]
    history_h, hole = 200, (pl.col("open_ms") - START_MS) // HOUR_MS
    btc, eth = (frame.filter(~hole.is_between(1400, 1460)) for frame in bars)
    leaders = Leaders(fill_between(btc, HOUR_MS), fill_between(eth, HOUR_MS), btc)
    hours = [START_MS + hour * HOUR_MS for hour in range(1462, HOURS)]
    names = name_regimes(leaders, hours, history_h)
    for hour_ms in hours:
        inside = pl.col("open_ms").is_between(hour_ms - (history_h + 1) * HOUR_MS, hour_ms - HOUR_MS)
        one, other = (fill_between(frame.filter(inside), HOUR_MS) for frame in (btc, eth))
        days = (
            days_before(btc, hour_ms)
            .with_columns(pl.col("open_ms").cast(pl.Datetime("ms")))
            .upsample("open_ms", every="1d")
        )
        days = days.with_columns(pl.col("open_ms").cast(pl.Int64), pl.col("close").forward_fill())
        assert names[hour_ms] == classify(build_regime_inputs(one, other, days, {}, hour_ms)).name, hour_ms
