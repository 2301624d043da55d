"""What a deployment reads beside the resources: parameters, the layer's pinned list, the example events."""

import json
import re
from pathlib import Path

import pytest
import yaml

from quantscout_local.resources import load_template
from template.parts import names_of

ROOT = Path(__file__).parents[1]
VERBS = [name.removesuffix("Function").lower() for name in names_of("AWS::Serverless::Function")]


def test_every_dependency_is_pinned_with_hashes() -> None:
    """Each line of the layer's list names one version and the hashes of its files, and no index."""
    text = (ROOT / "layers/dependencies/requirements.txt").read_text("utf-8").replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert all(re.match(r"[a-z0-9-]+==\S+\s.*--hash=sha256:", line) for line in lines)
    assert "://" not in text


def test_the_layer_holds_the_projects_dependencies() -> None:
    """What pyproject.toml asks for is in the layer; what Lambda brings or nothing needs is not."""
    text = (ROOT / "layers/dependencies/requirements.txt").read_text("utf-8")
    names = set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))
    assert {"aws-lambda-powertools", "httpx", "polars", "pydantic"} <= names
    assert not {"boto3", "botocore", "numpy"} & names


@pytest.mark.parametrize("verb", VERBS)
def test_example_events_have_the_schedules_shape(verb: str) -> None:
    """events/ holds what the schedule sends and what a person sends to replay an hour."""
    scheduled = json.loads((ROOT / f"events/{verb}_scheduled.json").read_text("utf-8"))
    replayed = json.loads((ROOT / f"events/{verb}_at.json").read_text("utf-8"))
    assert ([*scheduled], [*replayed]) == (["scheduled_at"], ["at"])


def test_the_template_is_yaml_without_repeated_keys() -> None:
    """A key that stands twice would silently win over the first."""
    nodes = [yaml.compose((ROOT / "template.yaml").read_text("utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value]
            assert sorted(set(keys)) == sorted(keys)
            nodes += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value


@pytest.mark.parametrize(
    ("parameter", "value", "accepted"),
    [
        ("AlertEmail", "me@example.org", True),
        ("AlertEmail", "me at example", False),
        ("AlarmEmail", "", True),
        ("AlertPhone", "+41791234567", True),
        ("AlertPhone", "0791234567", False),
        ("Settings", '{"picks": 5}', True),
        ("Settings", "picks=5", False),
    ],
)
def test_a_parameter_says_what_it_takes(parameter: str, value: str, accepted: bool) -> None:
    """Patterns accept what is meant and refuse what is not; the whole value must match, as in CloudFormation."""
    parameters = load_template(ROOT / "template.yaml")["Parameters"]
    assert bool(re.fullmatch(parameters[parameter]["AllowedPattern"], value)) is accepted
