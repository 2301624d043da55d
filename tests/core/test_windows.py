"""Windows over a contract's bars: look-ups by time, baselines by what exists."""

import math
from statistics import mean, median
from typing import Any

import polars as pl
import pytest

from quantscout.frames import BARS, HOUR_MS, conform
from quantscout.windows import build_4h_bars, build_windows

HOUR = 500_000 * HOUR_MS  # 500,000 is a multiple of 4: a block closes at H
CLOSES = [100 + 5 * math.sin(k) for k in range(721)]


def _bars(ages: list[int] | None = None, **changes: dict[int, float]) -> pl.DataFrame:
    """Return bars by age in hours (1 is the hour's own); `changes` sets columns by age."""
    rows = []
    for age in sorted(range(1, 722) if ages is None else ages, reverse=True):
        close = CLOSES[age % 721]
        row: dict[str, Any] = {
            "venue": "binance", "contract": "A", "open_ms": HOUR - age * HOUR_MS, "open": close, "high": close + 1,
            "low": close - 1, "close": close, "volume_coins": 2.0, "volume_usdt": float(age),
            "taker_buy_usdt": None, "filled": False,
        }  # fmt: skip
        rows.append(row | {name: by_age[age] for name, by_age in changes.items() if age in by_age})
    return conform(pl.DataFrame(rows, schema=dict(BARS)), BARS)


def _window(bars: pl.DataFrame) -> dict[str, Any]:
    return build_windows(bars, HOUR).row(0, named=True)


def _without(*ages: int) -> pl.DataFrame:
    return _bars([age for age in range(1, 722) if age not in ages])


def test_hours_own_bar_is_the_last_that_closes_by_the_hour() -> None:
    """T opens at H - 1h; the bar that opens at H is not read."""
    assert _window(_bars([0, 1, 2], close={0: 7.0, 1: 5.0}, low={0: 1.0, 1: 1.0}))["close"] == 5.0


@pytest.mark.parametrize(("name", "age"), [("close_1h_ago", 2), ("close_4h_ago", 5), ("close_7d_ago", 169)])
def test_close_of_the_past_is_looked_up_by_time(name: str, age: int) -> None:
    """The close so many hours ago is that of the bar of exactly that time."""
    assert _window(_bars())[name] == CLOSES[age]


@pytest.mark.parametrize(("name", "age"), [("close_1h_ago", 2), ("close_4h_ago", 5), ("close_7d_ago", 169)])
def test_missing_bar_of_an_exact_time_is_unknown(name: str, age: int) -> None:
    """A neighbour never stands in for the bar of an exact time."""
    assert _window(_without(age))[name] is None


def test_4h_change_needs_its_two_closes_alone() -> None:
    """A hole between them takes nothing away; a missing end leaves the change unknown."""
    assert _window(_without(2, 3, 4))["change_4h_ratio"] == CLOSES[1] / CLOSES[5] - 1
    assert _window(_without(5))["change_4h_ratio"] is None
    assert _window(_without(1))["change_4h_ratio"] is None


def test_late_contract_has_no_close() -> None:
    """Without the hour's own bar there is no close of the hour, but the baselines stand."""
    row = _window(_without(1))
    assert row["close"] is None
    assert row["adv30_usdt"] is not None


def test_volume_of_24_hours_is_the_sum_of_the_last_24_bars() -> None:
    """Each bar's volume is its age here, so the sum is 1 + … + 24."""
    assert _window(_bars())["volume_24h_usdt"] == 300.0


def test_volume_of_24_hours_needs_every_bar() -> None:
    """With one of the 24 bars missing the day's volume is unknown, not smaller."""
    assert _window(_without(13))["volume_24h_usdt"] is None


def test_adv30_is_the_mean_day_of_the_last_720_bars() -> None:
    """The 721st bar is only the previous close of the first."""
    assert _window(_bars())["adv30_usdt"] == pytest.approx(24 * mean(range(1, 721)))


def test_adv30_uses_what_exists() -> None:
    """A contract of 100 hours has the mean of its 100 hours."""
    assert _window(_bars(list(range(1, 101))))["adv30_usdt"] == pytest.approx(24 * mean(range(1, 101)))


def test_median_leaves_the_hour_itself_out() -> None:
    """The baseline of the volume is t-720 to t-1."""
    assert _window(_bars())["volume_median_usdt"] == median(range(2, 722))


