"""check-warmup: how much history a figure needs, and that none depends on rows before its window."""

from pathlib import Path

import polars as pl
import pytest

from evidence.made_archive import Size, make_frames, write
from quantscout import windows
from quantscout.frames import HOUR_MS
from quantscout.settings import parse_settings
from quantscout_local import archive_hour
from quantscout_local.archive_hour import open_archive
from quantscout_local.archive_hour_frames import Series, bars_at
from quantscout_local.evidence import columns_board
from quantscout_local.evidence.check_hours import Ask
from quantscout_local.evidence.check_warmup import LONGER, OLDER, Warmup, check_warmup, shorten
from quantscout_local.evidence.columns import build_columns
from quantscout_local.hour import REAL_ONLY_SETTINGS

SHORT = parse_settings(REAL_ONLY_SETTINGS).model_copy(update={"history_h": 72})


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive that is longer than a window of three days, the hours before it and after it."""
    return write(tmp_path_factory.mktemp("market"), make_frames(Size(hours=200, contracts=32)))


def checked(market: Path) -> Warmup:
    """Return what the check finds in an hour."""
    return check_warmup(Ask(market, 1, 3, None, None, SHORT), lambda *_: None)


@pytest.fixture(scope="module")
def sound(market: Path) -> Warmup:
    """Return the check of the product."""
    return checked(market)


def test_no_figure_depends_on_rows_before_its_window(sound: Warmup) -> None:
    """With older rows altered, left out, spoiled, or many more of them, an hour is the same to the bit."""
    assert sound.findings == []
    assert all(sound.values[way] > 300 for way in ("hourly", "replay", "replay's board"))


def test_the_whole_window_is_its_own_measure(sound: Warmup) -> None:
    """At the last length nothing has changed: neither picks, nor any contract, nor any figure."""
    assert sound.lengths_h == [60, 73]
    assert (sound.picks_changed_pct[-1], sound.contracts_changed_pct[-1]) == (0, 0)
    assert all((each.changed_pct[-1], each.largest[-1], each.missing[-1]) == (0, 0, 0) for each in sound.figures)


@pytest.mark.parametrize(
    ("figure", "exact_from_h"),
    [("close", 60), ("sma20", 60), ("volume_24h_usdt", 60), ("adv30_usdt", 73), ("atr14_4h", 73),
     ("volume_median_usdt", 73)],
)  # fmt: skip
def test_figures_are_stable_from_their_own_length_on(sound: Warmup, figure: str, exact_from_h: int) -> None:
    """A look-up needs its hours; a mean, a median and a recursion need the whole window."""
    mine = next(each for each in sound.figures if each.figure == figure)
    assert mine.exact_from_h == exact_from_h
    assert (mine.largest[0] == 0) == (exact_from_h == 60)


def test_a_figure_without_data_is_not_called_stable(sound: Warmup) -> None:
    """No archive has order books: nothing is claimed of what reads them."""
    assert {"ob_imbalance", "liquidity", "social"} <= set(sound.unseen)
    assert not {each.figure for each in sound.figures} & set(sound.unseen)


def test_a_shortened_hour_has_so_many_hours_of_everything(market: Path) -> None:
    """Bars, settlements and open interest alike; the listing is the venue's and stays."""
    archive = open_archive(market, SHORT.history_h)
    hour = archive.hour(archive.hours()[-1])
    short = shorten(hour, 60)
    since_ms = hour.hour_ms - 60 * HOUR_MS
    assert short.bars["open_ms"].min() == since_ms
    for frame, column in (
        (short.evidence.details.funding, "settled_ms"),
        (short.evidence.details.open_interest, "at_ms"),
    ):
        assert since_ms <= frame[column].min() < since_ms + 9 * HOUR_MS  # type: ignore[operator]
    assert short.listing.equals(hour.listing)


def test_a_recursion_from_before_the_window_is_caught(market: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The replay's ATR as one recursion through all bars, without taking the older ones out again: named by figure."""

    def running(bars: pl.DataFrame, first_ms: int, history_h: int) -> pl.DataFrame:
        ranged = bars.with_columns(windows.true_range(["run"]).alias("range"))
        smooth = pl.col("range").ewm_mean(alpha=1 / windows.ATR_PERIOD, adjust=False).over("run").alias("atr14_1h")
        own = ranged.select("contract", (pl.col("open_ms") + HOUR_MS).alias("hour_ms"), smooth)
        made = build_columns(bars, first_ms, history_h)
        return made.drop("atr14_1h").join(own, on=["contract", "hour_ms"]).select(made.columns)

    monkeypatch.setattr(columns_board, "build_columns", running)
    found = {(finding.way, finding.alteration, finding.column) for finding in checked(market).findings}
    assert ("replay's board", OLDER, "atr14_1h") in found
    assert ("replay's board", OLDER, "breakout") in found


def test_a_longer_past_in_the_hourly_pipeline_is_caught(market: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipeline that takes a day more than its window says: caught by altered rows, and by added ones."""
    monkeypatch.setattr(archive_hour, "bars_at", _more)
    monkeypatch.setattr(
        archive_hour, "build_windows", lambda bars, hour_ms, h: windows.build_windows(bars, hour_ms, h + 24)
    )
    found = {(finding.way, finding.alteration, finding.column) for finding in checked(market).findings}
    assert {("hourly", OLDER, "adv30_usdt"), ("hourly", LONGER, "history_h")} <= found


def _more(series: Series, hour_ms: int, history_h: int) -> pl.DataFrame:
    return bars_at(series, hour_ms, history_h + 24)
