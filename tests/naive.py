"""The screener a second time, as a person would do it by hand: plain Python, one contract after the other.

Written from the definitions alone, not from the product's code, so that the two can only agree by being right.
`t` is the open time of the hour's 1h bar, H - 1h; `None` means "not known".
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

HOUR = 3_600_000
DAY = 24 * HOUR
Key = tuple[str, str]
Row = dict[str, Any]


class Bar(NamedTuple):
    """One bar; volume in USDT."""

    open: float
    high: float
    low: float
    close: float
    volume: float
    taker_buy: float | None


Bars = Mapping[int, Bar]


class Market(NamedTuple):
    """Everything that is known of an hour, by contract."""

    hour: int
    listing: list[Row]
    bars: Mapping[Key, Bars]
    quarter: dict[Key, Bar]
    open_interest: dict[Key, dict[int, float]]
    funding: dict[Key, list[tuple[int, float]]]
    books: dict[Key, Row]
    supply: dict[str, dict[str, float]]
    trending: dict[str, int] | None
    regime: str


# Bars


def four_hour_bars(bars: Bars, hour: int) -> list[Bar]:
    """Return the whole aligned blocks of four bars that closed by the hour, oldest first."""
    blocks = []
    for start in sorted({at // (4 * HOUR) * 4 * HOUR for at in bars}):
        parts = [bars.get(start + k * HOUR) for k in range(4)]
        four = [bar for bar in parts if bar is not None]
        if len(four) == 4 and start + 4 * HOUR <= hour:
            high, low = max(b.high for b in four), min(b.low for b in four)
            blocks.append(Bar(four[0].open, high, low, four[-1].close, sum(b.volume for b in four), None))
    return blocks


def wilder_atr(bars: Sequence[Bar]) -> float | None:
    """Return Wilder's ATR(14) at the last bar: the mean of 14 true ranges, then a fourteenth of each new."""
    ranges = [
        max(bar.high - bar.low, abs(bar.high - before.close), abs(bar.low - before.close))
        for before, bar in pairwise(bars)
    ]
    if len(ranges) < 14:
        return None
    atr = sum(ranges[:14]) / 14
    for true_range in ranges[14:]:
        atr += (true_range - atr) / 14
    return atr


def window_of(bars: Bars, hour: int) -> dict[int, Bar]:
    """Return the bars that open in [H - 721 h, H - 1 h], oldest first."""
    return {at: bars[at] for at in sorted(bars) if hour - 721 * HOUR <= at <= hour - HOUR}


def history(bars: Bars, hour: int) -> Row:
    """Return what the gates take from a contract's 1h bars."""
    t = hour - HOUR
    window = window_of(bars, hour)
    if not window:
        return {}
    month = [bar.volume for at, bar in window.items() if at > hour - 721 * HOUR]
    day = [window[t - k * HOUR].volume for k in range(24) if t - k * HOUR in window]
    blocks = four_hour_bars(window, hour)
    atr, newest = wilder_atr(blocks), max(window)
    return {
        "bar_age_h": (t - newest) / HOUR,
        "history_h": len(window),
        "bars_4h": len(blocks),
        "volume_24h_usdt": sum(day) if len(day) == 24 else None,
        "adv30_usdt": 24 * sum(month) / len(month) if month else None,
        "last_close": window[newest].close,
        "atr_pct": None if atr is None else 100 * atr / window[newest].close,
    }


# Factors


def log_ratio(now: float | None, before: float | None) -> float | None:
    """Return ln(now / before) where both are known and positive."""
    return math.log(now / before) if now and before else None


def breakout(window: Bars, t: int) -> float | None:
    """Return how far the close stands above the 20 h mean and the 20 h high, in ATR14 of 1h bars, half each."""
    mean_of = [window.get(t - k * HOUR) for k in range(20)]
    high_of = [window.get(t - k * HOUR) for k in range(1, 21)]
    atr = wilder_atr(list(window.values()))
    if None in mean_of or None in high_of or not atr:
        return None
    sma = sum(bar.close for bar in mean_of if bar) / 20
    high = max(bar.high for bar in high_of if bar)
    return 0.5 * (window[t].close - sma) / atr + 0.5 * (window[t].close - high) / atr


def vol_spike(window: Bars, t: int) -> float | None:
    """Return ln of the hour's volume over the median of the 720 h before, at least -5."""
    before = [bar.volume for at, bar in window.items() if t - 720 * HOUR <= at < t]
    usual = median(before) if before else 0
    if t not in window or usual == 0:
        return None
    return max(math.log(window[t].volume / usual), -5.0) if window[t].volume else -5.0


def aggressor(bar: Bar | None) -> float | None:
    """Return (taker buys - taker sells) / both."""
    if bar is None or bar.taker_buy is None or not bar.volume:
        return None
    return (bar.taker_buy - (bar.volume - bar.taker_buy)) / bar.volume


def percent_change(rows: Mapping[int, float], now: int, before: int) -> float | None:
    """Return the change between two exact moments in percent."""
    return 100 * (rows[now] / rows[before] - 1) if now in rows and rows.get(before) else None


