"""The story of a soak: hour after hour is played and checked, and everything is counted."""

import asyncio
import time as machine
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from quantscout.clock import iso
from quantscout.errors import QuantScoutError
from quantscout.frames import HOUR_MS
from quantscout.models import Report
from quantscout_local.simulator.virtual import VirtualTime
from soak.checks import ViolationError, check_report, check_state, check_usage
from soak.market import make_small_market
from soak.plan import build_plan
from soak.truth import read_truth
from soak.world import Played, World

FIRST_MS = 1_791_676_800_000  # 2026-10-11T00Z
LAST_MS = 1_794_096_000_000  # 2026-11-08T00Z, the end of the embedded market
MANY_LATE = 5
BACKFILL_EVERY_H, AUDIT_EVERY_H, TELL_EVERY_H = 24, 100, 25


@dataclass
class Tally:
    """What is printed at the end."""

    hours: Counter[str] = field(default_factory=Counter)
    levels: Counter[str] = field(default_factory=Counter)
    no_data: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    faults: dict[str, int] = field(default_factory=dict)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    retried: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    longest_run_s: float = 0.0
    wall_s: float = 0.0


class Soak:
    """So many hours of one seed."""

    def __init__(self, seed: str, hours: int) -> None:
        """Make the market, its truth and the world."""
        self.began_s, self.tally, self.hours = machine.monotonic(), Tally(), hours
        self.first_ms = min(FIRST_MS, LAST_MS - hours * HOUR_MS)
        last_ms = self.first_ms + (hours - 1) * HOUR_MS
        market, time = make_small_market(), VirtualTime()
        with asyncio.Runner(loop_factory=time.new_loop) as runner:
            self.truth = runner.run(read_truth(market, time, self.first_ms, last_ms))
        self.world = World(market, build_plan(seed, self.first_ms, hours), time, self.first_ms)

    def play(self, tell: Callable[[str], None]) -> Tally:
        """Play all hours; raises ViolationError at the first one that breaks a rule, with its name."""
        for number in range(self.hours):
            hour_ms = self.first_ms + number * HOUR_MS
            try:
                self._play_hour(number, hour_ms)
            except (ViolationError, QuantScoutError) as error:
                raise ViolationError(f"hour {number}, {iso(hour_ms)}: {type(error).__name__}: {error}") from error
            finally:
                self._keep_counts()
            if (number + 1) % TELL_EVERY_H == 0:
                tell(f"{number + 1} hours, {self.tally.wall_s:.0f} s: {dict(self.tally.hours)}")
        return self.tally

    def _play_hour(self, number: int, hour_ms: int) -> None:
        world, backfills = self.world, number % BACKFILL_EVERY_H == 0
        world.move(hour_ms)
        if number and world.watch.is_banned("binance"):
            self.tally.counts["runs that began during a ban"] += 1
            self._check_breaker()
        played = world.play(hour_ms)
        if backfills:
            try:
                world.backfill(hour_ms)
            except QuantScoutError as error:  # it may refuse as a whole, but only in its own words
                self.tally.problems[f"backfill: {type(error).__name__}"] += 1
        self._check_hour(number, hour_ms, played, backfills=backfills)
        self._count(played)

    def _check_breaker(self) -> None:
        if "binance" not in self.world.store.load_breakers():
            raise ViolationError("a ban holds: expected a breaker in the table, found none")

    def _check_hour(self, number: int, hour_ms: int, played: Played, *, backfills: bool) -> None:
        whole = backfills or number % AUDIT_EVERY_H == 0 or number == self.hours - 1
        since_ms = hour_ms - 35 * 24 * HOUR_MS if whole else hour_ms
        rows = check_state(self.world.store, self.truth, hour_ms, since_ms)
        self.tally.counts["rows compared"] += rows
        check_report(played.report, self.truth, hour_ms)
        kept = self.world.store.load_report(hour_ms)
        if kept is None or kept.to_json() != played.report.to_json():
            raise ViolationError("the report in the table is not the one that the run returned")
        if self.world.watch.broken:
            raise ViolationError(self.world.watch.broken[0])
        check_usage(self.world.stage.usage.told())

    def _count(self, played: Played) -> None:
        tally, report = self.tally, played.report
        tally.hours[report.status] += 1
        tally.levels[str(report.gate_level)] += 1
        if report.status == "no_data":
            tally.no_data[_why(report)] += 1
        tally.longest_run_s = max(tally.longest_run_s, played.took_s)
        for name, source in report.sources.items():
            tally.counts["late contracts"] += source.late
            tally.counts[f"{name} out"] += not source.ok
            for error in source.errors:
                tally.problems[f"{name} {error.reason}"] += error.count

    def _keep_counts(self) -> None:
        """Take over what simulator and watch have counted so far."""
        tally, world = self.tally, self.world
        for venue, record in world.stage.usage.records.items():
            tally.requests[venue] += record.requests
        kinds = world.stage.faults.log.told()["by_kind"]
        tally.faults = {kind: sum(places.values()) for kind, places in kinds.items()}
        tally.answers, tally.retried, tally.counts["published"] = world.watch.answers, world.retried, world.published
        tally.wall_s = machine.monotonic() - self.began_s


def _why(report: Report) -> str:
    """Return what was out in an hour without data; else that the rest was too few."""
    out = [f"{name} {source.note.partition(':')[0]}" for name, source in report.sources.items() if not source.ok]
    few = [
        f"{name} without bars of {source.late}" for name, source in report.sources.items() if source.late > MANY_LATE
    ]
    return ", ".join([*out, *few]) or report.gate_reason
