"""Coinalyze: which contracts it lists, who is asked about, and what its figures may do."""

from typing import TYPE_CHECKING, Any, cast

import polars as pl
import pytest
from fake_market import NOON, NOON_MS
from hypothesis import given, settings
from hypothesis import strategies as st
from keyed import COINALYZE, with_coinalyze
from world import World

from quantscout.aggregates import EXCHANGES, MEMBERS
from quantscout.finalists import choose_finalists, read_finalists
from quantscout.frames import HOUR_MS, Schema, conform, empty
from quantscout.identity import listed_by_coinalyze
from quantscout.run import Run
from quantscout.settings import Settings
from quantscout.sources import Sources
from quantscout.venues import coinalyze
from quantscout.venues.coinalyze_answers import MARKETS
from venues.script import Script

if TYPE_CHECKING:
    from quantscout.store import Store


def asked_for(script: Script) -> list[set[str]]:
    """Return the symbols of every request for a history."""
    return [set(params["symbols"].split(",")) for _, params in script.asked if "symbols" in params]


def binance_contracts(world: World, coins: list[str]) -> list[str]:
    """Return Binance's names of the coins."""
    return [next(name for name, coin in world.binance.coins.items() if coin.base == base) for base in coins]


def test_only_finalists_are_asked_of_coinalyze(world: World) -> None:
    """Five coins, the best ranked, cost five calls each."""
    script = with_coinalyze(world)
    done = world.screen()
    ranked = done.universe.filter(done.universe["rank"] <= 5).sort("rank")
    symbols = {f"{contract}_PERP.A" for contract in binance_contracts(world, ranked["coin"].to_list())}
    assert asked_for(script) == [symbols] * 5
    assert done.report.sources["coinalyze"].contracts == 5


def test_aggregates_do_not_change_the_order(world: World) -> None:
    """The picks are the same with Coinalyze and without; it fills in what the venue does not know."""
    plain = [gem.symbol for gem in world.screen().report.ranked_gems]
    with_coinalyze(world)
    done = world.screen()
    assert [gem.symbol for gem in done.report.ranked_gems] == plain
    assert done.of("C05USDT", "coinalyze_long_short_ratio") in (3.0, None)


def test_universe_has_the_same_columns_with_coinalyze_and_without(world: World) -> None:
    """A reader of stored hours finds them always, null where nothing was read."""
    plain = world.screen().universe
    with_coinalyze(world)
    assert world.screen().universe.schema == plain.schema
    assert plain["coinalyze_exchanges"].null_count() == plain.height


def test_only_contracts_that_coinalyze_lists_are_asked_for(world: World) -> None:
    """Its market list decides; what it does not name is not guessed, and the next rank takes the place."""
    script = with_coinalyze(world)
    first = world.screen().universe.sort("rank").row(0, named=True)
    script.replies[f"{COINALYZE}/future-markets"] = [
        row for row in script.replies[f"{COINALYZE}/future-markets"] if first["coin"] not in row["symbol_on_exchange"]
    ]
    script.asked.clear()
    world.next_hour()
    asked = asked_for(script)
    assert asked
    assert all(len(symbols) == 5 and first["coin"] not in ",".join(symbols) for symbols in asked)


def test_without_a_market_list_nothing_is_asked(world: World) -> None:
    """When the list fails, no symbol is made up."""
    script = with_coinalyze(world)
    del script.replies[f"{COINALYZE}/future-markets"]
    report = world.screen().report
    assert {path for path, _ in script.asked} == {f"{COINALYZE}/future-markets"}
    assert (report.status, report.sources["coinalyze"].contracts) == ("ok", 0)


