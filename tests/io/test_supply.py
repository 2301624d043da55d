"""Supply: read about once a day, kept with its hour, used until it is too old, and only for the coin that it is of."""

from typing import Any, cast

import pytest
from fake_market import BY_BASE, NOON_MS
from keyed import COINGECKO, pages, with_coingecko
from world import World

from quantscout.errors import SourceError
from quantscout.outside import SUPPLY_PAGES, refresh_h
from quantscout.settings import Settings
from venues.script import Script


def test_supplies_that_agree_give_a_market_cap(world: World) -> None:
    """Within 25 % the venue's own figure stands."""
    with_coingecko(world, C03=1.2)
    done = world.screen()
    assert done.of("C03USDT", "market_cap_usd") == pytest.approx(
        BY_BASE["C03"].supply_coins * float(str(done.of("C03USDT", "price")))
    )


def test_supplies_that_disagree_leave_the_market_cap_unknown(world: World) -> None:
    """Unknown is not small: the contract passes no gate that needs its market cap."""
    with_coingecko(world, C03=2.0)
    done = world.screen()
    assert (done.of("C03USDT", "market_cap_usd"), done.fate("C03USDT")) == (None, "market_cap_unknown")


def test_two_coins_of_one_ticker_and_price_are_no_match(world: World) -> None:
    """Tickers collide; where the price cannot tell them apart, neither is taken."""
    script = with_coingecko(world, "C03")
    rows = script.replies[f"{COINGECKO}/coins/markets"]
    rows.append(next(row for row in rows if row["symbol"] == "c03") | {"id": "another"})
    assert world.screen().of("C03USDT", "trending_points") == 0.0


def test_supply_is_read_once_a_day(world: World) -> None:
    """The second hour uses the first one's supply; after a day it is read again."""
    script = with_coingecko(world)
    world.screen()
    assert pages(script) == 1
    world.next_hour()
    assert pages(script) == 1
    world.next_hour(24)
    assert pages(script) == 2


@pytest.mark.parametrize(("max_age_h", "age_h"), [(24, 12), (72, 24), (168, 24)])
def test_supply_is_read_again_after_a_day_or_half_its_life(max_age_h: float, age_h: int) -> None:
    """Early enough for some attempts before the figures are void, and not more often than needed."""
    assert refresh_h(Settings(supply_max_age_h=max_age_h)) == age_h


def test_supply_outlives_a_day_without_coingecko(world: World) -> None:
    """Until it is too old the last figure stands, with its age; the note of the source says so."""
    world.settings = world.settings.model_copy(update={"supply_max_age_h": 72.0})
    with_coingecko(world)
    world.screen()
    world.coingecko = Script()
    done = world.next_hour(30)
    assert done.of("C03USDT", "supply_coingecko_coins") == pytest.approx(BY_BASE["C03"].supply_coins)
    note = done.report.sources["coingecko"].note
    assert note.endswith("; its supply read 30 h ago stands until it is 72 h old")


def test_supply_is_void_when_it_is_too_old(world: World) -> None:
    """After its last hour it is unknown, and the failure no longer speaks of it."""
    world.settings = world.settings.model_copy(update={"supply_max_age_h": 24.0})
    with_coingecko(world)
    world.screen()
    world.coingecko = Script()
    done = world.next_hour(24)
    assert done.of("C03USDT", "supply_coingecko_coins") is None
    assert "stands until" not in done.report.sources["coingecko"].note


def test_the_age_of_the_supply_is_with_the_market_cap(world: World) -> None:
    """Six hours after the reading it is six hours old, and both sources' figures are there."""
    with_coingecko(world, C03=1.2)
    world.screen()
    done = world.next_hour(6)
    assert done.of("C03USDT", "supply_age_h") == 6
    assert done.of("C03USDT", "supply_difference_pct") == pytest.approx(-100 / 6)


