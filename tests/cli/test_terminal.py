"""What a terminal asks of a command: its width, a reader that has had enough, a person who stops it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from world import Computed

from cli.asked import Command, scored
from quantscout.factors import NAMES
from quantscout.gates import GATES
from quantscout_local.evidence import replay_command, tune_command

PROGRAM = [sys.executable, "-c", "from quantscout_local.cli import main; main()"]


@pytest.mark.parametrize("command", [["scoring"], ["explain", "PEP"], ["explain", "PEP", "--json"], ["coins"]])
def test_a_reader_that_has_gone_is_no_failure_of_ours(run_folder: Path, command: list[str]) -> None:
    """`| head -1`: the status of a program that SIGPIPE ends, and not a word about it."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        done = subprocess.run(
            [*PROGRAM, *command], cwd=run_folder.parent, stdout=write_end, stderr=subprocess.PIPE, text=True,
            timeout=120, check=False,
        )  # fmt: skip
    finally:
        os.close(write_end)
    assert (done.returncode, done.stderr) == (141, "")


def test_an_error_keeps_its_status_where_nobody_reads(tmp_path: Path) -> None:
    """Bad input stays bad input."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [*PROGRAM, "coins"], cwd=tmp_path, stdout=write_end, stderr=subprocess.PIPE, text=True, timeout=120, check=False
    )
    os.close(write_end)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize("width", [40, 60, 71, 72, 80])
def test_no_width_cuts_an_explanation(
    quantscout: Command, run_folder: Path, computed: Computed, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """No table is wider than the terminal, nothing ends in dots, and every unit is there, folded if it must be."""
    monkeypatch.setenv("COLUMNS", str(width))
    out = quantscout("explain", str(scored(computed)[0]["contract"])).out
    tables = out[out.index("Gates at") : out.index("In short")]
    assert "…" not in out
    assert max(len(line) for line in tables.splitlines()) <= width
    letters = "".join(re.findall(r"\w", tables))
    assert all("".join(re.findall(r"\w", name)) in letters for name in ("percentile", "score", "points", "atr"))


def test_at_sixty_columns_gates_keep_names_and_units(
    quantscout: Command, run_folder: Path, computed: Computed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name stands on one line; of a unit every word is there."""
    monkeypatch.setenv("COLUMNS", "60")
    out = quantscout("explain", str(scored(computed)[0]["contract"])).out
    table = out[out.index("Gates at") : out.index("Score ")]
    starts = [line.split()[0] for line in table.splitlines() if re.match(r" ?[a-z]", line)]
    assert starts == ["gate", *(gate.name for gate in GATES)]
    assert all(word in table for gate in GATES for word in gate.unit.split())
    assert all(name in out for name in NAMES)


@pytest.mark.parametrize("width", [40, 60, 100, 131, 132])
@pytest.mark.parametrize("named", [[], ["PEP"]])
def test_coins_fits_the_terminal(
    quantscout: Command, run_folder: Path, monkeypatch: pytest.MonkeyPatch, width: int, named: list[str]
) -> None:
    """No line is longer, nothing is cut, and the evidence is there."""
    monkeypatch.setenv("COLUMNS", str(width))
    out = quantscout("coins", *named).out
    assert max(len(line) for line in out.splitlines()) <= width
    assert "…" not in out
    assert "kucoinPEPUSDTMby1,000" in re.sub(r"[^\w,]", "", out)


def test_a_pipe_has_no_width(quantscout: Command, run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without COLUMNS the table for reading on has the columns of a wide one."""
    monkeypatch.delenv("COLUMNS")
    assert re.search(r"contract +coin +units status +cap M\$ +supply +evidence", quantscout("coins").out)


def stop(*_: object) -> None:
    """Do as Ctrl-C does."""
    raise KeyboardInterrupt


def test_a_stopped_replay_says_that_it_goes_on(
    quantscout: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line and the status of an interrupted program."""
    monkeypatch.setattr(replay_command, "run_replay", stop)
    said = quantscout("replay", "--market", str(tmp_path))
    told = "replay: stopped; the same command goes on where it stopped (finished months are kept in out/replay/)\n"
    assert said == (130, "", told)


def test_a_stopped_sweep_says_that_it_goes_on(quantscout: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trials that are done are named."""
    monkeypatch.setattr(tune_command, "open_judged", lambda _: None)
    monkeypatch.setattr(tune_command, "tune", stop)
    said = quantscout("tune")
    assert said.status == 130
    assert "tune: stopped; the same command goes on where it stopped (finished trials are kept in out/tune/" in said.err
