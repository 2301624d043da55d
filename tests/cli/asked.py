"""What a call of the command line leaves behind, and which contract to ask it about."""

from collections.abc import Callable
from typing import Any, NamedTuple

import polars as pl
from world import Computed


class Said(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str


Command = Callable[..., Said]


def row_of(computed: Computed, reason: str | None) -> dict[str, object]:
    """Return the first contract with this reason, None for ranked ones."""
    return (
        computed.universe.filter(pl.col("reason").eq_missing(reason))
        .sort("rank", "venue", "contract")
        .row(0, named=True)
    )


def scored(computed: Computed) -> list[dict[str, Any]]:
    """Return the rows of the scored set."""
    return computed.universe.filter("in_scored_set").to_dicts()
