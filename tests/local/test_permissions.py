"""What the real handlers ask of AWS against what template.yaml lets them: moto would allow anything."""

from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from quantscout_local.resources import load_template
from quantscout_local.stack import LocalStack

ROOT = Path(__file__).parents[2]
EVENT = {"at": "2026-11-01T12:00:00Z"}
IN_A_HURRY = '{"late_until_s": 0}'  # what is asked of AWS does not depend on bars that come late
SHORT_S = 105.0  # the backfill keeps 90 s in reserve: it loads a part and stops


@pytest.fixture(scope="module")
def asked() -> dict[str, set[str]]:
    """Return the actions that each real handler asked for in one hour on the synthetic market."""
    seen: dict[str, set[str]] = {}
    original = vars(BaseClient)["_make_api_call"]

    with LocalStack(EVENT["at"], settings_json=IN_A_HURRY) as stack, pytest.MonkeyPatch.context() as patch:
        for verb in ("backfill", "screen"):
            actions = seen.setdefault(verb, set())

            def note(client: BaseClient, operation: str, params: Any, *, into: set[str] = actions) -> Any:
                into.add(f"{client.meta.service_model.signing_name}:{operation}")
                return original(client, operation, params)

            patch.setattr(BaseClient, "_make_api_call", note)
            stack.invoke(verb, EVENT, timeout_s=SHORT_S)
    return seen


@pytest.mark.e2e
@pytest.mark.parametrize("verb", ["backfill", "screen"])
def test_a_function_may_exactly_what_it_does(asked: dict[str, set[str]], verb: str) -> None:
    """Every action that is asked for is granted, and none is granted that is not asked for."""
    resources = load_template(ROOT / "template.yaml")["Resources"]
    name = f"{verb.capitalize()}Function"
    rows = [row for policy in resources[name]["Properties"]["Policies"] for row in policy["Statement"]]
    beside = [row["Properties"] for row in resources.values() if row["Type"] == "AWS::IAM::Policy"]
    rows += [row for p in beside if {"Ref": f"{name}Role"} in p["Roles"] for row in p["PolicyDocument"]["Statement"]]
    lists = [row["Action"] if isinstance(row["Action"], list) else [row["Action"]] for row in rows]
    assert asked[verb] == {action for actions in lists for action in actions}
