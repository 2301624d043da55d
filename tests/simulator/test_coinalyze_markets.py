"""Coinalyze's markets of several exchanges: plausible beside Binance's, of part of the coins, with traps among them."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from quantscout.frames import HOUR_MS
from quantscout_local.simulator import DEFAULT_HOUR_MS
from quantscout_local.simulator.conditions import Conditions
from quantscout_local.simulator.market import Market
from quantscout_local.simulator.venues.coinalyze_markets import EXCHANGES, Listed, listed
from quantscout_local.simulator.view import View
from simulator.stand import Stand

Ask = Callable[..., httpx.Response]
KEY = {"api_key": "any"}
LAST_S = (DEFAULT_HOUR_MS - HOUR_MS) // 1000


@pytest.fixture(scope="module")
def markets(view: View) -> dict[str, Listed]:
    """Return the markets of the synthetic market."""
    return listed(view)


def close_and_interest(ask: Ask, *symbols: str) -> dict[str, tuple[dict[str, Any], float]]:
    """Return the last closed hour's bar and open interest of markets."""
    asked = {"symbols": ",".join(symbols), "interval": "1hour", "from": LAST_S, "to": LAST_S}
    bars, held = (
        {row["symbol"]: row["history"][0] for row in ask(f"/coinalyze/v1/{name}", headers=KEY, **asked).json()}
        for name in ("ohlcv-history", "open-interest-history")
    )
    return {symbol: (bars[symbol], held[symbol]["c"]) for symbol in symbols}


def test_every_exchange_has_part_of_the_coins(markets: dict[str, Listed]) -> None:
    """Bybit, OKX, Gate.io and Hyperliquid beside Binance, none of them all; KuCoin is none of its exchanges."""
    counts = {code: sum(m.exchange == code for m in markets.values()) for code in "A63YH"}
    assert sum(counts.values()) == len(markets)
    assert all(0 < counts[exchange.code] < counts["A"] for exchange in EXCHANGES)


def test_some_markets_bear_the_ticker_of_another_coin(markets: dict[str, Listed]) -> None:
    """A few, at three times the price and more; all others are within half a percent of Binance's coin."""
    off = [m.price * (1 if m.base == m.contract.base else m.contract.unit) for m in markets.values()]
    assert all(abs(price - 1) < 0.005 or price > 2.9 for price in off)
    assert 2 <= sum(price > 2.9 for price in off) <= 40


def test_coins_of_kucoin_alone_are_found_elsewhere(view: View, markets: dict[str, Listed]) -> None:
    """Some of the coins that Binance does not have are on another exchange of the list."""
    only = {k.source.symbol for k in view.kucoin.values()} - set(view.binance)
    assert only & {m.contract.symbol for m in markets.values() if m.exchange != "A"}


def test_another_exchange_has_its_own_prices_and_amounts(ask: Ask, markets: dict[str, Listed]) -> None:
    """Its price is close to Binance's, its open interest another share of it, and its bar a valid one."""
    found = close_and_interest(ask, "BTCUSDT_PERP.A", "BTCUSDT.6")
    (here, held_here), (there, held_there) = found["BTCUSDT_PERP.A"], found["BTCUSDT.6"]
    assert there["c"] / here["c"] == pytest.approx(1, abs=0.005)
    assert there["c"] != here["c"]
    assert 0.2 < held_there / held_here < 0.8
    assert there["l"] <= min(there["o"], there["c"]) <= max(there["o"], there["c"]) <= there["h"]
    assert 0 < there["bv"] < there["v"]


def test_units_and_amounts_are_the_markets_own(ask: Ask, markets: dict[str, Listed]) -> None:
    """OKX counts single coins where Binance counts thousands; some of Gate.io's count dollars."""
    okx = next(m for m in markets.values() if m.exchange == "3" and m.contract.unit == 1_000 and m.price < 0.002)
    binance = f"{okx.contract.symbol}_PERP.A"
    found = close_and_interest(ask, okx.symbol, binance)
    assert found[binance][0]["c"] / found[okx.symbol][0]["c"] == pytest.approx(1_000, rel=0.01)
    assert 100 < found[okx.symbol][1] / found[binance][1] < 1_000
    rows = {row["symbol"]: row for row in ask("/coinalyze/v1/future-markets", headers=KEY).json()}
    gate = next(m for m in markets.values() if m.in_quote and m.contract.unit == 1 and abs(m.price - 1) < 0.01)
    assert (rows[gate.symbol]["oi_lq_vol_denominated_in"], rows[okx.symbol]["oi_lq_vol_denominated_in"]) == (
        "QUOTE_ASSET", "BASE_ASSET",
    )  # fmt: skip
    found = close_and_interest(ask, gate.symbol, f"{gate.contract.symbol}_PERP.A")
    (bar, dollars), (_, coins) = found[gate.symbol], found[f"{gate.contract.symbol}_PERP.A"]
    assert 0.05 < dollars / bar["c"] / coins < 0.3


def test_dollars_are_amounts_at_the_markets_price(ask: Ask) -> None:
    """With convert_to_usd open interest is multiplied by the bucket's close."""
    (bar, held) = close_and_interest(ask, "BTCUSDT.6")["BTCUSDT.6"]
    asked = {"symbols": "BTCUSDT.6", "interval": "1hour", "from": LAST_S, "to": LAST_S, "convert_to_usd": "true"}
    rows = ask("/coinalyze/v1/open-interest-history", headers=KEY, **asked).json()
    assert rows[0]["history"][0]["c"] == pytest.approx(held * bar["c"])


def test_market_without_long_short_data_is_silent(ask: Ask) -> None:
    """As its row in the list says; the others of the request are answered."""
    asked = {"symbols": "BTC.H,BTCUSDT.6", "interval": "1hour", "from": LAST_S, "to": LAST_S}
    rows = ask("/coinalyze/v1/long-short-ratio-history", headers=KEY, **asked).json()
    assert [row["symbol"] for row in rows] == ["BTCUSDT.6"]


def test_list_is_the_same_every_time(embedded: Market, markets: dict[str, Listed]) -> None:
    """It follows from the seed alone."""
    assert list(listed(View(embedded, DEFAULT_HOUR_MS))) == list(markets)


def test_markets_of_every_exchange_are_charged_by_symbol(stand: Callable[..., Stand]) -> None:
    """Forty symbols a minute, whatever exchange they are of."""
    server = stand(Conditions(limits=True))
    full = {"symbols": ",".join(["BTCUSDT.6", "BTCUSDT_PERP.A"] * 10)}
    statuses = [server.ask("/coinalyze/v1/open-interest", **full).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
