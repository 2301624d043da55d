"""Parts of a template, sizes, digests, who computes, and what is told to pip."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from artefact import contents, reach
from artefact.build import build_environment, check_tools
from artefact.parts import FunctionPart, Parts, load_parts, parts_of

from quantscout.errors import InputError

ROOT = Path(__file__).parents[2]
LAYER = {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "layers/a"}}


def template(layers: list[Any]) -> dict[str, Any]:
    """Return a template with one layer for all functions, and a function with `layers` of its own."""
    own = {"CodeUri": "functions/screen", "Layers": layers}
    return {
        "Globals": {"Function": {"Handler": "app.handler", "Layers": [{"Ref": "Shared"}]}},
        "Resources": {"Shared": LAYER, "Screen": {"Type": "AWS::Serverless::Function", "Properties": own}},
    }


# ---------------------------------------------------------------- parts


def test_a_function_carries_the_layers_of_all_and_its_own() -> None:
    """As SAM merges them."""
    parts = parts_of(template([{"Ref": "Own"}]), Path("/r"))
    assert parts.layers == {"Shared": Path("/r/layers/a")}
    assert parts.functions["Screen"] == FunctionPart(Path("/r/functions/screen"), "app.handler", ("Shared", "Own"))


def test_a_layer_of_somebody_else_is_refused() -> None:
    """Its size cannot be counted, and nobody here has seen what is in it."""
    with pytest.raises(InputError, match="none of the template's own"):
        parts_of(template(["arn:aws:lambda:eu-central-1:1:layer:x:1"]), Path())


def test_the_real_templates_functions_carry_the_product() -> None:
    """What the handlers import is in a layer of the template."""
    parts = load_parts(ROOT / "template.yaml")
    assert {"ScreenFunction", "BackfillFunction"} <= parts.functions.keys()
    assert all("QuantScoutLayer" in function.layers for function in parts.functions.values())


def test_a_missing_build_says_who_writes_it(tmp_path: Path) -> None:
    """The next step is in the message."""
    with pytest.raises(InputError, match="make build writes it"):
        load_parts(tmp_path / "template.yaml")


# ---------------------------------------------------------------- sizes and digests


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    """Return a layer of ten bytes and a function of three that carries it."""
    for name, text in {"layer/a.py": "0123456789", "function/app.py": "abc"}.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text, "utf-8")
    return Parts({"L": tmp_path / "layer"}, {"F": FunctionPart(tmp_path / "function", "app.handler", ("L",))})


def test_a_functions_layers_count(parts: Parts) -> None:
    """Lambda's limit is for both together; a layer alone has none."""
    assert [(row.own_bytes, row.total_bytes) for row in contents.measure(parts)] == [(10, None), (3, 13)]


@pytest.mark.parametrize(("limit_bytes", "faults"), [(13, 0), (12, 1)])
def test_the_limit_itself_is_allowed(parts: Parts, limit_bytes: int, faults: int) -> None:
    """One byte more is not."""
    assert len(contents.too_large(contents.measure(parts), limit_bytes)) == faults


def test_the_limit_is_below_lambdas() -> None:
    """AWS refuses above 262,144,000 bytes."""
    assert contents.LIMIT_BYTES < 262_144_000


def test_a_digest_does_not_see_times(parts: Parts) -> None:
    """Two builds of the same files are the same."""
    before = contents.digest_of(parts.layers["L"])
    os.utime(parts.layers["L"] / "a.py", (1, 1))
    assert contents.digest_of(parts.layers["L"]) == before


@pytest.mark.parametrize(("name", "text"), [("b.py", "0123456789"), ("a.py", "012345678X")])
def test_a_digest_sees_names_and_contents(parts: Parts, name: str, text: str) -> None:
    """A file that is called otherwise, and one that holds another byte."""
    folder = parts.layers["L"]
    before = contents.digest_of(folder)
    (folder / "a.py").rename(folder / name)
    (folder / name).write_text(text, "utf-8")
    assert contents.digest_of(folder) != before


