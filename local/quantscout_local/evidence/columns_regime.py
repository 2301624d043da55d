"""The market's regime of every hour: regime.classify over inputs that are looked up for all hours at once."""

import functools
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import polars as pl

from quantscout.frames import DAY_MS, HOUR_MS
from quantscout.regime import RegimeInputs, RegimeName, adx_last, classify
from quantscout.trend import SMA_DAYS
from quantscout.windows import build_4h_bars
from quantscout_local.evidence.replay_bars import load_recorded, mend

BLOCK_MS = 4 * HOUR_MS
FOREVER_MS = 1 << 62
Adx = Callable[[int], float | None]


class Leaders(NamedTuple):
    """Verified 1h bars of BTC and of ETH (frames.BARS of one contract each), and BTC's as they are recorded."""

    btc: pl.DataFrame
    eth: pl.DataFrame
    recorded: pl.DataFrame


class _Closes:
    """The closes of one contract, as far as the window of an hour knows them."""

    def __init__(self, bars: pl.DataFrame, history_h: int) -> None:
        self._real = bars.filter(~pl.col("filled"))["open_ms"].to_list()
        self._closes = dict(bars.select(pl.col("open_ms") + HOUR_MS, "close").rows())
        self._window_ms = (history_h + 1) * HOUR_MS

    def since_ms(self, hour_ms: int) -> int:
        """Return when the first bar of the window opened: those filled before it are not of the window."""
        place = bisect_left(self._real, hour_ms - self._window_ms)
        return self._real[place] if place < len(self._real) else FOREVER_MS

    def get(self, closed_ms: int, hour_ms: int) -> float | None:
        """Return the close of the bar that closed at a time, None where the hour's window lacks it."""
        return self._closes.get(closed_ms) if closed_ms > self.since_ms(hour_ms) else None


def name_regimes(leaders: Leaders, hours: list[int], history_h: int) -> dict[int, RegimeName]:
    """Return the regime of each hour; neutral where BTC does not trade: every input is unknown then.

    Of the inputs, the ADX is looked at only where BTC stands above its average: elsewhere it decides nothing.
    """
    btc, eth = _Closes(leaders.btc, history_h), _Closes(leaders.eth, history_h)
    trades = set(leaders.recorded["open_ms"].to_list())
    averages, adx = _averages(leaders.recorded), _adx_of(leaders.btc, btc)
    names: dict[int, RegimeName] = {}
    for hour_ms in hours:
        inputs = RegimeInputs()
        if hour_ms - HOUR_MS in trades:
            inputs = _inputs(btc, eth, averages.get(hour_ms // DAY_MS * DAY_MS), hour_ms)
        if inputs.btc_vs_sma50d_pct is not None and inputs.btc_vs_sma50d_pct > 0:
            inputs = replace(inputs, btc_adx14_4h=adx(hour_ms))
        names[hour_ms] = classify(inputs).name
    return names


def _change_pct(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else 100 * (now / before - 1)


def _inputs(btc: _Closes, eth: _Closes, average: float | None, hour_ms: int) -> RegimeInputs:
    week_ms = hour_ms - 7 * DAY_MS
    now, then = btc.get(hour_ms, hour_ms), btc.get(week_ms, hour_ms)
    eth_now, eth_then = eth.get(hour_ms, hour_ms), eth.get(week_ms, hour_ms)
    ratio_now = eth_now / now if eth_now and now else None
    ratio_then = eth_then / then if eth_then and then else None
    return RegimeInputs(
        btc_return_1h_pct=_change_pct(now, btc.get(hour_ms - HOUR_MS, hour_ms)),
        btc_return_7d_pct=_change_pct(now, then),
        btc_vs_sma50d_pct=_change_pct(now, average),
        eth_btc_return_7d_pct=_change_pct(ratio_now, ratio_then),
    )


def _averages(recorded: pl.DataFrame) -> dict[int, float]:
    """Return the mean of the 50 daily closes before each midnight; none where the first or the last day is missing.

    A missing day between two others has the close before it.
    """
    days = _daily_closes(recorded)
    means = {}
    for last_ms in days:
        first_ms = last_ms - (SMA_DAYS - 1) * DAY_MS
        if first_ms in days:
            closes = [days[first_ms]]
            for at_ms in range(first_ms + DAY_MS, last_ms + 1, DAY_MS):
                closes.append(days.get(at_ms, closes[-1]))
            if all(close is not None and close > 0 for close in closes):
                means[last_ms + DAY_MS] = float(pl.Series(closes).sum() / SMA_DAYS)
    return means


def _daily_closes(recorded: pl.DataFrame) -> dict[int, float | None]:
    """Return the close of each day's last recorded bar; None where the day's own bar would not pass verification."""
    day = (pl.col("open_ms") // DAY_MS * DAY_MS).alias("day_ms")
    first, last, top, bottom = pl.col("open").first(), pl.col("close").last(), pl.col("high").max(), pl.col("low").min()
    is_bar = (bottom > 0) & (bottom <= pl.min_horizontal(first, last)) & (top >= pl.max_horizontal(first, last))
    # A figure that an hour lacks spoils its day as a price of 0 does.
    hours = recorded.sort("open_ms").with_columns(pl.col("open", "high", "low", "close").fill_null(0.0))
    closes = hours.group_by(day, maintain_order=True).agg(pl.when(is_bar).then(last).alias("close"))
    return dict(closes.rows())


def _adx_of(btc: pl.DataFrame, known: _Closes) -> Adx:
    """Return a function of the hour: the ADX of the 4h bars that its window holds, computed once per set of them."""
    blocks = build_4h_bars(btc.select("contract", "open_ms", "high", "low", "close"), FOREVER_MS, ["contract"])
    opens, series = blocks["open_ms"], [blocks[name] for name in ("high", "low", "close")]

    @functools.cache
    def between(first: int, stop: int) -> float | None:
        highs, lows, closes = (values[first:stop].to_list() for values in series)
        return adx_last(highs, lows, closes)

    def adx(hour_ms: int) -> float | None:
        first = opens.search_sorted(known.since_ms(hour_ms), side="left")
        stop = opens.search_sorted(hour_ms - BLOCK_MS, side="right")
        return between(int(first), int(stop))

    return adx


def load_leaders(folder: Path, contracts: list[str | None], names: pl.Enum, first_ms: int, last_ms: int) -> Leaders:
    """Return the leaders' bars that open in the range, from an archive's files."""
    symbols = [contract for contract in contracts if contract is not None]
    rows = load_recorded(folder, names, first_ms, last_ms, symbols=symbols)
    btc, eth = (rows.filter(pl.col("contract").cast(pl.String) == contract) for contract in contracts)
    return Leaders(mend(btc, last_ms + HOUR_MS, names), mend(eth, last_ms + HOUR_MS, names), btc)
