"""From a venue's contract to a coin, and to its market cap."""

from typing import Any

import polars as pl
import pytest

from quantscout.frames import HOUR_MS, LISTING, SUPPLY, conform, empty
from quantscout.identity import EVIDENCE, whole
from quantscout.settings import Settings
from quantscout.universe import identify, market_caps, match_coingecko

COLUMNS = list(LISTING)
SETTINGS = Settings()


def _listing(*contracts: dict[str, Any]) -> pl.DataFrame:
    rows = [{"venue": "binance", "contract": f"{c['base']}USDT", "price": 1.0} | c for c in contracts]
    return conform([tuple(row.get(name) for name in COLUMNS) for row in rows], LISTING)


def _known(**prices: float) -> pl.DataFrame:
    return pl.DataFrame({"ticker": list(prices), "price_usd": list(prices.values())}, schema=NO_PRICES)


NO_PRICES = {"ticker": pl.String, "price_usd": pl.Float64}


def _identify(listing: pl.DataFrame, coins: pl.DataFrame | None = None, remembered: pl.DataFrame | None = None) -> Any:
    none = empty(EVIDENCE)
    found = identify(
        listing, _known() if coins is None else coins, none if remembered is None else remembered, SETTINGS
    )
    return found.select("coin", "multiplier", "symbol", "unit_confirmed").rows()


def test_plain_base_is_the_coin() -> None:
    """A base without a unit prefix is the coin itself, and there is nothing to confirm."""
    assert _identify(_listing({"base": "BTC"})) == [("BTC", 1.0, "BTC-USDT-PERP", None)]


@pytest.mark.parametrize(
    ("base", "units", "coin"),
    [
        ("1000PEPE", 1e3, "PEPE"),
        ("10000SATS", 1e4, "SATS"),
        ("1000000MOG", 1e6, "MOG"),
        ("1MBABYDOGE", 1e6, "BABYDOGE"),
    ],
)
def test_confirmed_unit_is_stripped(base: str, units: float, coin: str) -> None:
    """A prefix is a unit when another source knows the rest and the prices agree after dividing."""
    listing = _listing({"base": base, "price": units * 1.04})
    assert _identify(listing, _known(**{coin: 1.0})) == [(coin, units, f"{coin}-USDT-PERP", True)]


@pytest.mark.parametrize("base", ["1INCH", "1000", "ATOM", "TM", "M", "1M"])
def test_name_that_only_looks_like_a_unit_stays(base: str) -> None:
    """Neither 1INCH nor a ticker that ends in M, nor a bare prefix, loses a part of its name."""
    rest = _known(INCH=1.0, ATO=1.0, T=1.0)
    assert _identify(_listing({"base": base}), rest)[0][:2] == (base, 1.0)


def test_unconfirmed_unit_stays_in_the_name() -> None:
    """A prefix that no other source confirms stays, and is marked as unconfirmed."""
    assert _identify(_listing({"base": "1000X"})) == [("1000X", 1.0, "1000X-USDT-PERP", False)]


@pytest.mark.parametrize("price", [1060.0, 940.0, 1.0])
def test_unit_with_another_price_is_not_confirmed(price: float) -> None:
    """Over 5 % apart after dividing, it is another coin of that ticker."""
    listing = _listing({"base": "1000PEPE", "price": price})
    assert _identify(listing, _known(PEPE=1.0))[0][3] is False


def test_other_venue_confirms_a_unit() -> None:
    """The coin without the prefix on the other venue is a source like any other."""
    listing = _listing(
        {"base": "1000PEPE", "price": 1010.0}, {"base": "PEPE", "venue": "kucoin", "contract": "PEPEUSDTM"}
    )
    assert [row[0] for row in _identify(listing)] == ["PEPE", "PEPE"]


def test_own_venue_does_not_confirm_a_unit() -> None:
    """A venue's other contract is no second source."""
    listing = _listing({"base": "1000PEPE", "price": 1000.0}, {"base": "PEPE"})
    assert _identify(listing)[0][3] is False


