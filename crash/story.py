"""The story of the crashes: hour after hour runs undisturbed on one side, is killed and repeated on the other."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from crash.checks import (
    ViolationError,
    check_asked,
    check_blocks,
    check_finished,
    check_messages,
    check_report,
)
from crash.plan import Kill, plan_kills
from crash.world import World, open_world
from quantscout.clock import hour_key, iso, to_ms
from quantscout.frames import HOUR_MS
from quantscout.ledger import Ledger, Record
from quantscout.models import Report
from quantscout_local.hour import EMBEDDED_HOUR

FIRST_MS = to_ms(EMBEDDED_HOUR)
CROWDS = (2, 5)
"""So many deliveries of one hour at the same time."""
SURVIVED = "finished before the kill"
Tell = Callable[[str], None]


@dataclass
class Tally:
    """What is printed at the end."""

    died: Counter[str] = field(default_factory=Counter)
    """By the stage that the record had when the run was killed."""
    repeats: Counter[str] = field(default_factory=Counter)
    """Second messages, by the kill's name."""
    endings: Counter[str] = field(default_factory=Counter)
    """What the repetitions were: going on from a stored report, computed again, finished already."""
    hours: int = 0
    messages: int = 0
    rows: int = 0
    run_s: list[float] = field(default_factory=list)
    repeat_s: list[float] = field(default_factory=list)
    wall_s: float = 0.0


class Crashes:
    """So many kills of one seed, and the crowds after them."""

    def __init__(self, world: World, tell: Tell) -> None:
        """Begin at the first hour; it runs undisturbed on both sides."""
        self.world, self.tell, self.tally = world, tell, Tally()
        self.hour_ms = FIRST_MS
        self._began_s, self._told = time.monotonic(), Counter[str]()

    def play(self, seed: str, cases: int) -> Tally:
        """Play all; raises ViolationError with hour and kill for the first rule that is broken."""
        self._in_words("undisturbed on both sides", self._warm_up)
        for number, kill in enumerate(plan_kills(seed, cases), 1):
            while not self._play_until_killed(f"{number:3}/{cases}", kill):
                kill = kill.earlier()  # noqa: PLW2901 - the same case, in the next hour
        for crowd in CROWDS:
            self.hour_ms += HOUR_MS
            said = self._in_words(f"{crowd} at once", lambda crowd=crowd: self._play_crowd(crowd))  # type: ignore[misc]
            self.tell(f"        {hour_key(self.hour_ms)} {crowd} deliveries at once: {said}")
        plain, struck = self.world.plain.store, self.world.struck.store
        self.tally.rows = check_blocks(plain, struck, FIRST_MS - 1, self.hour_ms)
        self.tally.wall_s = time.monotonic() - self._began_s
        return self.tally

    def _play_until_killed(self, number: str, kill: Kill) -> bool:
        """Play the kill in the next hour, and tell whether it came before the run's end."""
        self.hour_ms += HOUR_MS
        survivors = self.tally.died[SURVIVED]
        said = self._in_words(kill.name, lambda: self._play_kill(kill))
        self.tell(f"{number} {hour_key(self.hour_ms)} killed {kill.name:32} {said}")
        return self.tally.died[SURVIVED] == survivors

    def _in_words(self, name: str, work: Callable[[], str]) -> str:
        try:
            self.tally.hours += 1
            return work()
        except ViolationError as error:
            raise ViolationError(f"{iso(self.hour_ms)}, {name}: {error}") from error

    def _warm_up(self) -> str:
        self.world.move(self.hour_ms)
        self.world.run_undisturbed(self.hour_ms)
        self.world.deliver(self.hour_ms)
        self._check()
        return ""

    def record(self) -> Record | None:
        """Return the hour's record on the struck side."""
        return Ledger(self.world.struck.store.table, lambda: 0).read(self.hour_ms)

    def _undisturbed(self) -> dict[str, int]:
        """Run the hour on the plain side and return what it asked."""
        self.world.move(self.hour_ms)
        self.tally.run_s.append(self.world.run_undisturbed(self.hour_ms)["took_s"])
        usual = self.world.asked()
        self.world.forget_usage()
        return usual

    def _play_kill(self, kill: Kill) -> str:
        usual = self._undisturbed()
        survived = self.world.deliver(self.hour_ms, kill, self.tally.run_s[-1])
        at_death = self.record()
        self.world.forget_usage()
        again = self.world.deliver(self.hour_ms)
        assert again is not None
        self.tally.repeat_s.append(again["took_s"])
        stage = "nothing" if at_death is None else at_death.stage
        self.tally.died[stage if survived is None else SURVIVED] += 1
        report = self._check()
        check_asked(at_death, self.world.asked(), usual, report)
        count = self._messages()
        check_messages(count, kill, at_death)
        self.tally.repeats[kill.name] += count - 1
        return self._said(stage, again, count)

    def _check(self) -> Report:
        """Check record, report and this hour's blocks, and return the report."""
        plain, struck = self.world.plain.store, self.world.struck.store
        check_finished(self.record())
        check_blocks(plain, struck, self.hour_ms, self.hour_ms)
        return check_report(plain, struck, self.hour_ms)

    def _messages(self) -> int:
        """Return how many messages this hour has had."""
        for message in self.world.struck.stack.messages()[self._told.total() :]:
            self._told[message["body"]["hour"]] += 1
        self.tally.messages = self._told.total()
        return self._told[iso(self.hour_ms)]

    def _said(self, stage: str, again: dict[str, Any], count: int) -> str:
        answer = again["answer"]
        how = "finished already" if answer["delivery"] == "finished" else "computed again"
        if answer["resumed_from"] in {"stored", "publishing"}:
            how = "published what was stored"
        self.tally.endings[how] += 1
        return f"in stage {stage:10} {how:26} {again['took_s']:4.1f} s, messages: {count}"

    def _play_crowd(self, crowd: int) -> str:
        """Let several deliveries of the hour begin at once."""
        self._undisturbed()
        answers = self.world.deliver_at_once(self.hour_ms, crowd)
        endings = Counter(answer["answer"]["delivery"] for answer in answers if answer)
        self._check()
        count = self._messages()
        if count != 1 or endings["published"] != 1:
            raise ViolationError(f"expected one run and one message, found {dict(endings)} and {count} messages")
        return ", ".join(f"{number} {ending}" for ending, number in sorted(endings.items())) + f", messages: {count}"


def play(seed: str, cases: int, tell: Tell) -> Tally:
    """Start the world and play so many kills in it."""
    with open_world(FIRST_MS) as world:
        return Crashes(world, tell).play(seed, cases)
