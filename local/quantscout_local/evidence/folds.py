"""Splits of time in which no training label shares a bar with a test label (Lopez de Prado 2018, chapter 7).

The label of hour H uses the bars from H to H + 24 h. Two labels overlap where their hours are less than 24 h apart:
purging takes such hours out of the training set. Factors look back, so after a test fold an embargo follows as well.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quantscout.errors import InputError
from quantscout.frames import HOUR_MS

LABEL_H = 24
Hours = NDArray[np.int64]


class Fold(NamedTuple):
    """Hours (epoch ms, ascending) to fit on and to test on."""

    train_ms: Hours
    test_ms: Hours


def build_folds(hours_ms: Hours, folds: int, label_h: int = LABEL_H, embargo_h: int = LABEL_H) -> list[Fold]:
    """Return `folds` folds: each tests one stretch of time and trains on the rest, purged and embargoed.

    Raises InputError where there are fewer hours than folds, hours are not ascending, or nothing is left to train on.
    """
    _refuse(hours_ms, folds)
    return [_fold(hours_ms, test, label_h, embargo_h) for test in np.array_split(hours_ms, folds)]


def split_by_time(hours_ms: Hours, train_ratio: float, label_h: int = LABEL_H) -> Fold:
    """Return the first part of the hours to fit on and the rest to test on, the last labels before the rest purged.

    Raises InputError for a ratio that leaves one side empty.
    """
    _refuse(hours_ms, 2)
    if not 0 < train_ratio < 1:
        raise InputError(f"{train_ratio} of the time to fit on leaves one side empty: give a number between 0 and 1")
    cut = round(train_ratio * hours_ms.size)
    if not 0 < cut < hours_ms.size:
        raise InputError(f"{train_ratio} of {hours_ms.size} hours leaves one side empty: give a longer range")
    return _fold(hours_ms, hours_ms[cut:], label_h, 0)


def _fold(hours_ms: Hours, test: Hours, label_h: int, embargo_h: int) -> Fold:
    before = hours_ms <= test[0] - label_h * HOUR_MS
    after = hours_ms >= test[-1] + (label_h + embargo_h) * HOUR_MS
    train = hours_ms[before | after]
    if not train.size:
        raise InputError(
            f"{hours_ms.size} hours leave nothing to train on after purging: fewer folds or a longer range"
        )
    return Fold(train, test)


def _refuse(hours_ms: Hours, folds: int) -> None:
    if not 2 <= folds <= hours_ms.size:
        raise InputError(
            f"{hours_ms.size} hours cannot be split into {folds} folds: give 2 folds or more, and more hours"
        )
    if (np.diff(hours_ms) <= 0).any():
        raise InputError("hours to split must ascend without repeats: sort them first")
