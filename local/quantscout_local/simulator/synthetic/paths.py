"""Hourly bars of many coins at once: a common factor, clustered volatility, fat tails, volume that follows both."""

from typing import NamedTuple

import numpy as np

from quantscout.frames import HOUR_MS
from quantscout_local.simulator.seeds import Floats, Ints, exponential, key_of, normal, uniform
from quantscout_local.simulator.series import Bars, rounded

_DIGITS = 5


class Coins(NamedTuple):
    """What the paths of coins start from, one value per coin."""

    names: list[str]
    price: Floats
    daily_usdt: Floats
    beta: Floats
    sigma: Floats  # of the coin's own hourly returns


def common_factor(seed: str, hours: int, calm_until: int, drift: float) -> Floats:
    """Return BTC's hourly returns: they add up to `drift` by hour `calm_until`, and none falls by 3 %."""
    index = np.arange(hours, dtype=np.int64)
    noise = _clustered(_shocks(seed, ["BTC"], index))[:, 0] * 0.0042
    noise = noise - np.cumsum(noise[:calm_until])[-1] / calm_until
    return np.asarray(np.clip(noise + drift / calm_until, -0.022, 0.03))


def _shocks(seed: str, names: list[str], index: Ints) -> Floats:
    """Return shocks, (hours, coins): bell-shaped, but one in eighty is four times as large."""
    columns = [normal(key_of(seed, "shock", name), index) for name in names]
    jumps = [np.where(uniform(key_of(seed, "jump", name), index) < 0.0125, 4.0, 1.0) for name in names]
    return np.asarray(np.stack(columns, axis=1) * np.stack(jumps, axis=1))


def _clustered(shocks: Floats) -> Floats:
    """Return shocks of which large ones are followed by large ones (GARCH(1,1) with unit variance)."""
    variance = np.ones(shocks.shape[1])
    found = np.empty_like(shocks)
    for hour, shock in enumerate(shocks):
        found[hour] = np.sqrt(variance) * shock
        variance = np.minimum(0.05 + 0.15 * found[hour] * found[hour] + 0.78 * variance, 16.0)
    return found


def simulate(seed: str, coins: Coins, factor: Floats, start_ms: int) -> list[Bars]:
    """Return the bars of every coin over the hours of the factor; the taker split is unknown."""
    index = np.arange(len(factor), dtype=np.int64)
    own = _clustered(_shocks(seed, coins.names, index)) * coins.sigma
    returns = np.clip(factor[:, None] * coins.beta + own, -0.35, 0.6)
    close = coins.price * np.cumprod(1.0 + returns, axis=0)
    opens = index * HOUR_MS + start_ms
    columns = (close.T.copy(), np.abs(returns).T.copy(), coins.names, coins.sigma, coins.daily_usdt, coins.price)
    return [_bars(seed, opens, index, *column) for column in zip(*columns, strict=True)]


def _bars(  # noqa: PLR0913, PLR0917
    seed: str,
    opens: Ints,
    index: Ints,
    path: Floats,
    moves: Floats,
    name: str,
    sigma: float,
    daily: float,
    price: float,
) -> Bars:
    close = rounded(path, path, _DIGITS)
    open_ = np.concatenate([rounded(np.array([price]), path[:1], _DIGITS), close[:-1]])
    reach = 0.3 * sigma + 0.5 * moves
    above, below = (reach * np.abs(normal(key_of(seed, side, name), index)) for side in ("above", "below"))
    top, bottom = np.maximum(open_, close), np.minimum(open_, close)
    high = np.maximum(rounded(top * (1.0 + above), path, _DIGITS), top)
    low = np.minimum(rounded(bottom * (1.0 - np.minimum(below, 0.3)), path, _DIGITS), bottom)
    turnover = daily / 24 * _bustle(seed, name, index, moves / sigma)
    volume = np.round(turnover / ((open_ + close) / 2), 3 if price > 1 else 0)
    quote = np.round(volume * (open_ + high + low + close) / 4, 4)
    unknown = np.full(len(index), np.nan)
    return Bars(opens, open_, high, low, close, volume, quote, (1 + quote / 400).astype(np.int64), unknown, unknown)


def _bustle(seed: str, name: str, index: Ints, moves: Floats) -> Floats:
    """Return an hour's turnover over the usual one: noise, the time of day, and the size of the move."""
    noise = exponential(0.45 * normal(key_of(seed, "volume", name), index) - 0.1)
    of_day = 1.0 - 0.25 * np.abs((index % 24) - 15) / 12
    return np.asarray(noise * of_day * (0.55 + 0.5 * np.minimum(moves, 12.0)))
