"""The embedded market: its counts, its oddities, its shape, and the same bytes everywhere."""

from collections import Counter
from collections.abc import Callable
from hashlib import sha256

import httpx
import numpy as np
import orjson
import pytest

from quantscout_local.simulator import DEFAULT_HOUR_MS, make_market
from quantscout_local.simulator.app import _BINANCE
from quantscout_local.simulator.derive import book
from quantscout_local.simulator.derive.funding import interval_h
from quantscout_local.simulator.derive.supply import supply_coins
from quantscout_local.simulator.market import NEVER_MS, Contract, Market
from quantscout_local.simulator.synthetic.coins import EMBEDDED, size_of
from quantscout_local.simulator.view import View

Ask = Callable[..., httpx.Response]
HOUR, DAY = 3_600_000, 86_400_000


def plain(contract: Contract) -> bool:
    """Return whether a contract is one that a screener keeps."""
    kind = (contract.contract_type, contract.underlying_type, contract.quote, contract.delivery_ms)
    return kind == ("PERPETUAL", "COIN", "USDT", None)


def test_listed_counts_are_those_of_the_venues(view: View) -> None:
    """At the default hour 789 and 500 contracts are listed."""
    assert (len(view.binance), len(view.kucoin)) == (789, 500)


def test_a_market_may_be_larger() -> None:
    """It has as many contracts as asked for, in the embedded market's shares, and at its size is that market."""
    market = make_market(size=size_of(2_000))
    counts = len(market.binance), len(market.kucoin)
    assert sum(counts) == 2_000
    assert abs(counts[0] / 2_000 - 789 / 1_289) < 0.01
    assert size_of(1_289) == EMBEDDED


def test_binance_lists_every_ineligible_kind(ask: Ask) -> None:
    """Settling, stocks, indices, pre-market, USDC, dated and leaving contracts are there."""
    rows = ask("/binance/fapi/v1/exchangeInfo").json()["symbols"]
    kinds = Counter((r["status"], r["contractType"], r["underlyingType"], r["quoteAsset"]) for r in rows)
    assert kinds["SETTLING", "PERPETUAL", "COIN", "USDT"] == 8
    assert kinds["TRADING", "TRADIFI_PERPETUAL", "EQUITY", "USDT"] == 15
    assert kinds["TRADING", "PERPETUAL", "INDEX", "USDT"] == 3
    assert kinds["TRADING", "PERPETUAL", "PREMARKET", "USDT"] == 4
    assert kinds["TRADING", "PERPETUAL", "COIN", "USDC"] == 18
    assert kinds["TRADING", "NEXT_QUARTER", "COIN", "USDT"] == 2
    leaving = [r for r in rows if r["status"] == "TRADING" and r["contractType"] == "PERPETUAL"]
    assert sum(r["deliveryDate"] != NEVER_MS for r in leaving) == 4


def test_kucoin_lists_every_ineligible_kind(ask: Ask) -> None:
    """Inverse, dated, USDC, stock, metal, pre-market and leaving contracts are there."""
    rows = ask("/kucoin/api/v1/contracts/active").json()["data"]
    assert sum(r["isInverse"] for r in rows) == 3
    assert sum(r["type"] == "FFICSX" for r in rows) == 1
    assert sum(r["quoteCurrency"] == "USDC" for r in rows) == 5
    assert Counter(r["assetClass"] for r in rows)["STOCK"] == 12
    assert Counter(r["assetClass"] for r in rows)["METAL"] == 3
    assert sum(r["marketStage"] == "PRE_MARKET" for r in rows) == 4
    assert sum(r["expireDate"] is not None and r["type"] == "FFWCSX" for r in rows) == 2


def test_delisting_is_not_known_before_it_is_announced(embedded: Market) -> None:
    """A contract that will leave shows no delivery date before the announcement."""
    early = View(embedded, DEFAULT_HOUR_MS - 10 * DAY)
    rows = orjson.loads(_BINANCE["/fapi/v1/exchangeInfo"](early, {}).body)["symbols"]
    perpetual = [r for r in rows if r["status"] == "TRADING" and r["contractType"] == "PERPETUAL"]
    assert {r["deliveryDate"] for r in perpetual} == {NEVER_MS}


def test_multiplied_coin_agrees_with_its_plain_coin(view: View) -> None:
    """1000PEPE is priced as a thousand PEPE within 1 %."""
    thousand, one = view.binance["1000PEPEUSDT"], view.kucoin["PEPEUSDTM"]
    assert view.last_close(thousand) / 1000 == pytest.approx(view.last_close(one), rel=0.01)
    assert view.binance["1INCHUSDT"].unit == 1


def test_coingecko_agrees_on_price_and_supply(ask: Ask, view: View) -> None:
    """CoinGecko's price of a coin is within 1 % of the venue's, per plain coin."""
    rows = [
        row
        for page in range(1, 6)
        for row in ask("/coingecko/api/v3/coins/markets", vs_currency="usd", per_page=250, page=page).json()
    ]
    price = {row["id"]: row["current_price"] for row in rows}
    for contract in (c for c in view.binance.values() if plain(c) and c.coin.lower() in price):
        assert price[contract.coin.lower()] == pytest.approx(view.last_close(contract) / contract.unit, rel=0.01)


def test_coingecko_has_namesakes(ask: Ask) -> None:
    """Some tickers belong to two coins."""
    rows = [
        row
        for page in range(1, 6)
        for row in ask("/coingecko/api/v3/coins/markets", vs_currency="usd", per_page=250, page=page).json()
    ]
    assert Counter(row["symbol"] for row in rows).most_common(1)[0][1] > 1
    assert len({row["id"] for row in rows}) == len(rows)