def test_two_builds_are_compared_by_name() -> None:
    """Another digest counts, and a part that only one of them has."""
    assert contents.changed({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"}) == ["b", "c"]


# ---------------------------------------------------------------- who computes


def function(folder: Path, text: str) -> Path:
    """Write a handler and a product with a module that imports polars, and return the handler."""
    product = folder / "quantscout"
    product.mkdir()
    (product / "__init__.py").touch()
    (product / "frames.py").write_text("import polars as pl\n", "utf-8")
    (product / "clock.py").write_text("from quantscout import frames\n", "utf-8")
    (product / "errors.py").write_text("from typing import NamedTuple\n", "utf-8")
    (folder / "app.py").write_text(text, "utf-8")
    return folder / "app.py"


@pytest.mark.parametrize(
    ("text", "computes"),
    [
        ("from quantscout.clock import floor_hour", True),
        ("def handler():\n    import quantscout.frames", True),
        ("from quantscout.errors import InputError", False),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import polars", False),
        ("if not TYPE_CHECKING:\n    import polars", True),
    ],
)
def test_a_function_computes_where_polars_can_be_reached(tmp_path: Path, text: str, computes: bool) -> None:
    """Through any number of the product's modules, at import or later; what only a type checker sees is no import."""
    assert reach.computes(function(tmp_path, text), tmp_path) is computes


@pytest.mark.parametrize(("text", "faults"), [("import quantscout.frames", 0), ("import json", 1)])
def test_polars_is_not_carried_for_nothing(tmp_path: Path, text: str, faults: int) -> None:
    """A function that never reaches it has no use for its 170 MB."""
    layer = tmp_path / "layer" / "python" / "polars"
    layer.mkdir(parents=True)
    (layer / "__init__.py").touch()
    own = FunctionPart(function(tmp_path, text).parent, "app.handler", ("L",))
    assert len(reach.idle_carriers(Parts({"L": tmp_path / "layer"}, {"F": own}), tmp_path)) == faults


@pytest.mark.parametrize("verb", ["screen", "backfill"])
def test_the_real_functions_compute(verb: str) -> None:
    """Both of them score or pack frames."""
    assert reach.computes(ROOT / "functions" / verb / "app.py", ROOT / "shared")


# ---------------------------------------------------------------- what is told to pip


@pytest.mark.parametrize(("architecture", "machine"), [("arm64", "aarch64"), ("x86_64", "x86_64")])
def test_pip_takes_only_pinned_wheels_for_the_target(architecture: str, machine: str) -> None:
    """Whatever SAM asks it: hashes are required, sources refused, and the platform is not this machine's."""
    told = build_environment(architecture)
    assert (told["PIP_REQUIRE_HASHES"], told["PIP_ONLY_BINARY"], told["PIP_PYTHON_VERSION"]) == ("1", ":all:", "3.13")
    assert all(platform.endswith(machine) for platform in told["PIP_PLATFORM"].split())
    assert {f"manylinux_2_28_{machine}", f"manylinux2014_{machine}"} <= {*told["PIP_PLATFORM"].split()}


def test_no_wheel_asks_for_a_newer_glibc_than_lambdas() -> None:
    """Lambda's python3.13 stands on glibc 2.34."""
    assert "manylinux_2_35" not in build_environment("arm64")["PIP_PLATFORM"]


def test_an_unknown_architecture_is_refused() -> None:
    """The message names those that there are."""
    with pytest.raises(InputError, match="give arm64 or x86_64"):
        check_tools("arm", Path(sys.executable))


@pytest.mark.skipif(sys.version_info[:2] != (3, 13), reason="SAM builds with Lambda's Python only")
def test_a_missing_sam_is_named(tmp_path: Path) -> None:
    """The message says which target installs it."""
    with pytest.raises(InputError, match="make build installs it"):
        check_tools("arm64", tmp_path / "sam")
