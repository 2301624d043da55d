"""Every kind of fault of a contract: asking again changes nothing, and the truth stays available."""

from collections.abc import Callable
from typing import Any

import pytest

from quantscout_local.simulator import DEFAULT_HOUR_MS
from simulator.stand import Stand

Maker = Callable[..., Stand]
HOUR = 3_600_000
KLINES, KUCOIN_KLINES = "/binance/fapi/v1/klines", "/kucoin/api/v1/kline/query"
NEWEST = DEFAULT_HOUR_MS - HOUR


def bars(server: Stand, symbol: str = "BTCUSDT", **params: Any) -> list[Any]:
    """Return a contract's last bars."""
    asked: dict[str, Any] = {"symbol": symbol, "interval": "1h", "limit": 30} | params
    rows: list[Any] = server.ask(KLINES, **asked).json()
    return rows


def kucoin_bars(server: Stand, symbol: str = "XBTUSDTM") -> list[Any]:
    """Return a KuCoin contract's last hundred hours."""
    span: dict[str, Any] = {"from": DEFAULT_HOUR_MS - 100 * HOUR, "to": DEFAULT_HOUR_MS}
    rows: list[Any] = server.ask(KUCOIN_KLINES, symbol=symbol, granularity=60, **span).json()["data"]
    return rows


def symbols(server: Stand, path: str, key: str | None = None) -> dict[str, dict[str, Any]]:
    """Return the rows of a listing by name."""
    value = server.ask(path).json()
    return {row["symbol"]: row for row in (value[key] if key else value)}


def test_a_late_bar_comes_six_to_thirteen_seconds_after_the_hour(faulty: Maker) -> None:
    """At 5 s it is missing for all, at 14 s there for all, between them for some: asking again helps with time."""
    server, names = faulty("late_bar", after_s=5), ["BTCUSDT", "ETHUSDT", "1INCHUSDT", "1000PEPEUSDT", "SOLUSDT"]
    seen = []
    for wait_s in (0, 4.5, 4.5):
        server.time.now_s += wait_s
        seen.append([bars(server, name)[-1][0] >= NEWEST for name in names])
    assert (any(seen[0]), all(seen[2])) == (False, True)
    assert any(seen[1])
    assert not all(seen[1])


def test_a_late_bar_stays_late_however_often_it_is_asked_for(faulty: Maker) -> None:
    """A share of the contracts is late, the same ones at every attempt."""
    server, names = faulty("late_bar", after_s=5, share=0.5), [f"{coin}USDT" for coin in ("BTC", "ETH", "SOL", "XRP")]
    asked = [[bars(server, name)[-1][0] >= NEWEST for name in names] for _ in range(3)]
    assert asked[0] == asked[1] == asked[2]


