"""A coin over several exchanges: which markets are asked about, for how many calls, and what counts."""

from collections.abc import Mapping

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantscout.aggregates import (
    AGGREGATES,
    HISTORIES,
    MEMBERS,
    PAIR,
    Aggregated,
    build_aggregates,
    further_markets,
    plan_calls,
)
from quantscout.frames import HOUR_MS, conform
from quantscout.venues.coinalyze_answers import MARKETS, history_schema

H = 500_000 * HOUR_MS
LAST, BEFORE = H - HOUR_MS, H - 5 * HOUR_MS
AGREEMENT = 0.05
MAIN, BYBIT, OKX, GATE = "ABCUSDT_PERP.A", "ABCUSDT.6", "ABCUSDT_PERP.3", "ABC_USDT.Y"


def market(
    symbol: str, base: str = "ABC", quote: str = "USDT", other: Mapping[str, object] | None = None
) -> tuple[object, ...]:
    """Return a row of the market list; the exchange is the symbol's ending."""
    row = {"coinalyze_symbol": symbol, "exchange": symbol[-1], "symbol_on_exchange": symbol, "base_asset": base,
           "quote_asset": quote, "is_perpetual": True, "margined": "STABLE", "denominated_in": "BASE_ASSET",
           "has_buy_sell_data": True}  # fmt: skip
    return tuple({**row, **(other or {})}[name] for name in MARKETS)


def found(*rows: tuple[object, ...], ticker: str = "ABC") -> list[tuple[str, float]]:
    """Return symbol and multiplier of the markets that bear a coin's ticker."""
    coins = pl.DataFrame({"coin": ["ABC"], "rank": [1], "ticker": [ticker], "price_usd": [2.0]})
    frame = further_markets(coins, conform(rows, MARKETS))
    assert frame.schema == dict(MEMBERS)
    return frame.select("coinalyze_symbol", "multiplier").rows()


def test_further_markets_come_by_the_documented_order_of_exchanges() -> None:
    """The largest first, unknown codes last, and one market of every exchange before the second of any."""
    names = ["ABC.Z", "ABC.K", "ABC.Y", "ABC.3", "ABC_USD.6", "ABCUSDT.6"]
    rows = [market(name, quote="USD" if "USD." in name else "USDT") for name in names]
    assert [symbol for symbol, _ in found(*rows)] == ["ABCUSDT.6", "ABC.3", "ABC.Y", "ABC.K", "ABC.Z", "ABC_USD.6"]


@pytest.mark.parametrize(
    "other",
    [{"base_asset": "ABCD"}, {"quote_asset": "BTC"}, {"is_perpetual": False}, {"margined": "COIN"},
     {"margined": None}, {"exchange": "A"}, {"exchange": None}, {"base_asset": "abc"}],
)  # fmt: skip
def test_what_is_no_stable_perpetual_of_the_ticker_elsewhere_is_no_market(other: dict[str, object]) -> None:
    """Coin-margined ones, dated ones, other quotes, other names, and Binance's own."""
    assert found(market(BYBIT, other=other)) == []


def test_market_of_a_thousand_coins_carries_its_multiplier() -> None:
    """The unit stands in the base asset; whether it is one, the price will say."""
    rows = [market("1000ABCUSDT.6", "1000ABC"), market("1MABC.3", "1MABC"), market(GATE)]
    assert found(*rows) == [("1000ABCUSDT.6", 1e3), ("1MABC.3", 1e6), (GATE, 1.0)]


def members(*symbols: str, price_usd: float = 2.0, sure: bool = True, **other: object) -> pl.DataFrame:
    """Return one coin's markets, the first one its main market."""
    rows = [
        {"coin": "ABC", "rank": 1, "price_usd": price_usd, "coinalyze_symbol": symbol, "exchange": symbol[-1],
         "multiplier": 1.0, "denominated_in": "BASE_ASSET", "has_buy_sell_data": True, "is_main": not n,
         "is_sure": sure and not n} | (other if n else {}) for n, symbol in enumerate(symbols)
    ]  # fmt: skip
    return conform([tuple(row[name] for name in MEMBERS) for row in rows], MEMBERS)


@st.composite
def many_members(draw: st.DrawFn) -> pl.DataFrame:
    """Return the markets of some coins, mains first; some markets bear two coins' tickers."""
    mains = draw(st.lists(st.integers(0, 9), unique=True, max_size=7))
    further = draw(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 15)), unique=True, max_size=40))
    rows = [(f"C{coin}", 1, 1.0, f"M{coin}.A", "A", 1.0, "BASE_ASSET", True, True, True) for coin in mains]
    rows += [(f"C{coin}", 1, 1.0, f"F{n}.6", "6", 1.0, "BASE_ASSET", True, False, False) for coin, n in further]
    return conform(rows, MEMBERS)


