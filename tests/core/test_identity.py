"""What speaks for a contract being a coin, and what is refused."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest

from quantscout.frames import LISTING, conform, empty
from quantscout.identity import EVIDENCE, MARKETS, STATUSES, whole
from quantscout.settings import Settings
from quantscout.universe import identify

ABC = {"base": "ABC", "price": 1.0}
PEPE = {"base": "1000PEPE", "price": 1000.0}
TWIN = {"venue": "kucoin", "contract": "ABCUSDTM", "base": "ABC", "price": 1.01}
NOTHING = empty(EVIDENCE)


def judged(
    contracts: list[dict[str, Any]], coins: Sequence[tuple[Any, ...]] = (), earlier: pl.DataFrame = NOTHING
) -> list[dict[str, Any]]:
    """Return the identified contracts; `coins` are CoinGecko's (id, ticker, price)."""
    full = [{"venue": "binance", "contract": f"{c['base']}USDT"} | c for c in contracts]
    listing = conform([tuple(row.get(name) for name in LISTING) for row in full], LISTING)
    markets = pl.DataFrame(list(coins), schema=dict(MARKETS), orient="row")
    return identify(listing, markets, earlier, Settings()).rows(named=True)


def status(contract: dict[str, Any], *coins: tuple[Any, ...]) -> str:
    """Return the status of a contract beside CoinGecko's coins."""
    return str(judged([contract], list(coins))[0]["identity_status"])


def earlier(verdict: str, contract: str = "ABCUSDT", **changes: Any) -> pl.DataFrame:
    """Return what a source said of a contract an hour ago."""
    row = {"venue": "binance", "contract": contract, "source": "coingecko", "name": "abc", "ticker": "ABC",
           "multiplier": 1.0, "verdict": verdict, "read_ms": 0}  # fmt: skip
    return whole(pl.DataFrame([row | changes]), EVIDENCE)


@pytest.mark.parametrize(
    ("contract", "coins", "expected"),
    [
        (ABC, [("abc", "ABC", 1.04)], "confirmed"),
        (ABC, [("abc", "ABC", 1.04), ("other", "ABC", 7.0)], "confirmed"),
        (ABC, [("abc", "ABC", 1.04), ("copy", "ABC", 0.99)], "ambiguous"),
        (ABC, [("abc", "ABC", 1.2)], "price_disagrees"),
        (ABC, [("abc", "ABC", None)], "plain"),
        ({"base": "ABC", "price": None}, [("abc", "ABC", 1.0)], "plain"),
        (ABC, [("abcd", "ABCD", 1.0)], "no_other_source"),
        (PEPE, [("pepe", "PEPE", 1.04)], "confirmed"),
        (PEPE, [("pepe", "PEPE", 1.2)], "unconfirmed_unit"),
        (PEPE, [("pepe", "PEPE", 1000.0)], "unconfirmed_unit"),
        (PEPE, [], "unconfirmed_unit"),
        (PEPE, [("pepe", "PEPE", 1.0), ("copy", "PEPE", 1.0)], "ambiguous"),
        (PEPE, [("1000pepe", "1000PEPE", 1010.0)], "confirmed"),
        (PEPE, [("1000pepe", "1000PEPE", 1010.0), ("pepe", "PEPE", 1.0)], "ambiguous"),
        ({"base": "币安人生", "price": 0.2}, [("bianrensheng", "币安人生", 0.201)], "confirmed"),
        ({"base": "龙虾", "price": 0.2}, [("lobster", "LOBSTER", 0.2)], "no_other_source"),
    ],
)
def test_a_contract_has_one_status(contract: dict[str, Any], coins: list[tuple[Any, ...]], expected: str) -> None:
    """Ticker and price together decide; a price alone or a name alone does not."""
    assert status(contract, *coins) == expected
    assert expected in STATUSES


def test_what_is_not_eligible_has_no_status() -> None:
    """A stock or a delisted contract is not mapped at all."""
    assert judged([ABC | {"ineligible": "not_coin"}])[0]["identity_status"] is None


def test_both_venues_confirm_each_other() -> None:
    """One ticker, one price, two venues: each is the other's evidence."""
    rows = judged([ABC, TWIN])
    assert [row["identity_status"] for row in rows] == ["confirmed", "confirmed"]
    assert [row["coin_evidence"][0]["source"] for row in rows] == ["kucoin", "binance"]


def test_two_readings_that_fit_strip_nothing() -> None:
    """Where a coin is called 1000PEPE and a PEPE costs a thousandth, one of both is an accident: the unit stays."""
    row = judged([PEPE], [("1000pepe", "1000PEPE", 1000.0), ("pepe", "PEPE", 1.0)])[0]
    assert (row["coin"], row["multiplier"], row["unit_confirmed"], row["coin_id"]) == ("1000PEPE", 1.0, False, None)


