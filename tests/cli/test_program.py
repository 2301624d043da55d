"""How the program is named in hints: as it can be typed where a person is."""

import shutil
import sys
from pathlib import Path

import pytest
from world import Computed

from cli.asked import Command
from quantscout.errors import InputError
from quantscout_local.evidence.judged import open_judged
from quantscout_local.program import program


@pytest.mark.parametrize(
    ("called", "said"),
    [
        ("quantscout", "quantscout"),
        ("-c", "quantscout"),
        ("/somewhere/pytest", "quantscout"),
        (".venv/bin/quantscout", ".venv/bin/quantscout"),
        ("../my clone/bin/quantscout", "'../my clone/bin/quantscout'"),
        ("/opt/bin/quantscout", "/opt/bin/quantscout"),
    ],
)
def test_the_program_is_named_as_it_was_called(monkeypatch: pytest.MonkeyPatch, called: str, said: str) -> None:
    """A path stays a path, quoted where a shell wants it; what is no call of the program falls back to its name."""
    monkeypatch.setattr(sys, "argv", [called])
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert program() == said


def test_what_path_finds_is_named_without_its_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A shell hands over the whole path of what it found itself."""
    called = str(tmp_path / "quantscout")
    monkeypatch.setattr(sys, "argv", [called])
    monkeypatch.setattr(shutil, "which", lambda _: called)
    assert program() == "quantscout"


def test_what_lies_below_is_named_from_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A long path is shortened."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(Path.cwd() / ".venv/bin/quantscout")])
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/quantscout")
    assert program() == ".venv/bin/quantscout"


@pytest.mark.parametrize("command", [["explain", "BTC"], ["coins"], ["sensitivity"]])
def test_the_next_step_is_named_as_called(
    quantscout: Command, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    """Without a run the hint can be pasted."""
    monkeypatch.setattr(shutil, "which", lambda _: None)
    said = quantscout(*command, called=".venv/bin/quantscout")
    assert said.status == 2
    assert "run `.venv/bin/quantscout run --out out` first" in said.err


def test_a_run_of_another_method_names_the_call(
    quantscout: Command, run_folder: Path, computed: Computed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So do the hints of an hour that cannot be ranked again."""
    other = computed.report.model_copy(update={"method_version": "0.1"})
    (run_folder / "report.json").write_text(other.to_json(), "utf-8")
    said = quantscout("sensitivity", called=".venv/bin/quantscout")
    assert f"this version: .venv/bin/quantscout run --at {computed.report.hour}" in said.err


def test_without_any_replay_the_first_step_is_told(quantscout: Command) -> None:
    """Nothing is to be done again where nothing was done."""
    said = quantscout("kpis", called=".venv/bin/quantscout")
    assert (said.status, said.out) == (2, "")
    assert said.err == "error: there is no replay in out/replay: run .venv/bin/quantscout replay --market DIR first\n"


def test_another_folder_of_a_replay_is_named_too(tmp_path: Path) -> None:
    """The step makes what was looked for."""
    with pytest.raises(InputError, match=rf"run quantscout replay --market DIR --out {tmp_path / 'mine'} first"):
        open_judged(tmp_path / "mine")


def test_a_replay_that_has_not_ended_is_gone_on_with(tmp_path: Path) -> None:
    """There the same is done again."""
    with pytest.raises(InputError, match="run quantscout replay again with this folder as --out, it goes on where"):
        open_judged(tmp_path)


def test_tune_without_a_replay_leaves_no_folder(quantscout: Command, tmp_path: Path) -> None:
    """What was not begun leaves nothing behind."""
    said = quantscout("tune")
    assert said.status == 2
    assert list(tmp_path.iterdir()) == []
