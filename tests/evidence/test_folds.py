"""Purged and embargoed folds: no label of the training hours shares a bar with one of the test hours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantscout.errors import InputError
from quantscout.frames import HOUR_MS
from quantscout_local.evidence.folds import Hours, build_folds, split_by_time

LABEL_H = 24


def bars_of(hours_ms: Hours) -> set[int]:
    """Return the hours of all bars that the labels of these hours are made from."""
    return {int(hour) + HOUR_MS * step for hour in hours_ms for step in range(LABEL_H)}


holed_hours = st.builds(
    lambda gaps: np.cumsum(np.array(gaps, dtype=np.int64)) * HOUR_MS,
    st.lists(st.integers(1, 9), min_size=150, max_size=250),
)


@given(hours_ms=holed_hours, folds=st.integers(2, 5))
def test_no_training_label_shares_a_bar_with_a_test_label(hours_ms: Hours, folds: int) -> None:
    """Whatever holes the hours have; the embargo keeps the training set away for 24 h more."""
    for fold in build_folds(hours_ms, folds):
        assert not bars_of(fold.train_ms) & bars_of(fold.test_ms)
        later = fold.train_ms[fold.train_ms > fold.test_ms[-1]]
        assert not later.size or later[0] - fold.test_ms[-1] >= (LABEL_H + 24) * HOUR_MS


@given(hours_ms=holed_hours, folds=st.integers(2, 5))
def test_every_hour_is_tested_once(hours_ms: Hours, folds: int) -> None:
    """The test folds are the hours, cut into stretches."""
    assert np.concatenate([fold.test_ms for fold in build_folds(hours_ms, folds)]).tolist() == hours_ms.tolist()


@given(hours_ms=holed_hours, folds=st.integers(2, 5))
def test_nothing_more_is_purged_than_must_be(hours_ms: Hours, folds: int) -> None:
    """Without an embargo, exactly the hours whose labels share a bar with the test's stretch are left out."""
    for fold in build_folds(hours_ms, folds, embargo_h=0):
        first, last = fold.test_ms[0], fold.test_ms[-1]
        free = [hour for hour in hours_ms if hour + LABEL_H * HOUR_MS <= first or hour >= last + LABEL_H * HOUR_MS]
        assert fold.train_ms.tolist() == free


def test_the_last_labels_before_the_validation_are_purged() -> None:
    """Of 100 hours, 60 % to fit on: hours 0 to 36, because hour 37's label reaches into hour 60."""
    hours_ms = HOUR_MS * np.arange(100)
    fold = split_by_time(hours_ms, 0.6)
    assert (fold.train_ms[-1], fold.test_ms[0]) == (36 * HOUR_MS, 60 * HOUR_MS)


@pytest.mark.parametrize("ratio", [0.0, 1.0, 0.001, float("nan")])
def test_a_share_that_leaves_one_side_empty_is_refused(ratio: float) -> None:
    """Nothing to fit on or nothing to validate on."""
    with pytest.raises(InputError, match="one side empty"):
        split_by_time(HOUR_MS * np.arange(100), ratio)


def test_too_short_a_time_is_refused() -> None:
    """After purging, 40 hours in two folds leave nothing to train on."""
    with pytest.raises(InputError, match="nothing to train on"):
        build_folds(HOUR_MS * np.arange(40), 2)


@pytest.mark.parametrize("folds", [1, 101])
def test_a_number_of_folds_that_makes_no_sense_is_refused(folds: int) -> None:
    """One fold trains on nothing, more folds than hours are empty."""
    with pytest.raises(InputError, match="cannot be split"):
        build_folds(HOUR_MS * np.arange(100), folds)


def test_unordered_hours_are_refused() -> None:
    """Stretches of time need an order."""
    with pytest.raises(InputError, match="ascend"):
        build_folds(HOUR_MS * np.array([2, 1, 3] * 40), 2)
