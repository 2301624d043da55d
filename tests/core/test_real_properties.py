"""Properties of the decision on real hours: nothing after H is read, no order matters, no unit matters.

`make properties` takes 100 hours against a look ahead; here it is five.
"""

import os
from collections.abc import Callable
from typing import Any, get_args

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import changed_hours as changed
import market_frames as mf
from quantscout import positions, windows
from quantscout.decide import Decision
from quantscout.factors import NAMES
from quantscout.frames import DAY_MS, HOUR_MS, KEY
from quantscout.regime import RegimeName, classify
from quantscout.settings import Settings
from quantscout.trend import build_regime_inputs

pytestmark = pytest.mark.skipif(not mf.ARCHIVE.is_dir(), reason=mf.NEEDS_ARCHIVE)

REGIMES = get_args(RegimeName)
SAMPLE = mf.real_hours(int(os.environ.get("LOOK_AHEAD_HOURS", "5")), seed=100)
Record = Callable[[str, object], None]
each_hour = pytest.mark.parametrize("number", range(len(SAMPLE)), ids=[mf.name_of(at) for at in SAMPLE])


def _columns_changed(before: Decision, after: Decision) -> list[str]:
    """Return the columns of the universe that are not exactly the same for the contracts of the first decision."""
    mine = after.universe.join(before.universe.select(KEY), on=KEY, how="semi", maintain_order="left")
    assert mine.height == before.universe.height
    assert mine.schema == before.universe.schema
    changes = [name for name in mine.columns if not mine[name].equals(before.universe[name], null_equal=True)]
    same_choice = (before.level, before.passed_per_level) == (after.level, after.passed_per_level)
    return changes if same_choice else [*changes, "level"]


def _bytes(decision: Decision) -> str:
    return f"{decision.universe.write_ndjson()}{decision.level}{decision.passed_per_level}"


# No look ahead


@pytest.mark.long
@each_hour
def test_nothing_after_a_real_hour_changes_it(number: int, record_property: Record) -> None:
    """Rows after H, as they came or with every number changed, and contracts that begin after H, change nothing."""
    real = mf.real_hour(SAMPLE[number], REGIMES[number % 4], seed=number, later_h=1 + number * 7 % 40)
    long = changed.with_echo(real, hours=24)
    wild = changed.with_newcomers(changed.with_wild_future(long))
    assert changed.rows_after(long) > 1000
    before = mf.decide_hour(changed.cut(long))
    assert before.universe["in_scored_set"].sum() > 0
    for later in (long, wild):
        assert _columns_changed(before, mf.decide_hour(later)) == []
    record_property("look ahead: hours", 1)
    record_property("look ahead: contracts compared", 2 * before.universe.height)
    record_property("look ahead: values compared", 2 * before.universe.height * before.universe.width)
    record_property("look ahead: rows after H", changed.rows_after(wild))


def test_contracts_that_begin_after_the_hour_have_no_bars() -> None:
    """A contract whose first bar opens at H or later is in the universe, rejected for having no bars."""
    hour = changed.with_newcomers(mf.real_hour(mf.NOON, later_h=24))
    new = mf.decide_hour(hour).universe.filter(pl.col("contract").str.starts_with("NEWCOMER"))
    assert new["reason"].to_list() == ["no_bars"] * 5


