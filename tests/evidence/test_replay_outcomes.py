"""The same hole, live and in a replay: one rule says what a bar that a venue left out does to an outcome."""

from pathlib import Path

import polars as pl
import pytest

from evidence.made_archive import HOURS, SETTINGS, SMALL, START_MS, change, make_frames, write
from quantscout.evaluation_rows import judge, judgeable, outcomes_of
from quantscout.frames import HOUR_MS
from quantscout.outcomes import FIGURES, Costs
from quantscout_local.evidence.replay import replay
from quantscout_local.evidence.replay_bars import load_stretch
from quantscout_local.evidence.replay_contracts import load_contracts

NAME, HOLE_H = "C02USDT", 80


@pytest.fixture
def holed(tmp_path: Path) -> Path:
    """Return an archive in which one bar of one contract is absent."""
    gone = (pl.col("symbol") == NAME) & (pl.col("open_time") == START_MS + HOLE_H * HOUR_MS)
    return write(tmp_path / "holed", make_frames(SMALL), change(HOURS, lambda bars: bars.filter(~gone)))


def held(folder: Path) -> pl.DataFrame:
    """Return the contract's bars as the state of a live hour holds them: the omitted one is filled."""
    names = load_contracts(folder, SETTINGS).names
    bars = load_stretch(folder, names, START_MS, START_MS + 100 * HOUR_MS, START_MS).bars
    own = bars.filter(pl.col("contract") == NAME).with_columns(pl.col("venue", "contract").cast(pl.String))
    assert own.filter("filled")["open_ms"].to_list() == [START_MS + HOLE_H * HOUR_MS]
    return own


def test_live_and_replay_judge_the_same_hole_alike(holed: Path, tmp_path: Path) -> None:
    """Every hour around it: the outcome, and every figure of it."""
    judged = replay(holed, None, None, SETTINGS, tmp_path / "out").scan().filter(pl.col("contract") == NAME).collect()
    bars, one_row = held(holed), judged.with_columns(pl.col("venue", "contract").cast(pl.String)).head(1)
    universe = one_row.drop(*FIGURES, "outcome", "hour_ms").with_columns(pl.lit("ranked").alias("fate"))
    live = pl.concat([judge(universe, outcomes_of(bars, at_ms, Costs()), at_ms) for at_ms in judged["hour_ms"]])
    assert live["hour_ms"].to_list() == judged["hour_ms"].to_list()
    assert live["outcome"].to_list() == judged["outcome"].to_list()
    for name in FIGURES:
        one, other = live[name].cast(pl.Float64), judged[name].cast(pl.Float64)
        assert one.is_null().to_list() == other.is_null().to_list()
        assert float((one - other).abs().max() or 0) < 1e-6, name  # type: ignore[arg-type]
    told = dict(judged.select((pl.col("hour_ms") - START_MS) // HOUR_MS, "outcome").rows())
    assert told[HOLE_H] == "no_entry"
    assert {told[hour] for hour in range(62, HOLE_H)} == {"incomplete"}


@pytest.mark.parametrize(("venue", "outcome"), [("binance", "incomplete"), ("kucoin", "complete")])
def test_a_hole_is_an_hour_without_a_trade_only_where_the_venue_omits_those(
    holed: Path, venue: str, outcome: str
) -> None:
    """Binance sends a bar when nothing traded, KuCoin none; there the last price is the hour's."""
    bars = held(holed).with_columns(pl.lit(venue).alias("venue"))
    found = outcomes_of(bars, START_MS + 62 * HOUR_MS, Costs()).row(0, named=True)
    assert found["outcome"] == outcome
    entry = outcomes_of(bars, START_MS + HOLE_H * HOUR_MS, Costs())
    before = bars.filter(pl.col("open_ms") == START_MS + (HOLE_H - 1) * HOUR_MS)["close"].to_list()
    assert entry["entry_price"].to_list() == (before if venue == "kucoin" else [])


def test_recorded_bars_always_count(holed: Path) -> None:
    """Whatever the venue, and whatever traded in them."""
    bars = held(holed)
    for venue in ("binance", "kucoin", "another"):
        mine = bars.with_columns(pl.lit(venue).alias("venue"), pl.lit(0.0).alias("volume_usdt"))
        assert judgeable(mine).filter(~pl.col("filled")).height == bars.height - 1
