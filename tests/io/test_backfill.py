"""The backfill: what it asks for, that it asks once, that it goes on where it stopped, and that it heals."""

from collections.abc import Callable

import polars as pl
import pytest
from fake_market import BY_BASE, NOON, NOON_MS
from fake_venue import FakeVenue
from world import World

from quantscout import backfill
from quantscout.errors import InputError, SourceError
from quantscout.frames import HOUR_MS
from quantscout.holes import find_gaps
from quantscout.settings import Settings
from quantscout.store import BAR_BLOCKS

HISTORY_H, SLICE_H = 120, 40
SLICES = HISTORY_H // SLICE_H


@pytest.fixture
def world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return the world with a history of 120 bars in three slices: what holds for them holds for a month."""
    monkeypatch.setattr(backfill, "SLICE_H", SLICE_H)
    world.settings = Settings(history_h=HISTORY_H - 1)
    return world


def stored(world: World, contract: str = "C00USDT") -> list[int]:
    """Return how many hours before noon each stored bar of a contract opens, newest first."""
    bars = world.store.load_bars("binance", NOON_MS - 800 * HOUR_MS, NOON_MS).filter(pl.col("contract") == contract)
    return [(NOON_MS - open_ms) // HOUR_MS for open_ms in bars["open_ms"].sort(descending=True)]


def ranges(venue: FakeVenue, contract: str) -> list[tuple[int, int]]:
    """Return the ranges that were asked for, in hours from noon."""
    return [
        ((call.since_ms - NOON_MS) // HOUR_MS, (call.until_ms - NOON_MS) // HOUR_MS)
        for call in venue.calls("bars", contract)
    ]


def looks(count: int) -> Callable[[], float]:
    """Return a clock that has time for so many looks and then runs out."""
    left = iter([900.0] * count)
    return lambda: next(left, 10.0)


def test_an_empty_state_is_filled(world: World) -> None:
    """Every eligible contract has all bars of the history afterwards, and the answer says what was done."""
    filled = world.backfill()
    assert stored(world) == list(range(1, HISTORY_H + 1))
    eligible = len(world.binance.coins) - 1
    assert (filled["binance"].contracts, filled["binance"].remaining, filled["binance"].failed) == (eligible, 0, "")
    assert filled["binance"].rows == HISTORY_H * (eligible - 1) + 3 * 24


def test_a_second_call_asks_for_nothing(world: World) -> None:
    """What is stored is not fetched again."""
    world.backfill()
    world.forget_calls()
    filled = world.backfill()
    assert not world.binance.calls("bars")
    assert (filled["binance"].asked, filled["binance"].rows, filled["binance"].remaining) == (0, 0, 0)


def test_nothing_is_asked_before_a_listing(world: World) -> None:
    """A contract listed three days ago is asked for three days."""
    world.backfill()
    assert ranges(world.binance, "FRESHUSDT") == [(-40, 0), (-72, -40)]


def test_what_may_not_be_ranked_is_not_loaded(world: World) -> None:
    """Contracts outside the universe cost nothing."""
    world.backfill()
    assert not world.binance.calls("bars", "GONEUSDT")


def test_the_newest_bars_come_first(world: World) -> None:
    """A slice at a time, backwards: after the first the cheap gates can be computed."""
    world.backfill()
    assert ranges(world.binance, "C00USDT") == [(-40, 0), (-80, -40), (-120, -80)]


def test_without_time_nothing_is_begun(world: World) -> None:
    """Below the reserve no batch is asked for, and everything remains."""
    filled = world.backfill(lambda: 29.0)["binance"]
    assert not world.binance.calls("bars")
    assert (filled.asked, filled.remaining) == (0, SLICES * (filled.contracts - 1) + 2)


def test_a_stopped_backfill_is_finished_by_the_next_call(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was fetched before the time ran out is stored, and asked for only once over both calls."""
    monkeypatch.setattr(backfill, "BATCH", 5)
    first = world.backfill(looks(12))
    assert first["binance"].remaining > 0
    assert first["binance"].rows > 0
    second = world.backfill()
    assert (second["binance"].remaining, stored(world)) == (0, list(range(1, HISTORY_H + 1)))
    for contract in world.binance.coins:
        asked = ranges(world.binance, contract)
        assert len(asked) == len(set(asked))


def test_a_hole_is_healed_with_the_bars_around_it(world: World) -> None:
    """A gap is asked for from the bar before it to the bar after it, and nothing else is."""
    hole = pl.col("open_ms").is_in([NOON_MS - hours * HOUR_MS for hours in (60, 59, 58)])
    world.binance.change_bars = lambda bars: bars.filter(~((pl.col("contract") == "C00USDT") & hole))
    world.backfill()
    world.binance.change_bars = lambda bars: bars
    world.forget_calls()
    filled = world.backfill()
    assert ranges(world.binance, "C00USDT") == [(-61, -56)]
    assert (len(world.binance.calls("bars")), filled["binance"].rows) == (1, 3)
    assert stored(world) == list(range(1, HISTORY_H + 1))


