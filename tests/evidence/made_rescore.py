"""Made-up judged hours whose scores and ranks are made by the product's own code, hour by hour, for other weights.

Coins are on two venues, factors are missing at random, gates pass from different levels, and a planted factor may drive
the outcomes. Norms come from score.score_set; ranks from a plain loop over hours and levels.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from quantscout import score
from quantscout.decide import PICKS, covered
from quantscout.evaluation_models import HOURS, JUDGED
from quantscout.factors import NAMES
from quantscout.frames import HOUR_MS
from quantscout.gates import LEVELS
from quantscout.regime import FACTOR_VALUE, RegimeName
from quantscout.settings import Settings
from quantscout_local.evidence.judged import ABOUT, FORMAT, HOURS_FILE, part_name

START_MS = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
REGIMES: tuple[RegimeName, ...] = ("neutral", "risk_on", "btc_led", "risk_off")
RARE = ("oi_change", "aggressor", "ob_imbalance")


class Plan(NamedTuple):
    """`driver` hits more the higher its value: from `base` - `effect` to `base` + `effect`. Missing: at random."""

    hours: int = 30
    coins: int = 40
    driver: str | None = None
    effect: float = 0.15
    base: float = 0.18
    missing: float = 0.3
    absent: tuple[str, ...] = ()


class Made(NamedTuple):
    """Judged rows and hours in the columns of a replay, and the board they are ranked from."""

    judged: pl.DataFrame
    hours: pl.DataFrame
    board: pl.DataFrame


def make_hours_to_rescore(seed: int, plan: Plan | None = None, settings: Settings | None = None) -> Made:
    """Return made-up hours, ranked under settings."""
    plan, rng, settings = plan or Plan(), np.random.default_rng(seed), settings or Settings()
    board = _make_board(rng, plan)
    judged, hours = rank_as_decided(board, settings)
    return Made(judged, hours, board)


def save_replay(folder: Path, made: Made, settings: Settings | None = None) -> Path:
    """Write made-up hours as a finished replay's folder."""
    folder.mkdir(parents=True)
    rest = (pl.lit(None, kind).alias(name) for name, kind in HOURS.items() if name not in made.hours.columns)
    made.hours.with_columns(rest).select(*HOURS).write_parquet(folder / HOURS_FILE)
    made.judged.write_parquet(folder / part_name("2026-01"))
    about = {"format": FORMAT, "parts": [part_name("2026-01")], "settings": (settings or Settings()).changed()}
    (folder / ABOUT).write_text(json.dumps(about), encoding="utf-8")
    return folder


def _make_board(rng: np.random.Generator, plan: Plan) -> pl.DataFrame:
    keys = _make_keys(plan)
    n = keys.height
    values = {name: rng.standard_normal(n) for name in NAMES}
    values["liquidity"] = rng.uniform(size=n)
    driven = values[plan.driver] if plan.driver else np.zeros(n)
    rate = plan.base + plan.effect * np.tanh(driven)
    for name in NAMES:
        share = 1.0 if name in plan.absent else plan.missing if name in RARE else 0.02
        values[name] = np.where(rng.uniform(size=n) < share, np.nan, values[name])
    hit = rng.uniform(size=n) < rate
    net = np.where(hit, 0.06, -0.02) + 0.01 * rng.standard_normal(n)
    passes = rng.choice([0, 1, 2, 3, 9], size=n, p=[0.08, 0.1, 0.3, 0.4, 0.12])
    columns = values | {
        "funding_z": rng.standard_normal(n), "funding_change_z": rng.standard_normal(n),
        "listed_days": rng.choice([3.0, 300.0], size=n, p=[0.1, 0.9]), "volume_24h_usdt": np.full(n, 2e6),
        "adv30_usdt": rng.choice([1e6, 2e6], size=n), "in_scored_set": rng.uniform(size=n) < 0.7, "passes": passes,
        "adv30_percentile": rng.uniform(size=n), "atr_percentile": rng.uniform(size=n), "entry_price": np.ones(n),
        "hit10": hit, "worst_24h_ratio": net - 0.04, "return_24h_ratio": net + 0.003, "net_return_24h_ratio": net,
        "outcome": rng.choice(["complete", "incomplete"], size=n, p=[0.97, 0.03]),
    }  # fmt: skip
    board = keys.with_columns(pl.Series(name, column) for name, column in columns.items()).fill_nan(None)
    known = (pl.col("hour_ms") - START_MS) // HOUR_MS
    regime = pl.lit(pl.Series(list(REGIMES))).gather(known // 7 % len(REGIMES)).alias("regime_name")
    passes_from = pl.when(pl.col("passes") < 9).then("passes").cast(pl.Int8).alias("passes_from")
    return board.with_columns(regime, passes_from).with_columns(
        pl.col("regime_name").replace_strict(FACTOR_VALUE, return_dtype=pl.Float64).alias("regime")
    )


def _make_keys(plan: Plan) -> pl.DataFrame:
    """Every coin is on binance, every fourth on kucoin as well."""
    coins = [f"C{number:03d}" for number in range(plan.coins)]
    both = [("binance", coin) for coin in coins] + [("kucoin", coin) for coin in coins[::4]]
    contracts = pl.DataFrame(both, schema=["venue", "coin"], orient="row")
    contracts = contracts.with_columns((pl.col("coin") + "USDT").alias("contract"))
    contracts = contracts.with_columns(pl.col("contract").alias("symbol")).sort("venue", "contract")
    return pl.DataFrame({"hour_ms": START_MS + HOUR_MS * np.arange(plan.hours)}).join(contracts, how="cross")


def rank_as_decided(board: pl.DataFrame, settings: Settings) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return judged rows and hours: each hour by itself, by score.score_set, score.order and a loop over levels."""
    parts, hours = [], []
    for (hour_ms,), rows in board.group_by("hour_ms", maintain_order=True):
        regime: RegimeName = rows["regime_name"][0]
        scored = score.score_set(rows.filter("in_scored_set"), regime, settings)
        level, ranks = _rank(scored, settings)
        extra = [name for name in scored.columns if name not in rows.columns]
        joined = rows.join(scored.select("venue", "contract", *extra), on=["venue", "contract"], how="left")
        parts.append(joined.join(ranks, on=["venue", "contract"], how="left"))
        status = "no_data" if level is None else "no_signal" if regime == "risk_off" else "ok"
        hours.append((hour_ms, status, level, regime))
    schema = {"hour_ms": pl.Int64, "status": pl.String, "level": pl.Int8, "regime": pl.String}
    judged = pl.concat(parts)
    rest = (pl.lit(None, kind).alias(name) for name, kind in JUDGED.items() if name not in judged.columns)
    return judged.with_columns(rest).sort("hour_ms", "venue", "contract"), pl.DataFrame(
        hours, schema=schema, orient="row"
    )


def _rank(scored: pl.DataFrame, settings: Settings) -> tuple[int | None, pl.DataFrame]:
    blank = pl.DataFrame(schema={"venue": pl.String, "contract": pl.String, "rank": pl.Int32})
    for level in range(len(LEVELS)):
        able = score.order(scored.filter(pl.col("passes_from") <= level, covered(settings)))
        firsts = able.unique("coin", keep="first", maintain_order=True)
        if firsts.height >= PICKS:
            rank = pl.int_range(1, pl.len() + 1).cast(pl.Int32).alias("rank")
            return level, firsts.select("venue", "contract", rank)
    return None, blank
