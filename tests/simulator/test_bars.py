"""Bars: closed ones, the running one, longer ones, and 15m bars inside the hour."""

from collections.abc import Callable

import httpx
import numpy as np
import orjson
import pytest

from quantscout_local.simulator import DEFAULT_HOUR_MS
from quantscout_local.simulator.answers import klines, text
from quantscout_local.simulator.derive.quarters import QUARTER_MS, split
from quantscout_local.simulator.market import Market
from quantscout_local.simulator.series import blocks, rounded

Ask = Callable[..., httpx.Response]
HOUR = 3_600_000
NAMES = ["BTCUSDT", "币安人生USDT", "1000PEPEUSDT", "1INCHUSDT"]


def numbers(answer: httpx.Response) -> np.ndarray:
    """Return klines as numbers."""
    return np.array(answer.json(), dtype=float)


@pytest.mark.parametrize("symbol", NAMES)
def test_fifteen_minutes_lie_inside_the_hour(ask: Ask, symbol: str) -> None:
    """Four 15m bars open and close with their hour, reach its high and low, and add up to its volume."""
    since = DEFAULT_HOUR_MS - 48 * HOUR
    hours = numbers(ask("/binance/fapi/v1/klines", symbol=symbol, interval="1h", startTime=since, limit=48))
    short = numbers(ask("/binance/fapi/v1/klines", symbol=symbol, interval="15m", startTime=since, limit=192))
    quarters = short.reshape(48, 4, 12)
    assert (quarters[:, 0, 1] == hours[:, 1]).all()
    assert (quarters[:, 3, 4] == hours[:, 4]).all()
    assert (quarters[:, :, 2].max(1) == hours[:, 2]).all()
    assert (quarters[:, :, 3].min(1) == hours[:, 3]).all()
    np.testing.assert_allclose(quarters[:, :, 5].sum(1), hours[:, 5], rtol=1e-9)
    np.testing.assert_allclose(quarters[:, :, 7].sum(1), hours[:, 7], rtol=1e-6, atol=1e-3)


def test_fifteen_minutes_are_sound(ask: Ask) -> None:
    """In every 15m bar the low is lowest, the high is highest, and takers bought a part."""
    bars = numbers(ask("/binance/fapi/v1/klines", symbol="ETHUSDT", interval="15m", limit=500))
    assert (bars[:, 3] <= np.minimum(bars[:, 1], bars[:, 4])).all()
    assert (bars[:, 2] >= np.maximum(bars[:, 1], bars[:, 4])).all()
    assert (bars[:, 10] <= bars[:, 7]).all()
    assert (np.diff(bars[:, 0]) == QUARTER_MS).all()


@pytest.mark.parametrize(("interval", "hours"), [("2h", 2), ("4h", 4), ("8h", 8), ("1d", 24)])
def test_longer_bars_are_aligned_sums(ask: Ask, interval: str, hours: int) -> None:
    """A longer bar stands on its own grid and is made of its hours."""
    bars = numbers(ask("/binance/fapi/v1/klines", symbol="SOLUSDT", interval=interval, limit=3))
    first = int(bars[0, 0])
    short = numbers(ask("/binance/fapi/v1/klines", symbol="SOLUSDT", interval="1h", startTime=first, limit=hours))
    assert not (bars[:, 0] % (hours * HOUR)).any()
    assert bars[0, 6] == first + hours * HOUR - 1
    assert (bars[0, 1], bars[0, 4]) == (short[0, 1], short[-1, 4])
    assert (bars[0, 2], bars[0, 3]) == (short[:, 2].max(), short[:, 3].min())
    assert bars[0, 7] == pytest.approx(short[:, 7].sum(), rel=1e-12)


def test_running_bar_is_made_of_the_last_close(ask: Ask) -> None:
    """The bar that opens at the hour repeats the last close and has no volume."""
    closed, running = numbers(ask("/binance/fapi/v1/klines", symbol="BTCUSDT", interval="1h", limit=2))
    assert running[0] == DEFAULT_HOUR_MS
    assert set(running[1:5]) == {closed[4]}
    assert running[5] == 0


@pytest.mark.parametrize("interval", ["15m", "1h", "4h"])
def test_end_time_before_the_hour_leaves_the_running_bar_out(ask: Ask, interval: str) -> None:
    """With an end before the hour, the last bar is a closed one."""
    end = DEFAULT_HOUR_MS - 1
    bars = numbers(ask("/binance/fapi/v1/klines", symbol="BTCUSDT", interval=interval, endTime=end, limit=4))
    assert len(bars) == 4
    assert bars[-1, 6] == DEFAULT_HOUR_MS - 1