def _regime_inputs(bars: pl.DataFrame, hour_ms: int) -> object:
    btc, eth = (bars.filter(pl.col("contract") == name).sort("open_ms") for name in ("BTCUSDT", "ETHUSDT"))
    day = (pl.col("open_ms") // DAY_MS * DAY_MS).alias("open_ms")
    daily = btc.group_by(day, maintain_order=True).agg(pl.col("close").last())
    return classify(build_regime_inputs(btc, eth, daily, {}, hour_ms))


def test_regime_reads_nothing_after_the_hour() -> None:
    """Bars of BTC and ETH after H, the day's own unfinished bar among them, change no input of the regime."""
    both = mf.archive_bars("1h").filter(pl.col("contract").is_in(["BTCUSDT", "ETHUSDT"])).collect()
    for hour_ms in SAMPLE:
        after = pl.col("open_ms") >= hour_ms
        wild = both.with_columns(pl.when(after).then(pl.col(c) * 3).otherwise(c).alias(c) for c in changed.PRICES)
        assert _regime_inputs(wild, hour_ms) == _regime_inputs(both.filter(~after), hour_ms)


def _whole_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Build every window one hour too late: H's own bar is its last."""
    true = windows.build_windows
    monkeypatch.setattr(mf, "build_windows", lambda bars, hour_ms, length: true(bars, hour_ms + HOUR_MS, length))


def _usual_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the median of the volumes before the hour's bar, and nothing else, take H's own bar in: two hours late."""
    true = windows.build_windows

    def peeking(bars: pl.DataFrame, hour_ms: int, length: int) -> pl.DataFrame:
        column = "volume_median_usdt"
        ahead = true(bars, hour_ms + 2 * HOUR_MS, length).select(*KEY, column)
        return true(bars, hour_ms, length).drop(column).join(ahead, on=KEY, how="left", maintain_order="left")

    monkeypatch.setattr(mf, "build_windows", peeking)


def _next_interest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the change of open interest four hours too late."""
    true = positions.build_open_interest
    monkeypatch.setattr(positions, "build_open_interest", lambda rows, hour_ms: true(rows, hour_ms + 4 * HOUR_MS))


def _next_settlement(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the settlements of the next eight hours into the funding's own past."""
    true = positions.build_funding

    def peeking(current: pl.DataFrame, rows: pl.DataFrame, hour_ms: int, settings: Settings) -> pl.DataFrame:
        return true(current, rows, hour_ms + 8 * HOUR_MS, settings)

    monkeypatch.setattr(positions, "build_funding", peeking)


PLANTED: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str]] = {
    "the whole window": (_whole_window, "close"),
    "the usual volume": (_usual_volume, "vol_spike"),
    "open interest": (_next_interest, "oi_change"),
    "funding": (_next_settlement, "funding_z"),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_look_ahead_is_found(planted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check above would see a look ahead: with one planted, columns differ, and so do scores."""
    plant, column = PLANTED[planted]
    plant(monkeypatch)
    long = changed.with_echo(mf.real_hour(mf.NOON, later_h=24), hours=24)
    before = mf.decide_hour(changed.cut(long))
    for later in (long, changed.with_wild_future(long)):
        changes = _columns_changed(before, mf.decide_hour(later))
        assert {column, "score"} <= set(changes)


def test_planted_15m_bar_is_not_read() -> None:
    """15m bars before and after the one that closes at H, with wild closes, change nothing."""
    hour = mf.real_hour(mf.NOON)
    assert _columns_changed(mf.decide_hour(hour), mf.decide_hour(changed.quarters_around(hour))) == []


# Order


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("kind", ["real", "made"])
def test_order_of_rows_changes_no_byte(kind: str, number: int) -> None:
    """The rows of every input in three other orders give the same universe, byte for byte."""
    hour = mf.real_hour(SAMPLE[number], seed=number) if kind == "real" else mf.made_hour(100 + number)
    first = _bytes(mf.decide_hour(hour))
    for seed in (1, 2, 3):
        assert _bytes(mf.decide_hour(changed.shuffled(hour, seed))) == first


# Scale

A_PRICE = (
    "price", "bid", "ask", "mid", "open", "high", "low", "close", "last_close", "close_1h_ago", "close_4h_ago",
    "close_7d_ago", "sma20", "high_20h", "open_15m", "close_15m",
)  # fmt: skip
A_RANGE_IN_PRICE = ("atr14_1h", "atr14_4h")
AN_AMOUNT_IN_COINS = ("open_interest_coins", "supply_binance_coins", "supply_coingecko_coins")
"""What is not scale-free, by its reason. Every other column of the universe must stay, whoever adds it."""


def _as_expected(universe: pl.DataFrame, coin: str, by: float) -> pl.DataFrame:
    mine = pl.col("coin") == coin
    columns = [(name, pl.col(name) * by) for name in (*A_PRICE, *A_RANGE_IN_PRICE)]
    columns += [(name, pl.col(name) / by) for name in AN_AMOUNT_IN_COINS]
    return universe.with_columns(pl.when(mine).then(x).otherwise(name).alias(name) for name, x in columns)


def _coins_to_scale(universe: pl.DataFrame) -> list[Any]:
    """Return a coin that is ranked, one of the scored set on two venues, and one that is rejected."""
    ranked = universe.filter(pl.col("rank") == 2)["coin"].to_list()
    twice = universe.filter(pl.col("in_scored_set") & pl.col("coin").is_duplicated())["coin"].to_list()
    return [*ranked, *twice[:1], *universe.filter(pl.col("reason") == "atr_percentile_low")["coin"].to_list()[:1]]


def _numbers(universe: pl.DataFrame) -> pl.DataFrame:
    """Return the universe with the value of a rejection, which is text, as a number where it is one."""
    value = pl.col("reason_value").cast(pl.Float64, strict=False)
    return universe.with_columns(value, text=pl.when(value.is_null()).then("reason_value"))


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("kind", ["real", "made"])
def test_unit_of_a_coin_changes_no_scale_free_figure(kind: str, number: int) -> None:
    """A coin ten times dearer, in a tenth of the amount: only prices, ranges and amounts in coins follow.

    All ten factors, gate values, scores, ranks and reasons of it and of everybody else stay, to 1e-9. Eight times
    dearer is exact in binary: there they stay bit for bit.
    """
    hour = mf.real_hour(SAMPLE[number], seed=number) if kind == "real" else mf.made_hour(200 + number)
    before = mf.decide_hour(hour).universe
    assert not {*A_PRICE, *A_RANGE_IN_PRICE, *AN_AMOUNT_IN_COINS} & set(NAMES)
    for coin in _coins_to_scale(before):
        tenfold = mf.decide_hour(changed.dearer(hour, coin, 10)).universe
        expected = _as_expected(before, coin, 10)
        assert_frame_equal(_numbers(expected), _numbers(tenfold), rel_tol=1e-9, abs_tol=1e-9)
        eightfold = mf.decide_hour(changed.dearer(hour, coin, 8)).universe
        assert_frame_equal(_as_expected(before, coin, 8), eightfold, check_exact=True)
