"""A replay equals the hourly pipeline: scores, ranks, reasons, statuses, levels, of every contract."""

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

import polars as pl
import pytest

from evidence.made_archive import (
    FUNDING,
    HOURS,
    INTEREST,
    QUARTERS,
    START_MS,
    TAKER,
    Fault,
    Size,
    change,
    make_frames,
    write,
)
from evidence.replay_against_hours import differences
from market_frames import ARCHIVE, NEEDS_ARCHIVE
from quantscout.frames import HOUR_MS
from quantscout.settings import parse_settings
from quantscout_local.archive_hour import open_archive
from quantscout_local.evidence.judged import Judged
from quantscout_local.evidence.replay import replay
from quantscout_local.hour import REAL_ONLY_SETTINGS

RANDOM_HOURS = int(os.environ.get("REPLAY_HOURS", "30"))
"""More with REPLAY_HOURS=200."""
WEEK = parse_settings(REAL_ONLY_SETTINGS).model_copy(update={"history_h": 72})
"""Windows of three days: a short archive has hours before, within and after them."""


def at_hour(number: int) -> int:
    """Return when the archive's bar of this number opens."""
    return START_MS + number * HOUR_MS


def without(name: str, *hours: int) -> Fault:
    """Leave out bars of a contract."""
    gone = (pl.col("symbol") == name) & pl.col("open_time").is_in([at_hour(hour) for hour in hours])
    return change(HOURS, lambda bars: bars.filter(~gone))


def with_value(name: str, hour: int, column: str, value: float | None, series: str = HOURS) -> Fault:
    """Change one figure of a bar, or take it away."""
    there = (pl.col("symbol") == name) & (pl.col("open_time") == at_hour(hour))
    return change(series, lambda bars: bars.with_columns(pl.when(there).then(value).otherwise(column).alias(column)))


