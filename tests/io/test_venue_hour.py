"""One venue's part of an hour: its clock, its listing, its bars, those that come late, and what is new."""

from datetime import timedelta

import polars as pl
import pytest
from fake_market import NOON, NOON_MS
from world import World

from quantscout.errors import SourceError
from quantscout.frames import HOUR_MS
from quantscout.venue_hour import FIRST_BARS_H


def hourly(world: World, contract: str) -> list[tuple[int, int]]:
    """Return the ranges of 1h bars that Binance was asked for, in hours from noon."""
    asked = [call for call in world.binance.calls("bars", contract) if call.interval_ms == HOUR_MS]
    return [((call.since_ms - NOON_MS) // HOUR_MS, (call.until_ms - NOON_MS) // HOUR_MS) for call in asked]


@pytest.mark.parametrize(("drift_s", "said"), [(1.9, None), (3.0, "+3.0 s"), (-3.0, "-3.0 s")])
def test_a_drift_over_two_seconds_is_reported(world: World, drift_s: float, said: str | None) -> None:
    """A small drift is corrected for in silence, a larger one is named."""
    world.binance.drift_s = drift_s
    report = world.screen().report
    notes = [warning for warning in report.warnings if "clock" in warning]
    assert notes == ([f"binance: the venue's clock is {said} from ours; corrected"] if said else [])
    assert report.sources["binance"].ok


@pytest.mark.parametrize("drift_s", [31.0, -31.0])
def test_a_drift_over_thirty_seconds_fails_the_venue(world: World, drift_s: float) -> None:
    """A clock that is far off cannot say which bars are closed."""
    world.binance.drift_s = drift_s
    state = world.screen().report.sources["binance"]
    assert (state.ok, state.note) == (False, f"clock_drift: the venue's clock is {drift_s:+.1f} s from ours")


def test_nothing_is_fetched_before_five_seconds_after_the_hour(world: World) -> None:
    """A run that starts at once waits until the bars are final."""
    world.clock.at = NOON + timedelta(seconds=1)
    world.screen()
    assert world.clock.slept == [4.0, 4.0]


def test_the_wait_goes_by_the_venues_clock(world: World) -> None:
    """A venue whose clock is behind is waited for longer, one that is ahead shorter."""
    world.clock.at = NOON + timedelta(seconds=4)
    world.binance.drift_s, world.kucoin.drift_s = -3.0, 2.0
    world.screen()
    assert world.clock.slept == [4.0]


def test_a_snapshot_after_the_wait_is_of_this_hour(world: World) -> None:
    """A venue whose clock was still in the hour before is listed after the wait: nothing is left out."""
    world.clock.at = NOON + timedelta(milliseconds=300)
    world.binance.drift_s = -1.0
    done = world.screen()
    assert not [warning for warning in done.report.warnings if "not of this hour" in warning]
    assert done.report.status == "ok"


def test_a_late_bar_is_asked_for_again(world: World) -> None:
    """Only the contract without its bar is polled, every ten seconds, and ranks like any other then."""
    world.binance.late_until_ms["C00USDT"] = NOON_MS + 35_000
    done = world.screen()
    assert (len(hourly(world, "C00USDT")), len(hourly(world, "C01USDT"))) == (4, 1)
    assert done.of("C00USDT", "bar_age_h") == 0
    assert done.report.sources["binance"].late == 0


def test_a_bar_that_never_comes_makes_its_contract_late(world: World) -> None:
    """Polling ends 90 seconds after the hour; the contract cannot be ranked and is counted."""
    world.binance.late_until_ms["C00USDT"] = NOON_MS + HOUR_MS
    done = world.screen()
    assert (done.fate("C00USDT"), done.of("C00USDT", "reason_value")) == ("late", "1.0")
    assert done.report.sources["binance"].late == 1
    assert world.clock.now() <= NOON + timedelta(seconds=90)


def test_a_failed_request_for_bars_is_tried_again(world: World) -> None:
    """A contract whose request failed is polled with the late ones, and its problem is counted once."""
    world.binance.failing["bars", "C00USDT"] = SourceError("binance", "timeout", "10 s")
    done = world.screen()
    assert (len(hourly(world, "C00USDT")), done.fate("C00USDT")) == (9, "no_bars")
    assert [(error.reason, error.count) for error in done.report.sources["binance"].errors] == [("bars_timeout", 1)]


def test_a_bar_that_fails_verification_is_dropped_and_counted(world: World) -> None:
    """A row that is not possible never enters the state, and the report says so."""
    bad = (pl.col("contract") == "C03USDT") & (pl.col("open_ms") == NOON_MS - 5 * HOUR_MS)
    world.binance.change_bars = lambda bars: bars.with_columns(
        high=pl.when(bad).then(pl.col("low") / 2).otherwise("high")
    )
    report = world.screen().report
    assert [(error.reason, error.contracts) for error in report.sources["binance"].errors] == [
        ("bar_high_low_inconsistent", ["C03USDT"])
    ]
    stored = world.store.load_bars("binance", NOON_MS - 100 * HOUR_MS, NOON_MS)
    assert stored.filter(bad).is_empty()


def test_a_banned_source_is_not_polled(world: World) -> None:
    """Waiting cures no ban: the contract is asked for once, and its problem is counted once."""
    world.binance.failing["bars", "C00USDT"] = SourceError("binance", "banned", "left alone")
    done = world.screen()
    assert len(hourly(world, "C00USDT")) == 1
    assert [(e.reason, e.count) for e in done.report.sources["binance"].errors] == [("bars_banned", 1)]


def test_a_late_contract_does_not_hide_what_was_dropped(world: World) -> None:
    """Problems of the first round are reported although a second one followed."""
    bad = (pl.col("contract") == "C03USDT") & (pl.col("open_ms") == NOON_MS - 5 * HOUR_MS)
    world.binance.change_bars = lambda bars: bars.with_columns(
        high=pl.when(bad).then(pl.col("low") / 2).otherwise("high")
    )
    world.binance.late_until_ms["C00USDT"] = NOON_MS + 15_000
    report = world.screen().report
    assert [error.reason for error in report.sources["binance"].errors] == ["bar_high_low_inconsistent"]


def test_the_first_hour_asks_for_what_every_gate_needs(world: World) -> None:
    """Without state a contract is asked for once, for the bars of one cheap request."""
    world.screen()
    assert hourly(world, "C00USDT") == [(-FIRST_BARS_H, 0)]


def test_the_second_hour_asks_only_for_what_is_new(world: World) -> None:
    """With state the request starts at the newest bar that is held, which anchors the filling of omitted ones."""
    world.screen()
    world.forget_calls()
    world.next_hour()
    assert hourly(world, "C00USDT") == [(-1, 1)]


def test_a_repeated_hour_asks_for_no_bars(world: World) -> None:
    """Contracts whose bar of the hour is held are not asked for again."""
    world.screen()
    world.forget_calls()
    world.screen()
    assert hourly(world, "C00USDT") == []


def test_a_late_contract_is_asked_for_in_the_next_hour(world: World) -> None:
    """What was late is made up for from the last bar that is held."""
    world.binance.late_until_ms["C00USDT"] = NOON_MS + 20 * 60_000
    world.screen()
    world.forget_calls()
    done = world.next_hour()
    assert (hourly(world, "C00USDT"), done.of("C00USDT", "history_h")) == ([(-2, 1)], FIRST_BARS_H + 1)


def test_a_snapshot_of_another_hour_is_left_out_and_said(world: World) -> None:
    """Spread, funding and open interest of a later hour would look ahead."""
    world.clock.at = NOON + timedelta(hours=3)
    done = world.screen()
    said = "spread, funding and open interest of 2026-03-01T15:00:00Z are not of this hour and were left out"
    assert {f"{venue.name}: {said}" for venue in world.venues} <= {*done.report.warnings}
    assert done.universe.select("bid", "ask", "funding_rate_ratio").null_count().row(0) == (done.universe.height,) * 3


def test_a_book_of_another_hour_is_left_out_and_said(world: World) -> None:
    """A book that was put together in the next hour would look ahead: its contract has no depth."""
    world.clock.at = NOON + timedelta(minutes=59, seconds=50)
    world.binance.book_age_ms = -15_000
    done = world.screen()
    asked = len(world.binance.calls("order_book"))
    assert f"binance: {asked} order books are not of this hour and were left out" in done.report.warnings
    assert done.fate("C00USDT") == "depth_unknown"


def test_a_venue_without_eligible_contracts_is_asked_for_nothing_more(world: World) -> None:
    """Nothing is requested per contract where nothing may be ranked."""
    world.kucoin.change_listing = lambda frame: frame.with_columns(ineligible=pl.lit("not_trading"))
    done = world.screen()
    assert not world.kucoin.calls("bars")
    assert done.report.funnel.by_reason["not_trading"] == len(world.kucoin.coins)