def test_remembered_unit_is_confirmed() -> None:
    """What was confirmed when the other source was last read stands without it."""
    row = {"venue": "binance", "contract": "1000PEPEUSDT", "source": "kucoin", "multiplier": 1e3, "verdict": "agrees"}
    remembered = whole(pl.DataFrame([row]), EVIDENCE)
    assert _identify(_listing({"base": "1000PEPE", "price": 1e3}), None, remembered)[0][:2] == ("PEPE", 1000.0)


def test_one_ticker_with_two_prices_is_two_coins() -> None:
    """A ticker whose prices differ between the venues names another coin on the second, under the same symbol."""
    listing = _listing({"base": "ABC"}, {"base": "ABC", "venue": "kucoin", "price": 3.0})
    assert [row[:3] for row in _identify(listing)] == [
        ("ABC", 1.0, "ABC-USDT-PERP"),
        ("ABC@kucoin", 1.0, "ABC-USDT-PERP"),
    ]


@pytest.mark.parametrize("price", [1.04, None])
def test_one_ticker_with_one_price_is_one_coin(price: float | None) -> None:
    """Prices that agree, or an unknown one, leave the coin one."""
    listing = _listing({"base": "ABC"}, {"base": "ABC", "venue": "kucoin", "price": price})
    assert [row[0] for row in _identify(listing)] == ["ABC", "ABC"]


def test_one_venues_two_coins_of_a_ticker_stay_apart() -> None:
    """BOB and 1000000BOB are two coins: the confirmed unit does not make them one, and each has a symbol of its own."""
    listing = _listing({"base": "BOB", "price": 0.02}, {"base": "1000000BOB", "price": 0.03})
    assert _identify(listing, _known(BOB=3e-8)) == [
        ("BOB", 1.0, "BOB-USDT-PERP", None),
        ("1000000BOB", 1e6, "1000000BOB-USDT-PERP", True),
    ]


def test_another_venues_contract_joins_the_coin_that_its_price_fits() -> None:
    """Of the first venue's two coins of a ticker, the other venue's contract is the one with its price."""
    other = {"base": "BOB", "venue": "kucoin", "contract": "BOBUSDTM", "price": 3e-8}
    listing = _listing({"base": "BOB", "price": 0.02}, {"base": "1000000BOB", "price": 0.03}, other)
    assert [row[0] for row in _identify(listing)] == ["BOB", "1000000BOB", "1000000BOB"]


def test_one_venues_two_contracts_of_a_coin_are_one_coin() -> None:
    """A contract by the piece and one by the thousand, of one price, are the same coin."""
    listing = _listing({"base": "PEP", "price": 1.0}, {"base": "1000PEP", "price": 1010.0})
    assert [row[:2] for row in _identify(listing, _known(PEP=1.0))] == [("PEP", 1.0), ("PEP", 1000.0)]


def test_what_is_not_eligible_names_no_coin() -> None:
    """A delisted contract's frozen price neither takes the ticker nor confirms a unit."""
    gone = {"base": "PEP", "venue": "kucoin", "contract": "PEPUSDTM", "price": 1.0, "ineligible": "delisting"}
    listing = _listing({"base": "1000PEP", "price": 1000.0}, gone)
    assert [row[0] for row in _identify(listing)] == ["1000PEP", "PEP"]


def _cap(supply: list[tuple[Any, ...]], coins: pl.DataFrame | None = None, **contract: Any) -> dict[str, Any]:
    listing = _listing({"base": "ABC", "price": 2.0} | contract)
    known = identify(listing, _known() if coins is None else coins, empty(EVIDENCE), SETTINGS)
    rows = conform([(coin, source, coins, None, 7 * HOUR_MS) for coin, source, coins in supply], SUPPLY)
    board = known.with_columns(last_close=pl.lit(2.0), last_open_ms=pl.lit(9 * HOUR_MS), bar_age_h=pl.lit(0))
    return market_caps(board, rows, SETTINGS).drop("venue").rows(named=True)[0]