def gaps(column: str, every: int) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Take away a figure of every so many rows."""
    return lambda rows: rows.with_columns(pl.when(pl.row_index() % every != 3).then(column).alias(column))


def twice(name: str, hour: int, factor: float) -> Fault:
    """Add a bar a second time, its high another by the factor."""
    there = (pl.col("symbol") == name) & (pl.col("open_time") == at_hour(hour))
    return change(HOURS, lambda bars: pl.concat([bars, bars.filter(there).with_columns(pl.col("high") * factor)]))


def ending(name: str, hour: int) -> Fault:
    """Let a contract end."""
    late = (pl.col("symbol") == name) & (pl.col("open_time") >= at_hour(hour))
    return change(HOURS, lambda bars: bars.filter(~late))


def shuffled(bars: pl.DataFrame) -> pl.DataFrame:
    """Return the rows in another order."""
    return bars.sample(fraction=1, shuffle=True, seed=3)


def misaligned(bars: pl.DataFrame) -> pl.DataFrame:
    """Add a bar that opens at half past."""
    odd = bars.filter(pl.col("symbol") == "C10USDT", pl.col("open_time") == at_hour(90))
    return pl.concat([bars, odd.with_columns(pl.col("open_time") + HOUR_MS // 2)])


def crashed(bars: pl.DataFrame) -> pl.DataFrame:
    """Let BTC lose 4 % in an hour."""
    there = (pl.col("symbol") == "BTCUSDT") & (pl.col("open_time") == at_hour(120))
    return bars.with_columns(
        pl.when(there).then(pl.col(name) * 0.96).otherwise(name).alias(name) for name in ("low", "close")
    )


def odd_settlements(rows: pl.DataFrame) -> pl.DataFrame:
    """Leave out settlements of all contracts, more of one, and let one be told twice at different rates."""
    hour = (pl.col("funding_time") - START_MS) // HOUR_MS
    gone = hour.is_in([84, 85, 132]) | ((pl.col("symbol") == "C11USDT") & hour.is_between(60, 90))
    again = rows.filter(pl.col("symbol") == "C07USDT", hour == 88).with_columns(pl.col("funding_rate") * 2)
    return pl.concat([rows.filter(~gone), again])


def idle(bars: pl.DataFrame) -> pl.DataFrame:
    """Let two contracts trade wildly, and then not at all: their windows end in sums of nothing."""
    hour = (pl.col("open_time") - START_MS) // HOUR_MS
    wild = pl.when(hour > 70).then(0.0).otherwise(10.0 ** (hour * 7 % 10) / 3)
    own = pl.col("symbol").is_in(["C22USDT", "C23USDT"])
    return bars.with_columns(pl.when(own).then(wild).otherwise("quote_volume").alias("quote_volume"))


BAR = ("open", "high", "low", "close", "volume", "quote_volume")
SPLIT = ("open", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
FAULTS: dict[str, tuple[Fault, ...]] = {
    "sound": (),
    "holes": (without("C02USDT", 95), without("C12USDT", 80, 81, 82), without("C20USDT", *range(40, 120)),
              without("BTCUSDT", 100), *(without(f"C{k:02}USDT", 110, 111) for k in range(14, 30))),
    "bad_bars": (with_value("C02USDT", 90, "low", 0.0), with_value("C15USDT", 100, "close", -1.0),
                 with_value("C16USDT", 101, "high", 1e-6), with_value("C17USDT", 99, "quote_volume", -5.0),
                 with_value("C18USDT", 102, "open", float("nan")), with_value("C02USDT", 91, "close", 0.0)),
    "twice": (twice("C02USDT", 95, 1.0), twice("C19USDT", 96, 1.5), change(HOURS, shuffled)),
    "misaligned": (change(HOURS, misaligned),),
    "delisted": (ending("C02USDT", 130), ending("C21USDT", 100)),
    "crash": (change(HOURS, crashed),),
    "odd_settlements": (change(FUNDING, odd_settlements),),
    "idle": (change(HOURS, idle),),
    "no_figure": (*(with_value("C02USDT", 90 + 5 * k, column, None) for k, column in enumerate(BAR)),
                  with_value("C03USDT", 90, "trades", None), with_value("C09USDT", 130, "symbol", None),
                  with_value("BTCUSDT", 110, "close", None), with_value("BTCUSDT", 140, "low", None),
                  *(with_value("C05USDT", 70 + k, column, None, TAKER) for k, column in enumerate(SPLIT))),
    "no_figure_besides": (change(FUNDING, gaps("funding_rate", 11)), change(INTEREST, gaps("sum_open_interest", 13)),
                          change(QUARTERS, gaps("high", 17)), change(QUARTERS, gaps("volume", 19))),
    "few_series": (change(INTEREST, pl.DataFrame.clear), change(QUARTERS, pl.DataFrame.clear)),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_every_hour_of_a_made_archive_equals_the_hourly_pipeline(fault: str, tmp_path: Path) -> None:
    """Whatever is odd in an archive, both ways come to the same rows."""
    folder = write(tmp_path / "archive", make_frames(), *FAULTS[fault])
    judged, archive = replay(folder, None, None, WEEK, tmp_path / "out"), open_archive(folder, WEEK.history_h)
    hours = judged.hours()["hour_ms"].to_list()
    assert hours[::3]
    assert [text for hour in hours[::3] for text in differences(judged, archive, hour, WEEK)] == []


@pytest.mark.parametrize("normalisation", ["robust_z", "rank"])
def test_other_norms_are_those_of_the_hourly_pipeline(normalisation: str, tmp_path: Path) -> None:
    """Norms by median and by rank are made hour by hour, too."""
    settings = WEEK.model_copy(update={"normalisation": normalisation})
    folder = write(tmp_path / "archive", make_frames(Size(hours=100)))
    judged, archive = replay(folder, None, None, settings, tmp_path / "out"), open_archive(folder, settings.history_h)
    hours = judged.hours()["hour_ms"].to_list()
    assert [text for hour in hours[::8] for text in differences(judged, archive, hour, settings)] == []


def test_hours_with_too_few_coins_have_no_data(tmp_path: Path) -> None:
    """Twelve contracts hold fewer than five coins that can be ranked: no rank, and the reason says so."""
    folder = write(tmp_path / "archive", make_frames(Size(hours=80, contracts=12)))
    judged, archive = replay(folder, None, None, WEEK, tmp_path / "out"), open_archive(folder, WEEK.history_h)
    hours = judged.hours()
    assert hours["status"].to_list() == ["no_data"] * hours.height
    assert [text for hour in hours["hour_ms"].to_list() for text in differences(judged, archive, hour, WEEK)] == []


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """Return the replay of the market archive."""
    if not ARCHIVE.is_dir():
        pytest.skip(NEEDS_ARCHIVE)
    return replay(ARCHIVE, None, None, parse_settings(REAL_ONLY_SETTINGS), tmp_path_factory.mktemp("replay"))


def test_random_real_hours_equal_the_hourly_pipeline(real: Judged) -> None:
    """Thirty random hours of the archive, its first and its last one: the five, scores, ranks, reasons, statuses."""
    settings, archive = parse_settings(REAL_ONLY_SETTINGS), open_archive(ARCHIVE)
    hours = real.hours()["hour_ms"].to_list()
    chosen = sorted({hours[0], hours[-1], *Random(20260301).sample(hours, RANDOM_HOURS)})
    assert [text for hour in chosen for text in differences(real, archive, hour, settings)] == []