@pytest.mark.parametrize(("interval", "newest"), [("1h", NEWEST), ("15m", DEFAULT_HOUR_MS - HOUR // 4)])
def test_a_missing_bar_never_comes(faulty: Maker, interval: str, newest: int) -> None:
    """The bar that closed at the hour, and the running one, are not there."""
    assert bars(faulty("missing_bar"), interval=interval)[-1][0] == newest - (HOUR if interval == "1h" else HOUR // 4)


def test_a_missing_bar_of_kucoin(faulty: Maker, stand: Maker) -> None:
    """On KuCoin too; all bars before are the true ones."""
    found, truth = kucoin_bars(faulty("missing_bar")), kucoin_bars(stand())
    assert found == [row for row in truth if row[0] < NEWEST]


def test_sparse_bars_are_the_same_in_every_answer(faulty: Maker, stand: Maker) -> None:
    """About a share of the bars is gone, whichever range is asked for; the others are true."""
    server = faulty("sparse_bars", venue="kucoin", rows_share=0.4)
    found, truth = kucoin_bars(server), kucoin_bars(stand())
    assert 0.4 * len(truth) < len(found) < 0.8 * len(truth)
    assert all(row in truth for row in found)
    assert kucoin_bars(server) == found
    assert bars(server) == bars(stand())


def test_a_clock_that_is_off(faulty: Maker) -> None:
    """Every stamp from the venue's own clock is off by the same time, bars are not."""
    server = faulty("clock_off", venue="binance", seconds=-40)
    now_ms = server.told("usage")["now_ms"]
    assert server.ask("/binance/fapi/v1/time").json()["serverTime"] == now_ms - 40_000
    assert symbols(server, "/binance/fapi/v1/premiumIndex")["BTCUSDT"]["time"] == now_ms - 40_000
    assert server.ask("/kucoin/api/v1/timestamp").json()["data"] == now_ms
    assert bars(server)[-1][0] == DEFAULT_HOUR_MS


def test_kucoins_clock_in_both_units(faulty: Maker) -> None:
    """Stamps in ms and in ns move alike."""
    server = faulty("clock_off", venue="kucoin", seconds=40)
    now_ms = server.told("usage")["now_ms"]
    assert server.ask("/kucoin/api/v1/timestamp").json()["data"] == now_ms + 40_000
    book = server.ask("/kucoin/api/v1/level2/depth20", symbol="XBTUSDTM").json()["data"]
    assert book["ts"] == (now_ms + 40_000) * 10**6


@pytest.mark.parametrize(
    ("path", "params", "field"),
    [
        ("/binance/futures/data/openInterestHist", {"symbol": "BTCUSDT", "period": "1h"}, "timestamp"),
        ("/kucoin-unified/api/ua/v1/market/open-interest", {"symbol": "XBTUSDTM", "interval": "1hour"}, "ts"),
    ],
)
def test_misaligned_interest(faulty: Maker, path: str, params: dict[str, Any], field: str) -> None:
    """Open interest is stamped seven minutes off its hour."""
    value = faulty("misaligned_interest").ask(path, **params).json()
    rows = value if isinstance(value, list) else value["data"]
    assert {row[field] % HOUR for row in rows} == {420_000}


def test_a_frozen_contract_stands_still_and_trades_in_the_listing(faulty: Maker, stand: Maker) -> None:
    """Bars of the last two days are flat at the true price before, without volume; the listing says TRADING."""
    server, truth = faulty("frozen_delisted", contract="ETHUSDT"), stand()
    since = DEFAULT_HOUR_MS - 48 * HOUR
    before = bars(truth, "ETHUSDT", endTime=since - 1, limit=1)[0]
    rows = bars(server, "ETHUSDT", limit=60)
    frozen = [row for row in rows if row[0] >= since]
    assert {tuple(map(float, row[1:6])) for row in frozen} == {(*[float(before[4])] * 4, 0.0)}
    assert [row for row in rows if row[0] < since] == bars(truth, "ETHUSDT", limit=60)[: len(rows) - len(frozen)]
    assert symbols(server, "/binance/fapi/v1/exchangeInfo", "symbols")["ETHUSDT"]["status"] == "TRADING"
    assert float(symbols(server, "/binance/fapi/v1/premiumIndex")["ETHUSDT"]["markPrice"]) == float(before[4])
    assert bars(server) == bars(truth)


def test_a_settling_contract_that_is_listed_as_trading(faulty: Maker, stand: Maker) -> None:
    """What the market has delisted goes on trading in the listing."""
    path = "/binance/fapi/v1/exchangeInfo"
    settling = [name for name, row in symbols(stand(), path, "symbols").items() if row["status"] == "SETTLING"]
    listed = symbols(faulty("frozen_delisted"), path, "symbols")
    assert len(settling) == 8
    assert {listed[name]["status"] for name in settling} == {"TRADING"}


def test_a_frozen_contract_of_kucoin(faulty: Maker) -> None:
    """The row of contracts/active shows the price of its last bar, and no volume."""
    server = faulty("frozen_delisted", venue="kucoin", contract="ETHUSDTM")
    rows = server.ask("/kucoin/api/v1/contracts/active").json()["data"]
    row = next(row for row in rows if row["symbol"] == "ETHUSDTM")
    last = kucoin_bars(server, "ETHUSDTM")[-1]
    assert row["markPrice"] == last[4] == last[1]
    assert (row["turnoverOf24h"], row["status"], last[5]) == (0, "Open", 0)


def test_a_renamed_contract_is_known_by_its_new_name_alone(faulty: Maker, stand: Maker) -> None:
    """Listed and answering under the new name, unknown by the old one; the bars are the same."""
    server = faulty("renamed_contract", contract="ETHUSDT")
    listed = symbols(server, "/binance/fapi/v1/exchangeInfo", "symbols")
    assert ("ETHUSDT" in listed, listed["ETHNEWUSDT"]["baseAsset"]) == (False, "ETHNEW")
    assert "ETHNEWUSDT" in symbols(server, "/binance/fapi/v1/premiumIndex")
    assert server.ask(KLINES, symbol="ETHUSDT", interval="1h").json()["code"] == -1121
    assert bars(server, "ETHNEWUSDT") == bars(stand(), "ETHUSDT")
    interest = server.ask("/binance/fapi/v1/openInterest", symbol="ETHNEWUSDT").json()
    assert interest["symbol"] == "ETHNEWUSDT"
    assert bars(server) == bars(stand())


def test_a_renamed_contract_of_kucoin(faulty: Maker, stand: Maker) -> None:
    """KuCoin's refusal comes in its envelope."""
    server = faulty("renamed_contract", contract="ETHUSDTM")
    assert server.ask(KUCOIN_KLINES, symbol="ETHUSDTM", granularity=60).json()["code"] == "100001"
    assert kucoin_bars(server, "ETHNEWUSDTM") == kucoin_bars(stand(), "ETHUSDTM")


def test_an_interval_that_changes_on_binance(faulty: Maker, stand: Maker) -> None:
    """The list of intervals has the contract with half of its interval, and the next settlement and interest follow."""
    server = faulty("changed_interval", contract="BTCUSDT")
    path = "/binance/fapi/v1/fundingInfo"
    assert "BTCUSDT" not in symbols(stand(), path)
    assert symbols(server, path)["BTCUSDT"]["fundingIntervalHours"] == 4
    row = symbols(server, "/binance/fapi/v1/premiumIndex")["BTCUSDT"]
    assert (row["nextFundingTime"], row["interestRate"]) == (DEFAULT_HOUR_MS + 4 * HOUR, "0.00005000")
    assert len(symbols(server, path)) == len(symbols(stand(), path)) + 1


def test_an_interval_that_changes_on_kucoin(faulty: Maker, stand: Maker) -> None:
    """The granularity is half as long, and the countdown to the next settlement fits."""
    rows = []
    for server in (faulty("changed_interval", contract="ETHUSDTM"), stand()):
        found = server.ask("/kucoin/api/v1/contracts/active").json()["data"]
        rows.append(next(row for row in found if row["symbol"] == "ETHUSDTM"))
    changed, truth = rows
    assert changed["fundingRateGranularity"] * 2 == truth["fundingRateGranularity"]
    moved = truth["nextFundingRateDateTime"] - changed["nextFundingRateDateTime"]
    assert moved == truth["nextFundingRateTime"] - changed["nextFundingRateTime"]
    assert 0 < changed["nextFundingRateTime"] <= changed["fundingRateGranularity"]
