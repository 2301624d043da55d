"""The best and the worst picks of a range, each contract once, with the hours after their entry."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import polars as pl

from quantscout.evaluation_models import PICKS
from quantscout.frames import HOUR_MS, KEY
from quantscout.outcomes import COMPLETE, HORIZON_H
from quantscout.page.content import Bar, Pick

SHOWN = 10
NO_LIST = "no_data"
"""The status of an hour that published no five."""
_OF_PICK = (
    "hour_ms", *KEY, "coin", "rank", "score", "entry_price", "net_return_24h_ratio", "best_24h_ratio",
    "worst_24h_ratio", "barrier", "barrier_h",
)  # fmt: skip


class Chosen(NamedTuple):
    """The picks that the page shows: judged columns, the best first and the worst first."""

    best: pl.DataFrame
    worst: pl.DataFrame


def list_picks(judged: pl.DataFrame | pl.LazyFrame, hours: pl.DataFrame) -> pl.DataFrame:
    """Return the judged rows that were one of the five of an hour that published five, by hour and rank."""
    listed = hours.lazy().filter(pl.col("status") != NO_LIST).select("hour_ms")
    ranked = judged.lazy().filter(pl.col("rank") <= PICKS)
    return ranked.join(listed, on="hour_ms", how="semi").sort("hour_ms", "rank").collect()


def choose(picks: pl.DataFrame) -> Chosen:
    """Return the ten best and ten worst by net return, each contract with its best (worst) hour; with fewer, half each.

    A contract that stays in the list for hours would else fill the ten with one and the same move.
    """
    known = picks.filter(pl.col("outcome") == COMPLETE)
    net = "net_return_24h_ratio"
    best = known.sort(net, "hour_ms", "contract", descending=[True, False, False]).unique(KEY, maintain_order=True)
    half = -(-best.height // 2)
    shown = best.head(min(SHOWN, half))
    others = known.join(shown, on=KEY, how="anti").sort(net, "hour_ms", "contract").unique(KEY, maintain_order=True)
    return Chosen(shown, others.head(min(SHOWN, best.height - half)))


def build_picks(rows: pl.DataFrame, bars: pl.DataFrame | None) -> tuple[Pick, ...]:
    """Return the picks of judged rows, with their 24 bars from `bars` (frames.BARS) as far as these are there."""
    return tuple(_build_pick(row, bars) for row in rows.select(_OF_PICK).to_dicts())


def _build_pick(row: Mapping[str, Any], bars: pl.DataFrame | None) -> Pick:
    hour_ms = int(row["hour_ms"])
    return Pick(
        hour_ms=hour_ms,
        venue=str(row["venue"]),
        contract=str(row["contract"]),
        coin=str(row["coin"] or row["contract"]),
        rank=int(row["rank"]),
        score=float(row["score"]),
        entry_price=float(row["entry_price"]),
        net_return_ratio=float(row["net_return_24h_ratio"]),
        best_ratio=float(row["best_24h_ratio"]),
        worst_ratio=float(row["worst_24h_ratio"]),
        barrier=int(row["barrier"]),
        barrier_h=int(row["barrier_h"]),
        bars=() if bars is None else _day_of(bars, str(row["venue"]), str(row["contract"]), hour_ms),
    )


def _day_of(bars: pl.DataFrame, venue: str, contract: str, hour_ms: int) -> tuple[Bar, ...]:
    own = (pl.col("venue") == venue) & (pl.col("contract") == contract)
    day = pl.col("open_ms").is_between(hour_ms, hour_ms + HORIZON_H * HOUR_MS, closed="left")
    rows = bars.filter(own & day).sort("open_ms").select("open_ms", "open", "high", "low", "close")
    return tuple(Bar(*row) for row in rows.rows())
