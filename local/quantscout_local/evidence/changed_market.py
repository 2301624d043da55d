"""A market archive in which a part of time is altered: what is computed of the rest must stay as it was.

Altered archives are written as files, so that what reads them is checked too. A row is of the moment at which it was
known: a bar when it closes, a settlement and an amount of open interest at their stamp.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from quantscout.frames import HOUR_MS, MINUTE_MS
from quantscout_local.evidence.replay_files import (
    FUNDING,
    HOURS_1H,
    INTEREST,
    QUARTERS,
    RAW_FILES,
    TAKER_1H,
    TIME,
    collect,
    scan,
)
from quantscout_local.simulator.archive import SERIES

PRICES = ("open", "high", "low", "close")
AMOUNTS = ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
OTHERS = ("sum_open_interest", "sum_open_interest_value", "funding_rate")
LASTS_MS = {HOURS_1H: HOUR_MS, TAKER_1H: HOUR_MS, QUARTERS: 15 * MINUTE_MS, FUNDING: 0, INTEREST: 0}
"""How long after its time a row of a series is known."""
BARS_1H = (HOURS_1H, TAKER_1H)
NEWCOMERS = 3
HOLES, SPOILED = 0.03, 0.005
"""Shares of the altered hours that are left out, and that are no possible bar."""
Frames = Mapping[str, pl.DataFrame]


class Rows(NamedTuple):
    """The rows that were known after one moment, and not after another; without the second, all later ones."""

    after_ms: int
    until_ms: int = 1 << 62

    def of(self, name: str) -> pl.Expr:
        """Tell which rows of a series these are."""
        known_ms = pl.col(TIME[name]) + LASTS_MS[name]
        return (known_ms > self.after_ms) & (known_ms <= self.until_ms)


def load_frames(folder: Path) -> Frames:
    """Return the series of an archive (InputError where one cannot be used); none of an absent file."""
    frames = {}
    for name in SERIES:
        rows = scan(folder, name)
        if rows is not None:
            frames[name] = collect(folder / name, rows)
    return frames


def save_frames(frames: Frames, source: Path, folder: Path) -> Path:
    """Write an archive, with what the source's captured answers say of the contracts; return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        frame.write_parquet(folder / name, compression="lz4", statistics=True)
    for name in RAW_FILES:
        if (source / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, folder / name)
    return folder


def within(frames: Frames, rows: Rows) -> Frames:
    """Return these rows alone."""
    return {name: frame.filter(rows.of(name)) for name, frame in frames.items()}


def with_wild(frames: Frames, rows: Rows, seed: int, spared: tuple[str, ...] = ()) -> Frames:
    """Return the archive in which every number of the rows is another, by the seed; bars stay possible bars.

    Prices of a row are all multiplied by one number, amounts by another, from 0.3 to 0.8 or from 1.2 to 3; rates keep
    their eight decimals. Contracts that are spared stay.
    """
    dice, wild = np.random.default_rng(seed), {}
    for name, frame in frames.items():
        changed = rows.of(name) & ~pl.col("symbol").is_in(list(spared))
        known = [(c, _factors(dice, frame.height)) for c in OTHERS if c in frame.columns]
        for columns in (PRICES, AMOUNTS):
            factors = _factors(dice, frame.height)
            known += [(c, factors) for c in columns if c in frame.columns]
        values = [
            pl.when(changed).then(_moved(column, factors)).otherwise(column).alias(column) for column, factors in known
        ]
        wild[name] = frame.with_columns(values)
    return wild


def _factors(dice: np.random.Generator, count: int) -> pl.Series:
    more = dice.uniform(1.2, 3, count)
    return pl.Series(np.where(dice.random(count) < 0.5, more, 0.96 / more))  # 0.32 to 0.8


def _moved(column: str, factors: pl.Series) -> pl.Expr:
    value = pl.col(column)
    if column == "funding_rate":  # many rates are equal, or 0: they must move, too
        return ((value * pl.lit(factors) + 1e-4 * pl.lit(factors)) * 1e8).round() / 1e8
    return value * pl.lit(factors)


def with_faults(frames: Frames, rows: Rows, seed: int, spared: tuple[str, ...] = ()) -> Frames:
    """Return the archive in which some hours of the rows are left out, and some are no possible bar."""
    dice, faulty = np.random.default_rng(seed), dict(frames)
    for name in BARS_1H:
        if name in frames:
            frame, drawn = frames[name], pl.lit(pl.Series(dice.random(frames[name].height)))
            changed = rows.of(name) & ~pl.col("symbol").is_in(list(spared))
            low = pl.when(changed & (drawn > 1 - SPOILED)).then(pl.col("high") * 2).otherwise("low").alias("low")
            faulty[name] = frame.with_columns(low).filter(~(changed & (drawn < HOLES)))
    return faulty


def with_newcomers(frames: Frames, rows: Rows) -> Frames:
    """Return the archive with contracts that begin in the rows: some contracts' rows under other names."""
    models = frames[HOURS_1H].filter(rows.of(HOURS_1H))["symbol"].unique().sort().to_list()[-NEWCOMERS:]
    names = {model: f"NEWCOMER{number}USDT" for number, model in enumerate(models)}
    mine = pl.col("symbol").is_in(models)
    return {
        name: pl.concat([frame, frame.filter(mine, rows.of(name)).with_columns(pl.col("symbol").replace(names))])
        for name, frame in frames.items()
    }


def with_older_faults(frames: Frames, until_ms: int, seed: int, spared: tuple[str, ...]) -> Frames:
    """Return the archive in which all that was known by then is another, but for the first and last bars.

    The first one is a contract's listing, the last one its price when it no longer trades.
    """
    rows = Rows(0, until_ms)
    wild = dict(with_faults(with_wild(frames, rows, seed, spared), rows, seed + 1, spared))
    for name in BARS_1H:
        if name in frames:
            time = pl.col("open_time")
            ends = (time == time.min().over("symbol")) | (time == time.max().over("symbol"))
            kept = frames[name].filter(ends)
            rest = wild[name].join(kept, on=["symbol", "open_time"], how="anti")
            wild[name] = pl.concat([kept, rest]).sort("symbol", "open_time")
    return wild
