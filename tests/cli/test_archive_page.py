"""docs/archive.md and make's MARKET: what is written of an archive is what its readers declare."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.asked import Command
from cli.test_cli import write_archive
from quantscout.errors import InputError
from quantscout.gates import MIN_HISTORY_H
from quantscout_local.archive_hour import NEVER_THERE
from quantscout_local.evidence.replay_files import HOURS_1H, RAW_FILES, scan
from quantscout_local.simulator.archive import SERIES, load_archive

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "archive.md").read_text("utf-8")
TABLE = PAGE.partition("<!-- archive:begin -->\n")[2].partition("<!-- archive:end -->")[0]


def test_the_page_lists_every_file_with_its_columns() -> None:
    """In the readers' own order; each column is told in words."""
    found: dict[str, list[str]] = {}
    for line in TABLE.splitlines()[2:]:
        file, column, words = (cell.strip().strip("`") for cell in line.strip("|").split("|"))
        name = file or [*found][-1]
        found.setdefault(name, []).append(column)
        assert words
    assert found == {name: list(columns) for name, columns in SERIES.items()}


@pytest.mark.parametrize("name", RAW_FILES)
def test_the_page_names_the_captured_answers(name: str) -> None:
    """And that they may be absent."""
    assert f"`{name}`" in PAGE


def test_the_page_names_what_no_archive_holds() -> None:
    """By the words of the code, and the history that an hour needs."""
    flat = " ".join(PAGE.split())
    assert all(name in flat for name in NEVER_THERE)
    assert f"with {MIN_HISTORY_H} h of bars before it" in flat


@pytest.mark.parametrize("name", SERIES)
def test_what_may_be_absent_is_as_the_page_says(tmp_path: Path, name: str) -> None:
    """A replay needs the 1h bars alone; a run all five, of which the others may be empty."""
    write_archive(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=name):
        load_archive(tmp_path)
    if name == HOURS_1H:
        with pytest.raises(InputError, match=name):
            scan(tmp_path, name)
    else:
        assert scan(tmp_path, name) is None


def test_the_page_is_listed() -> None:
    """Among the documents, and in the help of the commands that take an archive."""
    assert "[archive.md](archive.md)" in (ROOT / "docs" / "README.md").read_text("utf-8")


@pytest.mark.parametrize("command", ["run", "replay", "check-warmup"])
def test_the_help_leads_to_the_page(quantscout: Command, command: str) -> None:
    """Who is asked for an archive learns what one is."""
    assert "docs/archive.md" in quantscout(command, "--help").out


@pytest.mark.parametrize("module", ["golden", "golden.funnel"])
def test_make_takes_another_archive(tmp_path: Path, module: str) -> None:
    """The folder of MARKET is read, and the advice is make's own."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", module], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | {"MARKET": str(tmp_path), "PYTHONPATH": "."},
    )  # fmt: skip
    assert done.returncode == 1
    missing = f"{tmp_path}/binance_um_1h.parquet is not there: give the folder of a market archive with MARKET=DIR"
    assert f": {missing} (docs/archive.md)\n" in done.stderr


@pytest.mark.parametrize("target", ["golden", "funnel", "state"])
def test_make_hands_the_archive_on(target: str) -> None:
    """Each target passes its variable to the program."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert re.search(rf'^{target}:.*\n(?:\t.*\n)*?\t.*MARKET="\$\(MARKET\)"', makefile, re.MULTILINE)
