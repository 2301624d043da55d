"""The emulator with a small function in it: what it needs is there after `make runtime`."""

from pathlib import Path

import pytest
from artefact.parts import FunctionPart, Parts
from runtime.emulator import Emulator
from runtime.imports import check_origins, measure_import
from runtime.layout import EMULATOR, Layout, find_layout, function_environment

from quantscout.errors import InputError, QuantScoutError
from quantscout_local.resources import Function

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-runtime" / "bin" / "python"
EMULATORS = sorted((ROOT / ".venv-sam").glob(EMULATOR))
FUNCTION = Function("F", "functions/f", "app.handler", 256, 20, {})
HANDLER = """
import os, quantscout
def handler(event, context):
    if "fail" in event:
        raise ValueError(event["fail"])
    if "exit" in event:
        os._exit(3)
    return {"layer": quantscout.LAYER, "memory": context.memory_limit_in_mb, "own": os.environ["OWN"],
            "user": os.environ.get("USER_SECRET"), "event": event}
"""
needs_runtime = pytest.mark.skipif(
    not (EMULATORS and PYTHON.is_file()), reason="no .venv-runtime or .venv-sam: make runtime installs them"
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Return a function and a layer in a folder."""
    files = {"function/app.py": HANDLER, "layer/python/quantscout.py": "LAYER = 'mine'\n"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text, "utf-8")
    function = FunctionPart(tmp_path / "function", "app.handler", ("L",))
    parts = Parts({"L": tmp_path / "layer"}, {"F": function})
    return Layout(parts, PYTHON, EMULATORS[-1] if EMULATORS else Path())


# ---------------------------------------------------------------- without the emulator


def test_a_function_gets_its_layers_and_nothing_of_the_person(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path is its folder and its layers'; a variable of this process does not reach it."""
    monkeypatch.setenv("USER_SECRET", "x")
    given = function_environment(layout, FUNCTION, {"OWN": "1"})
    folders = layout.parts.folders()
    assert given["PYTHONPATH"].split(":") == [str(folders["F"]), str(folders["L"] / "python")]
    assert (given["OWN"], given["AWS_LAMBDA_FUNCTION_TIMEOUT"], given.get("USER_SECRET")) == ("1", "20", None)


def test_a_repository_without_a_build_says_what_to_do(tmp_path: Path) -> None:
    """The first thing that is missing is named with its target."""
    with pytest.raises(InputError, match="make build writes it"):
        find_layout(tmp_path)


@pytest.mark.parametrize(
    ("name", "path"), [("polars", "/home/x/.venv/lib/site-packages/polars/__init__.py"), ("quantscout", "/repo/q.py")]
)
def test_a_module_from_elsewhere_is_refused(layout: Layout, name: str, path: str) -> None:
    """What the artefact lacks must not be found in some environment of this machine."""
    own = {"quantscout": str(layout.parts.layers["L"] / "python" / "quantscout.py")}
    with pytest.raises(QuantScoutError):
        check_origins(own | {name: path}, layout)


# ---------------------------------------------------------------- with it


@pytest.fixture
def emulator(layout: Layout, tmp_path: Path) -> Emulator:
    """Return an emulator that is not started."""
    return Emulator(layout, FUNCTION, {"OWN": "1"}, tmp_path / "log")


@pytest.mark.e2e
@needs_runtime
def test_an_event_goes_in_and_an_answer_comes_out(emulator: Emulator) -> None:
    """With the layer's code, the function's own variables and memory, and the figures of both invocations."""
    with emulator:
        answers = [emulator.invoke({"n": n}) for n in range(2)]
        peak_mb = emulator.peak_mb()
    assert answers[1] == {"layer": "mine", "memory": "256", "own": "1", "user": None, "event": {"n": 1}}
    assert len(emulator.figures().billed_ms) == 2
    assert 5 < peak_mb < 256


@pytest.mark.e2e
@needs_runtime
def test_a_function_that_fails_says_why(emulator: Emulator) -> None:
    """Its own words, and where the log is."""
    with emulator, pytest.raises(QuantScoutError, match="ValueError: because"):
        emulator.invoke({"fail": "because"})


@pytest.mark.e2e
@needs_runtime
def test_a_process_that_dies_is_an_error(emulator: Emulator) -> None:
    """No answer is no success."""
    with emulator, pytest.raises(QuantScoutError, match="F: "):
        emulator.invoke({"exit": 1})


@pytest.mark.e2e
@needs_runtime
def test_nothing_is_left_running(emulator: Emulator) -> None:
    """The function's process ends with the emulator."""
    with emulator:
        emulator.invoke({})
        process = Path(f"/proc/{emulator._runtime_pid()}")  # noqa: SLF001 - nobody else may know it
    assert not process.exists()


@pytest.mark.e2e
@needs_runtime
def test_an_import_is_timed_in_a_fresh_process(layout: Layout) -> None:
    """The wall clock holds what it waited for."""
    took = measure_import(layout, FUNCTION, {})
    assert 0 < took.own_s <= took.wall_s
