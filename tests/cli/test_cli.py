"""The command line: help, versions, everything that a person may get wrong, and one whole run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from cli.asked import Command
from quantscout import __version__
from quantscout.errors import InputError
from quantscout.models import Report
from quantscout_local import hour
from quantscout_local.simulator.archive import SERIES, load_archive

PROGRAM = [sys.executable, "-c", "from quantscout_local.cli import main; main()"]
CLOSED = "http://127.0.0.1:9"


def test_without_a_command_the_help_is_shown(quantscout: Command) -> None:
    """A person who knows nothing sees the three commands."""
    said = quantscout()
    assert all(name in said.out + said.err for name in ("run", "explain", "schema"))


@pytest.mark.parametrize("command", [[], ["run"], ["explain"], ["schema"]])
def test_every_command_has_help(quantscout: Command, command: list[str]) -> None:
    """--help explains and ends well."""
    said = quantscout(*command, "--help")
    assert said.status == 0
    assert "Usage: quantscout" in said.out


def test_the_help_of_run_names_every_option(quantscout: Command) -> None:
    """What can be asked for is written there."""
    said = quantscout("run", "--help")
    assert all(option in said.out for option in ("--market", "--live", "--at", "--real-only", "--settings", "--out"))


def test_the_help_of_run_tells_every_exit_status(quantscout: Command) -> None:
    """3 too, which no error message explains."""
    assert "0 done, 1 failed, 2 bad input, 3 done but the hour has no data" in quantscout("run", "--help").out


@pytest.mark.parametrize("command", [[], ["run"], ["explain"], ["failures"], ["failures", "list"], ["tune"]])
def test_the_short_help_is_the_long_one(quantscout: Command, command: list[str]) -> None:
    """-h at every level."""
    assert quantscout(*command, "-h") == quantscout(*command, "--help")


@pytest.mark.parametrize("command", ["run", "explain", "coins", "doctor", "kpis", "tune", "subscriptions"])
def test_a_flag_is_shown_without_a_type(quantscout: Command, command: str) -> None:
    """Nobody types `--json true`."""
    out = quantscout(command, "--help").out
    assert "bool" not in out
    assert "<" in out  # what is typed keeps its own


def test_the_help_is_grouped_by_what_is_asked_about(quantscout: Command) -> None:
    """Every command stands in one of the panels, in the order of a newcomer's way."""
    out = quantscout("--help").out
    places = [out.index(panel) for panel in ("This hour", "The archive", "Your stack", "Written from the code")]
    assert places == sorted(places)
    assert "─ Commands" not in out
    assert places[0] < out.index(" explain ") < places[1] < out.index(" replay ") < places[2] < out.index(" doctor ")


def test_the_help_is_quick() -> None:
    """Neither boto3 nor polars is imported for it."""
    probe = "import sys, quantscout_local.cli; print({'boto3', 'moto', 'polars'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_version_is_the_packages(quantscout: Command) -> None:
    """--version prints it and nothing else."""
    said = quantscout("--version")
    assert (said.status, said.out) == (0, f"quantscout {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--at", "noon"], "'noon' is not a time; write a full UTC hour such as 2026-03-01T12:00Z"),
        (["run", "--at", "2026-03-01T12:30Z"], "'2026-03-01T12:30Z' is not a full hour"),
        (["run", "--live", "--market", "."], "--live and --market exclude each other"),
        (["run", "--real-only"], "--real-only needs --market DIR"),
        (["run", "--out", "file"], "the folder file cannot be written (file is no folder); name another with --out"),
        (["run", "--out", "file/sub"], "the folder file/sub cannot be written (file is no folder)"),
        (["record", "--out", "file/tape.qst"], "the folder file cannot be written (file is no folder)"),
        (["run", "--market", "nowhere"], "nowhere/binance_um_1h.parquet is not there: give the folder of a market"),
        (["explain", "PEPE"], "there is no readable run in out/; run `quantscout run --out out` first"),
    ],
)
def test_bad_input_is_one_line_with_the_cause(
    quantscout: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    """Exit status 2, nothing on standard output, no traceback, and no server was started for it."""
    monkeypatch.setattr(hour, "LocalStack", lambda *_, **__: pytest.fail("the stack was started"))
    (tmp_path / "file").write_text("")
    answer = quantscout(*arguments)
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.startswith("error: ")
    assert said in answer.err
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["rank"], ["run", "--hour", "12"], ["explain"]])
def test_what_is_no_command_ends_with_two(quantscout: Command, arguments: list[str]) -> None:
    """An unknown command or option and a missing argument are told by the usage line."""
    said = quantscout(*arguments)
    assert said.status == 2
    assert "Usage: quantscout" in said.err


