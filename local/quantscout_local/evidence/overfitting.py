"""What is left of the best of many settings: deflated Sharpe ratio and probability of backtest overfitting."""

import itertools
import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata  # type: ignore[import-untyped]

from quantscout.errors import InputError
from quantscout_local.evidence.stats_bootstrap import Array, divide

NORMAL = NormalDist()
BLOCKS = 16
"""12,870 ways to take half of them (Bailey et al. 2017)."""
LEAST_PERIODS = 10


class Sharpe(NamedTuple):
    """A track record: Sharpe ratio per period (not annualised), number of periods, skewness, kurtosis (normal: 3)."""

    ratio: float
    periods: float
    skewness: float
    kurtosis: float


class Deflated(NamedTuple):
    """`probability` that the true Sharpe ratio is above `threshold`, the best to expect from `trials` without skill."""

    probability: float
    threshold: float
    trials: int


class Overfitting(NamedTuple):
    """Result of the cross-validation; ratios of 0 to 1."""

    probability: float
    """Share of splits in which the best setting of one half is in the lower half (or middle) of the other."""
    loss_probability: float
    """Share of splits in which it loses in the other half."""
    slope: float | None
    """Of the other half's performance on the first half's, over the splits; null where nothing varies."""
    splits: int
    settings: int


def describe_returns(returns: Array, dependence_h: int = 0) -> Sharpe:
    """Return the track record of returns per period; with `dependence_h` lags, as many periods as they are worth.

    n / (1 + 2 sum (1 - k / (lags + 1)) rho_k), Newey and West's weights; never more than n. Raises InputError for
    fewer than 10 periods or returns that are all the same.
    """
    n = returns.size
    spread = float(returns.std(ddof=1)) if n >= LEAST_PERIODS else 0.0
    if spread < 1e-12 or not np.isfinite(returns).all():
        raise InputError(f"{n} returns have no Sharpe ratio: at least {LEAST_PERIODS} that differ and are known")
    z = (returns - returns.mean()) / returns.std()
    worth = 1 + 2 * sum(
        (1 - k / (dependence_h + 1)) * float(z[k:] @ z[: n - k]) / n for k in range(1, dependence_h + 1)
    )
    return Sharpe(float(returns.mean()) / spread, n / max(worth, 1.0), float((z**3).mean()), float((z**4).mean()))


def expect_best(trials: int, variance: float) -> float:
    """Return the largest Sharpe ratio to expect from `trials` without skill whose ratios vary by `variance`.

    sqrt(V) ((1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e))), g Euler's constant; 0 for one trial. Raises InputError
    for no trial or a negative variance.
    """
    if trials < 1 or not variance >= 0:
        raise InputError(
            f"{trials} trials with a variance of {variance} cannot be deflated by: count every setting tried"
        )
    if trials == 1:
        return 0.0
    gamma = float(np.euler_gamma)
    usual, rare = NORMAL.inv_cdf(1 - 1 / trials), NORMAL.inv_cdf(1 - 1 / (trials * math.e))
    return math.sqrt(variance) * ((1 - gamma) * usual + gamma * rare)


def deflate_sharpe(record: Sharpe, trials: int, variance: float) -> Deflated:
    """Return the deflated Sharpe ratio (Bailey and Lopez de Prado 2014) of the best of `trials` settings.

    `variance` is that of the Sharpe ratios of all trials, per period as `record`'s. Raises InputError for moments that
    no returns have.
    """
    threshold = expect_best(trials, variance)
    ratio = record.ratio
    error = 1 - record.skewness * ratio + (record.kurtosis - 1) / 4 * ratio**2
    if error <= 0 or record.periods <= 1:
        raise InputError("no returns have these moments: check Sharpe ratio, skewness and kurtosis (3 for normal ones)")
    z = (ratio - threshold) * math.sqrt(record.periods - 1) / math.sqrt(error)
    return Deflated(NORMAL.cdf(z), threshold, trials)


def measure_overfitting(returns: Array, blocks: int = BLOCKS, gap: int = 0) -> Overfitting:
    """Return the probability of backtest overfitting by CSCV of returns, periods x settings (Bailey et al. 2017).

    Time is cut into `blocks`; every half of them picks its best setting by Sharpe ratio, whose rank in the other half
    counts. `gap` periods are dropped at the end of each block, so that overlapping labels are in one half only. Raises
    InputError for fewer than 2 settings, an odd number of blocks, or blocks that are too short.
    """
    sums = _sum_blocks(returns, blocks, gap)
    halves = _halve(blocks)
    inside, outside = _sharpe(halves, sums), _sharpe(1 - halves, sums)
    best = inside.argmax(axis=1)
    rows = np.arange(best.size)
    ranks = rankdata(outside, axis=1)[rows, best] / (returns.shape[1] + 1)
    chosen, reached = inside[rows, best], outside[rows, best]
    slope = None if chosen.std() < 1e-12 else float(np.polyfit(chosen, reached, 1)[0])
    shares = float((ranks <= 0.5).mean()), float((reached < 0).mean())
    return Overfitting(*shares, slope, best.size, returns.shape[1])


def _sum_blocks(returns: Array, blocks: int, gap: int) -> tuple[Array, Array, Array]:
    """Return each block's number of periods, sums and sums of squares; a remainder at the start is left out."""
    periods, settings = returns.shape
    length = periods // max(blocks, 1)
    if settings < 2 or blocks < 2 or blocks % 2 or length - gap < 2 or not np.isfinite(returns).all():
        raise InputError(
            f"{periods} periods of {settings} settings cannot be cross-validated in {blocks} blocks, gap {gap}: "
            "give 2 settings or more, all known, an even number of blocks, and at least 2 periods in each after the gap"
        )
    parts = returns[periods - length * blocks :].reshape(blocks, length, settings)[:, : length - gap]
    return np.full((blocks, 1), float(length - gap)), parts.sum(axis=1), (parts**2).sum(axis=1)


def _halve(blocks: int) -> Array:
    """Return one row per way to take half of the blocks: 1 where a block is taken, else 0."""
    ways = np.array(list(itertools.combinations(range(blocks), blocks // 2)))
    halves = np.zeros((ways.shape[0], blocks))
    np.put_along_axis(halves, ways, 1.0, axis=1)
    return halves


def _sharpe(halves: Array, sums: tuple[Array, Array, Array]) -> Array:
    count, total, squares = (halves @ part for part in sums)
    mean = total / count
    variance = (squares / count - mean**2).clip(min=0)
    return np.nan_to_num(divide(mean, np.sqrt(variance)), nan=0.0)
