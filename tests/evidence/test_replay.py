"""A replay's range, its rows, and its bad inputs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from evidence.made_archive import (
    FIRST_MS,
    FUNDING,
    HOURS,
    INTEREST,
    LAST_MS,
    QUARTERS,
    SETTINGS,
    SMALL,
    START_MS,
    TAKER,
    change,
    make_frames,
    write,
)
from quantscout.errors import InputError
from quantscout.evaluation_models import JUDGED
from quantscout.frames import HOUR_MS
from quantscout.outcomes import build_outcomes
from quantscout_local.evidence.replay import replay


def test_without_a_range_every_evaluable_hour_is_judged(archive: Path, tmp_path: Path) -> None:
    """An hour is evaluable when it has 60 h behind it; the last one is that in which the last bar closed."""
    judged = replay(archive, None, None, SETTINGS, tmp_path / "out")
    hours = judged.hours()["hour_ms"].to_list()
    assert hours == list(range(FIRST_MS, LAST_MS + 1, HOUR_MS))
    assert judged.scan().collect_schema() == pl.Schema(JUDGED)
    rows = judged.scan().collect()
    assert rows.equals(rows.sort("hour_ms", "venue", "contract"))


def test_a_part_of_the_range_has_the_same_rows(archive: Path, tmp_path: Path) -> None:
    """What is asked for besides an hour changes nothing in it."""
    whole = replay(archive, None, None, SETTINGS, tmp_path / "whole").scan().collect()
    few = replay(archive, FIRST_MS + 5 * HOUR_MS, FIRST_MS + 9 * HOUR_MS, SETTINGS, tmp_path / "few").scan().collect()
    same = whole.filter(pl.col("hour_ms").is_between(FIRST_MS + 5 * HOUR_MS, FIRST_MS + 9 * HOUR_MS))
    assert few.drop("score").equals(same.drop("score"))
    assert few["score"].is_null().to_list() == same["score"].is_null().to_list()
    assert few["score"].drop_nulls().to_list() == pytest.approx(same["score"].drop_nulls().to_list(), rel=1e-9)
    assert few["score"].drop_nulls().len() > 10


def test_outcomes_are_those_of_the_bars(archive: Path, tmp_path: Path) -> None:
    """Every row carries what became of it, and the last day's rows say that they have none."""
    rows = replay(archive, None, None, SETTINGS, tmp_path / "out").scan().collect()
    bars = pl.read_parquet(archive / HOURS).select(
        pl.lit("binance").alias("venue"), pl.col("symbol").alias("contract"), pl.col("open_time").alias("open_ms"),
        "open", "high", "low", "close",
    )  # fmt: skip
    alone = rows.select("venue", "contract", "hour_ms").join(
        build_outcomes(bars), on=["venue", "contract", "hour_ms"], how="left"
    )
    for name in ("outcome", "hit10", "barrier", "barrier_h"):
        assert rows[name].to_list() == alone[name].to_list()
    for name in ("entry_price", "return_24h_ratio", "best_24h_ratio", "net_return_24h_ratio"):
        assert (rows[name] - alone[name]).abs().max() < 1e-6  # type: ignore[operator]
    assert set(rows.filter(pl.col("hour_ms") > LAST_MS - 24 * HOUR_MS)["outcome"]) == {"incomplete", "no_entry"}
    about = json.loads((tmp_path / "out" / "about.json").read_text())
    assert about["outcomes"]["hours_without"] == 24


@pytest.mark.parametrize(
    ("first_ms", "last_ms", "said"),
    [
        (FIRST_MS + HOUR_MS, FIRST_MS, "the range is empty"),
        (START_MS - 200 * HOUR_MS, START_MS - 100 * HOUR_MS, "no hour from 2025-09-22T16:00:00Z"),
        (START_MS, FIRST_MS - HOUR_MS, "no hour from 2025-10-01T00:00:00Z"),
        (LAST_MS + HOUR_MS, LAST_MS + 9 * HOUR_MS, "no hour from"),
        (FIRST_MS + 1, None, "no full hour"),
    ],
)
def test_a_range_that_cannot_be_replayed_is_refused(
    archive: Path, tmp_path: Path, first_ms: int, last_ms: int | None, said: str
) -> None:
    """The error says which hours can be; nothing is written."""
    with pytest.raises(InputError) as refused:
        replay(archive, first_ms, last_ms, SETTINGS, tmp_path / "out")
    assert said in str(refused.value)
    assert "no full hour" in said or "2025-10-03T13:00:00Z to 2025-10-05T04:00:00Z" in str(refused.value)
    assert not (tmp_path / "out").exists()