def test_an_archive_that_is_no_parquet_is_refused(quantscout: Command, tmp_path: Path) -> None:
    """A damaged file is named."""
    (tmp_path / "binance_um_1h.parquet").write_text("not parquet")
    said = quantscout("run", "--market", str(tmp_path))
    assert said.status == 2
    assert "binance_um_1h.parquet cannot be read" in said.err


def write_archive(folder: Path) -> None:
    """Write every series of an archive, with its columns and without a row."""
    for name, columns in SERIES.items():
        kinds = {column: pl.String if column == "symbol" else pl.Int64 for column in columns}
        pl.DataFrame(schema=kinds).write_parquet(folder / name)


def test_an_archive_that_is_empty_is_refused(quantscout: Command, tmp_path: Path) -> None:
    """An archive without a bar has no hour to run."""
    write_archive(tmp_path)
    said = quantscout("run", "--market", str(tmp_path))
    assert said.status == 2
    assert "binance_um_1h.parquet holds no bar; name another folder with --market DIR" in said.err


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("column", ["all", "symbol"])
def test_an_archive_that_lacks_something_is_refused_before_anything_starts(
    quantscout: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, column: str
) -> None:
    """A missing file or column is one line in the simulator's words, status 2, and no server was started for it."""
    monkeypatch.setattr(hour, "LocalStack", lambda *_, **__: pytest.fail("the stack was started"))
    write_archive(tmp_path)
    if column == "all":
        (tmp_path / name).unlink()
    else:
        pl.read_parquet(tmp_path / name).drop(column).write_parquet(tmp_path / name)
    said = quantscout("run", "--market", str(tmp_path), "--at", "2026-03-01T12:00Z")
    with pytest.raises(InputError, match=name) as refused:
        load_archive(tmp_path)
    assert (said.status, said.out, said.err) == (2, "", f"error: {refused.value}\n")


def test_the_schema_is_printed_as_it_is_published(quantscout: Command) -> None:
    """Its text is JSON and nothing else."""
    said = quantscout("schema")
    assert json.loads(said.out)["title"] == "Report"


SETTINGS = '{"cooldown_h": 6}'


def program(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own, in this folder."""
    environment = (
        {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"COLUMNS": "200"} | variables
    )
    return subprocess.run(
        [*PROGRAM, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.e2e
def test_a_run_prints_the_five_and_leaves_its_files(tmp_path: Path) -> None:
    """The embedded market: table, funnel and reasons on standard output without colours in a pipe, five files.

    The report names the settings that the variable asked for.
    """
    done = program(tmp_path, "run", "--out", "here", NO_COLOR="1", QUANTSCOUT_SETTINGS=SETTINGS)
    assert (done.returncode, "Traceback" in done.stderr, "\x1b" in done.stdout + done.stderr) == (0, False, False)
    report = Report.model_validate_json((tmp_path / "here/report.json").read_text("utf-8"))
    assert all(f"{gem.rank} {gem.symbol}  {gem.justification[:20]}" in done.stdout for gem in report.ranked_gems)
    assert report.settings == json.loads(SETTINGS)
    assert pl.read_parquet(tmp_path / "here/universe.parquet").height == report.funnel.listed == 1289
    assert {path.name for path in (tmp_path / "here").iterdir()} == {
        "report.json",
        "email.txt",
        "sms.txt",
        "universe.parquet",
        "run.log",
    }
    assert len((tmp_path / "here/sms.txt").read_text("utf-8").strip()) <= 153


@pytest.mark.e2e
def test_an_hour_in_the_future_of_the_market_is_refused(tmp_path: Path) -> None:
    """The embedded market ends somewhere; an hour beyond it is one line and status 2."""
    done = program(tmp_path, "run", "--at", "2099-01-01T00:00Z")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in done.stderr


@pytest.mark.e2e
def test_live_venues_that_cannot_be_reached_are_one_line(tmp_path: Path) -> None:
    """Where no venue answers, `--live` says so and ends with 1."""
    done = program(tmp_path, "run", "--live", BINANCE_URL=CLOSED, KUCOIN_URL=CLOSED, KUCOIN_UNIFIED_URL=CLOSED)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no venue can be reached from here" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
