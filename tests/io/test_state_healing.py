"""Self-healing: missed hours are found and asked for again, what hurts most first, and half an answer is none."""

import polars as pl
import pytest
from fake_market import NOON, NOON_MS
from world import World

from quantscout.errors import SourceError
from quantscout.frames import HOUR_MS
from quantscout.holes import find_gaps
from quantscout.store import FUNDING_BLOCKS
from quantscout.venue_hour import FIRST_BARS_H

CONTRACT = "C00USDT"


def ages(world: World, hours: int, contract: str = CONTRACT) -> set[int]:
    """Return how many hours before that hour each stored bar of a contract opens."""
    hour_ms = NOON_MS + hours * HOUR_MS
    bars = world.store.load_bars("binance", hour_ms - 200 * HOUR_MS, hour_ms).filter(pl.col("contract") == contract)
    return {(hour_ms - open_ms) // HOUR_MS for open_ms in bars["open_ms"]}


def without(world: World, hours: list[int], contract: str = CONTRACT) -> None:
    """Let Binance leave out a contract's bars that open so many hours before noon."""
    gone = (pl.col("contract") == contract) & pl.col("open_ms").is_in([NOON_MS - h * HOUR_MS for h in hours])
    world.binance.change_bars = lambda bars: bars.filter(~gone)


def whole(world: World) -> None:
    """Let Binance answer everything again."""
    world.binance.change_bars = lambda bars: bars


def test_a_gap_of_thirty_hours_heals_by_the_next_run(world: World) -> None:
    """After hours without any run the first one brings them all, with one request per contract."""
    world.screen()
    world.forget_calls()
    world.next_hour(31 - 1)
    assert ages(world, 30) >= set(range(1, FIRST_BARS_H + 1))
    assert len([call for call in world.binance.calls("bars", CONTRACT) if call.interval_ms == HOUR_MS]) == 1


def test_a_hole_below_the_newest_bar_is_found(world: World) -> None:
    """A contract whose answer lacked some bars is asked from before the hole on; nothing else costs more."""
    without(world, [20, 21, 40])
    world.screen()
    assert not ages(world, 0) & {20, 21, 40}
    whole(world)
    world.forget_calls()
    world.next_hour()
    [call] = [call for call in world.binance.calls("bars", CONTRACT) if call.interval_ms == HOUR_MS]
    assert (NOON_MS - call.since_ms) // HOUR_MS == 41
    assert ages(world, 1) >= set(range(1, FIRST_BARS_H + 1))


def test_a_hole_alone_is_not_polled(world: World) -> None:
    """A venue that has no such bar is asked once an hour: waiting for it would bring nothing."""
    without(world, [20])
    world.screen()
    world.screen()
    assert world.clock.slept == []


def test_what_is_older_than_the_runs_reach_is_the_backfills(world: World) -> None:
    """A hole of five days ago is not asked for by the run, and is closed by the backfill."""
    without(world, [110])
    world.backfill()
    whole(world)
    world.screen()
    assert 110 not in ages(world, 0)
    world.backfill()
    assert 110 in ages(world, 0)


def test_a_contract_that_comes_back_has_its_own_hours(world: World) -> None:
    """After an absence the hours in between are asked for, not taken from before it."""
    world.screen()
    world.binance.change_listing = lambda frame: frame.filter(pl.col("contract") != CONTRACT)
    world.next_hour(10)
    world.binance.change_listing = lambda frame: frame
    done = world.next_hour(20)
    assert ages(world, 20) >= set(range(1, FIRST_BARS_H + 1))
    assert (done.of(CONTRACT, "bar_age_h"), done.fate(CONTRACT)) != (10, "ranked")


def test_settlements_of_an_absence_are_asked_for(world: World) -> None:
    """The sweep over all contracts reaches back to the others' newest: who was away longer is asked for alone."""
    world.screen()
    newest = world.store.load(FUNDING_BLOCKS, "binance", 0, NOON_MS).filter(pl.col("contract") == CONTRACT)
    assert newest.height > 0
    world.forget_calls()
    sweep = world.binance.fetch_funding_of_all

    async def without_one(since_ms: int, until_ms: int) -> pl.DataFrame:
        return (await sweep(since_ms, until_ms)).filter(pl.col("contract") != CONTRACT)

    world.binance.fetch_funding_of_all = without_one  # type: ignore[method-assign]
    world.next_hour(13)
    world.next_hour(28)
    held = world.store.load(FUNDING_BLOCKS, "binance", NOON_MS - 24 * HOUR_MS, NOON_MS + 29 * HOUR_MS)
    times = held.filter((pl.col("contract") == CONTRACT) & (pl.col("settled_ms") > NOON_MS))["settled_ms"]
    assert sorted((ms - NOON_MS) // HOUR_MS for ms in times) == [4, 12, 20, 28]


def test_a_bar_without_its_taker_volume_is_asked_for_again(world: World) -> None:
    """Binance tells it of every bar: a row without is half an answer, is not stored, and comes whole later."""
    half = (pl.col("contract") == CONTRACT) & (pl.col("open_ms") == NOON_MS - HOUR_MS)
    world.binance.change_bars = lambda bars: bars.with_columns(
        taker_buy_usdt=pl.when(~half).then(pl.col("taker_buy_usdt"))
    )
    report = world.screen().report
    assert ("bar_taker_missing", [CONTRACT]) in [
        (error.reason, error.contracts) for error in report.sources["binance"].errors
    ]
    assert 1 not in ages(world, 0)
    whole(world)
    world.next_hour()
    assert 2 in ages(world, 1)
    bars = world.store.load_bars("binance", NOON_MS - 10 * HOUR_MS, NOON_MS + HOUR_MS)
    assert bars["taker_buy_usdt"].null_count() == 0


def test_a_venue_without_taker_volumes_needs_none(world: World) -> None:
    """KuCoin has none by nature, and an old recording of Binance has none at all."""
    world.binance.change_bars = lambda bars: bars.with_columns(taker_buy_usdt=pl.lit(None, pl.Float64))
    report = world.screen().report
    assert not [error for error in report.sources["binance"].errors if "taker" in error.reason]
    assert not [error for error in report.sources["kucoin"].errors if "taker" in error.reason]


def test_a_failed_hour_is_brought_by_the_next(world: World) -> None:
    """A venue that was out for an hour leaves no hole behind."""
    world.screen()
    world.binance.out = SourceError("binance", "unavailable", "connection refused")
    world.next_hour(1)
    world.binance.out = None
    world.next_hour(2)
    assert ages(world, 2) >= set(range(1, FIRST_BARS_H + 1))


def gaps_of(missing: dict[str, list[int]]) -> list[str]:
    """Return the contracts in the order in which they are asked for; missing hours are counted before noon."""
    listing = pl.DataFrame({"venue": "v", "contract": sorted(missing), "lot_coins": 1.0, "listed_ms": 0})
    rows = [
        ("v", name, NOON_MS - hour * HOUR_MS)
        for name, hours in missing.items()
        for hour in range(1, 241)
        if hour not in hours
    ]
    held = pl.DataFrame(rows, schema={"venue": pl.String, "contract": pl.String, "open_ms": pl.Int64}, orient="row")
    return [gap.contract.name for gap in find_gaps(listing, held, NOON_MS - 240 * HOUR_MS, NOON_MS)]


@pytest.mark.parametrize(
    ("missing", "order"),
    [
        ({"A": [200], "B": [10], "C": []}, ["B", "A"]),
        ({"A": [100], "B": [200], "C": [61]}, ["B", "A", "C"]),
        ({"A": [5], "B": [60, 200], "C": [1]}, ["B", "A", "C"]),
        ({"B": [7], "A": [7]}, ["A", "B"]),
    ],
)
def test_what_hurts_most_is_asked_for_first(missing: dict[str, list[int]], order: list[str]) -> None:
    """A gap in the last 60 h keeps a contract from ranking; after those, the longest missing first."""
    assert gaps_of(missing) == order


def test_noon_is_noon() -> None:
    """The hours above are counted from it."""
    assert int(NOON.timestamp() * 1000) == NOON_MS
