"""Recorded bars that lack a figure: rejected by name, never taken for an hour without a trade."""

from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from evidence.made_archive import (
    FUNDING,
    HOURS,
    INTEREST,
    QUARTERS,
    SETTINGS,
    SMALL,
    START_MS,
    Size,
    change,
    make_frames,
    write,
)
from quantscout.frames import DAY_MS, HOUR_MS
from quantscout_local.archive_hour import open_archive
from quantscout_local.cli import app
from quantscout_local.evidence.columns_regime import _averages
from quantscout_local.evidence.replay import replay
from quantscout_local.evidence.replay_bars import load_recorded, load_stretch
from quantscout_local.evidence.replay_contracts import load_contracts

NAME, AT_MS = "C02USDT", START_MS + 90 * HOUR_MS
THERE = (pl.col("symbol") == NAME) & (pl.col("open_time") == AT_MS)


def lack(folder: Path, column: str, there: pl.Expr = THERE, size: Size = SMALL) -> Path:
    """Write an archive of which some rows lack a figure."""
    taken = pl.when(~there).then(column).alias(column)
    return write(folder, make_frames(size), change(HOURS, lambda bars: bars.with_columns(taken)))


@pytest.mark.parametrize(
    ("column", "reason"),
    [(name, "rows_bar_price_missing") for name in ("open", "high", "low", "close")]
    + [(name, "rows_bar_volume_missing") for name in ("volume", "quote_volume")],
)
def test_a_bar_that_lacks_a_figure_is_rejected_by_name(tmp_path: Path, column: str, reason: str) -> None:
    """It is counted, its hour stays a hole, and days that need it have no outcome."""
    folder = lack(tmp_path / "archive", column)
    judged = replay(folder, None, None, SETTINGS, tmp_path / "out")
    assert judged.about["exclusions"] == {reason: 1}
    assert judged.about["series"][HOURS]["incomplete_rows"] == 1
    contracts = load_contracts(folder, SETTINGS)
    stretch = load_stretch(folder, contracts.names, START_MS, START_MS + 100 * HOUR_MS, START_MS)
    assert AT_MS not in stretch.bars.filter(pl.col("contract") == NAME)["open_ms"].to_list()
    assert not stretch.bars["filled"].any()
    own = judged.scan().filter(pl.col("contract") == NAME, pl.col("hour_ms") == AT_MS).collect()
    assert own["outcome"].to_list() == ["no_entry"]


def test_the_hourly_pipeline_has_the_same_hole(tmp_path: Path) -> None:
    """Neither its bars nor a filled one in their place."""
    archive = open_archive(lack(tmp_path / "archive", "close"), SETTINGS.history_h)
    bars = archive.hour(START_MS + 99 * HOUR_MS).bars.filter(pl.col("contract") == NAME)
    assert AT_MS not in bars["open_ms"].to_list()
    assert {AT_MS - HOUR_MS, AT_MS + HOUR_MS} <= set(bars["open_ms"].to_list())
    assert not bars["filled"].any()


def test_what_no_figure_needs_costs_no_bar(tmp_path: Path) -> None:
    """Nobody asks how many trades there were."""
    sound = replay(write(tmp_path / "sound", make_frames(SMALL)), None, None, SETTINGS, tmp_path / "one")
    poor = replay(lack(tmp_path / "archive", "trades"), None, None, SETTINGS, tmp_path / "two")
    assert poor.about["exclusions"] == {}
    assert poor.scan().collect().equals(sound.scan().collect())


def test_other_series_lose_their_incomplete_rows_by_name(tmp_path: Path) -> None:
    """A settlement without its rate, an amount without its number; of 15m bars whole ones alone are taken."""
    faults = [
        change(name, lambda rows, column=column: rows.with_columns(pl.when(pl.row_index() != 60).then(column)))  # type: ignore[misc]
        for name, column in ((FUNDING, "funding_rate"), (INTEREST, "sum_open_interest"), (QUARTERS, "close"))
    ]
    folder = write(tmp_path / "archive", make_frames(Size(hours=110, contracts=14)), *faults)
    about = replay(folder, None, None, SETTINGS, tmp_path / "out").about
    assert about["exclusions"] == {"rows_funding_missing": 1, "rows_open_interest_missing": 1}
    assert [about["series"][name]["incomplete_rows"] for name in (FUNDING, INTEREST, QUARTERS)] == [1, 1, 1]


def test_the_summary_tells_of_incomplete_rows(tmp_path: Path) -> None:
    """A person sees the file and the number; a sound archive says nothing of the kind."""
    folder = lack(tmp_path / "archive", "close")
    said = CliRunner().invoke(app, ["replay", "--market", str(folder), "--out", str(tmp_path / "out")]).output
    assert f"1 rows of {HOURS} lack a value" in said.replace("\n", " ")
    sound = write(tmp_path / "sound", make_frames(SMALL))
    said = CliRunner().invoke(app, ["replay", "--market", str(sound), "--out", str(tmp_path / "other")]).output
    assert "lack a value" not in said


@pytest.mark.parametrize("column", ["open", "high", "low", "close"])
@pytest.mark.parametrize("hour", [0, 7, 23])
def test_a_day_of_btc_that_lacks_a_figure_is_no_day(tmp_path: Path, column: str, hour: int) -> None:
    """The long average is known in the replay where it is in the hourly pipeline: an hour may spoil its day."""
    btc = (pl.col("symbol") == "BTCUSDT") & (pl.col("open_time") == START_MS + 20 * DAY_MS + hour * HOUR_MS)
    folder = lack(tmp_path / "archive", column, btc, Size(hours=51 * 24, contracts=9))
    hour_ms = START_MS + 50 * DAY_MS + HOUR_MS
    average = open_archive(folder, SETTINGS.history_h).hour(hour_ms).regime.inputs["btc_vs_sma50d_pct"]
    names = load_contracts(folder, SETTINGS).names
    means = _averages(load_recorded(folder, names, START_MS, hour_ms, symbols=["BTCUSDT"]))
    assert (START_MS + 50 * DAY_MS in means) == (average is not None)
    assert (average is None) == (column == "low" or (column, hour) in {("open", 0), ("close", 23)})
