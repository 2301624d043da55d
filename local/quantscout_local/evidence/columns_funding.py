"""Funding over all hours at once: the rate in force, and its z against the contract's own past (positions.py).

A rate is a whole number of 1e-8, normalised to 8 hours too: sums of them and of their squares are exact, so that the
sample of an hour is the difference of two running sums, whatever stood before it.
"""

import math
from pathlib import Path
from typing import NamedTuple, Self

import polars as pl

from quantscout.errors import Problem
from quantscout.frames import DAY_MS, FUNDING, HOUR_MS, KEY, MINUTE_MS
from quantscout.positions import FUNDING_INTERVALS_H, MONTH_MS, build_funding, normalise_settlements
from quantscout.settings import Settings
from quantscout.venues.binance_answers import DEFAULT_FUNDING_INTERVAL_H, NAME
from quantscout.verify import verify_settlements
from quantscout_local.archive_hour_frames import SETTLED_SPAN_MS
from quantscout_local.evidence import replay_files
from quantscout_local.evidence.replay_files import collect, scan

UNITS = 100_000_000
"""Rates have eight decimals."""
LATEST_MS = 8 * HOUR_MS
"""A settlement this much older than a day is no longer the rate of a day ago."""
ROW = ["contract", "hour_ms"]
CURRENT = ("funding_rate_ratio", "funding_interval_h")
Z = ("funding_z", "funding_change_z")
RECORDED = {"symbol": pl.String, "funding_time": pl.Int64, "funding_rate": pl.Float64}


class Rates(NamedTuple):
    """What an archive's settlements tell; `known_ms` is the first full hour that knows of one.

    `recorded` has contract, known_ms, CURRENT; `verified` is frames.FUNDING with known_ms; `settled` is what `_settled`
    returns, `unsure` what `_unsure` does.
    """

    recorded: pl.DataFrame
    verified: pl.DataFrame
    settled: pl.DataFrame
    unsure: pl.DataFrame
    problems: list[Problem]

    @classmethod
    def of(cls, recorded: pl.DataFrame, verified: pl.DataFrame, problems: list[Problem]) -> Self:
        """Return what follows from recorded and verified settlements."""
        known = normalise_settlements(verified)
        return cls(recorded, verified, _settled(known), _unsure(known), problems)


