"""The policies of docs/permissions.md, and what AWS's own list of actions (cfn-lint has it) says of an action."""

import json
import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import cfnlint  # type: ignore[import-untyped]

from template.parts import ROOT, as_list

PAGE = (ROOT / "docs/permissions.md").read_text("utf-8")
POLICIES = ("deploy-1", "deploy-2", "look", "operate", "keys", "restore", "account")


@cache
def policy(name: str) -> dict[str, Any]:
    """Return a policy of the page."""
    found = re.search(rf"<!-- policy: {name} -->\n```json\n(.*?)```", PAGE, re.DOTALL)
    assert found, name
    document: dict[str, Any] = json.loads(found[1])
    return document


def actions(*names: str) -> set[str]:
    """Return all actions of some policies."""
    return {action for name in names for row in policy(name)["Statement"] for action in as_list(row["Action"])}


def is_granted(action: str, resource: str, names: tuple[str, ...]) -> bool:
    """Tell whether one of the policies grants an action on a resource, an ARN or `*` where an action knows none."""
    rows = [row for name in names for row in policy(name)["Statement"] if action in as_list(row["Action"])]
    return any(fnmatchcase(resource, pattern) for row in rows for pattern in as_list(row["Resource"]))


@cache
def _listed() -> dict[str, Any]:
    path = Path(cfnlint.__file__).parent / "data/AdditionalSpecs/Policies.json"
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


def kinds_of_resource(action: str) -> list[str] | None:
    """Return the kinds of resources that an action knows, empty where it wants `*`; None where there is no such one."""
    service, _, name = action.partition(":")
    row = _listed().get(service, {}).get("Actions", {}).get(name.lower())
    return None if row is None else row.get("Resources", [])