def test_start_counts_from_the_front_and_no_start_from_the_back(ask: Ask) -> None:
    """`startTime` returns the first rows of a range, its absence the last ones."""
    since = DEFAULT_HOUR_MS - 100 * HOUR
    front = numbers(ask("/binance/fapi/v1/klines", symbol="BTCUSDT", interval="1h", startTime=since, limit=2))
    back = numbers(ask("/binance/fapi/v1/klines", symbol="BTCUSDT", interval="1h", limit=2))
    assert front[:, 0].tolist() == [since, since + HOUR]
    assert back[:, 0].tolist() == [DEFAULT_HOUR_MS - HOUR, DEFAULT_HOUR_MS]


def test_kucoin_bars_are_sound_and_sparse(ask: Ask, embedded: Market) -> None:
    """A thin contract's bars skip hours, and each is a possible bar."""
    thin = max(embedded.kucoin.values(), key=lambda contract: contract.thin)
    params = {"symbol": thin.symbol, "granularity": 60, "from": DEFAULT_HOUR_MS - 400 * HOUR, "to": DEFAULT_HOUR_MS - 1}
    bars = np.array(ask("/kucoin/api/v1/kline/query", **params).json()["data"])
    gaps = np.diff(bars[:, 0])
    assert gaps.min() == HOUR
    assert gaps.max() > HOUR
    assert (bars[:, 3] <= np.minimum(bars[:, 1], bars[:, 4])).all()
    assert (bars[:, 2] >= np.maximum(bars[:, 1], bars[:, 4])).all()
    assert (bars[:, 5] > 0).all()


def test_kucoin_answers_at_most_500_bars(ask: Ask) -> None:
    """A long range is cut to the first 500 bars."""
    params = {"symbol": "XBTUSDTM", "granularity": 60, "from": DEFAULT_HOUR_MS - 800 * HOUR, "to": DEFAULT_HOUR_MS}
    bars = ask("/kucoin/api/v1/kline/query", **params).json()["data"]
    assert len(bars) == 500
    assert bars[0][0] == DEFAULT_HOUR_MS - 800 * HOUR


def test_kucoin_turnover_is_lots_times_multiplier_times_price(ask: Ask, embedded: Market) -> None:
    """Turnover, lots and the multiplier fit the bar's prices."""
    contract = embedded.kucoin["PEPEUSDTM"]
    params = {"symbol": "PEPEUSDTM", "granularity": 60, "from": DEFAULT_HOUR_MS - 50 * HOUR, "to": DEFAULT_HOUR_MS - 1}
    bars = np.array(ask("/kucoin/api/v1/kline/query", **params).json()["data"])
    price = bars[:, 6] / (bars[:, 5] * contract.lot_coins)
    assert (price >= bars[:, 3] * 0.999).all()
    assert (price <= bars[:, 2] * 1.001).all()


def test_prices_survive_as_text_exactly(embedded: Market) -> None:
    """Every number of a kline reads back as the same double, without exponents."""
    bars = embedded.binance["1000SATSUSDT"].bars.span(0, 50)
    bars = bars._replace(close=bars.close * 1e-7, taker_quote=bars.quote_volume)
    body = klines(bars, HOUR)
    assert b"e" not in body
    assert [float(row[4]) for row in orjson.loads(body)] == bars.close.tolist()


@pytest.mark.parametrize(("number", "written"), [(1e-7, "0.0000001"), (5.0, "5"), (1e22, "1" + "0" * 22), (0.1, "0.1")])
def test_text_has_no_exponent(number: float, written: str) -> None:
    """A single number is written as venues do."""
    assert text(number) == written


def test_blocks_of_nothing_are_nothing(embedded: Market) -> None:
    """No hours give no longer bars."""
    nothing = embedded.binance["BTCUSDT"].bars.span(0, 0)
    assert len(blocks(nothing, 4 * HOUR).open_ms) == 0
    assert len(split(1, nothing).open_ms) == 0


def test_rounding_keeps_significant_digits() -> None:
    """Numbers are put on the decimal grid of their size."""
    values = np.array([123.45678, 0.00012345678])
    assert rounded(values, values, 5).tolist() == [123.46, 0.00012346]
