"""Supply, attention, dominance and aggregates: with keys, without, in disagreement, and out of order."""

from typing import Any

import pytest
from fake_market import BY_BASE, COINS, NOON_MS
from world import Computed, World

from quantscout.errors import SourceError
from quantscout.frames import DAY_MS, HOUR_MS, conform
from quantscout.outside import dominance_change
from quantscout.sources import NO_KEY
from quantscout.store import DOMINANCE, DOMINANCE_BLOCKS
from quantscout.venues import coinalyze
from venues.script import Script

COINGECKO = "/api/v3"
COINALYZE = "/v1"


def markets(world: World, **supply_factor: float) -> list[dict[str, Any]]:
    """Return CoinGecko's rows of all coins at Binance's prices; a factor changes a coin's supply."""
    rows = []
    for coin in COINS:
        contract = world.binance.contract_of(coin.base)
        bars = world.binance.bars_of(contract)
        price = float(bars.filter(bars["open_ms"] == NOON_MS - HOUR_MS)["close"][0]) / world.binance.units(coin.base)
        supply = coin.supply_coins * supply_factor.get(coin.base, 1.0)
        rows.append({
            "id": f"id-{coin.base.lower()}", "symbol": coin.base.lower(), "current_price": price,
            "circulating_supply": supply, "market_cap_rank": None, "last_updated": "2026-03-01T11:59:00Z",
        })  # fmt: skip
    return rows


def with_coingecko(world: World, *trending: str, **supply_factor: float) -> Script:
    """Give the world a CoinGecko that knows every coin, with these searched for."""
    script = world.coingecko = Script()
    script.replies[f"{COINGECKO}/coins/markets"] = markets(world, **supply_factor)
    script.replies[f"{COINGECKO}/search/trending"] = {
        "coins": [{"item": {"id": f"id-{base.lower()}", "symbol": base}} for base in trending]
    }
    script.replies[f"{COINGECKO}/global"] = {"data": {"market_cap_percentage": {"btc": 55.0, "usdt": 5.0}}}
    return script


def pages(script: Script) -> int:
    """Return how many pages of supply were asked for."""
    return sum(path.endswith("/coins/markets") for path, _ in script.asked)


def missing(done: Computed) -> set[str]:
    """Return everything that a pick had to do without."""
    return {name for gem in done.report.ranked_gems for name in gem.missing}


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


def test_stored_supply_serves_while_coingecko_is_out(world: World) -> None:
    """An outage of one hour does not lose what the day's reading brought."""
    with_coingecko(world)
    caps = world.screen().universe["market_cap_usd"].count()
    world.coingecko = Script()
    done = world.next_hour()
    assert done.universe["market_cap_usd"].count() >= caps
    assert not done.report.sources["coingecko"].ok
    assert any(warning.startswith("coingecko is out: ") for warning in done.report.warnings)


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


def test_a_confirmed_prefix_is_remembered_for_a_day(world: World) -> None:
    """What was confirmed once stands while the source of the confirmation is out."""
    world.screen()
    world.kucoin.out = SourceError("kucoin", "unavailable", "gone")
    assert world.next_hour().of("1000PEPUSDT", "coin") == "PEP"


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


def with_coinalyze(world: World) -> Script:
    """Give the world a Coinalyze that covers every contract of Binance, with a ratio of 3 for each."""
    script = world.coinalyze = Script()
    script.replies[f"{COINALYZE}/future-markets"] = [
        {"symbol": f"{contract}_PERP.A", "exchange": "A", "symbol_on_exchange": contract, "base_asset": coin.base,
         "quote_asset": "USDT", "is_perpetual": True} for contract, coin in world.binance.coins.items()
    ]  # fmt: skip
    last_s = NOON_MS // 1000 - 3600
    for path in coinalyze.HISTORIES:
        bucket = {"t": last_s, "c": 1.0, "l": 1.0, "s": 1.0, "r": 3.0, "v": 2.0, "bv": 1.0}
        script.replies[f"{COINALYZE}{path}"] = lambda params, bucket=bucket: [
            {"symbol": symbol, "history": [bucket]} for symbol in params["symbols"].split(",")
        ]
    return script


def test_only_finalists_are_asked_of_coinalyze(world: World) -> None:
    """Five coins, the best ranked, cost five calls each."""
    script = with_coinalyze(world)
    done = world.screen()
    asked = {params["symbols"] for _, params in script.asked if "symbols" in params}
    ranked = done.universe.filter(done.universe["rank"] <= 5).sort("rank")
    on_binance = [
        next(name for name, coin in world.binance.coins.items() if coin.base == base) for base in ranked["coin"]
    ]
    assert asked == {",".join(f"{contract}_PERP.A" for contract in on_binance)}
    assert done.report.sources["coinalyze"].contracts == 5


def test_aggregates_do_not_change_the_order(world: World) -> None:
    """The picks are the same with Coinalyze and without; it fills in what the venue does not know."""
    plain = [gem.symbol for gem in world.screen().report.ranked_gems]
    with_coinalyze(world)
    done = world.screen()
    assert [gem.symbol for gem in done.report.ranked_gems] == plain
    assert done.of("C05USDT", "coinalyze_long_short_ratio") in (3.0, None)


def test_an_outage_of_coinalyze_is_said(world: World) -> None:
    """The picks stand, and the report says which source was out."""
    world.coinalyze = Script()
    report = world.screen().report
    assert (report.status, report.sources["coinalyze"].ok) == ("ok", False)
    assert any(warning.startswith("coinalyze is out: ") for warning in report.warnings)
