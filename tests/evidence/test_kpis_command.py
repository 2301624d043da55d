"""`quantscout kpis`: a finished replay's folder, a table of live picks, and what is neither."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from evidence.made_judged import START_MS, Made, Plan, make_judged
from quantscout import picks, store
from quantscout.errors import InputError, StateError
from quantscout.frames import DAY_MS, HOUR_MS
from quantscout_local.cli import app
from quantscout_local.evidence.judged import ABOUT, FORMAT, HOURS, HOURS_FILE, JUDGED, part_name
from quantscout_local.evidence.kpis_command import LIVE_DAYS, Ask, read_live, run_kpis
from quantscout_local.evidence.kpis_models import Kpis

NOW_MS = START_MS + 40 * DAY_MS + 1234


@pytest.fixture(scope="module")
def made() -> Made:
    """Return 40 days in all columns of a replay."""
    made = make_judged(31, Plan(hours=960, contracts=60))
    judged = made.judged.with_columns(
        pl.lit(None, JUDGED[name]).alias(name) for name in set(JUDGED) - {*made.judged.columns}
    )
    hours = made.hours.with_columns(
        pl.lit(None, HOURS[name]).alias(name) for name in set(HOURS) - {*made.hours.columns}
    )
    return Made(judged.select(pl.col(name).cast(kind) for name, kind in JUDGED.items()), hours.select(*HOURS))


@pytest.fixture
def replay(made: Made, tmp_path: Path) -> Path:
    """Return the folder of a finished replay."""
    parts = [part_name(month) for month in ("2026-01", "2026-02")]
    february = pl.col("hour_ms") >= START_MS + 31 * DAY_MS
    for name, rows in zip(parts, (made.judged.filter(~february), made.judged.filter(february)), strict=True):
        rows.write_parquet(tmp_path / name)
    made.hours.write_parquet(tmp_path / HOURS_FILE)
    (tmp_path / ABOUT).write_text(json.dumps({"format": FORMAT, "parts": parts}))
    return tmp_path


def ask(replay: Path | None, table: str | None = None) -> Ask:
    """Return a question with few samples."""
    return Ask(replay, table, seed=1, samples=100, blocks_h=24, trials=3)


def test_a_replay_is_measured_from_its_files(replay: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both months, as JSON, with the trials that were named."""
    run_kpis(ask(replay), as_json=True)
    kpis = Kpis.model_validate_json(capsys.readouterr().out)
    assert [group.name for group in kpis.by_month] == ["2026-01", "2026-02"]
    assert (kpis.picks, kpis.trials, kpis.samples) == (4800, 3, 100)


def test_a_person_gets_tables(replay: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard output; nothing of the waiting is in it."""
    run_kpis(ask(replay), as_json=False)
    out = capsys.readouterr().out
    assert "precision at 5" in out
    assert "drawing" not in out


def test_a_folder_without_a_replay_is_refused(tmp_path: Path) -> None:
    """With the command to run."""
    with pytest.raises(InputError, match="quantscout replay"):
        run_kpis(ask(tmp_path), as_json=True)


def test_the_command_line_asks_the_same(replay: Path) -> None:
    """`quantscout kpis --replay DIR --json`, with its options."""
    words = ["kpis", "--replay", str(replay), "--samples", "100", "--seed", "1", "--trials", "3", "--json"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert Kpis.model_validate_json(result.stdout).trials == 3


def test_a_folder_and_a_table_exclude_each_other(replay: Path) -> None:
    """Two sources of picks are one too many."""
    with pytest.raises(InputError, match="exclude each other"):
        run_kpis(ask(replay, "state"), as_json=True)


def test_live_picks_are_read_from_the_table(
    made: Made, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All that the state keeps, up to this hour."""
    asked: list[tuple[str, int, int]] = []

    def load(table: str, first_ms: int, last_ms: int) -> Made:
        asked.append((table, first_ms, last_ms))
        return made

    monkeypatch.setattr(store, "open_store", lambda table: table)
    monkeypatch.setattr(picks, "load_evaluated", load)
    run_kpis(ask(None, "state"), as_json=True)
    assert Kpis.model_validate_json(capsys.readouterr().out).picks == 4800
    read_live("state", NOW_MS)
    assert asked[-1] == ("state", START_MS + (40 - LIVE_DAYS) * DAY_MS, START_MS + 40 * DAY_MS)
    assert asked[-1][2] % HOUR_MS == 0


def test_a_table_without_evaluated_hours_is_refused(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack of one day has nothing to measure yet."""
    monkeypatch.setattr(store, "open_store", lambda table: table)
    monkeypatch.setattr(picks, "load_evaluated", lambda *_: (made.judged.clear(), made.hours.clear()))
    with pytest.raises(InputError, match="no evaluated hour yet"):
        read_live("state", NOW_MS)


def test_a_table_that_cannot_be_opened_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a region, say: the table and the next step."""
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(StateError, match="'state' cannot be opened"):
        read_live("state", NOW_MS)
