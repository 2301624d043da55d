"""What a replay keeps when it is interrupted or run again, and the command."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from evidence.made_archive import (
    FIRST_MS,
    SETTINGS,
    SMALL,
    START_MS,
    Frames,
    make_frames,
    write,
)
from quantscout.errors import InputError
from quantscout.frames import HOUR_MS
from quantscout_local.cli import app
from quantscout_local.evidence import replay as story
from quantscout_local.evidence.judged import open_judged
from quantscout_local.evidence.replay import replay, run_replay
from quantscout_local.evidence.replay_month import Month, replay_month
from quantscout_local.evidence.replay_plan import Ask


@pytest.fixture
def long_archive(tmp_path: Path) -> Path:
    """Return an archive that reaches into a second month."""
    later = START_MS + 31 * 24 * HOUR_MS - 70 * HOUR_MS

    def move(frames: Frames) -> Frames:
        times = {"open_time", "funding_time", "timestamp"}
        return {
            name: frame.with_columns(pl.col(column) + later - START_MS for column in frame.columns if column in times)
            for name, frame in frames.items()
        }

    return write(tmp_path / "archive", make_frames(SMALL), move)


class Stopped(Exception):  # noqa: N818 - it stands for a person's Ctrl-C
    """A replay was interrupted."""


def test_an_interrupted_replay_goes_on_where_it_stopped(
    long_archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its finished month is kept, the other is made, and the result is that of a replay in one go."""
    months: list[int] = []
    real = replay_month

    def once(*given: object) -> Month:
        months.append(1)
        if len(months) == 2:
            raise Stopped
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(story, "replay_month", once)
    with pytest.raises(Stopped):
        replay(long_archive, None, None, SETTINGS, tmp_path / "out")
    with pytest.raises(InputError, match="goes on where it stopped"):
        open_judged(tmp_path / "out")
    said: list[str] = []
    ask = Ask(long_archive, None, None, SETTINGS)
    judged = run_replay(ask, tmp_path / "out", lambda *told: said.append(told[2]))
    assert len(months) == 3
    assert said[0] == "1 finished months are kept from before"
    monkeypatch.undo()
    whole = replay(long_archive, None, None, SETTINGS, tmp_path / "again")
    assert judged.scan().collect().equals(whole.scan().collect())
    assert judged.hours().equals(whole.hours())


def test_a_finished_replay_is_not_made_again(
    long_archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same command on the same archive reads what is there."""
    first = replay(long_archive, None, None, SETTINGS, tmp_path / "out").about
    monkeypatch.delattr(story, "replay_month")
    assert replay(long_archive, None, None, SETTINGS, tmp_path / "out").about == first


@pytest.mark.parametrize("what", ["settings", "range", "inputs"])
def test_parts_of_another_replay_are_made_anew(archive: Path, tmp_path: Path, what: str) -> None:
    """Other settings, another range, another archive: nothing of before is mixed in, and the person hears of it."""
    replay(archive, None, None, SETTINGS, tmp_path / "out")
    settings = SETTINGS.model_copy(update={"min_settlements": 30}) if what == "settings" else SETTINGS
    if what == "inputs":
        write(archive, make_frames(SMALL._replace(seed=2)))
    said: list[str] = []
    ask = Ask(archive, FIRST_MS + HOUR_MS if what == "range" else None, None, settings)
    judged = run_replay(ask, tmp_path / "out", lambda *told: said.append(told[2]))
    assert "they are made anew" in said[0]
    assert judged.scan().collect().equals(replay(*ask[:4], tmp_path / "alone").scan().collect())


def test_a_folder_that_cannot_be_written_is_refused(archive: Path, tmp_path: Path) -> None:
    """The result's folder may be a file."""
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match="choose another --out"):
        replay(archive, None, None, SETTINGS, tmp_path / "out")


def test_nothing_half_written_is_left(archive: Path, tmp_path: Path) -> None:
    """Every file is written beside its place and moved there whole."""
    replay(archive, None, None, SETTINGS, tmp_path / "out")
    names = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert names == [
        "about.json",
        "hours.parquet",
        "judged-2025-10.parquet",
        "parts/2025-10.json",
        "parts/hours-2025-10.parquet",
        "parts/lock",
    ]


def test_the_command_prints_what_it_judged(archive: Path, tmp_path: Path) -> None:
    """Days name their first and last hours; hours by status and level, exclusions, time and memory follow."""
    command = [
        "replay",
        "--market",
        str(archive),
        "--from",
        "2025-10-03",
        "--to",
        "2025-10-04",
        "--out",
        str(tmp_path / "o"),
    ]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    for text in (
        "35 hours judged, 2025-10-03T13:00:00Z to 2025-10-04T23:00:00Z",
        "no data",
        "peak memory",
        "left out: 13 hours",
    ):
        assert text in result.output.replace("no_data", "no data")


def test_the_command_prints_json(archive: Path, tmp_path: Path) -> None:
    """The same as one object."""
    command = [
        "replay",
        "--market",
        str(archive),
        "--from",
        "2025-10-04T00:00Z",
        "--out",
        str(tmp_path / "o"),
        "--json",
    ]
    result = CliRunner().invoke(app, command)
    told = json.loads(result.stdout)
    assert told["hours"] == sum(told["hours_by_status"].values()) == sum(told["hours_by_level"].values()) == 29
    assert told["first_hour"] == "2025-10-04T00:00:00Z"


@pytest.mark.parametrize(
    "options",
    [["--from", "2025-13-99"], ["--to", "soon"], ["--settings", "{"], ["--from", "2025-10-05", "--to", "2025-10-04"]],
)
def test_the_command_refuses_bad_input(archive: Path, tmp_path: Path, options: list[str]) -> None:
    """A day that is none, a text, settings that are no JSON, a range the wrong way round."""
    result = CliRunner().invoke(app, ["replay", "--market", str(archive), "--out", str(tmp_path / "o"), *options])
    assert isinstance(result.exception, InputError)
