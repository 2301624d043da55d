"""Open interest and 15m bars over all hours at once: look-ups at exact times."""

from pathlib import Path
from typing import NamedTuple

import polars as pl

from quantscout.errors import Problem
from quantscout.frames import BARS, HOUR_MS, MINUTE_MS, OPEN_INTEREST, conform
from quantscout.venues.binance_answers import NAME
from quantscout.verify import verify_bars, verify_open_interest
from quantscout_local.evidence.replay_contracts import Contracts
from quantscout_local.evidence.replay_files import HOURS_1H, INTEREST, QUARTERS, TAKER_1H, collect, read_where, scan

QUARTER_MS = 15 * MINUTE_MS
PER_HOUR = 4
ROW = ["contract", "hour_ms"]
FAR_MS = 1 << 62
AGREEING = {"high": "max", "low": "min", "close": "last"}


class Details(NamedTuple):
    """contract, hour_ms and the figure of that hour: `interest` has coins, `quarters` has open_15m and close_15m."""

    interest: pl.DataFrame
    quarters: pl.DataFrame
    problems: list[Problem]


def load_details(folder: Path, contracts: Contracts) -> Details:
    """Return the verified open interest and 15m bars of an archive; none of an absent file."""
    interest, problems = _load_interest(folder, contracts)
    quarters, more = _load_quarters(folder, contracts.names)
    return Details(interest, quarters, [*problems, *more])


def _load_interest(folder: Path, contracts: Contracts) -> tuple[pl.DataFrame, list[Problem]]:
    rows = scan(folder, INTEREST)
    if rows is None:
        return _nothing(contracts.names, ["coins"]), []
    frame = collect(folder / INTEREST, rows.select("symbol", "timestamp", "sum_open_interest"))
    first = contracts.listed.select(pl.col("contract").cast(pl.String), "first_ms")
    own = frame.join(first, left_on="symbol", right_on="contract").filter(pl.col("timestamp") > pl.col("first_ms"))
    named = own.select(
        pl.lit(NAME).alias("venue"), pl.col("symbol").alias("contract"), pl.col("timestamp").alias("at_ms"),
        pl.col("sum_open_interest").alias("open_interest_coins"), pl.lit(None, pl.Float64).alias("supply_coins"),
    )  # fmt: skip
    checked = verify_open_interest(conform(named, OPEN_INTEREST), FAR_MS)
    known = checked.rows.select(
        pl.col("contract").cast(contracts.names),
        pl.col("at_ms").alias("hour_ms"),
        pl.col("open_interest_coins").alias("coins"),
    )
    return known.sort(ROW), checked.problems


def _nothing(names: pl.Enum, figures: list[str]) -> pl.DataFrame:
    schema = pl.Schema({"contract": names, "hour_ms": pl.Int64()} | dict.fromkeys(figures, pl.Float64()))
    return schema.to_frame()


def _load_quarters(folder: Path, names: pl.Enum) -> tuple[pl.DataFrame, list[Problem]]:
    """Return the last 15m bars of hours that all four quarters reproduce: the capture's last hours do not."""
    rows = scan(folder, QUARTERS)
    frame = None if rows is None else collect(folder / QUARTERS, rows)
    if frame is None or frame.is_empty():
        return _nothing(names, ["open_15m", "close_15m"]), []
    own = pl.col("symbol").is_in(names.categories.implode())
    frame = frame.filter(own).with_columns((pl.col("open_time") // HOUR_MS * HOUR_MS).alias("hour"))
    sums = [getattr(pl.col(name), how)().alias(f"{name}_4") for name, how in AGREEING.items()]
    fours = frame.sort("symbol", "open_time").group_by("symbol", "hour").agg(pl.len().alias("count"), *sums)
    hours = _hours_of(folder, frame)
    agree = pl.all_horizontal(pl.col(name) == pl.col(f"{name}_4") for name in AGREEING)
    good = fours.join(hours, left_on=["symbol", "hour"], right_on=["symbol", "open_time"]).filter(
        agree & (pl.col("count") == PER_HOUR)
    )
    last = frame.join(good, on=["symbol", "hour"], how="semi").filter((pl.col("open_time") + QUARTER_MS) % HOUR_MS == 0)
    nothing = [pl.lit(None, pl.Float64).alias(name) for name in ("volume_usdt", "taker_buy_usdt")]
    bars = last.rename({"symbol": "contract", "open_time": "open_ms", "volume": "volume_coins"}).with_columns(
        pl.lit(NAME).alias("venue"), pl.lit(value=False).alias("filled"), *nothing
    )
    checked = verify_bars(conform(bars, BARS), QUARTER_MS, FAR_MS, needs_volume=False)
    known = checked.bars.select(
        pl.col("contract").cast(names), (pl.col("open_ms") + QUARTER_MS).alias("hour_ms"),
        pl.col("open").alias("open_15m"), pl.col("close").alias("close_15m"),
    )  # fmt: skip
    return known, checked.problems


def _hours_of(folder: Path, quarters: pl.DataFrame) -> pl.DataFrame:
    """Return symbol, open_time, high, low, close of the recorded hours that the quarters span."""
    where = pl.col("open_time").is_between(quarters["hour"].min(), quarters["hour"].max())
    both = [read_where(folder, name, ["symbol", "open_time", *AGREEING], where) for name in (TAKER_1H, HOURS_1H)]
    return pl.concat(both, how="diagonal_relaxed").unique(["symbol", "open_time"], keep="first", maintain_order=True)


def add_details(rows: pl.DataFrame, details: Details) -> pl.DataFrame:
    """Add `oi_change_4h_pct`, `open_15m` and `close_15m` to rows that have contract and hour_ms."""
    held = details.interest
    before = held.select("contract", pl.col("hour_ms") + PER_HOUR * HOUR_MS, pl.col("coins").alias("then"))
    change = pl.when(pl.col("then") > 0).then(100 * (pl.col("coins") / pl.col("then") - 1))
    changes = held.filter(pl.col("coins") >= 0).join(before, on=ROW).select(*ROW, change.alias("oi_change_4h_pct"))
    joined = rows.join(changes, on=ROW, how="left", maintain_order="left")
    return joined.join(details.quarters, on=ROW, how="left", maintain_order="left")
