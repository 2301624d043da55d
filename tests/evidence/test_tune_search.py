"""Which weights are tried: on the simplex, within the reach, the same for a seed whatever was interrupted."""

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.made_rescore import Plan, make_hours_to_rescore
from quantscout.errors import InputError
from quantscout.factors import NAMES
from quantscout.settings import Settings, parse_settings
from quantscout_local.evidence.rescore import Sheet, build_sheet
from quantscout_local.evidence.tune_search import (
    BATCH,
    Space,
    Tried,
    ask_batch,
    build_space,
    settings_of,
    weights_of,
)

SPACE = Space(Settings(), ("mom60m", "vol_spike", "breakout"), 4.0, {})
ALL = Space(Settings(), NAMES, 4.0, {})
STEPS = st.floats(-math.log(4), math.log(4))


def _sheet(plan: Plan) -> Sheet:
    made = make_hours_to_rescore(31, plan)
    return build_sheet(made.judged, made.hours).sheet


@given(st.tuples(*[STEPS] * len(NAMES)))
def test_weights_are_a_point_of_the_simplex_that_settings_take(steps: tuple[float, ...]) -> None:
    """They sum to 1, none is negative, and each is softmax(ln(weight) + step) to a ten-thousandth."""
    found = weights_of(ALL, dict(zip(NAMES, steps, strict=True)))
    raw = {name: Settings().weights[name] * math.exp(step) for name, step in zip(NAMES, steps, strict=True)}
    assert math.fsum(found.values()) == pytest.approx(1, abs=1e-12)
    assert all(abs(found[name] - raw[name] / sum(raw.values())) < 1.01e-4 for name in NAMES)
    assert dict(settings_of(ALL, dict(zip(NAMES, steps, strict=True))).weights) == found


@given(st.tuples(*[STEPS] * 3))
def test_what_is_not_tried_keeps_its_weight(steps: tuple[float, ...]) -> None:
    """Only the tried factors share what they had together."""
    found = weights_of(SPACE, dict(zip(SPACE.tried, steps, strict=True)))
    assert all(found[name] == Settings().weights[name] for name in NAMES if name not in SPACE.tried)
    assert sum(found[name] for name in SPACE.tried) == pytest.approx(0.38, abs=1e-12)


def test_weights_in_force_with_many_decimals_stay_valid() -> None:
    """A third each: what is tried still sums to 1 within what settings accept."""
    third = dict.fromkeys(NAMES, 0.0) | {"mom60m": 1 / 3, "vol_spike": 1 / 3, "breakout": 1 - 2 / 3}
    space = Space(Settings(weights=third), ("mom60m", "vol_spike", "breakout"), 4.0, {})
    found = settings_of(space, {"mom60m": 1.0, "vol_spike": -1.0, "breakout": 0.1})
    assert parse_settings(json.dumps({"weights": dict(found.weights)})) == found


def test_no_step_changes_nothing() -> None:
    """The first trial is the weights in force, exactly."""
    first = ask_batch(SPACE, [], seed=1)[0]
    assert settings_of(SPACE, first) == Settings()


def test_factors_without_data_or_order_are_not_tried() -> None:
    """Absent, rarely known, the same for all of an hour: each stays, and is said why."""
    plan = Plan(hours=10, absent=("social",), missing=0.8)
    space = build_space(_sheet(plan), Settings())
    assert "known in 0.0 %" in space.fixed["social"]
    assert "of which 50 % are needed" in space.fixed["oi_change"]
    assert "orders nothing" in space.fixed["regime"]
    assert "mom15m" in space.tried


def test_too_little_to_tune_is_refused() -> None:
    """With one factor left there is nothing to share; a reach below 1 is none."""
    sheet = _sheet(Plan(hours=10, absent=tuple(name for name in NAMES if name != "mom15m")))
    with pytest.raises(InputError, match="only 1 of the factors can be tuned"):
        build_space(sheet, Settings())
    with pytest.raises(InputError, match="a reach of 1 is none"):
        build_space(sheet, Settings(), 1.0)


def _run(batches: int, seed: int) -> list[Tried]:
    done: list[Tried] = []
    for _ in range(batches):
        asked = ask_batch(SPACE, done, seed)
        done += [Tried(params, -sum(step * step for step in params.values())) for params in asked]
    return done


def test_a_seed_gives_the_same_trials_and_another_seed_others() -> None:
    """Everything asked is a function of the finished trials and the seed."""
    one, again, other = _run(4, 1), _run(4, 1), _run(4, 2)
    assert one == again
    assert one != other
    assert len(one) == 4 * BATCH


def test_a_batch_holds_different_trials_and_learns_from_those_before() -> None:
    """No two trials are alike, and after the random start they come closer to the best."""
    done = _run(8, 3)
    assert all(a.params != b.params for a, b in itertools.combinations(done, 2))
    start, late = (np.mean([each.value for each in part]) for part in (done[1 : 2 * BATCH], done[-2 * BATCH :]))
    assert late > start
