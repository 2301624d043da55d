"""The parts of the checks: what is altered and what is not, which hours are taken, whose factors."""

from pathlib import Path

import polars as pl
import pytest

from evidence.made_archive import FUNDING, HOURS, INTEREST, QUARTERS, START_MS, TAKER, Frames, Size, make_frames, write
from quantscout.errors import InputError
from quantscout.frames import HOUR_MS
from quantscout.settings import parse_settings
from quantscout.verify import verify_bars
from quantscout_local.evidence import changed_market as changed
from quantscout_local.evidence.changed_market import Rows
from quantscout_local.evidence.check_factors import load_factors
from quantscout_local.evidence.check_hours import Ask, pick_hours
from quantscout_local.evidence.check_lookahead import change, cut
from quantscout_local.evidence.replay_contracts import load_contracts
from quantscout_local.evidence.replay_plan import parse_time
from quantscout_local.hour import REAL_ONLY_SETTINGS

AT_MS = START_MS + 120 * HOUR_MS
TIMES = {HOURS: ("open_time", HOUR_MS), TAKER: ("open_time", HOUR_MS), QUARTERS: ("open_time", HOUR_MS // 4),
         FUNDING: ("funding_time", 0), INTEREST: ("timestamp", 0)}  # fmt: skip
SETTINGS = parse_settings(REAL_ONLY_SETTINGS)


@pytest.fixture(scope="module")
def frames() -> Frames:
    """Return the series of a sound archive; the one with takers ends at the hour's 110th bar."""
    return make_frames(Size(hours=150, contracts=12))


def known_by(frame: pl.DataFrame, name: str, at_ms: int) -> pl.DataFrame:
    """Return the rows of a series that a person at that moment knows, in order."""
    time, lasts_ms = TIMES[name]
    return frame.filter(pl.col(time) <= at_ms - lasts_ms).sort("symbol", time)


def known_after(frame: pl.DataFrame, name: str, at_ms: int) -> pl.DataFrame:
    """Return the others."""
    time, lasts_ms = TIMES[name]
    return frame.filter(pl.col(time) > at_ms - lasts_ms).sort("symbol", time)


# What is altered


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("future", ["cut", "changed"])
def test_nothing_known_by_the_hour_is_altered(frames: Frames, name: str, future: str) -> None:
    """Neither future takes, adds or moves a row that was known at H: a settlement of H itself is, one 7 ms late not."""
    altered = cut(frames, AT_MS) if future == "cut" else change(frames, AT_MS, 1)
    assert known_by(altered[name], name, AT_MS).equals(
        known_by(frames[name].select(altered[name].columns), name, AT_MS)
    )
    assert future == "changed" or known_after(altered[name], name, AT_MS).is_empty()


def test_a_late_stamp_belongs_to_the_future(frames: Frames) -> None:
    """A settlement that is stamped some ms after the hour was not known at it."""
    late = frames[FUNDING].with_columns(pl.lit(AT_MS + 7).alias("funding_time"))
    assert cut({FUNDING: late}, AT_MS)[FUNDING].is_empty()


@pytest.mark.parametrize("name", [HOURS, QUARTERS, FUNDING, INTEREST])
def test_every_number_after_the_hour_is_another(frames: Frames, name: str) -> None:
    """No price, amount, rate or open interest of a later row stays, whatever it was."""
    after_ms = START_MS + 105 * HOUR_MS
    wild = known_after(changed.with_wild(frames, Rows(after_ms), 1)[name], name, after_ms)
    was = known_after(frames[name], name, after_ms)
    assert was.height > 20
    for column in (c for c in was.columns if c not in {"symbol", "trades", TIMES[name][0]}):
        assert not (wild[column] == was[column]).any(), column


def test_wild_bars_are_possible_bars_and_rates_have_eight_decimals(frames: Frames) -> None:
    """What verification drops, or a replay cannot hold, would alter less than it should."""
    wild = changed.with_wild(frames, Rows(0), 1)
    bars = wild[HOURS].select(
        pl.lit("binance").alias("venue"), pl.col("symbol").alias("contract"), pl.col("open_time").alias("open_ms"),
        *changed.PRICES, pl.col("volume").alias("volume_coins"), pl.col("quote_volume").alias("volume_usdt"),
        pl.lit(None, pl.Float64).alias("taker_buy_usdt"), pl.lit(value=False).alias("filled"),
    )  # fmt: skip
    assert verify_bars(bars, HOUR_MS, START_MS + 1000 * HOUR_MS).bars.height == bars.height
    rates = wild[FUNDING]["funding_rate"]
    assert (rates * 1e8 - (rates * 1e8).round()).abs().max() < 1e-4  # type: ignore[operator]


def test_faults_leave_out_and_spoil_some_later_hours(frames: Frames) -> None:
    """Some rows are gone, and some have a low above the high."""
    faulty = changed.with_faults(frames, Rows(START_MS), 1)[HOURS]
    assert 0.9 * frames[HOURS].height < faulty.height < frames[HOURS].height
    assert 0 < faulty.filter(pl.col("low") > pl.col("high")).height < 30


def test_newcomers_begin_after_the_hour(frames: Frames) -> None:
    """They have bars, and none that was known at H."""
    new = changed.with_newcomers(frames, Rows(AT_MS))[HOURS].filter(pl.col("symbol").str.starts_with("NEWCOMER"))
    assert new["symbol"].n_unique() == changed.NEWCOMERS
    assert new["open_time"].min() == AT_MS


def test_the_past_before_a_window_keeps_listings_and_last_prices(frames: Frames) -> None:
    """All older bars are others but each contract's first and last; those that are spared, and later ones, stay."""
    older = changed.with_older_faults(frames, AT_MS, 1, ("BTCUSDT",))[HOURS]
    was = frames[HOURS]
    assert known_after(older, HOURS, AT_MS).equals(known_after(was, HOURS, AT_MS))
    btc = pl.col("symbol") == "BTCUSDT"
    assert older.filter(btc).equals(was.filter(btc))
    both = known_by(was.filter(~btc), HOURS, AT_MS).join(older, on=["symbol", "open_time"], suffix="_now")
    first = pl.col("open_time") == pl.col("open_time").min().over("symbol")
    stays = pl.col("close") == pl.col("close_now")
    assert both.filter(first != stays).is_empty()


def test_an_altered_archive_has_the_captured_answers(frames: Frames, tmp_path: Path) -> None:
    """What is told of the contracts stays with them."""
    source = write(tmp_path / "source", frames)
    (source / "raw" / "binance").mkdir(parents=True)
    (source / "raw" / "binance" / "exchangeInfo.json").write_text('{"symbols": []}')
    folder = changed.save_frames(changed.load_frames(source), source, tmp_path / "copy")
    assert (folder / "raw" / "binance" / "exchangeInfo.json").read_text() == '{"symbols": []}'
    assert pl.read_parquet(folder / HOURS).equals(frames[HOURS])


# Whose factors


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FACTORS = (", "cannot be run .SyntaxError"),
        ("1 / 0", "cannot be run .ZeroDivisionError"),
        ("x = 1", "has no FACTORS"),
        ("FACTORS = (1,)", "has no FACTORS"),
        ("FACTORS = ()", "has no FACTORS"),
        ("from quantscout.factors import FACTORS as F\nFACTORS = (F[0], F[0])", "has the factor 'mom15m' twice"),
    ],
)
def test_a_file_that_holds_no_factors_is_refused(text: str, said: str, tmp_path: Path) -> None:
    """The message says what is wrong, and what to write."""
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        load_factors(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """By its name."""
    with pytest.raises(InputError, match=r"mine.py is not there"):
        load_factors(tmp_path / "mine.py")


# Which hours


@pytest.fixture(scope="module")
def market(frames: Frames, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the archive on disk."""
    return write(tmp_path_factory.mktemp("market"), dict(frames))


def picked(market: Path, frames: Frames, count: int, first: str | None = None, seed: int = 1) -> list[int]:
    """Return hours with 62 h before and 26 h after them."""
    ask = Ask(market, count, seed, parse_time(first), None, SETTINGS)
    return pick_hours(ask, load_contracts(market, SETTINGS), frames, 62, 26)


def test_hours_are_drawn_by_the_seed(market: Path, frames: Frames) -> None:
    """The same ones again, others by another seed, each with its bars before and after."""
    hours = picked(market, frames, 5)
    assert hours == picked(market, frames, 5) == sorted(set(hours))
    assert hours != picked(market, frames, 5, seed=2)
    assert all(START_MS + 62 * HOUR_MS <= hour <= START_MS + 124 * HOUR_MS for hour in hours)


def test_rare_series_have_their_hours(market: Path, frames: Frames) -> None:
    """One of few hours has open interest now and 4 h ago, one has 15m bars, one a taker split."""
    hours = [(hour - START_MS) // HOUR_MS for hour in picked(market, frames, 3)]
    assert any(hour % 4 == 0 and hour >= 64 for hour in hours)
    assert any(101 <= hour <= 131 for hour in hours)
    assert any(hour <= 110 for hour in hours)


@pytest.mark.parametrize(
    ("count", "first", "said"),
    [
        (500, None, "62 hours of the range have 62 h of bars before and 26 h after them.*500 were asked for"),
        (1, "2030-01-01", "range is empty"),
        (1, "2025-10-33", "no day"),
        (1, "2025-10-03T12:30Z", "no full UTC hour"),
    ],
)
def test_a_range_without_enough_hours_is_refused(
    market: Path, frames: Frames, count: int, first: str | None, said: str
) -> None:
    """The message names what there is and what was asked for."""
    with pytest.raises(InputError, match=said):
        picked(market, frames, count, first)