def on_bybit(world: World, coin: str, price_factor: float) -> Script:
    """Give the world a Coinalyze that lists a coin's market on Bybit, too, at a multiple of the coin's price."""
    script = with_coinalyze(world)
    markets = script.replies[f"{COINALYZE}/future-markets"]
    row = next(row for row in markets if row["base_asset"] == coin)
    markets.append(row | {"symbol": f"{coin}USDT.6", "exchange": "6", "symbol_on_exchange": f"{coin}USDT"})
    bars = world.binance.bars_of(world.binance.contract_of(coin)).filter(pl.col("open_ms") == NOON_MS - HOUR_MS)
    close, usual = float(bars["close"][0]), script.replies[f"{COINALYZE}/ohlcv-history"]

    def bars_by_symbol(params: Any) -> Any:
        return [
            row | {"history": [row["history"][0] | {"c": close * price_factor}]}
            if row["symbol"].endswith(".6")
            else row
            for row in usual(params)
        ]

    script.replies[f"{COINALYZE}/ohlcv-history"] = bars_by_symbol
    return script


@pytest.mark.parametrize(("factor", "exchanges"), [(1.01, 2), (1.2, 1)])
def test_another_exchange_counts_only_at_the_coins_price(world: World, factor: float, exchanges: int) -> None:
    """It is asked for open interest and bars, and left out by name where the price is another coin's."""
    gem = world.screen().report.ranked_gems[0]
    coin = gem.symbol.split("-", maxsplit=1)[0]
    script = on_bybit(world, coin, factor)
    done = world.screen()
    paths = [path for path, params in script.asked if f"{coin}USDT.6" in params.get("symbols", "")]
    assert sorted(paths) == [f"{COINALYZE}/ohlcv-history", f"{COINALYZE}/open-interest-history"]
    assert done.of(gem.contract, "coinalyze_exchanges") == exchanges
    errors = [each for each in done.report.sources["coinalyze"].errors if each.reason == "price_disagrees"]
    assert [each.contracts for each in errors] == [[f"{coin}USDT.6"]] * (2 - exchanges)


def test_a_history_that_fails_costs_its_own_figures_only(world: World) -> None:
    """The other four stand, and the source's state says which one was out."""
    script = with_coinalyze(world)
    del script.replies[f"{COINALYZE}/long-short-ratio-history"]
    done = world.screen()
    state = done.report.sources["coinalyze"]
    assert (state.ok, state.contracts) == (False, 5)
    assert "long-short-ratio-history" in state.note
    covered = done.universe.filter(pl.col("coinalyze_main_market").is_not_null())
    assert covered["coinalyze_long_short_ratio"].null_count() == covered.height
    assert covered["coinalyze_open_interest_usd"].null_count() == 0


def universe_of(*rows: tuple[str, str, int | None, float | None, str | None, str]) -> pl.DataFrame:
    """Return a universe of (venue, coin, rank, long/short ratio, Coinalyze's symbol, status), each a dollar."""
    schema: Schema = {"venue": pl.String, "coin": pl.String, "rank": pl.Int64, "long_short_ratio": pl.Float64,
                      "coinalyze_symbol": pl.String, "identity_status": pl.String}  # fmt: skip
    frame = conform(rows, schema)
    return frame.with_columns(
        pl.format("{}-{}", "venue", "coin").alias("contract"),
        pl.col("coin").alias("base"),
        pl.lit(1.0).alias("multiplier"),
        pl.lit(1.0).alias("last_close"),
        ineligible=pl.lit(None, pl.String),
    )


def elsewhere(*names: tuple[str, str]) -> pl.DataFrame:
    """Return the list's rows of other exchanges, of symbol and base asset."""
    rows = [(symbol, symbol[-1], symbol, base, "USDT", True, "STABLE", "BASE_ASSET", True) for symbol, base in names]
    return conform(rows, MARKETS)


def chosen(universe: pl.DataFrame, count: int = 7) -> list[str]:
    """Return the coins that Coinalyze is asked about, in order."""
    return choose_finalists(universe, empty(MARKETS), count)["coin"].to_list()


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


def test_a_coin_of_kucoin_alone_has_the_first_other_exchange_as_main_market() -> None:
    """Its price must say that it is the coin: it is not sure by its name."""
    universe = universe_of(("kucoin", "K", 1, None, None, "no_other_source"))
    members = choose_finalists(universe, elsewhere(("K.Y", "K"), ("K.6", "K"), ("L.6", "L")), 5)
    assert members.schema == dict(MEMBERS)
    assert members.select("coinalyze_symbol", "is_main", "is_sure", "price_usd").rows() == [
        ("K.6", True, False, 1.0),
        ("K.Y", False, False, 1.0),
    ]


