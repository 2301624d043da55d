"""`quantscout kpis`: a finished replay's folder, a table of live picks, and what is neither."""

import json
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
from typer.testing import CliRunner

from evidence.made_judged import START_MS, Made, Plan, make_judged
from quantscout import evaluation, picks, store
from quantscout.errors import InputError, StateError
from quantscout.evaluation_models import EvaluatedHour, Excluded
from quantscout.frames import DAY_MS, HOUR_MS
from quantscout_local.cli import app
from quantscout_local.evidence.judged import ABOUT, FORMAT, HOURS, HOURS_FILE, JUDGED, part_name
from quantscout_local.evidence.kpis_command import LIVE_DAYS, Ask, read_live, run_kpis
from quantscout_local.evidence.kpis_models import Kpis

NOW_MS = START_MS + 40 * DAY_MS + 1234
REASONS: tuple[Excluded, ...] = ("late", "no_report")


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


class Stored(NamedTuple):
    """A table as read_live sees it: evaluated hours of three settings, one of them of a version that told none."""

    judged: pl.DataFrame
    hours: pl.DataFrame

    def items(self) -> list[EvaluatedHour]:
        """Return the hours' items; beside the measured ones two that are not."""
        named = [
            EvaluatedHour(hour_ms=row["hour_ms"], evaluated_ms=row["hour_ms"] + DAY_MS, settled=True)
            for row in self.hours.to_dicts()
        ]
        last_ms = named[-1].hour_ms
        others = [named[-1].model_copy(update={"hour_ms": last_ms + HOUR_MS, "excluded": name}) for name in REASONS]
        return [*named, *others]


@pytest.fixture
def stored(made: Made, monkeypatch: pytest.MonkeyPatch) -> Stored:
    """Put a table of 40 days in the place of the state; 37 hours were published and never judged."""
    number = pl.int_range(pl.len())
    hours = made.hours.with_columns(
        method_version=pl.when(number >= 480).then(pl.lit("1.1.0")),
        config_hash=pl.when(number >= 720).then(pl.lit("b" * 12)).when(number >= 480).then(pl.lit("a" * 12)),
    )
    table = Stored(made.judged, hours)
    monkeypatch.setattr(store, "open_store", lambda name: name)
    monkeypatch.setattr(picks, "load_hours", lambda *_: table.items())
    monkeypatch.setattr(picks, "frames_of", lambda *_: (table.judged, table.hours))
    monkeypatch.setattr(evaluation, "lost_hours", lambda *_: [*range(37)])
    return table


def live(
    stored: Stored, capsys: pytest.CaptureFixture[str], trials: int = 3, method: str = "", config: str = ""
) -> Kpis:
    """Return the figures of the stored hours."""
    assert stored.hours.height == 960
    asked = ask(None, "state")._replace(trials=trials, method=method or None, config=config or None)
    run_kpis(asked, as_json=True)
    return Kpis.model_validate_json(capsys.readouterr().out)


def test_live_picks_are_read_from_the_table(
    stored: Stored, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All that the state keeps, up to this hour."""
    assert live(stored, capsys).picks == 4800
    asked: list[tuple[object, ...]] = []

    def load(*of: object) -> list[EvaluatedHour]:
        asked.append(of)
        return stored.items()

    monkeypatch.setattr(picks, "load_hours", load)
    read_live("state", NOW_MS)
    assert asked == [("state", START_MS + (40 - LIVE_DAYS) * DAY_MS, START_MS + 40 * DAY_MS)]


def test_hours_that_are_not_measured_are_counted_by_name(stored: Stored, capsys: pytest.CaptureFixture[str]) -> None:
    """Late, never published, never judged: each with its number, for a program and for a person."""
    expected = {"late": 1, "no_report": 1, "not_evaluated": 37}
    assert live(stored, capsys).excluded == expected
    run_kpis(ask(None, "state"), as_json=False)
    assert "left out or not judged: late 1, no_report 1, not_evaluated 37" in capsys.readouterr().out


def test_methods_and_settings_are_told_apart(stored: Stored, capsys: pytest.CaptureFixture[str]) -> None:
    """A group each, of those hours alone; what an older hour does not tell is unknown."""
    groups = live(stored, capsys).by_method
    assert [group.name for group in groups] == [f"1.1.0 {'a' * 12}", f"1.1.0 {'b' * 12}", "unknown unknown"]
    assert [group.kpis[0].n for group in groups] == [1200, 1200, 2400]


@pytest.mark.parametrize(("named", "told"), [(1, 2), (5, 5)])
def test_settings_that_were_used_count_as_tried(
    stored: Stored, capsys: pytest.CaptureFixture[str], named: int, told: int
) -> None:
    """At least as many as the hours know, also where only those of one are measured."""
    assert live(stored, capsys, trials=named).trials == told
    kpis = live(stored, capsys, trials=named, config="a" * 12)
    assert (kpis.trials, "One setting was tried" in kpis.verdict.caution) == (told, False)


def test_one_method_or_setting_is_measured_alone(stored: Stored, capsys: pytest.CaptureFixture[str]) -> None:
    """The hours of the others are left out, and counted so."""
    one, both = live(stored, capsys, config="b" * 12), live(stored, capsys, method="1.1.0")
    assert (one.hours, one.picks, one.excluded["other_settings"]) == (240, 1200, 720)
    assert (both.hours, both.excluded["other_settings"], len(both.by_method)) == (480, 480, 2)


def test_a_setting_that_no_hour_has_is_refused(stored: Stored, capsys: pytest.CaptureFixture[str]) -> None:
    """With those that there are."""
    with pytest.raises(InputError, match=f"of 1.1.0 and none; there are: .*1.1.0 {'a' * 12}"):
        live(stored, capsys, method="1.1.0", config="none")


def test_a_replay_has_one_setting(replay: Path) -> None:
    """A choice among one is a mistake: it was meant for a table."""
    with pytest.raises(InputError, match="give --table"):
        run_kpis(ask(replay)._replace(config="a" * 12), as_json=True)


def test_a_table_without_evaluated_hours_is_refused(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack of one day has nothing to measure yet."""
    monkeypatch.setattr(picks, "frames_of", lambda *_: (stored.judged.clear(), stored.hours.clear()))
    with pytest.raises(InputError, match="no evaluated hour yet"):
        read_live("state", NOW_MS)


def test_a_table_that_cannot_be_opened_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a region, say: the table and the next step."""
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(StateError, match="'state' cannot be opened"):
        read_live("state", NOW_MS)