def cut(name: str) -> Callable[[Path], object]:
    """Break a file."""
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:200])


def narrow(name: str, column: str) -> Callable[[Path], object]:
    """Leave out a column."""
    return lambda folder: pl.read_parquet(folder / name).drop(column).write_parquet(folder / name)


def absent(folder: Path) -> None:
    """Remove the bars."""
    (folder / HOURS).unlink()


def barren(folder: Path) -> None:
    """Leave no bars."""
    for name in (HOURS, TAKER):
        pl.read_parquet(folder / name).clear().write_parquet(folder / name)


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (cut(HOURS), f"{HOURS} cannot be read"),
        (cut(FUNDING), f"{FUNDING} cannot be read"),
        (cut(INTEREST), f"{INTEREST} cannot be read"),
        (cut(QUARTERS), f"{QUARTERS} cannot be read"),
        (narrow(HOURS, "close"), "lacks the column 'close'"),
        (absent, f"{HOURS} is not there"),
        (barren, "holds no bars"),
    ],
)
def test_an_archive_that_cannot_be_read_is_refused(
    archive: Path, tmp_path: Path, break_it: Callable[[Path], object], said: str
) -> None:
    """The error names the file, the cause and the option to change."""
    break_it(archive)
    with pytest.raises(InputError, match="--market") as refused:
        replay(archive, None, None, SETTINGS, tmp_path / "out")
    assert said in str(refused.value)


def test_absent_series_are_named_and_their_factors_missing(archive: Path, tmp_path: Path) -> None:
    """An archive may hold nothing but bars: everything else is missing, and said so."""
    for name in (FUNDING, INTEREST, QUARTERS, TAKER):
        (archive / name).unlink()
    judged = replay(archive, None, None, SETTINGS, tmp_path / "out")
    absent_ones = [name for name, series in judged.about["series"].items() if series.get("absent")]
    assert sorted(absent_ones) == sorted([FUNDING, INTEREST, QUARTERS, TAKER])
    assert {"funding", "15m bars", "taker split"} <= set(judged.hours()["lacking"].explode())
    assert (
        judged.scan().select("oi_change_norm", "mom15m_norm", "aggressor_norm").collect().null_count().row(0)
        == (judged.scan().collect().height,) * 3
    )


def test_dropped_rows_are_counted_by_reason(tmp_path: Path) -> None:
    """Bars without a price, at odd times or told twice are left out, never mended, and counted once."""
    there = (pl.col("symbol") == "C02USDT") & (pl.col("open_time") == START_MS + 70 * HOUR_MS)

    def worsen(bars: pl.DataFrame) -> pl.DataFrame:
        odd = bars.filter(there).with_columns(pl.col("open_time") + 1)
        again = bars.filter(pl.col("symbol") == "C08USDT", pl.col("open_time") == START_MS + 80 * HOUR_MS)
        priced = pl.when(there).then(0.0).otherwise("low")
        return pl.concat([bars.with_columns(priced.alias("low")), odd, again.with_columns(pl.col("high") * 2)])

    folder = write(tmp_path / "archive", make_frames(SMALL), change(HOURS, worsen))
    exclusions = replay(folder, None, None, SETTINGS, tmp_path / "out").about["exclusions"]
    assert exclusions == {"rows_bar_price_not_positive": 1, "rows_bar_misaligned": 1, "rows_bar_duplicate": 2}


def test_two_contracts_of_one_base_asset_are_refused(tmp_path: Path) -> None:
    """Whether they are one coin would depend on their prices hour by hour."""
    kinds = {"contractType": "PERPETUAL", "underlyingType": "COIN", "quoteAsset": "USDT", "filters": []}
    names = ("C02USDT", "C04USDT")
    twins: dict[str, Any] = {"symbols": [kinds | {"symbol": name, "baseAsset": "SAME"} for name in names]}
    folder = write(tmp_path / "archive", make_frames(SMALL))
    (folder / "raw" / "binance").mkdir(parents=True)
    (folder / "raw" / "binance" / "exchangeInfo.json").write_text(json.dumps(twins))
    with pytest.raises(InputError, match="C02USDT and C04USDT are of one base asset"):
        replay(folder, None, None, SETTINGS, tmp_path / "out")
