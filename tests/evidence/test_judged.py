"""The folder of a finished replay: what opens it, and what refuses it."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from quantscout.errors import InputError
from quantscout_local.evidence.judged import FORMAT, HOURS, JUDGED, open_judged, part_name

PART = part_name("2025-10")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a finished replay of one hour."""
    row = pl.DataFrame({"hour_ms": [3_600_000], "venue": ["binance"], "contract": ["A"]})
    pl.concat([pl.DataFrame(schema=dict(JUDGED)), row], how="diagonal").write_parquet(tmp_path / PART)
    hour = pl.DataFrame({"hour_ms": [3_600_000], "status": ["ok"]})
    pl.concat([pl.DataFrame(schema=dict(HOURS)), hour], how="diagonal").write_parquet(tmp_path / "hours.parquet")
    (tmp_path / "about.json").write_text(json.dumps({"format": FORMAT, "parts": [PART]}))
    return tmp_path


def test_a_finished_replay_opens_lazily_and_whole(folder: Path) -> None:
    """Rows and hours have the columns that the statistics are made for."""
    judged = open_judged(folder)
    assert judged.scan().collect_schema() == pl.Schema(JUDGED)
    assert judged.scan().collect()["contract"].to_list() == ["A"]
    assert judged.hours().schema == pl.Schema(HOURS)
    assert [path.name for path in judged.paths] == [PART]


def cut(folder: Path) -> None:
    """Break a part."""
    (folder / PART).write_bytes((folder / PART).read_bytes()[:-20])


def narrow(folder: Path) -> None:
    """Leave out a column."""
    pl.read_parquet(folder / PART).drop("score").write_parquet(folder / PART)


def absent(name: str) -> Callable[[Path], object]:
    """Remove a file."""
    return lambda folder: (folder / name).unlink()


def about(text: str) -> Callable[[Path], object]:
    """Write another about.json."""
    return lambda folder: (folder / "about.json").write_text(text)


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (absent("about.json"), "holds no finished replay"),
        (absent(PART), f"{PART} cannot be read"),
        (absent("hours.parquet"), "hours.parquet cannot be read"),
        (cut, f"{PART} cannot be read"),
        (narrow, "lacks the column 'score'"),
        (about("{"), "about.json cannot be read"),
        (about('{"format": 99, "parts": []}'), "is of format 99, this is"),
    ],
)
def test_what_is_no_finished_replay_is_refused(folder: Path, break_it: Callable[[Path], object], said: str) -> None:
    """The error names the file and the cause, and says to run the replay again."""
    break_it(folder)
    with pytest.raises(InputError, match="run quantscout replay again") as refused:
        open_judged(folder)
    assert said in str(refused.value)
