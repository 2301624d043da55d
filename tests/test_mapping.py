"""Contracts to coins on recorded answers: how many are confirmed, how many are not, and why (docs/identity.md).

Prices of different dates cannot agree, so each pair of sources is compared at a moment that both have: the archive's
closes stand for Binance's prices at the time of CoinGecko's table. The recordings are not part of the repository.
"""

import json
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from quantscout.frames import HOUR_MS, LISTING, conform, empty
from quantscout.identity import EVIDENCE, MARKETS, STATUSES, listed_by_coinalyze
from quantscout.settings import Settings
from quantscout.universe import identify
from quantscout.venues import binance_answers, coingecko, kucoin_answers
from quantscout.venues import coinalyze_answers as coinalyze

ROOT = Path(__file__).parents[1]
MARKET = ROOT.parent / "shared" / "market"
RAW = MARKET / "raw"
AT_MS = int(datetime(2025, 11, 3, 2, tzinfo=UTC).timestamp() * 1000)
"""Five minutes before the time of CoinGecko's table."""
COINS_2025 = "coingecko/coins_markets_167_2025-11-03.csv"
COINS_2021 = "coingecko/coins_markets_100_2021-06-24.json"

pytestmark = pytest.mark.skipif(not RAW.is_dir(), reason=f"the recorded answers are not there: {RAW}")


def raw(name: str) -> bytes:
    """Return a recorded answer."""
    return (RAW / name).read_bytes()


@cache
def closes(at_ms: int = AT_MS) -> dict[str, float]:
    """Return the archive's closes of the hour that ends then."""
    bars = pl.scan_parquet(MARKET / "binance_um_1h.parquet").filter(pl.col("open_time") == at_ms - HOUR_MS)
    return dict(bars.select("symbol", "close").collect().rows())


@cache
def listing(at_ms: int = AT_MS) -> pl.DataFrame:
    """Return Binance's recorded contracts at the archive's prices; one without a bar in that hour has none."""
    parts = "ticker_bookTicker", "fundingInfo_excerpt"
    ticker, intervals = (raw(f"binance/single_{name}.json") for name in parts)
    answers = raw("binance/exchangeInfo.json"), raw("binance/premiumIndex_all.json"), b"[" + ticker + b"]", intervals
    frame = binance_answers.parse_listing(binance_answers.Snapshot(*answers)).frame
    price = pl.col("contract").replace_strict(closes(at_ms), default=None, return_dtype=pl.Float64)
    return conform(frame.with_columns(price.alias("price")), LISTING)


def kucoin_listing() -> pl.DataFrame:
    """Return KuCoin's recorded contracts, of another year."""
    names = "contracts_active", "allTickers"
    return kucoin_answers.parse_listing(*(raw(f"kucoin/{n}_trimmed_2026-10-03.json") for n in names)).frame


def coins_of_2025() -> pl.DataFrame:
    """Return CoinGecko's 167 coins, whose prices the capturer rounded."""
    table = pl.read_csv(RAW / COINS_2025)
    return table.select(
        pl.col("id").alias("coin_id"), pl.col("symbol").alias("ticker"), pl.col("current_price").alias("price_usd")
    )


def coins_of_2021() -> pl.DataFrame:
    """Return CoinGecko's 100 coins of four years earlier."""
    return coingecko.parse_supply(raw(COINS_2021)).frame.select(*MARKETS)


def coinalyze_markets() -> pl.DataFrame:
    """Return a market list of the 640 recorded symbols.

    The capture has no `symbol_on_exchange`; it is put together here, and only here, for Binance's symbols.
    """
    table = pl.read_csv(RAW / "coinalyze/daily_open_interest_640_symbols.csv").select("symbol", "coin_symbol").unique()
    rows = [
        (symbol, symbol[-1], symbol.removesuffix("_PERP.A"), coin, "USDT", True, "STABLE", "BASE_ASSET", True)
        for symbol, coin in table.sort("symbol").rows()
    ]
    return conform(rows, coinalyze.MARKETS)


