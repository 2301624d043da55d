"""What a person is asked: every question has its sentence, its default and its bounds, and a place in the console."""

import re
from typing import Any, get_args

import pytest

from quantscout.settings import AlertOn, Settings
from template import parts

NAMES = re.findall(
    r"^  (\w+):\n",
    (parts.ROOT / "template.yaml").read_text("utf-8").split("\nParameters:\n")[1].split("\nCond")[0],
    re.MULTILINE,
)


@pytest.fixture(params=NAMES)
def parameter(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return each parameter in turn."""
    found: dict[str, Any] = parts.source()["Parameters"][request.param]
    return found


def test_no_parameter_is_overlooked() -> None:
    """What is found in the text are all."""
    assert [*parts.source()["Parameters"]] == NAMES


def test_a_parameter_is_explained(parameter: dict[str, Any]) -> None:
    """A description of its own, and a sentence for who gives a wrong value."""
    assert parameter["Description"].endswith(".")
    assert parameter["ConstraintDescription"].startswith("must be ")


def test_a_parameter_need_not_be_given(parameter: dict[str, Any]) -> None:
    """Each has a default: the stack can be deployed without an answer."""
    assert "Default" in parameter


def test_a_parameter_has_bounds(parameter: dict[str, Any]) -> None:
    """A pattern, a list of values, or a smallest and a largest."""
    assert "AllowedPattern" in parameter or "AllowedValues" in parameter or {"MinValue", "MaxValue"} <= parameter.keys()


def test_a_default_is_within_its_bounds(parameter: dict[str, Any]) -> None:
    """CloudFormation would refuse the stack."""
    default = parameter["Default"]
    assert default in parameter.get("AllowedValues", [default])
    assert re.fullmatch(parameter.get("AllowedPattern", r"[\s\S]*"), str(default))
    assert parameter.get("MinValue", default) <= default <= parameter.get("MaxValue", default)


def test_the_console_asks_for_each_once() -> None:
    """Every parameter has a label and stands in one group."""
    interface = parts.source()["Metadata"]["AWS::CloudFormation::Interface"]
    asked = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(asked) == sorted(NAMES) == sorted(interface["ParameterLabels"])


def test_every_condition_is_used() -> None:
    """A switch that switches nothing would mislead."""
    text = (parts.ROOT / "template.yaml").read_text("utf-8")
    unused = [name for name in parts.source()["Conditions"] if len(re.findall(rf"\b{name}\b", text)) < 2]
    assert unused == []


def test_alert_on_offers_what_the_settings_take() -> None:
    """The parameter's values are those of the setting, and so is its default."""
    parameter = parts.source()["Parameters"]["AlertOn"]
    assert (tuple(parameter["AllowedValues"]), parameter["Default"]) == (get_args(AlertOn), Settings().alert_on)