BINANCE, BOTH = [("ABC", "binance", 100.0)], [("ABC", "binance", 100.0), ("ABC", "coingecko", 120.0)]


def test_market_cap_is_supply_times_price() -> None:
    """The cap names its source and the age of the supply."""
    cap = _cap(BINANCE)
    assert (cap["market_cap_usd"], cap["market_cap_source"]) == (200.0, "binance")
    assert (cap["supply_as_of_ms"], cap["supply_age_h"]) == (7 * HOUR_MS, 3)


def test_market_cap_counts_coins_not_units() -> None:
    """A contract on a thousand coins has a thousandth of its price per coin."""
    cap = _cap([("PEPE", "binance", 100.0)], _known(PEPE=0.002), base="1000PEPE")
    assert cap["market_cap_usd"] == pytest.approx(0.2)


def test_agreeing_supplies_take_the_venues() -> None:
    """Within 25 % the venue's own figure stands."""
    cap = _cap(BOTH)
    assert (cap["market_cap_usd"], cap["market_cap_source"]) == (200.0, "binance")


def test_both_sources_figures_are_shown() -> None:
    """Both supplies and their difference are there, whichever is used."""
    cap = _cap(BOTH)
    assert (cap["supply_binance_coins"], cap["supply_coingecko_coins"]) == (100.0, 120.0)
    assert cap["supply_difference_pct"] == pytest.approx(-100 / 6)


def test_disagreeing_supplies_leave_the_cap_unknown() -> None:
    """More than 25 % apart, neither is believed; the figures are still shown."""
    cap = _cap([("ABC", "binance", 100.0), ("ABC", "coingecko", 70.0)])
    assert [cap[name] for name in ("market_cap_usd", "market_cap_source", "supply_age_h")] == [None, None, None]
    assert (cap["supply_binance_coins"], cap["supply_coingecko_coins"]) == (100.0, 70.0)


def test_second_source_alone_is_enough() -> None:
    """Without the venue's figure CoinGecko's stands."""
    cap = _cap([("ABC", "coingecko", 50.0)])
    assert (cap["market_cap_usd"], cap["market_cap_source"]) == (100.0, "coingecko")


def test_market_cap_without_supply_is_unknown() -> None:
    """No supply gives no cap, never a small one."""
    assert _cap([])["market_cap_usd"] is None


def test_market_cap_of_an_unconfirmed_unit_is_unknown() -> None:
    """When nobody knows how many coins a contract holds, nobody knows the cap."""
    assert _cap([("1000X", "binance", 100.0)], base="1000X")["market_cap_usd"] is None


def test_market_cap_of_an_ambiguous_coin_is_unknown() -> None:
    """When two coins fit ticker and price, nobody knows whose supply it is."""
    two = pl.DataFrame({"coin_id": ["abc", "abc-copy"], "ticker": ["ABC", "ABC"], "price_usd": [2.0, 2.01]})
    assert _cap(BINANCE, two)["market_cap_usd"] is None


def _matched(*entries: tuple[str, float]) -> list[tuple[Any, ...]]:
    markets = pl.DataFrame(
        [(name, "ABC", price, 9.0) for name, price in entries], orient="row",
        schema={"coin_id": pl.String, "ticker": pl.String, "price_usd": pl.Float64, "supply_coins": pl.Float64},
    )  # fmt: skip
    known = identify(_listing({"base": "ABC"}), markets, empty(EVIDENCE), SETTINGS)
    return match_coingecko(known, markets).rows()


def test_coingecko_entry_is_matched_by_ticker_and_price() -> None:
    """Of two entries with one ticker the one with the contract's price is the coin."""
    assert _matched(("abc-real", 1.02), ("abc-other", 7.0)) == [("ABC", "abc-real", 9.0)]


def test_ambiguous_coingecko_match_is_none() -> None:
    """Two entries that fit are no match: a wrong one is worse than none."""
    assert _matched(("abc-real", 1.02), ("abc-copy", 0.99)) == []