def mapped(contracts: pl.DataFrame, coins: pl.DataFrame, earlier: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return the eligible contracts, identified."""
    found = identify(contracts, coins, empty(EVIDENCE) if earlier is None else earlier, Settings())
    return found.filter(pl.col("ineligible").is_null())


def counts(found: pl.DataFrame) -> dict[str, int]:
    """Return the number of contracts per status, and print it."""
    numbers = dict(found["identity_status"].value_counts().rows())
    ordered = {status: numbers.get(status, 0) for status in STATUSES}
    print(ordered)  # noqa: T201 - to be read with pytest -s
    return ordered


def named(found: pl.DataFrame, status: str) -> list[str]:
    """Return the bases of a status."""
    return sorted(found.filter(pl.col("identity_status") == status)["base"])


def archive_listing() -> pl.DataFrame:
    """Return a contract for each of the archive's symbols, at its price of the hour."""
    names = pl.scan_parquet(MARKET / "binance_um_1h.parquet").select(pl.col("symbol").unique().sort()).collect()
    rows: list[dict[str, Any]] = [
        {"venue": "binance", "contract": name, "base": name.removesuffix("USDT"), "price": closes().get(name)}
        for name in names["symbol"]
    ]
    return conform([tuple(row.get(column) for column in LISTING) for row in rows], LISTING)


def test_contracts_beside_coingecko_of_the_same_hour() -> None:
    """Of 514 eligible contracts 137 have a confirmed price; 10 units are not confirmed; nothing is ambiguous."""
    found = mapped(listing(), coins_of_2025())
    assert counts(found) == {
        "confirmed": 137, "ambiguous": 0, "unconfirmed_unit": 10, "price_disagrees": 0, "plain": 0,
        "no_other_source": 367,
    }  # fmt: skip
    assert named(found, "unconfirmed_unit") == [
        "1000000BOB", "1000CAT", "1000CHEEMS", "1000LUNC", "1000RATS", "1000SATS", "1000WHY", "1000X", "1000XEC",
        "1MBABYDOGE",
    ]  # fmt: skip


def test_five_units_are_confirmed_by_price() -> None:
    """Those of the table's coins that Binance trades by the thousand or the million."""
    found = mapped(listing(), coins_of_2025()).filter(pl.col("multiplier") > 1).sort("contract")
    assert found.select("contract", "coin", "multiplier").rows() == [
        ("1000000MOGUSDT", "MOG", 1e6), ("1000BONKUSDT", "BONK", 1e3), ("1000FLOKIUSDT", "FLOKI", 1e3),
        ("1000PEPEUSDT", "PEPE", 1e3), ("1000SHIBUSDT", "SHIB", 1e3),
    ]  # fmt: skip


def test_the_archives_contracts_beside_coingecko() -> None:
    """Of the archive's 538 contracts 140 are confirmed, and each is a coin of its own."""
    found = mapped(archive_listing(), coins_of_2025())
    numbers = counts(found)
    assert (numbers["confirmed"], numbers["unconfirmed_unit"], numbers["no_other_source"]) == (140, 8, 390)
    assert found["coin"].n_unique() == found.height == 538


def test_prices_of_another_year_agree_only_by_accident() -> None:
    """Prices of 2021 fit 3 of 54 tickers: what is read at different times is never compared in a run."""
    found = mapped(listing(), coins_of_2021())
    numbers = counts(found)
    assert (numbers["confirmed"], numbers["price_disagrees"], numbers["plain"]) == (3, 50, 1)
    assert named(found, "confirmed") == ["HBAR", "LINK", "NEAR"]


def test_prices_of_one_venue_twelve_days_apart_do_not_agree_either() -> None:
    """Of 510 contracts 328 moved by more than 5 % between the two recordings of June 2025."""
    later = {row["symbol"]: float(row["price"]) for row in json.loads(raw("binance/ticker_price_all.json"))}
    earlier = {row["symbol"]: float(row["markPrice"]) for row in json.loads(raw("binance/premiumIndex_all.json"))}
    both = [name for name in later if earlier.get(name, 0) > 0]
    assert (len(both), sum(abs(later[name] / earlier[name] - 1) > 0.05 for name in both)) == (510, 328)


def test_kucoins_contracts_of_another_year_stay_apart() -> None:
    """Three of KuCoin's recorded contracts are eligible; a year later none has Binance's price."""
    found = mapped(pl.concat([kucoin_listing(), listing()]), coins_of_2025()).filter(pl.col("venue") == "kucoin")
    assert counts(found)["price_disagrees"] == found.height == 3
    assert sorted(found["coin"]) == ["BTC@kucoin", "DOGE@kucoin", "YFI@kucoin"]


def test_coinalyzes_list_covers_446_contracts_and_confirms_none() -> None:
    """Its symbols are found by the venue's name; the status of no contract changes."""
    found = mapped(listing(), coins_of_2025(), listed_by_coinalyze(coinalyze_markets()))
    assert found["coinalyze_symbol"].count() == 446
    assert counts(found)["confirmed"] == 137


def test_chinese_names_are_names_like_others() -> None:
    """Of the three, Coinalyze lists one; none is translated."""
    found = mapped(listing(), coins_of_2025(), listed_by_coinalyze(coinalyze_markets()))
    chinese = found.filter(~pl.col("base").str.contains(r"^[\x00-\x7F]+$")).sort("contract")
    assert dict(chinese.select("coin", "coinalyze_symbol").rows()) == {
        "币安人生": "币安人生USDT_PERP.A", "我踏马来了": None, "测试测试": None,
    }  # fmt: skip


@cache
def bob_hours() -> pl.DataFrame:
    """Return the common hours of BOB and 1000000BOB in which the two contracts cost the same within 5 %."""
    bars = pl.scan_parquet(MARKET / "binance_um_1h.parquet").filter(
        pl.col("symbol").is_in(["BOBUSDT", "1000000BOBUSDT"])
    )
    both = bars.collect().pivot(on="symbol", index="open_time", values="close").drop_nulls().sort("open_time")
    assert both.height == 2_486
    return both.filter((pl.col("1000000BOBUSDT") / pl.col("BOBUSDT") - 1).abs() <= 0.05)


@pytest.mark.parametrize("place", range(9))
def test_bob_and_1000000bob_are_two_coins_at_any_price(place: int) -> None:
    """In all nine hours of equal prices, and with another source for either of them, they stay two coins."""
    row = bob_hours().row(place, named=True)
    at_ms = row["open_time"] + HOUR_MS
    small = row["1000000BOBUSDT"] / 1e6
    coins = pl.DataFrame([("bob", "BOB", small), ("bob-2", "BOB", row["BOBUSDT"])], schema=dict(MARKETS), orient="row")
    found = mapped(listing(at_ms), coins).filter(pl.col("base").is_in(["BOB", "1000000BOB"])).sort("base")
    assert found.select("coin", "coin_id", "multiplier").rows() == [("1000000BOB", "bob", 1e6), ("BOB", "bob-2", 1.0)]


def listed_by_hand() -> list[tuple[str, str, float, str]]:
    """Return contract, coin, units and CoinGecko's id of the table of mappings that were checked by hand."""
    text = (ROOT / "docs" / "identity.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([\d,]+) \| `([\w-]+)` \|", text, re.MULTILINE)
    return [(contract, coin, float(units.replace(",", "")), coin_id) for contract, coin, units, coin_id in rows]


def test_fifty_mappings_checked_by_hand_are_the_products() -> None:
    """The documented list is what the product finds, and none is listed twice."""
    found = mapped(listing(), coins_of_2025()).filter(pl.col("identity_status") == "confirmed")
    product = set(found.select("contract", "coin", "multiplier", "coin_id").rows())
    by_hand = listed_by_hand()
    assert len(by_hand) == len(set(by_hand)) == 50
    assert [row for row in by_hand if row not in product] == []
