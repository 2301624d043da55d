"""Made-up archives on disk, in the files and columns of a real one: walks by a seed, with the faults asked for.

Forty contracts, most of them small; BTC and ETH; settlements every 1, 4 or 8 hours, some a few ms late; open interest
every 4 hours; 15m bars and a taker split of some hours.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from quantscout.frames import HOUR_MS, MINUTE_MS
from quantscout.settings import parse_settings
from quantscout_local.hour import REAL_ONLY_SETTINGS

START_MS = int(datetime(2025, 10, 1, tzinfo=UTC).timestamp() * 1000)
NAMES = ["BTCUSDT", "ETHUSDT", *(f"C{number:02}USDT" for number in range(38))]
QUARTERS_FROM_H, QUARTERS_TO_H = 100, 130
Frames = dict[str, pl.DataFrame]
Fault = Callable[[Frames], Frames]
HOURS, TAKER = "binance_um_1h.parquet", "binance_um_1h_taker.parquet"
QUARTERS, FUNDING = "binance_um_15m.parquet", "binance_um_funding.parquet"
INTEREST = "binance_um_oi_4h.parquet"


class Size(NamedTuple):
    """How much there is, and from which seed."""

    hours: int = 170
    contracts: int = 40
    seed: int = 1


SMALL = Size(hours=100, contracts=14)
FIRST_MS, LAST_MS = START_MS + 61 * HOUR_MS, START_MS + 100 * HOUR_MS
"""The evaluable hours of the small one."""
SETTINGS = parse_settings(REAL_ONLY_SETTINGS).model_copy(update={"history_h": 72})


def make_frames(size: Size | None = None) -> Frames:
    """Return the five series of a sound archive."""
    size = size or Size()
    rng, names = np.random.default_rng(size.seed), NAMES[: size.contracts]
    bars = pl.concat([_walk(name, number, size.hours, rng) for number, name in enumerate(names)])
    split = bars.filter(pl.col("symbol").is_in(names[5:8])).with_columns(
        (pl.col("volume") * 0.4).alias("taker_buy_volume"),
        (pl.col("quote_volume") * pl.Series(rng.uniform(0.3, 0.7, 3 * size.hours))).alias("taker_buy_quote_volume"),
    )
    return {
        HOURS: bars,
        TAKER: split.filter(pl.col("open_time") < START_MS + 110 * HOUR_MS),
        QUARTERS: _quarters(bars),
        FUNDING: pl.concat([_settlements(name, number, size.hours, rng) for number, name in enumerate(names)]),
        INTEREST: pl.concat([_interest(name, size.hours, rng) for name in names]),
    }


def write(folder: Path, frames: Frames, *faults: Fault) -> Path:
    """Write an archive, the faults applied in their order; return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for fault in faults:
        frames = fault(dict(frames))
    for name, frame in frames.items():
        frame.write_parquet(folder / name)
    return folder


def change(name: str, how: Callable[[pl.DataFrame], pl.DataFrame]) -> Fault:
    """Return a fault of one series."""
    return lambda frames: frames | {name: how(frames[name])}


def _walk(name: str, number: int, hours: int, rng: np.random.Generator) -> pl.DataFrame:
    """Return 1h bars; every seventh contract is listed later, volumes and noise differ."""
    first = 20 * (number % 7 == 3) * (1 + number % 5)
    noise = 0.004 if number < 2 else 0.004 + 0.02 * rng.random()
    closes = (50_000 if number == 0 else 20.0) * np.exp(np.cumsum(rng.normal(0, noise, hours)))
    closes = np.array([float(f"{close:.6g}") for close in closes])
    opens = np.concatenate([[closes[0]], closes[:-1]])
    spread = 1 + np.abs(rng.normal(0, noise / 2, (2, hours)))
    usdt = (1e8 if number < 2 else 10 ** rng.uniform(4, 6)) * np.exp(rng.normal(0, 0.8, hours))
    frame = pl.DataFrame(
        {
            "symbol": [name] * hours, "open_time": START_MS + HOUR_MS * np.arange(hours), "open": opens,
            "high": np.maximum(opens, closes) * spread[0], "low": np.minimum(opens, closes) / spread[1],
            "close": closes, "volume": usdt / closes, "quote_volume": usdt, "trades": np.full(hours, 10),
        }
    )  # fmt: skip
    return frame[first:]


def _quarters(bars: pl.DataFrame) -> pl.DataFrame:
    """Return four quarters of some hours; of every fourth contract their highs do not agree in every third hour."""
    hours = (pl.col("open_time") - START_MS) // HOUR_MS
    some = bars.filter(hours.is_between(QUARTERS_FROM_H, QUARTERS_TO_H))
    middle = (pl.col("open") + pl.col("close")) / 2
    parts = []
    for quarter in range(4):
        start, end = ("open", middle) if quarter == 0 else (middle, middle if quarter < 3 else "close")
        opened, closed = (pl.col(v) if isinstance(v, str) else v for v in (start, end))
        start_ms = pl.col("open_time") + quarter * 15 * MINUTE_MS
        own = [opened.alias("open"), pl.col("high"), pl.col("low"), closed.alias("close"), pl.col("volume") / 4]
        parts.append(some.select("symbol", start_ms, *own))
    third = (pl.col("open_time") - START_MS) // HOUR_MS % 3 == 0
    unlike = pl.col("symbol").is_in(NAMES[4::4]) & third
    high = pl.when(unlike).then(pl.col("high") * 1.01).otherwise("high")
    return pl.concat(parts).with_columns(high.alias("high")).sort("symbol", "open_time")


def _settlements(name: str, number: int, hours: int, rng: np.random.Generator) -> pl.DataFrame:
    """Return settlements; one contract changes its interval, one in three is stamped some ms late."""
    every = (1, 4, 8, 4)[number % 4]
    times = np.arange(0, hours, every)
    if number == 6:
        times = np.concatenate([np.arange(0, 80, 8), np.arange(80, hours, 4)])
    late = rng.integers(0, 3, len(times)) // 2 * 7
    rates = np.round(rng.normal(5e-5, 1e-4, len(times)), 8) if number % 9 else np.full(len(times), 5e-5)
    return pl.DataFrame(
        {"symbol": [name] * len(times), "funding_time": START_MS + HOUR_MS * times + late, "funding_rate": rates}
    )


def _interest(name: str, hours: int, rng: np.random.Generator) -> pl.DataFrame:
    times = np.arange(60, hours, 4)
    coins = 1e5 * np.exp(np.cumsum(rng.normal(0, 0.03, len(times))))
    return pl.DataFrame(
        {
            "symbol": [name] * len(times), "timestamp": START_MS + HOUR_MS * times,
            "sum_open_interest": coins, "sum_open_interest_value": coins * 20,
        }
    )  # fmt: skip
