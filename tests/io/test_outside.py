"""Attention, dominance, and the sources with keys: with them, without, and out of order."""

from datetime import timedelta

import pytest
from fake_market import NOON_MS
from keyed import COINGECKO, missing, with_coingecko
from world import World

from quantscout.frames import DAY_MS, HOUR_MS, conform
from quantscout.outside import dominance_change
from quantscout.sources import NO_KEY
from quantscout.store import DOMINANCE, DOMINANCE_BLOCKS
from venues.script import Script


def test_without_a_key_a_source_is_off_and_said(world: World) -> None:
    """No key is no failure: the source says so, no warning is raised, and the social factor is missing."""
    done = world.screen()
    state = done.report.sources["coingecko"]
    assert (state.ok, state.note, state.errors) == (False, NO_KEY, [])
    assert not done.report.warnings
    assert missing(done) == {"social"}


def test_with_a_key_attention_counts(world: World) -> None:
    """What is searched for has 16 minus its rank, everything else has 0, and nothing is missing."""
    with_coingecko(world, "ETH", "C03")
    done = world.screen()
    assert (done.of("C03USDT", "trending_points"), done.of("C04USDT", "trending_points")) == (14.0, 0.0)
    assert missing(done) == set()
    assert done.report.sources["coingecko"].ok


def test_an_outage_of_coingecko_costs_only_its_factor(world: World) -> None:
    """The hour ranks without it, and the picks name what was missing."""
    world.coingecko = Script()
    done = world.screen()
    assert (done.report.status, missing(done)) == ("ok", {"social"})


def test_half_an_outage_of_coingecko_keeps_the_other_half(world: World) -> None:
    """Attention counts although dominance could not be read."""
    script = with_coingecko(world, "C03")
    del script.replies[f"{COINGECKO}/global"]
    done = world.screen()
    assert done.of("C03USDT", "trending_points") == 15.0


def test_without_supply_attention_is_missing(world: World) -> None:
    """What is searched for cannot be matched to a coin without CoinGecko's ids: the factor is missing, not zero."""
    script = with_coingecko(world, "C03")
    del script.replies[f"{COINGECKO}/coins/markets"]
    assert missing(world.screen()) == {"social"}


def test_age_of_the_supply_that_is_used_is_told(world: World) -> None:
    """It is read about once a day: an hour later it is an hour old; where none is used there is no age."""
    assert world.screen().report.sources["coingecko"].data_age_s is None
    with_coingecko(world)
    assert world.screen().report.sources["coingecko"].data_age_s == 0
    assert world.next_hour().report.sources["coingecko"].data_age_s == 3_600


def test_dominance_is_unknown_until_seven_days_are_stored(world: World) -> None:
    """The first hour knows no change."""
    with_coingecko(world)
    assert {"btc_dominance_change_7d_points", "usdt_dominance_change_7d_points"} <= {
        *world.screen().report.regime.unknown
    }


def test_dominance_changes_against_seven_days_ago(world: World) -> None:
    """With a stored value of a week before, the change is in points."""
    with_coingecko(world)
    week_ago = NOON_MS - 7 * DAY_MS
    world.store.save(DOMINANCE_BLOCKS, "all", [(week_ago, conform([(week_ago, 53.5, 5.25)], DOMINANCE))])
    inputs = world.screen().report.regime.inputs
    assert (inputs["btc_dominance_change_7d_points"], inputs["usdt_dominance_change_7d_points"]) == (1.5, -0.25)


@pytest.mark.parametrize(
    ("age_h", "change"), [(7 * 24 - 1, None), (7 * 24, 1.5), (7 * 24 + 3, 1.5), (7 * 24 + 4, None)]
)
def test_the_value_of_a_week_ago_may_be_three_hours_older(age_h: int, change: float | None) -> None:
    """Never younger than a week, and not much older: otherwise the change is unknown."""
    held = conform([(NOON_MS - age_h * HOUR_MS, 53.5, 5.0)], DOMINANCE)
    now = conform([(NOON_MS, 55.0, 5.0)], DOMINANCE)
    assert dominance_change(held, now, NOON_MS)["btc_pct"] == change


def test_a_replayed_hour_takes_nothing_that_is_said_now(world: World) -> None:
    """Two hours later CoinGecko speaks of another hour: it is not asked, nothing is kept, and the report says so."""
    script = with_coingecko(world, "C03")
    world.clock.at += timedelta(hours=2)
    done = world.screen()
    assert done.report.sources["coingecko"].note.startswith("what it says now is not of this hour")
    assert script.asked == []
    assert world.store.load(DOMINANCE_BLOCKS, "all", NOON_MS, NOON_MS).is_empty()
