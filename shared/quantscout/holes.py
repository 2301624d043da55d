"""The hours that a contract lacks, and which of them are asked for first."""

from typing import NamedTuple

import polars as pl

from quantscout.frames import HOUR_MS, KEY
from quantscout.gates import MIN_HISTORY_H
from quantscout.venues.base import Contract


class Gap(NamedTuple):
    """The hours of a contract that a window lacks: from the first missing bar to the last, `since <= open < until`."""

    contract: Contract
    since_ms: int
    until_ms: int


def find_gaps(eligible: pl.DataFrame, held: pl.DataFrame, first_ms: int, last_ms: int) -> list[Gap]:
    """Return one gap per contract that lacks a whole hour's bar of the window after its listing, by need.

    It reaches from the bar before the first missing one (filling needs real bars around it; of a new contract, the
    broken first hour) to the bar after the last. Need: a gap in the last 60 h first (without these bars the contract
    cannot be ranked), then the one that has been missing longest; by name where that is equal.
    """
    listed = pl.col("listed_ms").fill_null(0)
    first = pl.max_horizontal(pl.lit(first_ms), listed // HOUR_MS * HOUR_MS).alias("first_ms")
    whole = pl.max_horizontal(pl.lit(first_ms), (listed + HOUR_MS - 1) // HOUR_MS * HOUR_MS)
    hours = pl.int_ranges(whole, last_ms, HOUR_MS).alias("open_ms")
    absent = (
        eligible.select(*KEY, "lot_coins", first, hours)
        .explode("open_ms")
        .drop_nulls("open_ms")
        .join(held, on=[*KEY, "open_ms"], how="anti")
    )
    since = pl.max_horizontal(pl.col("first_ms").first(), pl.col("open_ms").min() - HOUR_MS).alias("since")
    until = (pl.col("open_ms").max() + 2 * HOUR_MS).clip(upper_bound=last_ms).alias("until")
    is_old = (pl.col("open_ms").max() < last_ms - MIN_HISTORY_H * HOUR_MS).alias("is_old")
    spans = absent.group_by("contract", "lot_coins").agg(since, until, is_old).sort("is_old", "since", "contract")
    wanted = spans.select("contract", "lot_coins", "since", "until")
    return [Gap(Contract(name, lots or 1.0), since, until) for name, lots, since, until in wanted.rows()]