def test_further_markets_follow_the_main_ones_best_rank_first() -> None:
    """All main markets stand before the first further one; coins that are not finalists have none."""
    rows = [("binance", f"C{k}", k, ratio, f"C{k}.A", "confirmed") for k, ratio in ((1, 1.5), (2, None), (3, 1.5))]
    markets = elsewhere(("C1.3", "C1"), ("C2.6", "C2"), ("C3.6", "C3"), ("C1.6", "C1"))
    members = choose_finalists(universe_of(*rows), markets, 2)
    assert members["coinalyze_symbol"].to_list() == ["C2.A", "C1.A", "C1.6", "C1.3", "C2.6"]


@pytest.mark.parametrize(("base", "multiplier", "price"), [("1000PEPE", 1_000.0, 0.001), ("1000PEPE", 1.0, 1.0)])
def test_ticker_is_the_name_without_the_unit_that_is_known(base: str, multiplier: float, price: float) -> None:
    """The price of one coin goes with it; a unit that nobody confirmed stays part of the name."""
    universe = universe_of(("binance", "P", 1, None, "P.A", "confirmed"))
    universe = universe.with_columns(pl.lit(base).alias("base"), pl.lit(multiplier).alias("multiplier"))
    members = choose_finalists(universe, elsewhere(("PEPE.3", "PEPE"), ("1000PEPE.6", "1000PEPE")), 5)
    symbols = ["1000PEPE.6", "PEPE.3"] if multiplier > 1 else ["1000PEPE.6"]
    assert members["coinalyze_symbol"].to_list() == ["P.A", *symbols]
    assert set(members["price_usd"].to_list()) == {price}


@settings(max_examples=30)
@given(count=st.integers(0, 7), exchanges=st.integers(0, 9), share=st.sampled_from([0.05, 0.2, 0.5, 0.8, 1.0]))
def test_a_run_stays_within_the_minutes_allowance(count: int, exchanges: int, share: float) -> None:
    """Market list and histories together cost at most the share of 40 symbol-calls, and wait for no second minute."""
    script = Script()
    script.replies = {f"{COINALYZE}{path}": [] for path in ("/future-markets", *coinalyze.HISTORIES)}
    client = coinalyze.build_client("a-key", transport=script.transport, share=share)
    universe = universe_of(*(("binance", f"C{k}", k, None, f"C{k}.A", "confirmed") for k in range(1, 8)))
    markets = elsewhere(*((f"C{k}.{code}", f"C{k}") for k in range(1, 8) for code in EXCHANGES[:exchanges]))
    run = Run(NOON, Sources(()), cast("Store", None), Settings(finalists=count), lambda: NOON)

    async def read(source: coinalyze.Coinalyze) -> None:
        await source.fetch_markets()
        await read_finalists(source, universe, markets, run, [])

    Script.run(client, coinalyze.Coinalyze, read)
    spent, budget = client.spent["default"], client.budgets["default"]
    assert spent.weight <= 40 * share
    assert budget.waited_s == 0
    most = 1 + count * (len(coinalyze.HISTORIES) + 2 * exchanges)
    assert spent.weight == most or most > spent.weight > 40 * share - len(coinalyze.HISTORIES) - 1


def test_markets_are_found_by_the_venues_name_alone() -> None:
    """Only Binance's perpetuals count, and a name that stands twice is no symbol."""
    told = "STABLE", "BASE_ASSET", True
    rows = [
        ("AUSDT_PERP.A", "A", "AUSDT", "A", "USDT", True, *told),
        ("AUSDT.6", "6", "AUSDT", "A", "USDT", True, *told),
        ("AUSDT_261225.A", "A", "AUSDT_261225", "A", "USDT", False, *told),
        ("BUSDT_PERP.A", "A", "BUSDT", "B", "USDT", True, *told),
        ("BUSD_PERP.A", "A", "BUSDT", "B", "USD", True, *told),
    ]
    found = listed_by_coinalyze(conform(rows, MARKETS)).select("contract", "name", "verdict")
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
