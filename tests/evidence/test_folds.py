"""Purged and embargoed folds: no label of the training hours shares a bar with one of the test hours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantscout.errors import InputError
from quantscout.frames import HOUR_MS
from quantscout_local.evidence.folds import Hours, build_folds, split_by_time
from quantscout_local.evidence.stats_bootstrap import Array, draw_hours
from quantscout_local.evidence.tune_folds import FOLDS, Trials, refit

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


def sums_of(hits: Array) -> Array:
    """Return Tally.sums of five picks an hour with a control each that never hits; `hits` of the five, hours long."""
    five = np.full(hits.size, 5.0)
    return np.stack([five, hits, 0.01 * hits, five, hits, 0 * hits], axis=1)


def trials_of(seed: int, hours: int = 400, count: int = 6) -> Trials:
    """Return trials whose hits are drawn at random, the first of them the weights in force."""
    rng = np.random.default_rng(seed)
    sums = [sums_of(rng.integers(0, 6, hours).astype(float)) for _ in range(count)]
    return Trials(HOUR_MS * np.arange(hours), sums, sums[0], "precision")


def choose_by_walk(trials: Trials, first: int, last: int) -> int:
    """Return the trial with most hits in the hours whose labels and embargo keep clear of first to last, by a loop."""
    totals = [0.0] * len(trials.sums)
    for hour in range(trials.hours_ms.size):
        if hour + LABEL_H <= first or hour >= last + 2 * LABEL_H:
            for number, sums in enumerate(trials.sums):
                totals[number] += sums[hour, 1]
    return totals.index(max(totals))


@given(seed=st.integers(0, 1000))
def test_the_choice_of_a_fold_sees_nothing_of_it(seed: int) -> None:
    """The best of the trials in the purged and embargoed rest, whatever they do in the fold and beside it."""
    trials = trials_of(seed)
    found = refit(trials, draw_hours(400, 1, samples=100))
    assert sum(fold.hours for fold in found.folds) == 400
    for place, fold in enumerate(found.folds):
        first, last = 80 * place, 80 * place + 79
        number = choose_by_walk(trials, first, last)
        inside = slice(first, last + 1)
        gain = (trials.sums[number][inside, 1].sum() - trials.baseline[inside, 1].sum()) / 400
        assert fold.trial == number
        assert fold.gain == pytest.approx(gain)


def test_the_change_over_all_folds_is_the_mean_of_theirs() -> None:
    """Folds of the same length, the same number of picks an hour."""
    found = refit(trials_of(3), draw_hours(400, 1, samples=100))
    gains = [fold.gain for fold in found.folds if fold.gain is not None]
    assert len(gains) == FOLDS
    assert found.change is not None
    assert found.change.value == pytest.approx(np.mean(gains))
    assert found.change.p is None


def test_a_trial_that_shines_only_in_one_fold_gains_nothing_by_it() -> None:
    """It is best over all hours, and is not chosen where its good hours are tested."""
    base, lucky = np.full(400, 2.0), np.full(400, 1.9)
    lucky[160:240] = 5.0
    trials = Trials(HOUR_MS * np.arange(400), [sums_of(base), sums_of(lucky)], sums_of(base), "precision")
    found = refit(trials, draw_hours(400, 1, samples=100))
    assert sums_of(lucky)[:, 1].sum() > sums_of(base)[:, 1].sum()
    assert [fold.trial for fold in found.folds] == [1, 1, 0, 1, 1]
    assert found.change is not None
    assert found.change.value is not None
    assert found.change.value < 0


def test_hours_too_few_for_folds_are_said_to_be() -> None:
    """No choice, no figure, and the reason."""
    found = refit(trials_of(1, hours=40), draw_hours(40, 1, samples=100))
    assert (found.folds, found.change) == ((), None)
    assert "nothing to train on" in found.note
