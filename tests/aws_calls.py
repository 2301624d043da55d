"""What handlers ask of AWS, and what template.yaml lets them: moto would allow anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from quantscout_local.resources import load_template

ROOT = Path(__file__).parents[1]


@contextmanager
def noted() -> Iterator[set[str]]:
    """Yield the set of actions, filled with every call to AWS that is made inside."""
    actions: set[str] = set()
    original = vars(BaseClient)["_make_api_call"]

    def note(client: BaseClient, operation: str, params: Any) -> Any:
        actions.add(f"{client.meta.service_model.signing_name}:{operation}")
        return original(client, operation, params)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", note)
        yield actions


def granted(verb: str) -> set[str]:
    """Return the actions that the template grants to a function, by its own policies and those beside it."""
    resources = load_template(ROOT / "template.yaml")["Resources"]
    name = f"{verb.capitalize()}Function"
    rows = [row for policy in resources[name]["Properties"]["Policies"] for row in policy["Statement"]]
    beside = [row["Properties"] for row in resources.values() if row["Type"] == "AWS::IAM::Policy"]
    rows += [row for p in beside if {"Ref": f"{name}Role"} in p["Roles"] for row in p["PolicyDocument"]["Statement"]]
    lists = [row["Action"] if isinstance(row["Action"], list) else [row["Action"]] for row in rows]
    return {action for actions in lists for action in actions}
