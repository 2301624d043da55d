"""An archive's market: what is real stays as it is, nothing comes from later, and what is derived says so."""

from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import orjson
import polars as pl
import pytest

from quantscout_local.simulator import load_archive
from quantscout_local.simulator.app import _BINANCE, _COINALYZE, _COINGECKO, _KUCOIN
from quantscout_local.simulator.hours import hour_of
from quantscout_local.simulator.market import Market
from quantscout_local.simulator.view import View

Ask = Callable[..., httpx.Response]
HOUR, DAY = 3_600_000, 86_400_000
NOON = hour_of("2026-03-01T12:00Z")
KLINES = "/binance/fapi/v1/klines"
INTEREST = "/binance/futures/data/openInterestHist"
MARK = "x-quantscout-simulated"


def every_answer(market: Market, hour_ms: int) -> dict[str, bytes]:
    """Return an answer of every endpoint, before time stamps are put in."""
    view = View(market, hour_ms)
    span = {"startTime": str(hour_ms - 40 * DAY), "endTime": str(hour_ms + DAY), "period": "1h", "limit": "500"}
    kucoin = {"from": str(hour_ms - 20 * DAY), "to": str(hour_ms + DAY), "interval": "1hour", "pageSize": "200"}
    coinalyze = {"from": str((hour_ms - 20 * DAY) // 1000), "to": str((hour_ms + DAY) // 1000), "interval": "1hour"}
    found: dict[str, bytes] = {}
    for path, reader in _BINANCE.items():
        for symbol in view.binance:
            for interval in ("15m", "1h", "4h"):
                found[f"{path} {symbol} {interval}"] = reader(
                    view, span | {"symbol": symbol, "interval": interval}
                ).body
        if not path.endswith(("klines", "depth", "openInterest", "openInterestHist", "Ratio")):
            found[path] = reader(view, {}).body
    for path, reader in _KUCOIN.items():
        for symbol in view.kucoin:
            for minutes in ("15", "60", "240"):
                found[f"{path} {symbol} {minutes}"] = reader(
                    view, kucoin | {"symbol": symbol, "granularity": minutes}
                ).body
    for path, reader in _COINALYZE.items():
        found[path] = reader(view, coinalyze | {"symbols": "BTCUSDT_PERP.A,ACHUSDT_PERP.A"}).body
    found |= {path: reader(view, {"vs_currency": "usd"}).body for path, reader in _COINGECKO.items()}
    return found


def cut(source: Path, target: Path, hour_ms: int) -> Path:
    """Write an archive without anything later than the hour."""
    steps = {"binance_um_1h": HOUR, "binance_um_1h_taker": HOUR, "binance_um_15m": HOUR // 4, "binance_um_4h": 4 * HOUR}
    for file in source.glob("*.parquet"):
        frame = pl.read_parquet(file)
        column = next(n for n in ("open_time", "funding_time", "timestamp") if n in frame.columns)
        frame.filter(pl.col(column) + steps.get(file.stem, 0) <= hour_ms).write_parquet(target / file.name)
    (target / "raw").symlink_to((source / "raw").resolve())
    return target


@pytest.mark.parametrize("at", ["2026-03-01T12:00Z", "2025-10-20T13:00Z", "2025-02-01T07:00Z"])
def test_cutting_everything_off_at_the_hour_changes_no_byte(
    small_archive: Path, small_market: Market, tmp_path: Path, at: str
) -> None:
    """Every endpoint answers the same bytes from an archive that ends at the hour."""
    shorter = load_archive(cut(small_archive, tmp_path, hour_of(at)))
    whole, part = every_answer(small_market, hour_of(at)), every_answer(shorter, hour_of(at))
    assert whole.keys() == part.keys()
    assert not [name for name in whole if whole[name] != part[name]]


def test_two_runs_give_the_same_answers(small_archive: Path, small_market: Market) -> None:
    """A second load of the archive answers the same bytes."""
    assert every_answer(load_archive(small_archive), NOON) == every_answer(small_market, NOON)


def test_no_closed_bar_is_later_than_the_hour(ask_archive: Ask) -> None:
    """Asked far beyond the hour, the last closed bar closes at it and only the running one follows."""
    params = {"symbol": "ETHUSDT", "startTime": NOON - 5 * HOUR, "endTime": NOON + 5 * DAY}
    for interval in ("15m", "1h"):
        rows = ask_archive(KLINES, interval=interval, **params).json()
        assert rows[-1][0] == NOON
        assert rows[-2][6] == NOON - 1


def test_real_hours_pass_through_exactly(ask_archive: Ask, archive_dir: Path) -> None:
    """Prices, volumes and trades of 1h bars are those of the archive, to the last bit."""
    rows = ask_archive(KLINES, symbol="ACHUSDT", interval="1h", endTime=NOON - 1, limit=1000).json()
    real = (
        pl.scan_parquet(archive_dir / "binance_um_1h.parquet")
        .filter(pl.col("symbol") == "ACHUSDT", pl.col("open_time") < NOON)
        .sort("open_time")
        .tail(1000)
        .collect()
    )
    names = ("open_time", "open", "high", "low", "close", "volume", "quote_volume", "trades")
    for place, name in zip((0, 1, 2, 3, 4, 5, 7, 8), names, strict=True):
        assert [float(row[place]) for row in rows] == real[name].cast(pl.Float64).to_list()


def test_built_four_hours_are_the_venues_own(ask_archive: Ask, archive_dir: Path) -> None:
    """4h bars built from hours equal the recorded 4h bars."""
    rows = ask_archive(KLINES, symbol="BTCUSDT", interval="4h", endTime=NOON - 1, limit=500).json()
    real = (
        pl.scan_parquet(archive_dir / "binance_um_4h.parquet")
        .filter(pl.col("symbol") == "BTCUSDT", pl.col("open_time") + 4 * HOUR <= NOON)
        .sort("open_time")
        .tail(500)
        .collect()
    )
    for place, name in ((0, "open_time"), (1, "open"), (2, "high"), (3, "low"), (4, "close")):
        assert [float(row[place]) for row in rows] == real[name].cast(pl.Float64).to_list()
    np.testing.assert_allclose([float(row[7]) for row in rows], real["quote_volume"].to_numpy(), rtol=1e-9)


def test_recorded_quarters_are_served(small_market: Market, archive_dir: Path) -> None:
    """Inside their window the 15m bars are the recorded ones, and marked only for what they lack."""
    hour = hour_of("2025-10-20T13:00Z")
    found = _BINANCE["/fapi/v1/klines"](
        View(small_market, hour), {"symbol": "ACHUSDT", "interval": "15m", "endTime": str(hour - 1), "limit": "8"}
    )
    real = (
        pl.scan_parquet(archive_dir / "binance_um_15m.parquet")
        .filter(pl.col("symbol") == "ACHUSDT", pl.col("open_time") < hour)
        .sort("open_time")
        .tail(8)
        .collect()
    )
    assert [float(row[4]) for row in orjson.loads(found.body)] == real["close"].to_list()
    assert found.simulated == ("quote_volume_15m", "taker_split")


def test_real_taker_split_is_served_unmarked(small_market: Market) -> None:
    """Where the archive has the taker split, the answer is real and says nothing else."""
    view = View(small_market, hour_of("2025-02-01T07:00Z"))
    params = {"symbol": "BTCUSDT", "interval": "1h", "endTime": str(view.hour_ms - 1), "limit": "10"}
    assert _BINANCE["/fapi/v1/klines"](view, params).simulated == ()


@pytest.mark.parametrize(
    ("path", "params", "marks"),
    [
        (KLINES, {"symbol": "BTCUSDT", "interval": "1h"}, "taker_split"),
        (KLINES, {"symbol": "BTCUSDT", "interval": "15m"}, "bars_15m taker_split"),
        ("/binance/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": 5}, "order_book"),
        ("/binance/fapi/v1/ticker/bookTicker", {}, "spread"),
        (INTEREST, {"symbol": "BTCUSDT", "period": "4h", "limit": 2}, "supply"),
        (INTEREST, {"symbol": "BTCUSDT", "period": "1h"}, "supply open_interest"),
        ("/binance/futures/data/globalLongShortAccountRatio", {"symbol": "BTCUSDT", "period": "1h"}, "long_short"),
        ("/binance/fapi/v1/premiumIndex", {}, "mark_price live_funding"),
        ("/binance/fapi/v1/ticker/24hr", {}, None),
        ("/binance/fapi/v1/fundingRate", {"symbol": "BTCUSDT"}, None),
        ("/binance/fapi/v1/time", {}, None),
        ("/kucoin/api/v1/contracts/active", {}, "kucoin_market"),
        ("/coingecko/api/v3/global", {}, "coingecko"),
    ],
)
def test_derived_answers_say_what_is_derived(
    ask_archive: Ask, path: str, params: dict[str, object], marks: str | None
) -> None:
    """An answer names exactly what in it is not real."""
    assert ask_archive(path, **params).headers.get(MARK) == marks


def test_real_open_interest_stands_at_its_own_time(ask_archive: Ask, archive_dir: Path) -> None:
    """At a recorded time the open interest is the recorded one; between, it stays near."""
    rows = ask_archive(INTEREST, symbol="ACHUSDT", period="1h", limit=100).json()
    real = pl.read_parquet(archive_dir / "binance_um_oi_4h.parquet").filter(pl.col("symbol") == "ACHUSDT")
    known = dict(zip(real["timestamp"], real["sum_open_interest"], strict=True))
    assert sum(row["timestamp"] in known for row in rows) == 25
    for row in rows:
        last = known[row["timestamp"] // (4 * HOUR) * 4 * HOUR]
        exact = row["timestamp"] in known
        assert float(row["sumOpenInterest"]) == pytest.approx(last, rel=1e-15 if exact else 0.02)


def test_supply_is_constant(small_market: Market) -> None:
    """The circulating supply of a contract is the same weeks apart."""
    read = _BINANCE["/futures/data/openInterestHist"]
    params = {"symbol": "ACHUSDT", "period": "1h", "limit": "1"}
    early, late = (orjson.loads(read(View(small_market, at), params).body) for at in (NOON - 60 * DAY, NOON))
    assert early[0]["CMCCirculatingSupply"] == late[0]["CMCCirculatingSupply"]


def test_book_depth_and_best_prices_agree(ask_archive: Ask) -> None:
    """The order book starts at the best prices, is sorted, and reaches beyond 1 % on both sides."""
    best = ask_archive("/binance/fapi/v1/ticker/bookTicker", symbol="ACHUSDT").json()
    book = ask_archive("/binance/fapi/v1/depth", symbol="ACHUSDT", limit=1000).json()
    bids, asks = (np.array(book[side], dtype=float) for side in ("bids", "asks"))
    assert (book["bids"][0], book["asks"][0]) == (
        [best["bidPrice"], best["bidQty"]],
        [best["askPrice"], best["askQty"]],
    )
    assert (np.diff(bids[:, 0]) < 0).all()
    assert (np.diff(asks[:, 0]) > 0).all()
    mid = (bids[0, 0] + asks[0, 0]) / 2
    assert bids[-1, 0] < mid * 0.99
    assert asks[-1, 0] > mid * 1.01


def test_captured_entry_is_served_as_trading(ask_archive: Ask) -> None:
    """ExchangeInfo gives captured entries, trading, without a delivery, listed not later than the first bar."""
    rows = {row["symbol"]: row for row in ask_archive("/binance/fapi/v1/exchangeInfo").json()["symbols"]}
    assert {row["status"] for row in rows.values()} == {"TRADING"}
    assert {row["deliveryDate"] for row in rows.values()} == {4_133_404_800_000}
    assert rows["BTCUSDT"]["onboardDate"] == 1_567_965_300_000
    assert rows["CVCUSDT"]["underlyingType"] == "COIN"


def test_contract_is_listed_after_its_first_bar_opened(small_market: Market) -> None:
    """At the hour of its first bar a contract is not listed, an hour later it is."""
    first = small_market.binance["ZROUSDT"].first_ms
    for symbol, contract in small_market.binance.items():
        if contract.first_ms > first and small_market.covers(contract.first_ms):
            assert symbol not in View(small_market, contract.first_ms).binance
            assert symbol in View(small_market, contract.first_ms + HOUR).binance


def test_real_only_leaves_out_what_is_not_recorded(ask_real: Ask) -> None:
    """With real series alone, what is missing is missing, and nothing is marked."""
    rows = ask_real(KLINES, symbol="ACHUSDT", interval="1h", limit=5)
    assert rows.json()[0][9:11] == [None, None]
    assert MARK not in rows.headers
    assert ask_real(KLINES, symbol="ACHUSDT", interval="15m", startTime=NOON - DAY).json() == []
    assert ask_real("/binance/fapi/v1/ticker/bookTicker").json() == []
    book = ask_real("/binance/fapi/v1/depth", symbol="ACHUSDT", limit=5).json()
    assert (book["bids"], book["asks"]) == ([], [])
    assert ask_real("/binance/futures/data/globalLongShortAccountRatio", symbol="ACHUSDT", period="1h").json() == []


def test_real_only_open_interest_has_recorded_rows_alone(ask_real: Ask) -> None:
    """Hourly open interest has the 4h rows alone, without a supply."""
    rows = ask_real(INTEREST, symbol="ACHUSDT", period="1h", limit=500).json()
    assert {row["timestamp"] % (4 * HOUR) for row in rows} == {0}
    assert "CMCCirculatingSupply" not in rows[0]


def test_real_only_has_no_other_source(ask_real: Ask) -> None:
    """KuCoin answers nothing, Coinalyze and CoinGecko are down."""
    for path in ("/api/v1/contracts/active", "/api/v1/allTickers", "/api/v1/level2/depth20", "/api/v1/kline/query"):
        assert ask_real(f"/kucoin{path}").json() == {"code": "200000", "data": []}
    assert ask_real("/coinalyze/v1/exchanges", headers={"api_key": "any"}).status_code == 503
    assert ask_real("/coingecko/api/v3/global").status_code == 503
