"""Of which bars an outcome is made: those that open at H to H + 23 h, each of them, and no other."""

from pathlib import Path
from typing import NamedTuple

import polars as pl

from quantscout.frames import HOUR_MS
from quantscout.outcomes import COMPLETE, HORIZON_H
from quantscout.settings import Settings
from quantscout_local.evidence.changed_market import Frames, Rows, save_frames, with_wild, within
from quantscout_local.evidence.check_compare import EXAMPLES, Compared, Example, Finding, compare, same
from quantscout_local.evidence.check_views import OUTCOMES, outcome_table

BEFORE_H, AFTER_H = 100, 72
"""The altered archives hold no more hours around H: an outcome needs none of them, a percentile 60 before it."""


class Must(NamedTuple):
    """Bars of the day, by the hours after H at which they close, and figures of which one moves in every row."""

    name: str
    from_h: int
    to_h: int
    columns: tuple[str, ...]


MUST_MOVE = (
    Must("the bar that opens at H changed", 0, 1, ("entry_price",)),
    Must("the bars between changed", 1, HORIZON_H - 1, ("best_24h_ratio", "worst_24h_ratio")),
    Must("the bar that closes at H + 24 h changed", HORIZON_H - 1, HORIZON_H, ("return_24h_ratio",)),
)
MUST_STAY = {
    "before H changed": (-BEFORE_H, 0),
    "after H + 24 h changed": (HORIZON_H, AFTER_H),
}


def check_outcomes(market: Path, frames: Frames, hour_ms: int, settings: Settings, place: Path) -> Compared:
    """Return how the outcomes of an hour move with bars of the day, before it, and after it."""
    before = outcome_table(market, hour_ms, settings)
    near = within(frames, Rows(hour_ms - BEFORE_H * HOUR_MS, hour_ms + AFTER_H * HOUR_MS))
    values, findings = 0, list[Finding]()
    for number, (name, (from_h, to_h)) in enumerate(MUST_STAY.items()):
        folder = _altered(near, market, hour_ms, (from_h, to_h), place / f"stay{number}")
        found = compare(before, outcome_table(folder, hour_ms, settings), name, hour_ms)
        values, findings = values + found.values, findings + found.findings
    for number, must in enumerate(MUST_MOVE):
        folder = _altered(near, market, hour_ms, (must.from_h, must.to_h), place / f"move{number}")
        after = outcome_table(folder, hour_ms, settings)
        still = _still(before.frame, after.frame, must, hour_ms)
        values += before.frame.height
        findings += still
    return Compared(values, findings, set())


def _altered(near: Frames, market: Path, hour_ms: int, hours: tuple[int, int], folder: Path) -> Path:
    rows = Rows(hour_ms + hours[0] * HOUR_MS, hour_ms + hours[1] * HOUR_MS)
    return save_frames(with_wild(near, rows, seed=hour_ms // HOUR_MS + hours[0]), market, folder)


def _still(before: pl.DataFrame, after: pl.DataFrame, must: Must, hour_ms: int) -> list[Finding]:
    """Return the complete outcomes of which the figure should have moved, and did not."""
    both = before.filter(pl.col("outcome") == COMPLETE).join(after, on=["venue", "contract"], suffix="_now")
    unmoved = pl.Series([True] * both.height, dtype=pl.Boolean)
    for column in must.columns:
        unmoved &= same(both[column], both[f"{column}_now"], exact=False)
    if not unmoved.any():
        return []
    rows, name = both.filter(unmoved).head(EXAMPLES), must.columns[0]
    found = [Example(str(who), hour_ms, value, value) for who, value in rows.select("contract", name).rows()]
    return [Finding(OUTCOMES, f"{must.name}: it did not move", " or ".join(must.columns), int(unmoved.sum()), found)]
