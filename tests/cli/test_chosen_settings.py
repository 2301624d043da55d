"""Settings of a run: the option or the variable, over those that the data needs, refused before anything starts."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.asked import Command
from cli.test_cli import write_archive
from quantscout.errors import InputError
from quantscout.settings import parse_settings
from quantscout_local import hour
from quantscout_local.chosen_settings import choose_settings, parse_option
from quantscout_local.hour import REAL_ONLY_SETTINGS

OWN = '{"cooldown_h": 6}'
FIXED = parse_settings(REAL_ONLY_SETTINGS)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return what a stack is asked for; none is started."""
    asked: list[dict[str, Any]] = []

    def start(*_: Any, **options: Any) -> None:
        asked.append(options)
        raise InputError("not in this test")

    monkeypatch.setattr(hour, "LocalStack", start)
    return asked


@pytest.mark.parametrize("command", [["run"], ["record"], ["run", "--live"]])
def test_the_variable_reaches_the_run(
    quantscout: Command, monkeypatch: pytest.MonkeyPatch, started: list[dict[str, Any]], command: list[str]
) -> None:
    """Whatever kind of run it is."""
    monkeypatch.setenv("QUANTSCOUT_SETTINGS", OWN)
    quantscout(*command)
    assert json.loads(started[0]["settings_json"]) == json.loads(OWN)


def test_the_option_stands_above_the_variable(
    quantscout: Command, monkeypatch: pytest.MonkeyPatch, started: list[dict[str, Any]]
) -> None:
    """What is typed now counts."""
    monkeypatch.setenv("QUANTSCOUT_SETTINGS", '{"cooldown_h": 7}')
    quantscout("run", "--settings", OWN)
    assert json.loads(started[0]["settings_json"]) == json.loads(OWN)


def test_an_archive_alone_keeps_the_settings_that_it_needs(
    quantscout: Command, tmp_path: Path, started: list[dict[str, Any]]
) -> None:
    """One's own are merged over them: the report names all of them."""
    write_archive(tmp_path)
    at = ("--at", "2026-03-01T12:00Z")
    quantscout("run", "--market", str(tmp_path), *at, "--real-only", "--settings", OWN)
    assert parse_settings(started[0]["settings_json"]) == FIXED.model_copy(update={"cooldown_h": 6})


@pytest.mark.parametrize("command", ["run", "record"])
@pytest.mark.parametrize(
    ("variable", "options", "said"),
    [
        ('{"picks": 5}', [], "error: QUANTSCOUT_SETTINGS: picks: there is no such setting"),
        ("{bad", [], "error: QUANTSCOUT_SETTINGS: the text: Invalid JSON"),
        ('{"cooldown_h": -1}', [], "error: QUANTSCOUT_SETTINGS: cooldown_h: "),
        ("", ["--settings", '{"picks": 5}'], "error: --settings: picks: there is no such setting"),
        (OWN, ["--settings", "{bad"], "error: --settings: the text: Invalid JSON"),
        ("", ["--settings", "nowhere.json"], "error: --settings: the file nowhere.json cannot be read (No such file"),
        ("", ["--settings", "mine.json"], "error: --settings mine.json: cooldown_h: "),
    ],
)
def test_what_is_no_setting_is_refused_by_name(  # noqa: PLR0913, PLR0917 - a table
    quantscout: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, started: list[dict[str, Any]], command: str,
    variable: str, options: list[str], said: str,
) -> None:  # fmt: skip
    """Exit status 2, where it was given, the setting's name, and no stack was started."""
    (tmp_path / "mine.json").write_text('{"cooldown_h": 99}')
    monkeypatch.setenv("QUANTSCOUT_SETTINGS", variable)
    answer = quantscout(command, *options)
    assert (answer.status, answer.out, started) == (2, "", [])
    assert answer.err.startswith(said)


@pytest.mark.parametrize("command", [["replay"], ["check-lookahead"], ["check-warmup"]])
def test_the_option_is_named_where_it_was_given(quantscout: Command, command: list[str]) -> None:
    """Of an archive's commands, too: they never ask the variable."""
    said = quantscout(*command, "--market", "nowhere", "--settings", "{bad")
    assert said.status == 2
    assert said.err.startswith("error: --settings: the text: Invalid JSON")


def test_a_tape_takes_no_settings(quantscout: Command) -> None:
    """It has those of its hour."""
    said = quantscout("run", "--tape", "a.qst", "--settings", "{}")
    assert said.status == 2
    assert "no --settings: the tape holds hour, data and settings" in said.err


def test_a_file_says_what_its_text_says(tmp_path: Path) -> None:
    """JSON or a file that holds it."""
    (tmp_path / "mine.json").write_text(OWN + "\n")
    assert choose_settings(str(tmp_path / "mine.json"), {}, "{}") == choose_settings(OWN, {}, "{}")
    assert parse_option(str(tmp_path / "mine.json"), "{}") == parse_option(OWN, "{}")


def test_settings_of_an_archive_are_taken_as_they_are() -> None:
    """A replay's option replaces the fixed ones; without it they stand."""
    assert parse_option(None, REAL_ONLY_SETTINGS) == FIXED
    assert parse_option(OWN, REAL_ONLY_SETTINGS) == parse_settings(OWN)
