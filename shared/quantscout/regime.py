"""The market's regime from BTC and ETH bars and from dominance (SPEC 6). Plain floats: it is one row."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal, NamedTuple

RegimeName = Literal["risk_off", "risk_on", "btc_led", "neutral"]
ADX_PERIOD = 14

FACTOR_VALUE: dict[RegimeName, float] = {"risk_on": 1.0, "neutral": 0.5, "btc_led": 0.5, "risk_off": 0.0}

WEIGHT_MULTIPLIERS: dict[RegimeName, dict[str, float]] = {
    "risk_on": {"mom15m": 1.25, "mom60m": 1.25, "vol_spike": 1.25, "social": 1.25},
    "btc_led": {"mom15m": 0.8, "mom60m": 0.8, "vol_spike": 0.8, "liquidity": 1.5},
    "neutral": {},
    "risk_off": {},
}


@dataclass(frozen=True, slots=True)
class RegimeInputs:
    """What the classification looks at; None is unknown. Returns in percent, dominance in points over 7 days."""

    btc_return_1h_pct: float | None = None
    btc_return_7d_pct: float | None = None
    btc_vs_sma50d_pct: float | None = None
    btc_adx14_4h: float | None = None
    eth_btc_return_7d_pct: float | None = None
    btc_dominance_change_7d_points: float | None = None
    usdt_dominance_change_7d_points: float | None = None


class Regime(NamedTuple):
    """The regime, its inputs as they were, and the names of those that were unknown."""

    name: RegimeName
    inputs: dict[str, float | None]
    unknown: list[str]


def _all_known(*conditions: bool | None) -> bool:
    """Tell whether all conditions that are known hold; without any known one, nothing is claimed."""
    known = [c for c in conditions if c is not None]
    return bool(known) and all(known)


def _test(value: float | None, above: float | None = None, below: float | None = None) -> bool | None:
    if value is None:
        return None
    return (above is None or value > above) and (below is None or value < below)


def _either(*conditions: bool | None) -> bool | None:
    known = [c for c in conditions if c is not None]
    return any(known) if known else None


def classify(i: RegimeInputs) -> Regime:
    """Return the first regime whose conditions hold, in the order risk_off, risk_on, btc_led, neutral.

    An unknown input leaves its condition out. A rule about BTC's trend needs the trend itself: without the 50-day
    average neither risk_on nor btc_led nor the slow part of risk_off is claimed.
    """
    inputs = asdict(i)
    unknown = sorted(name for name, value in inputs.items() if value is None)
    return Regime(_name(i), inputs, unknown)


def _name(i: RegimeInputs) -> RegimeName:
    crash = i.btc_return_1h_pct is not None and i.btc_return_1h_pct <= -3  # noqa: PLR2004 - SPEC 6
    if crash:
        return "risk_off"
    if i.btc_vs_sma50d_pct is None:
        return "neutral"
    usdt_not_falling = None if i.usdt_dominance_change_7d_points is None else i.usdt_dominance_change_7d_points >= 0
    btc_not_rising = None if i.btc_dominance_change_7d_points is None else i.btc_dominance_change_7d_points <= 0
    if i.btc_vs_sma50d_pct < 0 and _all_known(_test(i.btc_return_7d_pct, below=0), usdt_not_falling):
        return "risk_off"
    if i.btc_vs_sma50d_pct > 0 and _all_known(btc_not_rising, _test(i.eth_btc_return_7d_pct, above=0)):
        return "risk_on"
    btc_gains = _either(
        None if i.btc_dominance_change_7d_points is None else i.btc_dominance_change_7d_points >= 1,
        _test(i.eth_btc_return_7d_pct, below=-2),
    )
    if i.btc_vs_sma50d_pct > 0 and _all_known(_test(i.btc_adx14_4h, above=25), btc_gains):
        return "btc_led"
    return "neutral"


def adx_last(
    high: Sequence[float], low: Sequence[float], close: Sequence[float], period: int = ADX_PERIOD
) -> float | None:
    """Return Wilder's ADX of the last bar, None with fewer than 2 x period bars. Source: Wilder (1978), as TA-Lib."""
    if len(close) < 2 * period:
        return None
    plus_dm, minus_dm, true_range = [], [], []
    for k in range(1, len(close)):
        up, down = high[k] - high[k - 1], low[k - 1] - low[k]
        plus_dm.append(up if up > down and up > 0 else 0.0)
        minus_dm.append(down if down > up and down > 0 else 0.0)
        true_range.append(max(high[k] - low[k], abs(high[k] - close[k - 1]), abs(low[k] - close[k - 1])))
    smooth = [_running_sums(series, period) for series in (plus_dm, minus_dm, true_range)]
    dx = [_directional_index(*row) for row in zip(*smooth, strict=True)]
    adx = sum(dx[:period]) / period
    for value in dx[period:]:
        adx = (adx * (period - 1) + value) / period
    return adx


def _running_sums(values: Sequence[float], period: int) -> list[float]:
    """Return Wilder's running sums: first over period - 1 values, then s - s / period + x per further value."""
    total, sums = sum(values[: period - 1]), []
    for value in values[period - 1 :]:
        total = total - total / period + value
        sums.append(total)
    return sums


def _directional_index(plus: float, minus: float, true_range: float) -> float:
    if true_range == 0 or plus + minus == 0:
        return 0.0
    plus_di, minus_di = plus / true_range, minus / true_range
    return 100 * abs(plus_di - minus_di) / (plus_di + minus_di)
