"""Record and replay on the command line: what a person may get wrong, and one hour there and back."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.asked import Command
from quantscout.models import Report

PROGRAM = [sys.executable, "-c", "from quantscout_local.cli import main; main()"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--tape", "nowhere.qst"], "the tape nowhere.qst cannot be read (No such file or directory)"),
        (["run", "--tape", "."], "the tape . cannot be read (Is a directory)"),
        (["run", "--tape", "a.txt"], "a.txt is no tape: write one with `quantscout record`"),
        (["run", "--tape", "a.txt", "--live"], "--tape takes no --market, --live, --at or --real-only"),
        (["run", "--tape", "a.txt", "--at", "2026-03-01T12:00Z"], "--tape takes no --market"),
        (["record", "--out", "."], ". is a folder; name the tape's file, e.g. --out tape.qst"),
        (["record", "--live", "--market", "."], "--live and --market exclude each other"),
        (["record", "--at", "noon"], "'noon' is not a time"),
    ],
)
def test_bad_input_is_one_line_with_the_cause(
    quantscout: Command, tmp_path: Path, arguments: list[str], said: str
) -> None:
    """Exit status 2, nothing on standard output, no traceback."""
    (tmp_path / "a.txt").write_text("no tape")
    answer = quantscout(*arguments)
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.startswith("error: ")
    assert said in answer.err
    assert answer.err.count("\n") == 1


def test_the_help_says_how_to_record(quantscout: Command) -> None:
    """The command and its options are there."""
    said = quantscout("record", "--help")
    assert all(option in said.out for option in ("--market", "--live", "--at", "--real-only", "--out"))


def program(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own, in this folder."""
    environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(
        [*PROGRAM, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=180, check=True
    )


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an hour of the embedded market that was recorded on the local stack."""
    folder = tmp_path_factory.mktemp("recorded")
    program(folder, "record", "--out", "here/tape.qst")
    return folder


@pytest.mark.e2e
def test_a_recorded_hour_is_repeated_to_the_byte(recorded: Path) -> None:
    """Stored by the real function in the template's bucket, fetched, repeated: the same report, e-mail, SMS, fates."""
    done = program(recorded, "run", "--tape", "here/tape.qst", "--out", "again")
    assert "replay: the same report, byte for byte" in done.stderr
    for name in ("report.json", "email.txt", "sms.txt", "universe.parquet"):
        assert (recorded / "again" / name).read_bytes() == (recorded / "here" / name).read_bytes()
    report = Report.model_validate_json((recorded / "again/report.json").read_text("utf-8"))
    assert all(f"{gem.rank} {gem.symbol}" in done.stdout for gem in report.ranked_gems)


@pytest.mark.e2e
def test_the_log_says_where_the_tape_went(recorded: Path) -> None:
    """The function's summary names the key, which the report's own hour, time and configuration make."""
    lines = [json.loads(line) for line in (recorded / "here/run.log").read_text("utf-8").splitlines()]
    (summary,) = (line for line in lines if line.get("message") == "hour done")
    assert summary["tape"].startswith("tapes/2026-11-01T12/20261101T12")
    assert summary["tape_problem"] == ""