def test_a_newer_supply_takes_the_place_of_the_older(world: World) -> None:
    """After a day the figure read then counts, though the older one is still stored."""
    world.settings = world.settings.model_copy(update={"supply_max_age_h": 72.0})
    with_coingecko(world)
    world.screen()
    with_coingecko(world, hours=24, C03=1.1)
    done = world.next_hour(24)
    assert done.of("C03USDT", "supply_coingecko_coins") == pytest.approx(1.1 * BY_BASE["C03"].supply_coins)


def test_a_match_that_falls_takes_its_supply_with_it(world: World) -> None:
    """When CoinGecko's entry no longer has the contract's price, its stored supply is another coin's, perhaps."""
    world.settings = world.settings.model_copy(update={"supply_max_age_h": 72.0})
    script = with_coingecko(world)
    world.screen()
    for row in script.replies[f"{COINGECKO}/coins/markets"]:
        row["current_price"] *= 3
    done = world.next_hour(24)
    assert done.of("C03USDT", "identity_status") == "price_disagrees"
    assert done.of("C03USDT", "supply_coingecko_coins") is None


def test_a_failed_supply_is_tried_again_the_next_hour(world: World) -> None:
    """One page that fails costs the hour its supply, and the next hour asks again."""
    script = with_coingecko(world)
    rows = script.replies.pop(f"{COINGECKO}/coins/markets")
    world.screen()
    script.replies[f"{COINGECKO}/coins/markets"] = rows
    assert world.next_hour().of("C03USDT", "supply_coingecko_coins") is not None


def test_a_silent_coingecko_is_not_asked_for_pages(world: World) -> None:
    """When neither attention nor dominance came, eight pages would only cost the month's calls."""
    script = world.coingecko = Script()
    world.screen()
    assert pages(script) == 0


def test_a_month_of_calls_is_within_the_allowance(world: World) -> None:
    """Two calls an hour and the pages twice a day; even if the last page failed every hour it is below 10,000."""
    script = with_coingecko(world)
    world.screen()
    with_pages = len(script.asked) - 1 + SUPPLY_PAGES  # the small market fits into one page
    before = len(script.asked)
    world.next_hour()
    without = len(script.asked) - before
    assert (without, with_pages) == (2, 10)
    assert 744 * without + 62 * SUPPLY_PAGES == 1_984
    assert 744 * with_pages < 10_000


def test_coins_are_confirmed_between_two_readings(world: World) -> None:
    """In hours in which CoinGecko's prices are not read, its last verdict stands with its hour."""
    with_coingecko(world)
    world.screen()
    done = world.next_hour(3)
    assert done.of("C03USDT", "coin_id") == "id-c03"
    (proof,) = (p for p in cast("Any", done.of("C03USDT", "coin_evidence")) if p["source"] == "coingecko")
    assert (proof["verdict"], proof["read_ms"]) == ("agrees", NOON_MS)


def test_an_ambiguous_coin_stays_so_between_two_readings(world: World) -> None:
    """Its market cap is unknown in every hour of the day, not only in that of the reading."""
    script = with_coingecko(world)
    rows = script.replies[f"{COINGECKO}/coins/markets"]
    rows.append(next(row for row in rows if row["symbol"] == "c03") | {"id": "another"})
    world.screen()
    done = world.next_hour()
    assert (done.of("C03USDT", "identity_status"), done.of("C03USDT", "market_cap_usd")) == ("ambiguous", None)


def test_stored_supply_serves_while_coingecko_is_out(world: World) -> None:
    """An outage of one hour does not lose what the day's reading brought."""
    with_coingecko(world)
    caps = world.screen().universe["market_cap_usd"].count()
    world.coingecko = Script()
    done = world.next_hour()
    assert done.universe["market_cap_usd"].count() >= caps
    assert not done.report.sources["coingecko"].ok
    assert any(warning.startswith("coingecko is out: ") for warning in done.report.warnings)


def test_a_confirmed_prefix_is_remembered_for_a_day(world: World) -> None:
    """What was confirmed once stands while the source of the confirmation is out."""
    world.screen()
    world.kucoin.out = SourceError("kucoin", "unavailable", "gone")
    assert world.next_hour().of("1000PEPUSDT", "coin") == "PEP"
