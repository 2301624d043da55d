"""Verification of rows by time: one that fails is dropped with a reason, never repaired (SPEC 3)."""

from typing import NamedTuple

import polars as pl

from quantscout.errors import Problem
from quantscout.frames import HOUR_MS, KEY

PRICES = ("open", "high", "low", "close")


class Verified(NamedTuple):
    """Rows that may enter the state or a calculation, and one Problem per contract and reason for the others."""

    bars: pl.DataFrame
    problems: list[Problem]


class Checked(NamedTuple):
    """Rows of another kind that may enter the state or a calculation, and the problems of the others, as above."""

    rows: pl.DataFrame
    problems: list[Problem]


def _reason(interval_ms: int, hour_ms: int, *, needs_volume: bool, needs_taker: bool) -> pl.Expr:
    """Return the first rule that a row breaks, null for a good row. Order: time, then values, then duplicates."""
    price = [pl.col(name) for name in PRICES]
    body_low, body_high = pl.min_horizontal("open", "close"), pl.max_horizontal("open", "close")
    volumes = pl.col("volume_coins"), pl.col("volume_usdt")
    rules = [
        (pl.col("open_ms").is_null() | (pl.col("open_ms") % interval_ms != 0), "misaligned"),
        (pl.col("open_ms") + interval_ms > hour_ms, "not_closed"),
        (pl.any_horizontal(p.is_null() for p in price), "price_missing"),
        (pl.any_horizontal(p <= 0 for p in price), "price_not_positive"),
        ((pl.col("low") > body_low) | (pl.col("high") < body_high), "high_low_inconsistent"),
        (pl.any_horizontal(v.is_null() for v in volumes) & pl.lit(needs_volume), "volume_missing"),
        (pl.col("taker_buy_usdt").is_null() & pl.lit(needs_taker), "taker_missing"),
        (pl.any_horizontal(v < 0 for v in volumes) | (pl.col("taker_buy_usdt") < 0), "volume_negative"),
    ]
    return pl.coalesce(pl.when(broken).then(pl.lit(code)) for broken, code in rules)


def verify_bars(
    bars: pl.DataFrame, interval_ms: int, hour_ms: int, *, needs_volume: bool = True, needs_taker: bool = False
) -> Verified:
    """Return closed, aligned, consistent bars, sorted by contract and time, and why the others were dropped.

    Bars of which only prices are used may lack their volumes (`needs_volume`). Where the venue tells the taker volume,
    a bar without it is half an answer (`needs_taker`): stored, it would never be asked for again.
    Two rows of one open time are both dropped when they differ (nobody can say which is right); equal ones are one row.
    """
    reason = _reason(interval_ms, hour_ms, needs_volume=needs_volume, needs_taker=needs_taker)
    whole = bars.unique().with_columns(reason.alias("reason"))
    twice = pl.struct(*KEY, "open_ms").is_duplicated() & pl.col("reason").is_null()
    judged = whole.with_columns(pl.when(twice).then(pl.lit("duplicate")).otherwise("reason").alias("reason"))
    good = judged.filter(pl.col("reason").is_null()).drop("reason").sort(*KEY, "open_ms")
    bad = judged.filter(pl.col("reason").is_not_null() & (pl.col("reason") != "not_closed"))
    return Verified(good, _problems(bad, "bar"))


def _problems(bad: pl.DataFrame, what: str) -> list[Problem]:
    counted = bad.group_by(*KEY, "reason").len().sort(*KEY, "reason")
    return [
        Problem(venue, contract, f"{what}_{why}", f"{rows} rows dropped")
        for venue, contract, why, rows in counted.rows()
    ]


def verify_open_interest(rows: pl.DataFrame, hour_ms: int) -> Checked:
    """Return the open interest that stands exactly on a full hour, and one Problem per contract and reason besides.

    `rows` are frames.OPEN_INTEREST of one venue. A row beside the hour is another moment's figure: it is dropped, never
    moved. Of one hour's rows that differ none is kept; what stands after the hour is left out without a word.
    """
    value = pl.col("open_interest_coins")
    rules = [
        (pl.col("at_ms").is_null() | (pl.col("at_ms") % HOUR_MS != 0), "misaligned"),
        (value.is_null(), "missing"),
        (value < 0, "negative"),
    ]
    return _check(rows.filter((pl.col("at_ms") <= hour_ms).fill_null(value=True)), "open_interest", "at_ms", rules)


def verify_settlements(rows: pl.DataFrame) -> Checked:
    """Return the settlements that stand on a full hour, and one Problem per contract and reason for the others.

    `rows` are frames.FUNDING, times floored to the minute. Every interval of 1, 2, 4 or 8 hours ends on a full hour. Of
    one time's settlements at different rates none is kept.
    """
    rules = [
        (pl.col("settled_ms").is_null() | (pl.col("settled_ms") % HOUR_MS != 0), "misaligned"),
        (pl.col("rate_ratio").is_null(), "missing"),
    ]
    return _check(rows, "funding", "settled_ms", rules)


def _check(rows: pl.DataFrame, what: str, time: str, rules: list[tuple[pl.Expr, str]]) -> Checked:
    reason = pl.coalesce(pl.when(broken).then(pl.lit(code)) for broken, code in rules)
    judged = rows.unique(maintain_order=True).with_columns(reason.alias("reason"))
    twice = pl.struct(*KEY, time).is_duplicated() & pl.col("reason").is_null()
    judged = judged.with_columns(pl.when(twice).then(pl.lit("duplicate")).otherwise("reason").alias("reason"))
    good = judged.filter(pl.col("reason").is_null()).drop("reason")
    return Checked(good, _problems(judged.filter(pl.col("reason").is_not_null()), what))


def late_contracts(bars: pl.DataFrame, asked: list[str], hour_ms: int) -> list[str]:
    """Return those of one venue's asked contracts that have no verified bar closing at the hour, sorted."""
    have = set(bars.filter(pl.col("open_ms") == hour_ms - HOUR_MS)["contract"].to_list())
    return sorted(set(asked) - have)
