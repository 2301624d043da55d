"""Levels, ranks and reasons of many hours at once against decide.judge, on boards that archives cannot give."""

from random import Random
from typing import Any

import polars as pl
import pytest

from evidence.made_archive import START_MS
from quantscout.decide import Decision, judge
from quantscout.factors import NAMES, factor_values
from quantscout.frames import HOUR_MS
from quantscout.regime import FACTOR_VALUE, Regime, RegimeName
from quantscout.settings import Settings
from quantscout_local.evidence.columns_judge import decide_hours, in_scored_set, score_hours

REGIMES: tuple[RegimeName, ...] = ("neutral", "risk_on", "btc_led", "risk_off")
CONTRACTS = 60
FLOATS = (
    "close", "close_1h_ago", "close_15m", "open_15m", "sma20", "high_20h", "atr14_1h", "volume_usdt",
    "volume_median_usdt", "taker_buy_usdt", "bids_usdt", "asks_usdt", "oi_change_4h_pct", "trending_points",
    "depth_usdt", "funding_z", "funding_change_z", "market_cap_usd", "volume_24h_usdt", "funding_8h_ratio",
    "spread_ratio", "min_notional_usdt", "adv30_usdt", "adv30_percentile", "atr_percentile", "listed_days",
)  # fmt: skip
RANGES = {
    "market_cap_usd": (1e6, 4e8), "volume_24h_usdt": (9e4, 3e6), "funding_8h_ratio": (-1e-3, 3.1e-3),
    "spread_ratio": (0, 0.0105), "min_notional_usdt": (4, 30), "depth_usdt": (1e3, 3e5), "adv30_percentile": (0, 1),
    "atr_percentile": (0, 1), "adv30_usdt": (1e5, 1e7), "listed_days": (1, 300), "funding_z": (-2, 4),
    "funding_change_z": (-2, 4), "trending_points": (0, 5),
}  # fmt: skip


def make_row(dice: Random, hour: int, number: int, tight: bool) -> dict[str, Any]:
    """Return one contract; in a tight hour the values are such that the first levels may hold five coins."""
    row: dict[str, Any] = {
        "venue": "binance", "contract": f"K{number:02}", "coin": f"K{number:02}", "symbol": f"K{number:02}-USDT-PERP",
        "hour_ms": START_MS + hour * HOUR_MS, "ineligible": None, "ineligible_value": None,
        "bar_age_h": int(dice.random() < 0.03), "history_h": dice.choice([50, 700, 700, 700, 700, 700]),
        "bars_4h": dice.choice([14, 170, 170, 170, 170, 170]),
    }  # fmt: skip
    for name in FLOATS:
        low, high = RANGES.get(name, (1.0, 3.0))
        row[name] = None if dice.random() < 0.04 else dice.uniform(low, high)
    if tight:
        share = (0.25, 0.35)[hour % 2]
        row |= {
            "market_cap_usd": 5e7,
            "adv30_percentile": dice.uniform(0, share),
            "min_notional_usdt": 4.0 + hour % 2 * 3,
            "atr_percentile": dice.uniform(1 - share, 1),
            "depth_usdt": dice.uniform(1e3, 7e4),
        }
    return row


def make_board(seed: int, hours: int) -> pl.DataFrame:
    """Return hours of contracts, sorted by hour and contract; some hours hold few."""
    dice = Random(seed)
    rows = [
        make_row(dice, hour, number, tight=hour % 3 == 0)
        for hour in range(hours)
        for number in range(8 if hour % 7 == 6 else CONTRACTS)
    ]
    kinds = dict.fromkeys(FLOATS, pl.Float64) | {"ineligible": pl.String, "ineligible_value": pl.String}
    return pl.DataFrame(rows, schema_overrides=kinds)


def judge_alone(board: pl.DataFrame, hour_ms: int, name: RegimeName, settings: Settings) -> Decision:
    """Return the product's decision of one hour."""
    rows = board.filter(pl.col("hour_ms") == hour_ms).drop("hour_ms")
    full = rows.with_columns(pl.lit(FACTOR_VALUE[name]).alias("regime_value")).with_columns(factor_values())
    return judge(full, Regime(name, {}, []), settings)


@pytest.mark.parametrize("normalisation", ["z", "robust_z", "rank"])
def test_hours_decided_at_once_are_those_decided_alone(normalisation: str) -> None:
    """All levels, every regime, every kind of missing value, hours with too few coins."""
    settings, hours = Settings(normalisation=normalisation, min_coverage=0.8), 28
    board = make_board(7, hours)
    regimes: dict[int, RegimeName] = {START_MS + hour * HOUR_MS: REGIMES[hour % 4] for hour in range(hours)}
    decided = decide_hours(board, score_hours(in_scored_set(board, settings), regimes, settings), settings)
    levels, seen = dict(decided.levels.rows()), set()
    for hour_ms, name in regimes.items():
        alone = judge_alone(board, hour_ms, name, settings)
        ours = decided.rows.filter(pl.col("hour_ms") == hour_ms)
        theirs = alone.universe.sort("contract")
        assert levels[hour_ms] == alone.level
        for column in ("in_scored_set", "rank", "reason"):
            assert ours[column].to_list() == theirs[column].to_list(), (hour_ms, column)
        for column in ("score", "coverage", "penalty", "boost", *(f"{factor}_norm" for factor in NAMES)):
            assert ours[column].is_null().to_list() == theirs[column].is_null().to_list(), column
            assert ours[column].fill_null(0.0).to_list() == pytest.approx(
                theirs[column].fill_null(0.0).to_list(), rel=1e-9
            )
        seen.add(alone.level)
    assert {0, 1, 3, None} <= seen, "the made hours no longer reach the levels that they were made for"


def test_without_a_scored_set_every_row_has_its_gate() -> None:
    """Hours in which nothing passes the cheap gates are decided, too."""
    board = make_board(3, 2).with_columns(pl.lit(1e9).alias("volume_24h_usdt"))
    regimes: dict[int, RegimeName] = dict.fromkeys(board["hour_ms"].unique().to_list(), "neutral")
    scored = score_hours(in_scored_set(board, Settings()), regimes, Settings())
    decided = decide_hours(board, scored, Settings())
    assert decided.levels["level"].to_list() == [None, None]
    assert not decided.rows["in_scored_set"].any()
    assert decided.rows["reason"].null_count() == 0