def test_mean_close_covers_twenty_bars_with_the_hours_own() -> None:
    """SMA20 is over t-19 to t."""
    assert _window(_bars())["sma20"] == pytest.approx(mean(CLOSES[1:21]))


def test_highest_high_covers_the_twenty_bars_before() -> None:
    """The range to break is t-20 to t-1: the hour's own high does not count, the one 20 h before does."""
    assert _window(_bars(high={1: 500.0, 21: 300.0, 22: 400.0}))["high_20h"] == 300.0


@pytest.mark.parametrize(("name", "age"), [("sma20", 20), ("high_20h", 21)])
def test_trend_needs_all_its_bars(name: str, age: int) -> None:
    """A hole in the 20 bars leaves the figure unknown."""
    assert _window(_without(age))[name] is None


def test_atr_of_steady_ranges_is_the_range() -> None:
    """Bars of range 2 without gaps have an ATR of 2."""
    steady = dict.fromkeys(range(1, 722), 100.0)
    bars = _bars(close=steady, open=steady, high=dict.fromkeys(steady, 101.0), low=dict.fromkeys(steady, 99.0))
    assert _window(bars)["atr14_1h"] == pytest.approx(2.0)


@pytest.mark.parametrize(("count", "known"), [(14, False), (15, True)])
def test_atr_needs_fifteen_bars(count: int, known: bool) -> None:
    """Fourteen true ranges need fifteen bars: the first has no close before it."""
    assert (_window(_bars(list(range(1, count + 1))))["atr14_1h"] is not None) is known


def test_atr_weighs_a_new_range_by_a_fourteenth() -> None:
    """After the seed a range of 2 + 14 lifts an ATR of 2 by 1."""
    steady = dict.fromkeys(range(1, 722), 100.0)
    high = dict.fromkeys(steady, 101.0) | {1: 115.0}
    bars = _bars(close=steady, open=steady, high=high, low=dict.fromkeys(steady, 99.0))
    assert _window(bars)["atr14_1h"] == pytest.approx(3.0)


@pytest.mark.parametrize(("count", "blocks"), [(3, 0), (56, 14), (60, 15), (63, 15)])
def test_4h_bars_are_counted_whole(count: int, blocks: int) -> None:
    """Only aligned blocks with all four hours count."""
    row = _window(_bars(list(range(1, count + 1))))
    assert (row["history_h"], row["bars_4h"]) == (count, blocks)
    assert (row["atr_pct"] is not None) is (blocks >= 15)


def test_atr_pct_is_a_percentage_of_the_newest_close() -> None:
    """ATR of the 4h bars over the last close, times 100."""
    row = _window(_bars())
    assert row["atr_pct"] == pytest.approx(100 * row["atr14_4h"] / row["close"])


def test_4h_bar_joins_its_four_hours() -> None:
    """Open of the first, close of the last, extremes and sums of all four."""
    row = build_4h_bars(_bars([1, 2, 3, 4]), HOUR).row(0, named=True)
    assert (row["open_ms"], row["open"], row["close"]) == (HOUR - 4 * HOUR_MS, CLOSES[4], CLOSES[1])
    assert (row["high"], row["low"]) == (max(CLOSES[1:5]) + 1, min(CLOSES[1:5]) - 1)
    assert (row["volume_coins"], row["volume_usdt"]) == (8.0, 10.0)


def test_4h_bar_needs_four_hours() -> None:
    """A block with a hole is no bar."""
    assert build_4h_bars(_bars([1, 2, 4]), HOUR).is_empty()


def test_4h_bar_keeps_to_the_clock() -> None:
    """Four hours in a row that are no aligned block are no bar."""
    assert build_4h_bars(_bars([2, 3, 4, 5]), HOUR).is_empty()


def test_4h_bar_that_has_not_closed_is_left_out() -> None:
    """A block counts from its close on."""
    assert build_4h_bars(_bars([1, 2, 3, 4]), HOUR - HOUR_MS).is_empty()


def test_neighbours_do_not_leak_into_each_other() -> None:
    """A contract's figures are the same alone and beside another."""
    other = _bars().with_columns(
        pl.lit("B").alias("contract"), *(pl.col(c) * 3 for c in ("open", "high", "low", "close"))
    )
    both = build_windows(pl.concat([other, _bars()]), HOUR)
    assert both.filter(pl.col("contract") == "A").equals(build_windows(_bars(), HOUR))


def test_no_bars_give_no_rows() -> None:
    """An hour without any bar has no windows, and nothing raises."""
    assert build_windows(_bars([]), HOUR).is_empty()
