"""The calls per contract: what is asked for the shortlist, and how little of it in the next hour."""

import polars as pl
from fake_market import NOON_MS
from world import World

from quantscout.details import OPEN_INTEREST_FIRST_H
from quantscout.errors import SourceError
from quantscout.frames import DAY_MS, HOUR_MS, MINUTE_MS
from quantscout.store import OPEN_INTEREST_BLOCKS

ONE = "C03USDT"


def test_the_first_hour_asks_for_open_interest_as_far_as_one_request_reaches(world: World) -> None:
    """Without state each venue is asked for what one of its answers holds, the hour itself included."""
    world.screen()
    [asked] = world.binance.calls("open_interest", ONE)
    assert (asked.since_ms, asked.until_ms) == (NOON_MS - OPEN_INTEREST_FIRST_H["binance"] * HOUR_MS, NOON_MS)


def test_the_second_hour_asks_for_open_interest_from_a_day_before_the_newest(world: World) -> None:
    """A short overlap heals what came late; the month is not asked for again."""
    world.screen()
    world.forget_calls()
    world.next_hour()
    [asked] = world.binance.calls("open_interest", ONE)
    assert (asked.since_ms, asked.until_ms) == (NOON_MS - DAY_MS, NOON_MS + HOUR_MS)


def test_a_repeated_hour_asks_for_no_open_interest_and_no_settlement(world: World) -> None:
    """What is held is not asked for again."""
    world.screen()
    world.forget_calls()
    world.screen()
    assert not world.binance.calls("open_interest")
    assert not [call for venue in world.venues for call in venue.calls("funding")]


def test_a_venues_snapshot_saves_the_request(world: World) -> None:
    """Where the listing carries open interest and four hours of it are stored, nobody is asked."""
    world.screen()
    world.forget_calls()
    world.next_hour()
    assert not world.kucoin.calls("open_interest")


def test_the_snapshot_stands_at_the_hour(world: World) -> None:
    """The second venue's open interest of the hour is its listing's, and the change over four hours is known."""
    world.screen()
    done = world.next_hour()
    ranked = done.universe.filter(pl.col("in_scored_set") & (pl.col("venue") == "kucoin"))
    assert ranked["oi_change_4h_pct"].null_count() == 0


def test_a_negative_snapshot_is_dropped_with_a_reason(world: World) -> None:
    """Open interest below zero in a listing stays out of the state, is counted, and the history is asked instead."""
    world.screen()
    one = world.kucoin.calls("open_interest")[0].contract
    world.forget_calls()
    names, interest = pl.col("contract") == one, pl.col("open_interest_coins")
    world.kucoin.change_listing = lambda frame: frame.with_columns(
        pl.when(names).then(-interest).otherwise(interest).alias("open_interest_coins")
    )
    report = world.next_hour().report
    stored = world.store.load(OPEN_INTEREST_BLOCKS, "kucoin", NOON_MS, NOON_MS + HOUR_MS)
    assert stored.filter(interest < 0).is_empty()
    assert "open_interest_negative" in [error.reason for error in report.sources["kucoin"].errors]
    assert world.kucoin.calls("open_interest", one)


def test_one_sweep_brings_the_settlements_of_all(world: World) -> None:
    """Where the venue has them in one answer, a later hour asks once, from the oldest newest settlement on."""
    world.screen()
    assert len(world.binance.calls("funding_of_all")) == 0
    world.forget_calls()
    world.next_hour(4)
    assert len(world.binance.calls("funding_of_all")) == 1
    assert not world.binance.calls("funding", ONE)


def test_a_settlement_is_asked_for_when_it_is_due(world: World) -> None:
    """Without a sweep a contract is asked only when its interval has passed since the newest settlement."""
    world.screen()
    world.forget_calls()
    world.next_hour(3)  # 15:00; the last settlement was at 08:00
    assert not world.kucoin.calls("funding")
    world.next_hour(4)  # 16:00
    assert world.kucoin.calls("funding")


def test_the_last_quarter_of_the_hour_is_asked_for(world: World) -> None:
    """The 15m bar is the one that closes at the hour."""
    world.screen()
    [asked] = [call for call in world.binance.calls("bars", ONE) if call.interval_ms == 15 * MINUTE_MS]
    assert (asked.since_ms, asked.until_ms) == (NOON_MS - 15 * MINUTE_MS, NOON_MS)


def test_only_a_venue_with_long_and_short_accounts_is_asked_for_them(world: World) -> None:
    """What a venue does not offer is not asked, and missing."""
    done = world.screen()
    assert not world.kucoin.calls("long_short")
    assert done.of(ONE, "long_short_ratio") == 1.03


def test_a_failed_call_costs_one_figure_of_one_contract(world: World) -> None:
    """Without open interest the factor drops out, its weight is shared, and the report counts the failure."""
    world.binance.failing["open_interest", ONE] = SourceError("binance", "rate_limited", "429")
    done = world.screen()
    assert (done.of(ONE, "oi_change_norm"), done.of(ONE, "oi_change_weight")) == (None, 0.0)
    assert done.of("C04USDT", "oi_change_norm") is not None
    assert [error.reason for error in done.report.sources["binance"].errors] == ["open_interest_rate_limited"]


def test_a_failed_sweep_falls_to_nobody(world: World) -> None:
    """When all settlements could not be read, the hour goes on with those of the state, and says so."""
    world.screen()
    world.binance.failing["funding_of_all", "*"] = SourceError("binance", "timeout", "10 s")
    report = world.next_hour(4).report
    assert report.status in ("ok", "low_confidence")
    assert [error.reason for error in report.sources["binance"].errors] == ["funding_of_all_timeout"]
