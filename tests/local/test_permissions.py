"""What the real handlers ask of AWS against what the template lets them; the evaluation: io/test_evaluate_e2e.py."""

import pytest

from aws_calls import granted, noted
from quantscout_local.stack import LocalStack

EVENT = {"at": "2026-11-01T12:00:00Z"}
IN_A_HURRY = '{"late_until_s": 0}'  # what is asked of AWS does not depend on bars that come late
SHORT_S = 105.0  # the backfill keeps 90 s in reserve: it loads a part and stops


@pytest.fixture(scope="module")
def asked() -> dict[str, set[str]]:
    """Return the actions that each real handler asked for in one hour on the synthetic market."""
    seen: dict[str, set[str]] = {}
    with LocalStack(EVENT["at"], settings_json=IN_A_HURRY) as stack:
        for verb in ("backfill", "screen"):
            with noted() as actions:
                stack.invoke(verb, EVENT, timeout_s=SHORT_S)
            seen[verb] = actions
    return seen


@pytest.mark.e2e
@pytest.mark.parametrize("verb", ["backfill", "screen"])
def test_a_function_may_exactly_what_it_does(asked: dict[str, set[str]], verb: str) -> None:
    """Every action that is asked for is granted, and none is granted that is not asked for."""
    assert asked[verb] == granted(verb)