def load_rates(folder: Path, names: pl.Enum) -> Rates:
    """Return the settlements of an archive; none where the file is absent."""
    rows = scan(folder, replay_files.FUNDING)
    frame = pl.DataFrame(schema=RECORDED) if rows is None else collect(folder / replay_files.FUNDING, rows)
    whole = _named(frame.filter(pl.col("symbol").is_in(names.categories.implode())).sort("symbol", "funding_time"))
    recorded = whole.select(
        pl.col("contract").cast(names), "known_ms", pl.col("rate_ratio").alias(CURRENT[0]), CURRENT[1]
    )
    checked = verify_settlements(whole.select(*FUNDING))
    stamps = whole.group_by("contract", "settled_ms").agg(pl.col("known_ms").min())
    named = checked.rows.with_columns(pl.col("contract").cast(names), pl.col("venue").cast(pl.Enum([NAME])))
    stamped = recorded.select("contract", "known_ms", whole["settled_ms"])
    stamps = stamped.group_by("contract", "settled_ms").agg(pl.col("known_ms").min())
    verified = named.join(stamps, on=["contract", "settled_ms"], how="left")
    return Rates.of(recorded, verified.sort("contract", "settled_ms"), checked.problems)


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    """Return settlements with FUNDING's columns, known_ms and the interval that the venue tells after each."""
    stamped = pl.col("funding_time")
    hours = (stamped.diff() / HOUR_MS).round(mode="half_to_even").over("symbol").cast(pl.Int64)
    usual = hours.is_in(list(FUNDING_INTERVALS_H)).fill_null(value=False)
    rates = frame["funding_rate"].fill_null(math.nan)
    told = pl.Series("rate_ratio", [float(f"{rate:.8f}") for rate in rates.to_list()], pl.Float64).fill_nan(None)
    return frame.with_columns(
        pl.lit(NAME).alias("venue"),
        pl.col("symbol").alias("contract"),
        told,
        (stamped // MINUTE_MS * MINUTE_MS).alias("settled_ms"),
        ((stamped + HOUR_MS - 1) // HOUR_MS * HOUR_MS).alias("known_ms"),
        pl.when(usual).then(hours).otherwise(DEFAULT_FUNDING_INTERVAL_H).alias(CURRENT[1]),
    )


def _units(rate: str, interval: str) -> pl.Expr:
    """Return a rate normalised to 8 hours in whole units: intervals divide 8."""
    whole = (pl.col(rate) * UNITS).round().cast(pl.Int64)
    return whole * (8 // pl.col(interval))


def _settled(known: pl.DataFrame) -> pl.DataFrame:
    """Return contract, settled_ms, known_ms, `rate` and running sums up to each settlement whose interval is known.

    n, x, xx are of rates: count, sum, sum of squares; m, y, yy are of their changes in 24 h.
    """
    rows = known.filter(pl.col("rate_8h_ratio").is_not_null()).select(
        "contract", "settled_ms", "known_ms", _units("rate_ratio", "interval_h").alias("rate")
    )
    past = _day_ago(rows.with_columns(pl.col("settled_ms").alias("at_ms")), rows)
    change = (pl.col("rate") - pl.col("day_ago")).alias("change")
    sums = {"n": pl.col("rate").is_not_null().cast(pl.Int64), "x": pl.col("rate"), "xx": pl.col("rate").pow(2)}
    sums |= {"m": pl.col("change").is_not_null().cast(pl.Int64), "y": pl.col("change"), "yy": pl.col("change").pow(2)}
    running = [value.fill_null(0).cum_sum().over("contract").alias(name) for name, value in sums.items()]
    return past.with_columns(change).with_columns(running).select("contract", "settled_ms", "known_ms", "rate", *sums)


def _day_ago(rows: pl.DataFrame, settled: pl.DataFrame) -> pl.DataFrame:
    """Add `day_ago`: the rate of the last settlement a day before `at_ms`, none that is too old."""
    past = settled.select("contract", pl.col("settled_ms").alias("past_ms"), pl.col("rate").alias("day_ago"))
    return rows.with_columns((pl.col("at_ms") - DAY_MS).alias("asked_ms")).join_asof(
        past, left_on="asked_ms", right_on="past_ms", by="contract", strategy="backward", tolerance=LATEST_MS,
        check_sortedness=False,
    )  # fmt: skip


def _unsure(known: pl.DataFrame) -> pl.DataFrame:
    """Return contract, first_ms, last_ms: hours whose z depends on what was known of an odd settlement then.

    An interval that looks whole until the next settlement shows that one is missing; and where the 30 days begin beside
    an odd one, what stands before the cut matters.
    """
    odd = known.filter(pl.col("rate_8h_ratio").is_null(), pl.col("contract") == pl.col("contract").shift(1))
    until = known.select("contract", "settled_ms", pl.col("known_ms").shift(-1).over("contract").alias("next_ms"))
    newest = odd.join(until, on=["contract", "settled_ms"], how="left")
    end = pl.col("settled_ms") + MONTH_MS
    return pl.concat(
        [
            newest.select("contract", pl.col("known_ms").alias("first_ms"), pl.col("next_ms").fill_null(1 << 62)),
            odd.select("contract", (end - 8 * HOUR_MS).alias("first_ms"), (end + 40 * HOUR_MS).alias("next_ms")),
        ]
    )


def add_current(rows: pl.DataFrame, recorded: pl.DataFrame) -> pl.DataFrame:
    """Add CURRENT to rows in order of `hour_ms`: the last recorded settlement, and the interval told with it."""
    usual = [pl.lit(None, pl.Float64).alias(CURRENT[0]), pl.lit(DEFAULT_FUNDING_INTERVAL_H, pl.Int64).alias(CURRENT[1])]
    if not recorded.height or recorded["known_ms"].min() > rows["hour_ms"].max():  # type: ignore[operator]
        return rows.with_columns(usual)
    joined = rows.join_asof(
        recorded, left_on="hour_ms", right_on="known_ms", by="contract", strategy="backward", check_sortedness=False
    )
    return joined.drop("known_ms", strict=False).with_columns(pl.col(CURRENT[1]).fill_null(DEFAULT_FUNDING_INTERVAL_H))


def add_funding(rows: pl.DataFrame, rates: Rates, settings: Settings) -> pl.DataFrame:
    """Add `funding_z` and `funding_change_z` to rows in order of `hour_ms` that have KEY, CURRENT."""
    nothing = [pl.lit(None, pl.Float64).alias(name) for name in Z]
    now = rows.filter(pl.col(CURRENT[0]).is_not_null()).select(*KEY, "hour_ms", *CURRENT)
    if not now.height or not rates.settled.height:
        return rows.with_columns(nothing)
    known = _z_scores(now, rates.settled, settings.min_settlements)
    odd = now.join(rates.unsure, on="contract").filter(
        (pl.col("hour_ms") >= pl.col("first_ms")) & (pl.col("hour_ms") < pl.col("next_ms"))
    )
    odd = odd.select(now.columns).unique()
    parts = [known.join(odd, on=ROW, how="anti"), *_one_by_one(odd, rates, settings)]
    return rows.join(pl.concat(parts), on=ROW, how="left", maintain_order="left")


def _z_scores(now: pl.DataFrame, settled: pl.DataFrame, least: int) -> pl.DataFrame:
    """Return contract, hour_ms and Z from the running sums."""
    sums = ["n", "x", "xx", "m", "y", "yy"]
    value = _units(*CURRENT).alias("rate")
    asked = now.with_columns(value, pl.col("hour_ms").alias("at_ms"), (pl.col("hour_ms") - MONTH_MS).alias("month_ms"))
    asked = _day_ago(asked, settled)
    ends = {"known_ms": ("hour_ms", ""), "settled_ms": ("month_ms", "_before")}
    for right, (left, suffix) in ends.items():
        renamed = settled.select("contract", right, *(pl.col(name).alias(name + suffix) for name in sums))
        asked = asked.join_asof(
            renamed, left_on=left, right_on=right, by="contract", strategy="backward", check_sortedness=False
        )
    inside = asked.with_columns(
        (pl.col(name).fill_null(0) - pl.col(f"{name}_before").fill_null(0)).alias(name) for name in sums
    )
    change = pl.col("rate") - pl.col("day_ago")
    return inside.select(*ROW, _z(pl.col("rate"), "n", "x", "xx", least), _z(change, "m", "y", "yy", least)).rename(
        {"n": Z[0], "m": Z[1]}
    )


def _z(value: pl.Expr, count: str, total: str, squares: str, least: int) -> pl.Expr:
    """Return z from whole numbers, (n v - x) / sqrt(n xx - x^2); 0 without spread, null with too few."""
    wide = {name: pl.col(name).cast(pl.Int128) for name in (count, total, squares)}
    spread = (wide[count] * wide[squares] - wide[total] * wide[total]).cast(pl.Float64)
    away = (wide[count] * value.cast(pl.Int128) - wide[total]).cast(pl.Float64)
    z = pl.when(spread == 0).then(0.0).otherwise(away / spread.sqrt())
    return pl.when((pl.col(count) >= least) & value.is_not_null()).then(z).alias(count)


def _one_by_one(odd: pl.DataFrame, rates: Rates, settings: Settings) -> list[pl.DataFrame]:
    """Return the same hour by hour, by positions.py."""
    found = []
    for (hour_ms,), current in odd.partition_by("hour_ms", as_dict=True).items():
        at_ms = int(hour_ms)
        since = pl.col("settled_ms") >= at_ms - SETTLED_SPAN_MS
        asked = pl.col("contract").is_in(current["contract"].implode())
        own = rates.verified.filter(since, pl.col("known_ms") <= at_ms, asked)
        scored = build_funding(current, own.select(*FUNDING), at_ms, settings)
        found.append(scored.select("contract", pl.lit(at_ms).alias("hour_ms"), *Z))
    return found