@settings(max_examples=300)
@given(members=many_members(), calls=st.integers(0, 60))
def test_plan_never_costs_more_than_the_allowance(members: pl.DataFrame, calls: int) -> None:
    """Each symbol of each history is a call; nobody is asked twice, and nothing that fits is left over."""
    plan = plan_calls(members, calls)
    assert plan.calls == sum(len(symbols) for symbols in plan.symbols.values()) <= calls
    assert all(len(set(symbols)) == len(symbols) for symbols in plan.symbols.values())
    mains = members.filter("is_main")["coinalyze_symbol"].to_list()
    assert plan.symbols["long_short"] == mains[: calls // len(HISTORIES)]
    left_out = members.join(plan.members, on=["coin", "coinalyze_symbol"], how="anti")
    affordable = left_out.join(plan.members.filter("is_main").select("coin"), on="coin", how="semi")
    assert not affordable.height or calls - plan.calls < len(PAIR)


def test_minute_is_spent_on_main_markets_before_pairs() -> None:
    """31 calls: five coins' histories are 25, and three pairs of the best rank's further markets."""
    rows = [(f"C{k}", k, 1.0, f"M{k}.A", "A", 1.0, "BASE_ASSET", True, True, True) for k in range(1, 6)]
    rows += [(f"C{k}", k, 1.0, f"F{k}{e}", e, 1.0, "BASE_ASSET", True, False, False) for k in (1, 2) for e in "63"]
    plan = plan_calls(conform(rows, MEMBERS), 31)
    mains = [f"M{k}.A" for k in range(1, 6)]
    assert plan.symbols == {
        name: mains + (["F16", "F13", "F26"] if name in PAIR else []) for name in HISTORIES
    }  # fmt: skip


def test_coin_whose_main_market_does_not_fit_is_not_asked_about() -> None:
    """A further market alone would be half a figure."""
    assert plan_calls(members(MAIN, BYBIT), 4).calls == 0


def figures(name: str, *rows: tuple[object, ...]) -> pl.DataFrame:
    """Return a history."""
    return conform(rows, history_schema(name))


def answered(
    markets: pl.DataFrame, held: Mapping[str, tuple[float | None, float | None]], closes: Mapping[str, float | None]
) -> Aggregated:
    """Return the aggregates of markets with open interest before and now, and closes; 80 traded, 20 of them bought."""
    histories = {
        "open_interest": figures(
            "open_interest",
            *((name, at, value) for name, both in held.items() for at, value in zip((BEFORE, LAST), both, strict=True)),
        ),
        "predicted_funding": figures("predicted_funding", (MAIN, LAST, 0.0001), (MAIN, LAST - HOUR_MS, 9.0)),
        "liquidations": figures("liquidations", (MAIN, H - 24 * HOUR_MS, 10.0, 1.0), (MAIN, LAST, 5.0, None)),
        "long_short": figures("long_short", (MAIN, LAST, 1.5)),
        "ohlcv": figures("ohlcv", *((name, LAST, close, 80.0, 20.0) for name, close in closes.items())),
    }
    aggregated = build_aggregates(markets, histories, H, AGREEMENT)
    assert aggregated.frame.schema == dict(AGGREGATES)
    return aggregated


def test_two_exchanges_are_summed() -> None:
    """Open interest in dollars at each market's close, its change in coins, takers of both; the rest is the main's."""
    held = {MAIN: (200.0, 210.0), BYBIT: (100.0, 120.0)}
    done = answered(members(MAIN, BYBIT), held, {MAIN: 2.0, BYBIT: 2.08})
    assert done.problems == []
    assert done.frame.to_dicts() == [
        {
            "coin": "ABC",
            "main_market": MAIN,
            "exchanges": 2,
            "open_interest_usd": pytest.approx(210 * 2.0 + 120 * 2.08),
            "exchanges_in_change": 2,
            "open_interest_change_4h_pct": pytest.approx(10.0),
            "predicted_funding_ratio": 0.0001,
            "long_liquidations_usd_24h": 15.0,
            "short_liquidations_usd_24h": 1.0,
            "long_short_ratio": 1.5,
            "taker_buy_ratio": pytest.approx(0.25),
            "taker_buy_usd": pytest.approx(20 * 4.08),
            "taker_sell_usd": pytest.approx(60 * 4.08),
        }
    ]


@pytest.mark.parametrize(
    ("close", "reason"), [(2.101, "price_disagrees"), (1.899, "price_disagrees"), (7.0, "price_disagrees"),
                          (None, "missing"), (0.0, "missing"), (-2.0, "missing")]
)  # fmt: skip
def test_market_of_another_price_or_none_is_left_out_and_named(close: float | None, reason: str) -> None:
    """The same ticker is not the same coin: over 5 % away it counts in no sum."""
    done = answered(members(MAIN, BYBIT), {MAIN: (200.0, 210.0), BYBIT: (1.0, 9e9)}, {MAIN: 2.0, BYBIT: close})
    row = done.frame.to_dicts()[0]
    assert (row["exchanges"], row["open_interest_usd"], row["taker_buy_usd"]) == (1, 420.0, 40.0)
    assert [(p.source, p.contract, p.reason) for p in done.problems] == [("coinalyze", BYBIT, reason)]


def test_units_are_divided_before_prices_are_compared() -> None:
    """A market of a thousand coins counts a thousandfold in coins, and by its own price in dollars."""
    markets = members(MAIN, "1000ABCUSDT.6", multiplier=1_000.0)
    done = answered(markets, {MAIN: (1_000.0, 1_000.0), "1000ABCUSDT.6": (1.0, 3.0)}, {MAIN: 2.0, "1000ABCUSDT.6": 2e3})
    row = done.frame.to_dicts()[0]
    assert (row["open_interest_usd"], row["open_interest_change_4h_pct"]) == (8_000.0, pytest.approx(100.0))


def test_market_that_counts_in_its_quote_asset_has_no_change() -> None:
    """Dollars move with the price: they are in the level, and in no change."""
    markets = members(MAIN, GATE, denominated_in="QUOTE_ASSET")
    done = answered(markets, {MAIN: (200.0, 210.0), GATE: (1.0, 9_000.0)}, {MAIN: 2.0, GATE: 2.0})
    row = done.frame.to_dicts()[0]
    assert (row["open_interest_usd"], row["exchanges"], row["taker_buy_usd"]) == (9_420.0, 2, 60.0)
    assert (row["open_interest_change_4h_pct"], row["exchanges_in_change"]) == (pytest.approx(5.0), 1)


def test_market_of_unknown_amounts_is_in_no_sum() -> None:
    """What it counts in is not guessed."""
    done = answered(members(MAIN, GATE, denominated_in=None), dict.fromkeys((MAIN, GATE), (200.0, 210.0)),
                    dict.fromkeys((MAIN, GATE), 2.0))  # fmt: skip
    row = done.frame.to_dicts()[0]
    assert (row["exchanges"], row["exchanges_in_change"], row["open_interest_usd"]) == (1, 1, 420.0)


@pytest.mark.parametrize("held", [(None, 120.0), (0.0, 120.0), (100.0, None), (-5.0, 120.0)])
def test_change_is_over_the_same_markets_at_both_times(held: tuple[float | None, float | None]) -> None:
    """A market that lacks one of the two hours would be a change of its own."""
    row = answered(members(MAIN, BYBIT), {MAIN: (200.0, 210.0), BYBIT: held}, {MAIN: 2.0, BYBIT: 2.0}).frame.to_dicts()[
        0
    ]
    assert (row["exchanges_in_change"], row["open_interest_change_4h_pct"]) == (1, pytest.approx(5.0))
    assert row["exchanges"] == (1 if held[1] is None else 2)


def test_market_without_buys_and_sells_tells_no_taker_volume() -> None:
    """A column of zeros there would read as sells alone."""
    markets = members(MAIN, BYBIT, has_buy_sell_data=False)
    row = answered(markets, {}, {MAIN: 2.0, BYBIT: 2.0}).frame.to_dicts()[0]
    assert (row["taker_buy_usd"], row["taker_sell_usd"], row["taker_buy_ratio"]) == (40.0, 120.0, 0.25)


def test_main_market_by_its_own_name_needs_no_price() -> None:
    """Binance's is the coin's by the contract's name; without a close its open interest has the coin's price."""
    done = answered(members(MAIN), {MAIN: (200.0, 210.0)}, {})
    row = done.frame.to_dicts()[0]
    assert (row["open_interest_usd"], row["taker_buy_ratio"]) == (420.0, None)
    assert [(p.contract, p.reason, p.detail) for p in done.problems] == [
        (MAIN, "missing", "taker_buy_ratio, taker_buy_usd, taker_sell_usd")
    ]


@pytest.mark.parametrize(("close", "coins"), [(2.0, ["ABC"]), (3.0, [])])
def test_coin_without_a_market_of_its_own_is_covered_where_the_price_agrees(close: float, coins: list[str]) -> None:
    """A coin of KuCoin alone has another exchange's figures, or none."""
    done = answered(members(BYBIT, sure=False), {BYBIT: (1.0, 2.0)}, {BYBIT: close})
    assert done.frame["coin"].to_list() == coins
    assert done.frame["main_market"].to_list() == [BYBIT] * len(coins)


def test_main_market_that_disagrees_gives_nothing() -> None:
    """Its funding and ratio are those of another coin; a further market's sum stands."""
    done = answered(members(MAIN, BYBIT, sure=False), {BYBIT: (1.0, 2.0)}, {MAIN: 9.0, BYBIT: 2.0})
    row = done.frame.to_dicts()[0]
    assert (row["main_market"], row["long_short_ratio"], row["open_interest_usd"]) == (None, None, 4.0)
    assert [(p.contract, p.reason) for p in done.problems] == [(MAIN, "price_disagrees")]
