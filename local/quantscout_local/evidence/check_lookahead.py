"""Does anything that is said of an hour depend on what came after it? Each hour again, with its future altered.

Two futures are tried. `cut`: the archive ends at H. `changed`: every number after H is another, hours are missing or
spoiled there, and new contracts begin. Both ways, the hourly pipeline and the replay, must say of H what they said.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from quantscout.errors import QuantScoutError
from quantscout.factors import NAMES
from quantscout.frames import HOUR_MS, KEY
from quantscout.gates import MIN_HISTORY_H
from quantscout_local.archive_hour import Archive
from quantscout_local.evidence import changed_market as changed
from quantscout_local.evidence.changed_market import Frames, Rows, save_frames
from quantscout_local.evidence.check_compare import Compared, Example, Finding, Table, compare, merge
from quantscout_local.evidence.check_factors import Candidates, column_of, load_factors
from quantscout_local.evidence.check_hours import Ask, absent_from, pick_hours
from quantscout_local.evidence.check_outcomes import check_outcomes
from quantscout_local.evidence.check_views import (
    BOARD,
    HOURLY,
    check_candidates,
    hourly_tables,
    open_market,
    replay_tables,
)
from quantscout_local.evidence.columns_board import Span
from quantscout_local.evidence.replay_contracts import load_contracts

CUT, CHANGED, OTHER_WAY = "cut at H", "after H changed", "replay against hourly pipeline"
ERROR = "(an error)"
BEFORE_H, LATER_H, FUTURE_H = 2, 24, 240
"""Hours that are replayed with H, before and after it; so long is the altered future."""
AFTER_H = 26
STEPS = 4
"""Of an hour, for the progress: as it is, cut, changed, outcomes."""
Tell = Callable[[int, int], None]


class Result(NamedTuple):
    """What was compared, and what differs."""

    hours: list[int]
    values: Counter[str]
    """Values that were compared, by way."""
    findings: list[Finding]
    unseen: list[str]
    """Factors that had no value in any of the hours: nothing is known of them."""
    notes: list[str]
    absent: tuple[str, ...] = ()
    """Series that the archive does not have: they are read as empty."""


class Inspector(NamedTuple):
    """Everything that is the same for all hours of a check."""

    ask: Ask
    archive: Archive
    frames: Frames
    candidates: Candidates


def check_lookahead(ask: Ask, tell: Tell) -> Result:
    """Return how the hours of the range move with their future (InputError for what cannot be used)."""
    candidates = () if ask.factors is None else load_factors(ask.factors)
    contracts = load_contracts(ask.market, ask.settings)
    frames = changed.load_frames(ask.market)
    hours = pick_hours(ask, contracts, frames, MIN_HISTORY_H + BEFORE_H, AFTER_H)
    inspector = Inspector(ask, open_market(ask.market, ask.settings.history_h), frames, candidates)
    values, findings, seen, notes = Counter[str](), list[Finding](), set[str](), list[str]()
    for number, hour_ms in enumerate(hours):
        with TemporaryDirectory(prefix="quantscout-check-") as place:
            steps = Steps(tell, number * STEPS, len(hours) * STEPS)
            found = _check_hour(inspector, hour_ms, Path(place), steps)
        values.update(found.values)
        findings += found.findings
        seen |= found.seen
        notes = found.notes
    names = (*NAMES, *(column_of(factor) for factor in candidates))
    unseen = [name for name in names if name not in seen]
    return Result(hours, values, merge(findings), unseen, notes, absent_from(frames))


class Future(NamedTuple):
    """What became of an hour's future, and how many hours of it are replayed along."""

    name: str
    hour_ms: int
    later_h: int


class Steps(NamedTuple):
    """The steps of one hour, told as those of the whole check."""

    tell: Tell
    before: int
    total: int

    def done(self, step: int) -> None:
        """Tell that this step of the hour is done."""
        self.tell(self.before + step, self.total)


class _Hour(NamedTuple):
    values: Counter[str]
    findings: list[Finding]
    seen: set[str]
    notes: list[str]


