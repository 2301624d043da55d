"""A user's CI is .ci/run, and the hooks are make check: neither knows a command that the others lack."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
TARGET = re.compile(r"^([a-z0-9_-]+):", re.MULTILINE)
MAKE = re.compile(r"\bmake ([a-z][a-z0-9-]+)")


def read(*path: str) -> str:
    """Return the text of a file of the repository."""
    return ROOT.joinpath(*path).read_text("utf-8")


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    """Return the workflow."""
    parsed: dict[str, Any] = yaml.safe_load(read(".github", "workflows", "ci.yml"))
    return parsed


@pytest.fixture(scope="module")
def hooks() -> dict[str, dict[str, Any]]:
    """Return the hooks by their ids."""
    [local] = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    return {hook["id"]: hook for hook in local["hooks"]}


def recipe(target: str) -> str:
    """Return a target's commands."""
    return read("Makefile").partition(f"\n{target}:")[2].partition("\n\n")[0]


def versions(workflow: dict[str, Any], action: str, member: str) -> set[str]:
    """Return which versions the jobs set up with an action."""
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    return {step["with"][member] for step in steps if step.get("uses", "").startswith(f"actions/{action}@")}


def test_the_workflow_runs_on_what_the_script_demands(workflow: dict[str, Any]) -> None:
    """The Python that .ci/run insists on is the one that is set up, and the one that the functions run on."""
    [demanded] = re.findall(r"sys\.version_info\[:2\] != \((\d), (\d+)\)", read(".ci", "run"))
    assert versions(workflow, "setup-python", "python-version") == {".".join(demanded)}
    assert f"Runtime: python{'.'.join(demanded)}" in read("template.yaml")


def test_the_workflow_brings_what_the_tests_would_skip_for(workflow: dict[str, Any]) -> None:
    """Without Node the tests of the state run on one DynamoDB only, and nobody would see it."""
    assert "make dynalite" in read(".ci", "run")
    assert versions(workflow, "setup-node", "node-version")


def test_the_runner_is_named_by_its_version(workflow: dict[str, Any]) -> None:
    """What passed yesterday runs on the same system tomorrow, and no job runs for ever."""
    assert all(re.search(r"-\d", job["runs-on"]) for job in workflow["jobs"].values())
    assert all(job["timeout-minutes"] <= 120 for job in workflow["jobs"].values())


def test_the_script_runs_targets_that_exist() -> None:
    """Every `make x` of .ci/run is in the Makefile."""
    asked = {*MAKE.findall(read(".ci", "run"))}
    assert {"run", "check", "test", "runtime"} <= asked
    assert asked - {*TARGET.findall(read("Makefile"))} == set()


@pytest.mark.parametrize("tool", ["ruff check", "ruff format", "mypy", "lint-imports", "cfn-lint"])
def test_the_hooks_run_what_the_checks_run(hooks: dict[str, dict[str, Any]], tool: str) -> None:
    """Each tool of make check has its hook, by the same name."""
    entries = [hook["entry"].removeprefix(".venv/bin/") for hook in hooks.values()]
    assert any(entry.startswith(tool) for entry in entries)
    assert tool in recipe("check") + recipe("validate")


def test_the_hooks_look_at_every_handler(hooks: dict[str, dict[str, Any]]) -> None:
    """A new function is typed before it is committed, as in make check."""
    pattern = re.compile(hooks["mypy-functions"]["files"])
    handlers = [path.relative_to(ROOT).as_posix() for path in (ROOT / "functions").glob("*/app.py")]
    assert handlers
    assert all(pattern.search(path) for path in handlers)


def test_the_hooks_name_tests_that_exist(hooks: dict[str, dict[str, Any]]) -> None:
    """The documents' hook runs files that are there."""
    files = re.findall(r"tests/\S+", hooks["documents"]["entry"])
    assert files
    assert all((ROOT / file).is_file() for file in files)
