"""Coinalyze: which contracts it lists, who is asked about, and what its figures may do."""

import polars as pl
import pytest
from keyed import COINALYZE, with_coinalyze
from world import World

from quantscout.frames import conform
from quantscout.identity import listed_by_coinalyze
from quantscout.outside import choose_finalists
from quantscout.venues import coinalyze
from venues.script import Script


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


def test_only_contracts_that_coinalyze_lists_are_asked_for(world: World) -> None:
    """Its market list decides; what it does not name is not guessed, and the next rank takes the place."""
    script = with_coinalyze(world)
    first = world.screen().universe.sort("rank").row(0, named=True)
    script.replies[f"{COINALYZE}/future-markets"] = [
        row for row in script.replies[f"{COINALYZE}/future-markets"] if first["coin"] not in row["symbol_on_exchange"]
    ]
    script.asked.clear()
    world.next_hour()
    asked = [params["symbols"].split(",") for _, params in script.asked if "symbols" in params]
    assert asked
    assert all(len(symbols) == 5 and first["coin"] not in ",".join(symbols) for symbols in asked)


def test_without_a_market_list_nothing_is_asked(world: World) -> None:
    """When the list fails, no symbol is made up."""
    script = with_coinalyze(world)
    del script.replies[f"{COINALYZE}/future-markets"]
    report = world.screen().report
    assert {path for path, _ in script.asked} == {f"{COINALYZE}/future-markets"}
    assert (report.status, report.sources["coinalyze"].contracts) == ("ok", 0)


def universe_of(*rows: tuple[str, str, int | None, float | None, str | None, str]) -> pl.DataFrame:
    """Return a universe of (venue, coin, rank, long/short ratio, Coinalyze's symbol, status)."""
    names = ["venue", "coin", "rank", "long_short_ratio", "coinalyze_symbol", "identity_status"]
    frame = pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)
    return frame.with_columns(pl.format("{}-{}", "venue", "coin").alias("contract"), ineligible=pl.lit(None, pl.String))


def chosen(universe: pl.DataFrame, count: int = 7) -> list[str]:
    """Return the coins that Coinalyze is asked about, in order."""
    return choose_finalists(universe, count)["coin"].to_list()


def test_the_five_come_first_and_among_them_those_without_a_ratio() -> None:
    """Expected use: published, then lacking the figure, then rank; after them the next ranks by the same order."""
    ratios = {1: 1.5, 2: None, 3: 1.5, 4: None, 5: 1.5, 6: None, 7: 1.5}
    rows = [("binance", f"C{k}", k, ratio, f"C{k}.A", "confirmed") for k, ratio in ratios.items()]
    assert chosen(universe_of(*rows)) == ["C2", "C4", "C1", "C3", "C5", "C6", "C7"]
    assert chosen(universe_of(*rows), 3) == ["C2", "C4", "C1"]


@pytest.mark.parametrize(("status", "coins"), [("confirmed", ["A"]), ("plain", []), ("price_disagrees", [])])
def test_another_venues_contract_is_covered_only_if_the_coin_is_confirmed(status: str, coins: list[str]) -> None:
    """Binance's figures stand for a KuCoin contract only where prices say that it is the same coin."""
    unranked = ("binance", "A", None, None, "A.A", "confirmed")
    assert chosen(universe_of(("kucoin", "A", 1, None, None, status), unranked)) == coins


def test_markets_are_found_by_the_venues_name_alone() -> None:
    """Only Binance's perpetuals count, and a name that stands twice is no symbol."""
    rows = [
        ("AUSDT_PERP.A", "A", "AUSDT", "A", "USDT", True),
        ("AUSDT.6", "6", "AUSDT", "A", "USDT", True),
        ("AUSDT_261225.A", "A", "AUSDT_261225", "A", "USDT", False),
        ("BUSDT_PERP.A", "A", "BUSDT", "B", "USDT", True),
        ("BUSD_PERP.A", "A", "BUSDT", "B", "USD", True),
    ]
    found = listed_by_coinalyze(conform(rows, coinalyze.MARKETS)).select("contract", "name", "verdict")
    assert found.rows() == [
        ("AUSDT", "AUSDT_PERP.A", "listed"),
        ("BUSDT", "BUSDT_PERP.A", "listed_twice"),
        ("BUSDT", "BUSD_PERP.A", "listed_twice"),
    ]


def test_the_ratio_fills_the_data_point_of_a_venue_without_one(world: World) -> None:
    """KuCoin has no long/short ratio: a pick of its is told Coinalyze's, and lacks none."""
    with_coinalyze(world)
    done = world.screen()
    rows = done.universe.filter((pl.col("venue") == "kucoin") & pl.col("coinalyze_long_short_ratio").is_not_null())
    assert rows.height
    assert rows["long_short_ratio"].to_list() == [3.0] * rows.height


def test_an_outage_of_coinalyze_is_said(world: World) -> None:
    """The picks stand, and the report says which source was out."""
    world.coinalyze = Script()
    report = world.screen().report
    assert (report.status, report.sources["coinalyze"].ok) == ("ok", False)
    assert any(warning.startswith("coinalyze is out: ") for warning in report.warnings)
