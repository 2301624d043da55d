"""One hour from the venues to the report, over two venues in memory and DynamoDB in memory."""

from datetime import timedelta

import polars as pl
import pytest
from fake_market import COINS, NOON, NOON_MS
from world import World

from quantscout.errors import AnswerError, InputError, Problem, SourceError
from quantscout.frames import HOUR_MS
from quantscout.models import Report
from quantscout.settings import Settings
from quantscout.store import BAR_BLOCKS

OUTAGE = SourceError("binance", "unavailable", "connection refused")


def aged(report: Report) -> str:
    """Return the published text but for the time at which it was made."""
    return report.model_copy(update={"generated_at": ""}).to_json()


def test_an_hour_ends_in_five_picks(world: World) -> None:
    """Two sound venues and an empty state are enough for a sound report."""
    report = world.screen().report
    assert (report.status, report.hour, len(report.ranked_gems)) == ("ok", "2026-03-01T12:00:00Z", 5)
    assert all(report.sources[name].ok and not report.sources[name].errors for name in ("binance", "kucoin"))


def test_every_listed_contract_has_one_fate(world: World) -> None:
    """Ranked plus rejected by reason is what was listed, and the universe has one row per listed contract."""
    done = world.screen()
    funnel = done.report.funnel
    assert (
        funnel.ranked + sum(funnel.by_reason.values())
        == funnel.listed
        == sum(len(venue.coins) for venue in world.venues)
    )
    assert done.universe.select("venue", "contract").is_unique().all()
    assert done.universe.filter(pl.col("reason").is_null() != (pl.col("fate") == "ranked")).is_empty()


def test_a_run_leaves_its_report_and_its_universe_in_the_state(world: World) -> None:
    """What is returned is what can be read again."""
    done = world.screen()
    assert done.is_new
    assert world.store.load_report(NOON_MS) == done.report
    picks = done.universe.filter(pl.col("rank") <= 5).sort("rank")
    assert picks["symbol"].to_list() == [gem.symbol for gem in done.report.ranked_gems]


def test_the_same_hour_twice_is_the_same_report(world: World) -> None:
    """A repeated delivery changes nothing but the time at which the report was made."""
    first = world.screen().report
    world.clock.at += timedelta(minutes=4)
    second = world.screen().report
    assert aged(second) == aged(first)
    assert second.generated_at != first.generated_at


def test_what_closes_after_the_hour_changes_nothing(world: World) -> None:
    """With everything later deleted at the venues, a run late in the hour gives the same report."""
    world.clock.at = NOON + timedelta(minutes=59)
    for venue in world.venues:
        venue.cut_ms = NOON_MS
    cut = world.screen().report
    fresh = World(world.store)
    fresh.clock.at = NOON + timedelta(minutes=59)
    assert aged(fresh.screen().report) == aged(cut)


ASKED_LATER = ("price", "snapshot_ms", "coin_evidence")
"""What a run notes of the moment in which it asked; no figure of the hour is made of it."""


def test_a_late_run_reads_nothing_later_than_its_hour(world: World) -> None:
    """Asked 20 hours later, nothing of those 20 hours is in the universe."""
    world.clock.at = NOON + timedelta(hours=20)
    uncut = world.screen().universe
    for venue in world.venues:
        venue.cut_ms = NOON_MS
    cut = world.screen().universe
    assert uncut.drop(ASKED_LATER).equals(cut.drop(ASKED_LATER))


def test_a_replay_that_sees_nothing_leaves_the_report_of_its_hour(world: World) -> None:
    """Hours later spread and funding of the hour are gone: the stored report stands, and is said not to be new."""
    first = world.screen()
    world.clock.at = NOON + timedelta(hours=20)
    replayed = world.screen()
    assert (replayed.report, replayed.is_new) == (first.report, False)
    assert replayed.universe.equals(first.universe.select(replayed.universe.columns))
    assert world.store.load_report(NOON_MS) == first.report


def test_a_venue_that_is_out_is_named_and_the_other_ranks(world: World) -> None:
    """One venue's outage is data: the report says which and why, and the picks come from the other."""
    world.binance.out = OUTAGE
    report = world.screen().report
    assert not report.sources["binance"].ok
    assert "binance is out: unavailable: connection refused" in report.warnings
    assert {gem.exchange for gem in report.ranked_gems} <= {"kucoin"}
    assert report.funnel.listed == len(world.kucoin.coins)


def test_an_answer_that_cannot_be_read_puts_a_venue_out(world: World) -> None:
    """A listing that is not what its documentation promises is treated like an outage."""
    world.kucoin.failing["listing", ""] = AnswerError("kucoin", "data.0.symbol", "missing")
    state = world.screen().report.sources["kucoin"]
    assert (state.ok, [error.reason for error in state.errors]) == (False, ["invalid_answer"])


def test_without_any_venue_there_is_no_data(world: World) -> None:
    """Nothing to rank is a report without picks, not an exception."""
    for venue in world.venues:
        venue.out = OUTAGE
    report = world.screen().report
    assert (report.status, report.ranked_gems, report.funnel.listed) == ("no_data", [], 0)


def test_an_hour_in_the_future_is_refused(world: World) -> None:
    """An hour that has not closed is refused with the latest that can be computed, and nothing is asked."""
    with pytest.raises(
        InputError,
        match=r"2026-03-01T14:00:00Z has not closed yet.*latest that can be computed is 2026-03-01T12:00:00Z",
    ):
        world.screen(NOON + timedelta(hours=2))
    assert not world.binance.asked