def _check_hour(inspector: Inspector, hour_ms: int, place: Path, steps: Steps) -> _Hour:
    ask, frames = inspector.ask, inspector.frames
    base = _tables(inspector, inspector.archive, ask.market, hour_ms, later_h=LATER_H)
    notes = check_candidates(base, inspector.candidates, ask.factors)
    steps.done(1)
    found = [*_agree(base, inspector.candidates, hour_ms)]
    futures = {CUT: (cut(frames, hour_ms), 0), CHANGED: (change(frames, hour_ms, ask.seed), LATER_H)}
    for step, (name, (altered, later_h)) in enumerate(futures.items(), start=2):
        folder = save_frames(altered, ask.market, place / f"future{step}")
        found += _check_future(inspector, base, folder, Future(name, hour_ms, later_h))
        steps.done(step)
    found.append(("outcomes", check_outcomes(ask.market, frames, hour_ms, ask.settings, place)))
    steps.done(STEPS)
    values = Counter[str]()
    for way, each in found:
        values[way] += each.values
    seen = {name for way, each in found if way in (HOURLY, BOARD) for name in each.seen}
    return _Hour(values, [finding for _, each in found for finding in each.findings], seen, notes)


def cut(frames: Frames, hour_ms: int) -> Frames:
    """Return the archive that ends at the hour."""
    return changed.within(frames, Rows(0, hour_ms))


def change(frames: Frames, hour_ms: int, seed: int) -> Frames:
    """Return the archive in which nothing after the hour is as it was."""
    later, mixed = Rows(hour_ms), seed + hour_ms // HOUR_MS
    near = changed.within(frames, Rows(0, hour_ms + FUTURE_H * HOUR_MS))
    return changed.with_newcomers(changed.with_faults(changed.with_wild(near, later, mixed), later, mixed + 1), later)


def _tables(inspector: Inspector, archive: Archive, folder: Path, hour_ms: int, later_h: int) -> list[Table]:
    ask, candidates = inspector.ask, inspector.candidates
    span = Span(hour_ms - BEFORE_H * HOUR_MS, hour_ms + later_h * HOUR_MS)
    hourly = hourly_tables(archive, hour_ms, ask.settings, candidates)
    return [*hourly, *replay_tables(folder, span, hour_ms, ask.settings, candidates)]


def _check_future(inspector: Inspector, base: list[Table], folder: Path, future: Future) -> list[tuple[str, Compared]]:
    """Return what differs with another future; that nothing can be computed with it is a difference, too."""
    name, hour_ms = future.name, future.hour_ms
    try:
        archive = open_market(folder, inspector.ask.settings.history_h)
        tables = _tables(inspector, archive, folder, hour_ms, future.later_h)
    except QuantScoutError as error:
        example = Example("", hour_ms, "computed", str(error))
        return [("errors", Compared(0, [Finding("both", name, ERROR, 1, [example])], set()))]
    return [(one.name, compare(one, other, name, hour_ms)) for one, other in zip(base, tables, strict=True)]


def _agree(base: list[Table], candidates: Candidates, hour_ms: int) -> list[tuple[str, Compared]]:
    """Return where a candidate is another figure in the replay: there, its rows stand beside those of other hours."""
    hourly, board = (next(table.frame for table in base if table.name == name) for name in (HOURLY, BOARD))
    columns = [column_of(f) for f in candidates if column_of(f) in hourly.columns and column_of(f) in board.columns]
    if not columns:
        return []
    scored = hourly.filter("in_scored_set").select(*KEY, *columns)
    same_hour = board.filter((board["hour_ms"] == hour_ms) & board["in_scored_set"].fill_null(value=False))
    names = [same_hour[name].cast(scored[name].dtype) for name in KEY]
    tables = scored, same_hour.with_columns(names).select(*KEY, *columns)
    one, other = (Table(OTHER_WAY, frame, KEY, exact=False) for frame in tables)
    return [(OTHER_WAY, compare(one, other, OTHER_WAY, hour_ms))]