def test_a_coin_written_with_digits_has_no_unit() -> None:
    """CoinGecko's own coin of that very name says that nothing is to be stripped."""
    row = judged([PEPE], [("1000pepe", "1000PEPE", 1000.0)])[0]
    assert (row["coin"], row["multiplier"], row["unit_confirmed"], row["coin_id"]) == (
        "1000PEPE", 1.0, None, "1000pepe",
    )  # fmt: skip


def test_the_same_unit_on_both_venues_confirms_no_unit() -> None:
    """Two contracts on 1000PEPE of one price say nothing about what a thousandth of them is."""
    row = judged([PEPE, PEPE | {"venue": "kucoin", "contract": "1000PEPEUSDTM"}])[0]
    assert (row["identity_status"], row["coin"]) == ("unconfirmed_unit", "1000PEPE")


def test_a_price_that_agrees_before_dividing_is_no_unit() -> None:
    """At hours BOB and 1000000BOB cost the same per contract: by the unit they are a million apart."""
    listing = [{"base": "1000000BOB", "price": 0.0287}, {"base": "BOB", "venue": "kucoin", "price": 0.0287}]
    row = judged(listing)[0]
    assert (row["identity_status"], row["coin"], row["multiplier"]) == ("unconfirmed_unit", "1000000BOB", 1.0)


def test_the_coin_has_coingeckos_id_only_if_one_fits() -> None:
    """The id belongs to the entry whose price agrees."""
    rows = judged([ABC], [("other", "ABC", 7.0), ("abc", "ABC", 1.0)])
    assert rows[0]["coin_id"] == "abc"
    assert judged([ABC], [("copy", "ABC", 1.0), ("abc", "ABC", 1.0)])[0]["coin_id"] is None


def test_evidence_tells_prices_difference_and_what_was_refused() -> None:
    """Every entry of the name stands there, the refused one too."""
    proof = judged([PEPE], [("copy", "PEPE", 2.0), ("pepe", "PEPE", 0.98)])[0]["coin_evidence"]
    assert [(p["name"], p["price_usd"], p["our_price_usd"], p["verdict"]) for p in proof] == [
        ("copy", 2.0, 1.0, "disagrees"), ("pepe", 0.98, 1.0, "agrees"),
    ]  # fmt: skip
    assert [p["difference_pct"] for p in proof] == [pytest.approx(-50), pytest.approx(2.0408, abs=1e-4)]


def test_earlier_evidence_stands_while_its_source_is_silent() -> None:
    """In hours in which CoinGecko is not read its last word counts, with its hour."""
    row = judged([ABC], earlier=earlier("agrees"))[0]
    assert (row["identity_status"], row["coin_id"], row["coin_evidence"][0]["read_ms"]) == ("confirmed", "abc", 0)


def test_earlier_evidence_falls_when_its_source_says_otherwise() -> None:
    """What a source says now replaces what it said of the same contract before."""
    row = judged([ABC], [("abc", "ABC", 3.0)], earlier("agrees"))[0]
    assert (row["identity_status"], len(row["coin_evidence"])) == ("price_disagrees", 1)


def test_earlier_evidence_stands_against_a_missing_price() -> None:
    """An entry without a price says nothing."""
    assert judged([ABC], [("abc", "ABC", None)], earlier("agrees"))[0]["identity_status"] == "confirmed"


def test_coinalyzes_list_gives_its_symbol_and_proves_nothing() -> None:
    """It repeats the venue's list: the symbol is kept, the coin is not confirmed by it."""
    listed = earlier("listed", source="coinalyze", name="ABCUSDT_PERP.A", read_ms=None)
    row = judged([ABC], earlier=listed)[0]
    assert (row["coinalyze_symbol"], row["identity_status"]) == ("ABCUSDT_PERP.A", "no_other_source")


def test_a_contract_listed_twice_by_coinalyze_has_no_symbol() -> None:
    """Nobody can say which of the two rows is meant."""
    twice = earlier("listed_twice", source="coinalyze", name="ABCUSDT_PERP.A", read_ms=None)
    assert judged([ABC], earlier=twice)[0]["coinalyze_symbol"] is None


def test_every_contract_keeps_its_place() -> None:
    """One row per contract, in the order of the listing, however many entries speak of it."""
    coins = [("abc", "ABC", 1.0), ("copy", "ABC", 1.0), ("pepe", "PEPE", 1.0)]
    assert [row["contract"] for row in judged([PEPE, TWIN, ABC], coins)] == ["1000PEPEUSDT", "ABCUSDTM", "ABCUSDT"]