def test_new_listings_are_of_several_ages(view: View) -> None:
    """Several contracts are younger than a week, some younger than 60 hours."""
    ages = [(DEFAULT_HOUR_MS - c.first_ms) // HOUR for c in view.binance.values() if plain(c)]
    assert sum(age <= 168 for age in ages) >= 6
    assert sum(age < 60 for age in ages) >= 2


def test_funding_intervals_are_mixed(view: View) -> None:
    """Contracts settle every 1, 2, 4 and 8 hours, and some changed within two days."""
    hours = {name: interval_h(c, DEFAULT_HOUR_MS) for name, c in view.binance.items() if plain(c)}
    assert set(hours.values()) == {1, 2, 4, 8}
    before = {name: interval_h(c, DEFAULT_HOUR_MS - 2 * DAY) for name, c in view.binance.items() if name in hours}
    assert any(before[name] != hours[name] for name in hours)


def test_prices_look_like_a_market(view: View) -> None:
    """Returns have fat tails, cluster, follow BTC, and bring volume."""
    bitcoin = np.diff(view.closed(view.binance["BTCUSDT"]).close)
    figures = []
    for name in ("ETHUSDT", "1INCHUSDT", "龙虾USDT", "1000PEPEUSDT"):
        bars = view.closed(view.binance[name])
        returns = np.diff(bars.close) / bars.close[:-1]
        size = np.abs(returns)
        figures.append(
            (
                ((returns - returns.mean()) ** 4).mean() / returns.var() ** 2,
                np.corrcoef(size[1:], size[:-1])[0, 1],
                np.corrcoef(returns, bitcoin[-len(returns) :])[0, 1],
                np.corrcoef(bars.quote_volume[1:], size)[0, 1],
            )
        )
    kurtosis, clustering, common, volume = np.array(figures).mean(0)
    assert kurtosis > 4
    assert clustering > 0.1
    assert common > 0.3
    assert volume > 0.4


def test_sizes_span_the_range(view: View) -> None:
    """Market caps run from 5 million to a trillion, with about 200 micro-caps."""
    caps = [supply_coins(c, DEFAULT_HOUR_MS) * view.last_close(c) / c.unit for c in view.binance.values() if plain(c)]
    assert min(caps) > 4.9e6
    assert 0.9e12 < max(caps) < 1.1e12
    assert 180 < sum(cap < 1e8 for cap in caps) < 230


def test_bitcoin_is_above_its_fifty_days(view: View) -> None:
    """BTC is above its 50-day mean and no hour fell by 3 %."""
    close = view.closed(view.binance["BTCUSDT"]).close
    assert close[-1] > close[-1200:].mean()
    assert np.min(close[1:] / close[:-1]) > 0.97


def atr_ratio(view: View, contract: Contract) -> float:
    """Return a plain ATR over the last 14 4h ranges."""
    bars = view.closed(contract)
    high, low = (column[-56:].reshape(14, 4) for column in (bars.high, bars.low))
    return float((high.max(1) - low.min(1)).mean() / bars.close[-1])


def test_strict_gate_finds_more_than_five(view: View) -> None:
    """More than five Binance contracts pass the strict limits and the guardrails."""
    kept = [c for c in view.binance.values() if plain(c) and len(view.closed(c).open_ms) >= 60]
    daily = np.array([view.daily_usdt(c) for c in kept])
    range_ = np.array([atr_ratio(view, c) for c in kept])
    passed = 0
    for contract, turnover, moves in zip(kept, daily, range_, strict=True):
        shape = view.book(contract)
        bid, ask_price = book.best(shape)
        cap = supply_coins(contract, DEFAULT_HOUR_MS) * view.last_close(contract) / contract.unit
        last_day = float(view.last_day(contract).quote_volume.sum())
        small = cap < 1e8 and (daily <= turnover).mean() <= 0.2 and shape.bids_usdt + shape.asks_usdt < 50_000
        passed += small and (range_ <= moves).mean() >= 0.75 and 1e5 <= last_day < 5e7 and ask_price / bid < 1.01
    assert passed > 5


def test_the_seed_decides_the_bytes(embedded: Market) -> None:
    """The market's bars are these very bytes on every machine."""
    digest = sha256()
    for contract in embedded.binance.values():
        for column in contract.bars[:8]:
            digest.update(np.ascontiguousarray(column).tobytes())
    assert digest.hexdigest()[:16] == "922cbcedbc3ea949"


def test_another_seed_is_another_market() -> None:
    """Another seed lists as many contracts, but other prices."""
    other = make_market("another")
    assert (len(other.binance), len(other.kucoin)) == (789, 500)
    assert other.binance["ETHUSDT"].bars.close[-1] != make_market().binance["ETHUSDT"].bars.close[-1]


def test_everything_is_marked_synthetic_except_the_clock(ask: Ask) -> None:
    """Answers about the embedded market are marked, the time is not."""
    mark = ask("/binance/fapi/v1/klines", symbol="BTCUSDT", interval="1h").headers["x-quantscout-simulated"]
    assert mark == "synthetic_market"
    assert "x-quantscout-simulated" not in ask("/binance/fapi/v1/time").headers
    assert "x-quantscout-simulated" not in ask("/kucoin/api/v1/timestamp").headers


def test_no_bar_is_missing_at_the_default_hour(view: View) -> None:
    """Every KuCoin contract traded in the hour before the default one."""
    assert {int(view.closed(c).open_ms[-1]) for c in view.kucoin.values()} == {DEFAULT_HOUR_MS - HOUR}
