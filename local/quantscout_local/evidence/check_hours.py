"""Which hours are checked: random ones of a range, some of them with the series that an archive has for few hours."""

from pathlib import Path
from random import Random
from typing import NamedTuple

import polars as pl

from quantscout.clock import iso
from quantscout.errors import InputError
from quantscout.frames import DAY_MS, HOUR_MS, MINUTE_MS
from quantscout.settings import Settings
from quantscout_local.chosen_settings import parse_option
from quantscout_local.evidence.changed_market import Frames
from quantscout_local.evidence.replay_contracts import Contracts
from quantscout_local.evidence.replay_files import FUNDING, INTEREST, QUARTERS, TAKER_1H
from quantscout_local.evidence.replay_plan import Ask as ReplayAsk
from quantscout_local.evidence.replay_plan import build_plan, parse_time
from quantscout_local.hour import REAL_ONLY_SETTINGS
from quantscout_local.simulator.archive import SERIES

SETTLED_DAYS = 10
"""So long after the first settlement a contract has the 20 that its z needs, whatever its interval."""


class Ask(NamedTuple):
    """What a person asked for."""

    market: Path
    hours: int
    seed: int
    first_ms: int | None
    last_ms: int | None
    settings: Settings
    factors: Path | None = None


def build_ask(  # noqa: PLR0913, PLR0917 - each is one thing that a person can ask for
    market: Path, hours: int, seed: int, first: str | None, last: str | None, settings: str | None,
    factors: Path | None = None,
) -> Ask:  # fmt: skip
    """Return what was asked for, days and hours as times (InputError for text that is none)."""
    chosen = parse_option(settings, REAL_ONLY_SETTINGS)
    return Ask(market, hours, seed, parse_time(first), parse_time(last, end=True), chosen, factors)


def absent_from(frames: Frames) -> tuple[str, ...]:
    """Return the names of the series that an archive does not have."""
    return tuple(name for name in SERIES if name not in frames)


def pick_hours(ask: Ask, contracts: Contracts, frames: Frames, before_h: int, after_h: int) -> list[int]:
    """Return as many hours of the range as were asked for, ascending, by the seed.

    Each has bars `before_h` hours before and `after_h` hours after it. InputError where the range cannot be replayed,
    or holds fewer.
    """
    plan = build_plan(ReplayAsk(ask.market, ask.first_ms, ask.last_ms, ask.settings), contracts)
    first_ms = max(int(contracts.covered[0]), contracts.main_first_ms) if ask.first_ms is None else 0
    earliest_ms = max(first_ms, int(contracts.covered[0]))
    ends = earliest_ms + before_h * HOUR_MS, int(contracts.covered[-1]) - after_h * HOUR_MS
    hours = [hour for hour in plan.hours if ends[0] <= hour <= ends[1]]
    if ends[0] > ends[1]:
        raise InputError(
            f"an hour to check needs {before_h} h of bars before and {after_h} h after it, {ask.market} has bars from "
            f"{iso(int(contracts.covered[0]) - HOUR_MS)} to {iso(int(contracts.covered[-1]))}: "
            "choose a longer one with --market"
        )
    if len(hours) < ask.hours:
        raise InputError(
            f"{len(hours)} hours of the range have {before_h} h of bars before and {after_h} h after them "
            f"({iso(ends[0])} to {iso(ends[1])}), and {ask.hours} were asked for: ask for fewer with --hours, or "
            "choose --from and --to within"
        )
    return _draw(hours, frames, ask.hours, ask.seed)


def _draw(hours: list[int], frames: Frames, count: int, seed: int) -> list[int]:
    dice, chosen = Random(f"{seed} hours"), list[int]()
    for rare in _rare(frames, hours):
        some = [hour for hour in hours if hour in rare and hour not in chosen]
        if some and len(chosen) < count:
            chosen.append(dice.choice(some))
    rest = [hour for hour in hours if hour not in chosen]
    return sorted(chosen + dice.sample(rest, count - len(chosen)))


def _rare(frames: Frames, hours: list[int]) -> list[set[int]]:
    """Return, per series that covers few hours, the hours in which it tells all that the product asks of it."""
    times = {name: set[int]() for name in (INTEREST, QUARTERS, TAKER_1H)}
    for name, column, lasts_ms in (
        (INTEREST, "timestamp", 0),
        (QUARTERS, "open_time", 15 * MINUTE_MS),
        (TAKER_1H, "open_time", HOUR_MS),
    ):
        if name in frames:
            times[name] = set(frames[name].select(pl.col(column).unique() + lasts_ms).to_series().to_list())
    interest = {at_ms for at_ms in times[INTEREST] if at_ms - 4 * HOUR_MS in times[INTEREST]}
    first_ms = frames[FUNDING]["funding_time"].min() if FUNDING in frames else None
    settled = {h for h in hours if isinstance(first_ms, int) and h >= first_ms + SETTLED_DAYS * DAY_MS}
    return [interest, times[QUARTERS], settled, times[TAKER_1H]]