def test_a_coin_that_stays_is_not_new(world: World) -> None:
    """Over two hours a pick's count goes up by one, and only newcomers are new."""
    first = {gem.symbol for gem in world.screen().report.ranked_gems}
    second = world.next_hour().report.ranked_gems
    assert {gem.symbol: (gem.is_new, gem.hours_in_list) for gem in second} == {
        gem.symbol: (False, 2) if gem.symbol in first else (True, 1) for gem in second
    }
    assert first & {gem.symbol for gem in second}


def test_an_hour_that_was_skipped_starts_the_count_again(world: World) -> None:
    """A streak is of consecutive hours."""
    world.screen()
    assert all(gem.is_new for gem in world.next_hour(2).report.ranked_gems)


def test_problems_are_counted_by_reason(world: World) -> None:
    """Failures per contract stand in the report once per reason, with a count and examples."""
    for base in ("C00", "C01", "C02"):
        world.binance.failing["order_book", world.binance.contract_of(base)] = SourceError("binance", "timeout", "10 s")
    world.binance.problems.append(Problem("binance", "ODDUSDT", "invalid_row", "price"))
    errors = {error.reason: error for error in world.screen().report.sources["binance"].errors}
    assert (errors["order_book_timeout"].count, errors["order_book_timeout"].contracts) == (
        3,
        ["C00USDT", "C01USDT", "C02USDT"],
    )
    assert (errors["invalid_row"].count, errors["invalid_row"].contracts) == (1, ["ODDUSDT"])


def test_a_contract_without_a_book_is_rejected_for_it(world: World) -> None:
    """An unknown depth passes no gate: the failure of one call costs one contract."""
    world.binance.failing["order_book", "C00USDT"] = SourceError("binance", "timeout", "10 s")
    assert world.screen().fate("C00USDT") == "depth_unknown"


def test_a_setting_that_admits_the_unknown_is_said(world: World) -> None:
    """Gates that let unknown values pass are named in the report."""
    world.settings = Settings(unknown_passes=frozenset({"spread", "depth"}))
    assert "by setting, an unknown value passes these gates: depth, spread" in world.screen().report.warnings


def test_a_unit_prefix_is_confirmed_by_the_other_venue(world: World) -> None:
    """A contract of 1,000 coins is its coin where the other venue's price of one agrees."""
    done = world.screen()
    assert (done.of("1000PEPUSDT", "coin"), done.of("1000PEPUSDT", "multiplier")) == ("PEP", 1000.0)
    assert done.of("1000PEPUSDT", "symbol") == "PEP-USDT-PERP"


def test_an_unconfirmed_unit_prefix_stays_in_the_name(world: World) -> None:
    """With the other venue out nothing confirms the prefix, and the market cap is unknown."""
    world.kucoin.out = OUTAGE
    done = world.screen()
    assert (done.of("1000PEPUSDT", "coin"), done.of("1000PEPUSDT", "market_cap_usd")) == ("1000PEP", None)


def test_an_announced_delisting_is_not_asked_for(world: World) -> None:
    """A contract that never was in the universe has its fate without a request."""
    assert world.screen().fate("GONEUSDT") == "delisting"
    assert not world.binance.calls("bars", "GONEUSDT")


def test_who_was_in_the_universe_keeps_its_bars_when_it_is_to_go(world: World) -> None:
    """A pick whose delisting is announced within its day has an outcome; it is not ranked again, and nobody waits."""
    pick = next(gem for gem in world.screen().report.ranked_gems if gem.exchange == "binance").contract
    leaves = pl.col("contract") == pick
    world.binance.change_listing = lambda frame: frame.with_columns(
        ineligible=pl.when(leaves).then(pl.lit("delisting")).otherwise("ineligible")
    )
    world.binance.late_until_ms[pick] = NOON_MS + 3 * HOUR_MS
    world.forget_calls()
    assert world.next_hour().fate(pick) == "delisting"
    assert len(world.binance.calls("bars", pick)) == 1
    done = world.next_hour(4)
    bars = world.store.load(BAR_BLOCKS, "binance", NOON_MS, NOON_MS + 4 * HOUR_MS).filter(leaves)
    assert bars.filter(pl.col("open_ms") >= NOON_MS)["open_ms"].to_list() == [NOON_MS + k * HOUR_MS for k in range(4)]
    assert (done.fate(pick), done.report.sources["binance"].late) == ("delisting", 0)


def test_only_the_shortlist_is_asked_for_per_contract(world: World) -> None:
    """Contracts that fail a cheap gate cost no order book."""
    done = world.screen()
    large = world.binance.contract_of("C25")
    assert done.fate(large) == "adv30_percentile_high"
    assert not world.binance.calls("order_book", large)
    assert 0 < len(world.binance.calls("order_book")) < len(COINS)


def test_a_listing_younger_than_its_history_is_rejected(world: World) -> None:
    """A contract listed less than 60 hours ago has too short a history."""
    young = NOON_MS - 50 * HOUR_MS
    world.binance.change_listing = lambda frame: frame.with_columns(listed_ms=pl.lit(young))
    world.binance.change_bars = lambda bars: bars.filter(pl.col("open_ms") >= young)
    done = world.screen()
    assert done.fate("C00USDT") == "short_history"
