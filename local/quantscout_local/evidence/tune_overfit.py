"""How much of the best trial may be luck: deflated Sharpe ratio and PBO over the hourly returns of all trials."""

import numpy as np

from quantscout.errors import InputError
from quantscout_local.evidence.folds import LABEL_H
from quantscout_local.evidence.overfitting import BLOCKS, deflate_sharpe, describe_returns, measure_overfitting
from quantscout_local.evidence.stats_bootstrap import Array
from quantscout_local.evidence.tune_models import Overfit


def rate_overfit(returns: Array, best: int, refused: int) -> Overfit:
    """Return both figures of returns, hours x trials, of which column `best` is proposed; every trial counts."""
    trials, blocks = returns.shape[1], choose_blocks(returns.shape[0])
    notes: list[str] = []
    figures: dict[str, float] = {}
    try:
        records = [describe_returns(column) for column in returns.T if column.std() > 1e-12]
        record = describe_returns(returns[:, best], LABEL_H)
        spread = float(np.var([each.ratio for each in records], ddof=1)) if len(records) > 1 else 0.0
        deflated = deflate_sharpe(record, trials, spread)
        figures |= {"sharpe_per_hour": record.ratio, "best_by_chance": deflated.threshold}
        figures |= {"deflated": deflated.probability}
    except InputError as cause:
        notes.append(str(cause))
    try:
        found = measure_overfitting(returns, blocks, LABEL_H)
        figures |= {"probability": found.probability, "loss_probability": found.loss_probability}
    except InputError as cause:
        notes.append(str(cause))
    blank = dict.fromkeys(("sharpe_per_hour", "best_by_chance", "deflated", "probability", "loss_probability"))
    told: dict[str, float | None] = {**blank, **figures}
    return Overfit(trials=trials, refused=refused, blocks=blocks, note="; ".join(notes), **told)


def choose_blocks(hours: int) -> int:
    """Return into how many blocks the hours are cut: 16, fewer where a block would hold less than two labels."""
    return max(2, min(BLOCKS, hours // (2 * LABEL_H) // 2 * 2))
