"""A day after noon: what the tests of evaluations share."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import polars as pl
from fake_market import NOON, NOON_MS
from world import World

from quantscout.evaluation import Evaluation, evaluate
from quantscout.evaluation_models import EvaluatedHour
from quantscout.frames import HOUR_MS
from quantscout.picks import load_evaluated, load_hours
from quantscout.store import BAR_BLOCKS
from quantscout.table import Item

KINDS = ("report", "universe")

DAY_LATER_MS = NOON_MS + 24 * HOUR_MS
_screened: list[Item] = []
"""What noon's run leaves in the table: the run takes longer than most of what is tested after it."""


def screen_noon(world: World) -> None:
    """Leave the table as noon's run leaves it."""
    if not _screened:
        before, world.clock.at = world.clock.at, NOON + timedelta(seconds=10)
        world.screen()
        world.clock.at = before
        for kind in KINDS:
            _screened.extend(world.store.table.query(kind))
    world.store.table.put_all(_screened)


def live_through(world: World, hours: Sequence[int] = range(1, 25), without: Iterable[str] = ()) -> None:
    """Store the bars that close so many hours after noon, without some contracts, as one run does that heals them."""
    absent, first_ms, last_ms = set(without), NOON_MS + (hours[0] - 1) * HOUR_MS, NOON_MS + hours[-1] * HOUR_MS
    inside = pl.col("open_ms").is_between(first_ms, last_ms - HOUR_MS)
    for venue in world.venues:
        bars = pl.concat([venue.bars_of(contract) for contract in venue.coins if contract not in absent])
        world.store.save(BAR_BLOCKS, venue.name, [(last_ms, bars.filter(inside))])


def evaluate_at(world: World, hours_later: int = 24, *, force: bool = False) -> Evaluation:
    """Evaluate at an hour after noon."""
    return evaluate(world.store, NOON_MS + hours_later * HOUR_MS, lambda: 300.0, force=force)


def only(world: World) -> EvaluatedHour:
    """Return the one evaluated hour."""
    (hour,) = load_hours(world.store, NOON_MS - 100 * HOUR_MS, NOON_MS + 100 * HOUR_MS)
    return hour


def judged(world: World) -> pl.DataFrame:
    """Return the judged rows of noon."""
    return load_evaluated(world.store, NOON_MS, NOON_MS)[0]