def test_bars_of_the_hourly_run_are_not_loaded_again(world: World) -> None:
    """The run's own bars count, and the backfill does not write over them."""
    world.screen()
    own = world.store.load(BAR_BLOCKS, "binance", NOON_MS, NOON_MS)
    world.forget_calls()
    world.backfill()
    assert ranges(world.binance, "C00USDT") == [(-120, -97)]
    assert world.store.load(BAR_BLOCKS, "binance", NOON_MS, NOON_MS).equals(own)
    assert stored(world) == list(range(1, HISTORY_H + 1))


def test_a_run_after_the_backfill_has_the_history_and_asks_for_nothing(world: World) -> None:
    """The hour uses the whole history, and no contract's bars are requested."""
    world.backfill()
    world.forget_calls()
    done = world.screen()
    assert done.of("C00USDT", "history_h") == HISTORY_H
    assert not [call for call in world.binance.calls("bars") if call.interval_ms == HOUR_MS]


def test_the_regime_is_known_after_the_backfill(world: World) -> None:
    """Seven days of BTC and ETH are there then; only dominance needs its own days."""
    world.settings = Settings(history_h=170)
    world.backfill()
    unknown = world.screen().report.regime.unknown
    assert unknown == ["btc_dominance_change_7d_points", "usdt_dominance_change_7d_points"]


def test_a_failed_contract_is_counted_and_tried_by_the_next_call(world: World) -> None:
    """One contract's failure costs the others nothing."""
    world.binance.failing["bars", "C00USDT"] = SourceError("binance", "timeout", "10 s")
    filled = world.backfill()["binance"]
    assert filled.problems == SLICES
    assert (stored(world, "C00USDT"), len(stored(world, "C01USDT"))) == ([], HISTORY_H)
    world.binance.failing.clear()
    world.backfill()
    assert len(stored(world, "C00USDT")) == HISTORY_H


def test_a_venue_that_is_out_does_not_stop_the_other(world: World) -> None:
    """The answer names the failed venue, the other one is filled."""
    world.kucoin.out = SourceError("kucoin", "blocked_region", "451")
    filled = world.backfill()
    assert filled["kucoin"].failed.endswith("blocked_region: 451")
    assert (filled["kucoin"].rows, filled["binance"].remaining) == (0, 0)


def test_all_venues_out_is_a_source_error(world: World) -> None:
    """Where nothing could be opened there is nothing to report as done."""
    for venue in world.venues:
        venue.out = SourceError(venue.name, "unavailable", "connection refused")
    with pytest.raises(SourceError, match=r"all venues: unavailable: .*connection refused"):
        world.backfill()


def test_bars_that_fail_verification_are_not_stored(world: World) -> None:
    """An impossible row never enters the state; the hole stays a hole."""
    bad = (pl.col("contract") == "C00USDT") & (pl.col("open_ms") == NOON_MS - 50 * HOUR_MS)
    world.binance.change_bars = lambda bars: bars.with_columns(close=pl.when(bad).then(-1.0).otherwise("close"))
    world.backfill()
    assert 50 not in stored(world)
    assert len(stored(world)) == HISTORY_H - 1


def test_nothing_later_than_the_hour_is_stored(world: World) -> None:
    """A backfill that is called late for an earlier hour stops at its hour."""
    world.clock.at = NOON.replace(hour=18)
    world.backfill()
    later = world.store.load_bars("binance", NOON_MS + HOUR_MS, NOON_MS + 10 * HOUR_MS)
    assert (later.height, stored(world)[0]) == (0, 1)


def test_an_hour_in_the_future_is_refused(world: World) -> None:
    """As the run, the backfill knows no future."""
    world.clock.at = NOON.replace(hour=11)
    with pytest.raises(InputError, match="has not closed yet"):
        world.backfill()


def test_a_listing_within_the_hour_leaves_no_gap() -> None:
    """A coin that has no whole bar yet is asked for nothing."""
    listing = pl.DataFrame({"venue": ["v"], "contract": ["X"], "lot_coins": [1.0], "listed_ms": [NOON_MS - 1]})
    held = pl.DataFrame(schema={"venue": pl.String, "contract": pl.String, "open_ms": pl.Int64})
    assert find_gaps(listing, held, NOON_MS - 240 * HOUR_MS, NOON_MS) == []


def test_the_fresh_coin_is_fresh() -> None:
    """The made market's young coin is three days old, which the counts above rely on."""
    assert NOON_MS - BY_BASE["FRESH"].listed_ms == 72 * HOUR_MS
