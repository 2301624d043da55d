"""A few hours of `make state`, and that its checks bite."""

from collections.abc import Iterator

import pytest
from month.__main__ import HISTORY_H, MARKET, broken, create_store, doubles, read_market
from month.story import Month, Played, fill, play
from month.venue import ArchiveVenue

from quantscout.frames import HOUR_MS

HOURS, BEFORE_H = 68, 40
CONTRACTS = ["BTCUSDT", "ETHUSDT", "1INCHUSDT", "XRPUSDT"]


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    """Return what 68 real hours of four contracts came to, 30 hours of them without a run."""
    if not MARKET.is_file():
        pytest.skip(f"the recorded market is not beside this clone: {MARKET.parent}")
    bars = read_market(MARKET)
    bars = bars.filter(bars["contract"].is_in(CONTRACTS))
    last_ms = int(bars["open_ms"].max()) + HOUR_MS  # type: ignore[arg-type] # of an integer column
    with doubles():
        month = Month(create_store(), [ArchiveVenue("binance", bars)], 120)
        first_ms = last_ms - (HOURS - 1) * HOUR_MS
        fill(month, first_ms - BEFORE_H * HOUR_MS, BEFORE_H, lambda _: None)
        yield play(month, first_ms, HOURS, lambda _: None)


def test_the_state_equals_the_archive(played: Played) -> None:
    """Every bar of the history, bit for bit, folded days and healed hours included."""
    assert (played.differences, played.rows) == (0, 120 * len(CONTRACTS))


def test_the_gap_heals_by_the_first_run(played: Played) -> None:
    """Thirty hours without a run are closed by the next one."""
    assert played.healed_after_h == 0


def test_days_were_folded(played: Played) -> None:
    """A month that never folded would prove little."""
    assert any("bars_days" in spent["by_kind"] for spent in played.backfills.spent)


def test_a_difference_is_told(played: Played) -> None:
    """One row that is not the archive's ends the command with a failure."""
    assert not broken(played)
    worse = Played(played.hours, played.backfills, differences=1, rows=played.rows)
    assert "1 of" in broken(worse)


def test_the_month_is_a_month() -> None:
    """The full size reads as much as the product does."""
    assert HISTORY_H == 720
