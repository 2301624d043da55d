"""What a user's CI and the audit run: the workflow, the hooks, the licences, the reasons beside what is skipped."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    """Return the workflow."""
    parsed: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    return parsed


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the steps of all jobs."""
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_the_workflow_runs_what_is_run_here(workflow: dict[str, Any]) -> None:
    """One job is .ci/run, the other make audit, and there are no other commands."""
    assert [step["run"] for step in steps(workflow) if "run" in step] == [".ci/run", "make audit"]


def test_the_workflow_may_only_read(workflow: dict[str, Any]) -> None:
    """A step that is taken over can change nothing in the repository."""
    assert workflow["permissions"] == {"contents": "read"}
    checkouts = [step for step in steps(workflow) if step.get("uses", "").startswith("actions/checkout")]
    assert [step["with"]["persist-credentials"] for step in checkouts] == [False, False]


def test_actions_are_pinned(workflow: dict[str, Any]) -> None:
    """Each action is GitHub's own, by a major version or a commit."""
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@(v\d+|[0-9a-f]{40})", name) for name in used)


def test_hooks_are_local() -> None:
    """Committing fetches nothing: the tools are those of .venv."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert [repo["repo"] for repo in hooks["repos"]] == ["local"]
    assert all(hook["entry"].startswith(".venv/bin/") for repo in hooks["repos"] for hook in repo["hooks"])


@pytest.mark.parametrize("name", [".checkov.yaml", ".cfnlintrc-serverless.yaml"])
def test_what_is_skipped_has_its_reason_above_it(name: str) -> None:
    """Above each skipped rule, or the group that it ends, stands a comment."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    rules = [place for place, line in enumerate(lines) if re.match(r"\s+- [A-Z]", line)]
    assert rules
    for place in rules:
        above = next(line for line in reversed(lines[:place]) if not re.match(r"\s+- [A-Z]", line))
        assert above.strip().startswith("#"), lines[place]


def test_an_audit_that_could_not_ask_fails() -> None:
    """Without --strict, packages of which nothing could be learnt would count as sound."""
    assert "--strict" in (ROOT / "tools/audit").read_text("utf-8")


def test_the_licences_page_is_not_stale() -> None:
    """It lists what is pinned for Lambda, with the licence of each."""
    command = [sys.executable, str(ROOT / "tools/licences.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_licence_is_known() -> None:
    """A package whose metadata names none is looked up by a person."""
    assert "unknown" not in (ROOT / "docs/licences.md").read_text("utf-8")