def open_interest(rows: Mapping[int, float], hour: int) -> Row:
    """Return the changes of open interest in percent, and the deviation of the contract's own 4h changes of 30 days."""
    month = {at: x for at, x in rows.items() if hour - 30 * DAY <= at <= hour}
    changes = [percent_change(month, at, at - 4 * HOUR) for at in month]
    known = [x for x in changes if x is not None]
    return {
        "oi_change_4h_pct": percent_change(rows, hour, hour - 4 * HOUR),
        "oi_change_24h_pct": percent_change(rows, hour, hour - DAY),
        "oi_change_4h_std_pct": deviation(known) if known else None,
    }


def factor_values(m: Market, key: Key, coin: str, widest_depth: float = 500e3) -> Row:
    """Return the ten factors of a contract; None where its data is missing."""
    t, held = m.hour - HOUR, open_interest(m.open_interest.get(key, {}), m.hour)
    window = window_of(m.bars.get(key, {}), m.hour)
    close = {at: window[at].close for at in (t, t - HOUR) if at in window}
    quarter, book = m.quarter.get(key), m.books.get(key, {})
    bids, asks, whole = book.get("bids_usdt"), book.get("asks_usdt"), book.get("reaches_band") is not False
    depth = None if bids is None or asks is None else bids + asks
    if depth is not None and not whole and depth < widest_depth:  # a lower bound tells nothing of a thin book
        depth = None
    points = None if m.trending is None else float(16 - m.trending[coin]) if coin in m.trending else 0.0
    return {
        "mom15m": log_ratio(quarter.close, quarter.open) if quarter else None,
        "mom60m": log_ratio(close.get(t), close.get(t - HOUR)),
        "vol_spike": vol_spike(window, t),
        "breakout": breakout(window, t),
        "ob_imbalance": (book["bids_usdt"] - book["asks_usdt"]) / depth if depth and whole else None,
        "aggressor": aggressor(window.get(t)),
        "oi_change": held["oi_change_4h_pct"],
        "social": points,
        "regime": {"risk_on": 1.0, "risk_off": 0.0}.get(m.regime, 0.5),
        "liquidity": math.exp(-0.5 * math.log(depth / 25_000) ** 2) if depth else None,
        "depth_usdt": depth,
        **held,
    }


# Statistics


def deviation(values: Sequence[float]) -> float:
    """Return the population standard deviation."""
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / len(values))


def z_score(x: float, values: Sequence[float]) -> float:
    """Return (x - mean) / population standard deviation; 0 where the values do not differ."""
    flat = min(values) == max(values)
    return 0.0 if flat else (x - math.fsum(values) / len(values)) / deviation(values)


def percentiles(values: Mapping[Key, float]) -> dict[Key, float]:
    """Return (average rank - 1/2) / n for every value."""
    ordered, n = sorted(values.values()), len(values)
    ranks = {v: (first + last) / 2 for v, first, last in _ranks(ordered)}
    return {key: (ranks[v] - 0.5) / n for key, v in values.items()}


def _ranks(ordered: Sequence[float]) -> Iterable[tuple[float, int, int]]:
    for k, value in enumerate(ordered):
        if k == 0 or ordered[k - 1] != value:
            yield value, k + 1, bisect_right(ordered, value)


# Funding


def usable_settlements(rows: Sequence[tuple[int, float]], hour: int) -> list[tuple[int, float]]:
    """Return (time, rate per 8 h) of settlements whose distance to the one before is an interval that venues use.

    A single distance twice as long as the one before it and the one after it is a lost settlement, not an interval.
    """
    known = sorted(row for row in rows if row[0] <= hour)
    spans = [(at - before) / HOUR for (before, _), (at, _) in pairwise(known)]
    lost = {k for k in range(1, len(spans) - 1) if spans[k - 1] == spans[k + 1] == spans[k] / 2}
    usable = [k for k, span in enumerate(spans) if span in (1, 2, 4, 8) and k not in lost]
    return [(known[k + 1][0], known[k + 1][1] * 8 / spans[k]) for k in usable]


def day_before(settled: Sequence[tuple[int, float]], at: int) -> float | None:
    """Return the last rate that was settled 24 to 32 h before a moment."""
    found = bisect_right(settled, (at - 24 * HOUR, math.inf))
    return settled[found - 1][1] if found and settled[found - 1][0] >= at - 32 * HOUR else None


def funding_z(rate: float | None, rows: Sequence[tuple[int, float]], hour: int) -> tuple[float | None, float | None]:
    """Return the z of the current 8h rate and of its change in 24 h, each against the contract's own last 30 days."""
    settled = usable_settlements(rows, hour)
    sample = [(at, value) for at, value in settled if at > hour - 30 * DAY]
    steps = [(value, day_before(settled, at)) for at, value in sample]
    changes = [value - before for value, before in steps if before is not None]
    before = day_before(settled, hour)
    fz = z_score(rate, [value for _, value in sample]) if rate is not None and len(sample) >= 20 else None
    known = rate is not None and before is not None and len(changes) >= 20
    return fz, z_score(rate - before, changes) if known and rate is not None and before is not None else None


def penalty(fz: float | None, dz: float | None) -> float:
    """Return what expensive and rising funding costs, at most 0.15; what is unknown costs nothing."""
    return min(0.15, 0.04 * max(0.0, (fz or 0.0) - 0.5) + 0.03 * max(0.0, (dz or 0.0) - 0.5))
