"""The run record: one item per hour that says how far its run is, who holds it, and until when (docs/delivery.md).

Every write is conditional. A claim holds only if the record is still what was read; every other write only if holder
and attempt are still its own. The attempt is counted up by each claim: it is the token that fences off a run that was
thought dead and is not.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import pairwise
from threading import Event, Thread
from typing import Any, Literal, NamedTuple, get_args

from quantscout.clock import hour_key, iso
from quantscout.errors import StateError
from quantscout.frames import DAY_MS
from quantscout.redaction import KEYS
from quantscout.table import Item, StateTable

Stage = Literal["claimed", "fetched", "scored", "stored", "publishing", "published"]
STAGES: tuple[Stage, ...] = get_args(Stage)
STORED: frozenset[Stage] = frozenset({"stored", "publishing"})
"""From here on a run that goes on computes nothing: the report is in the table, and nobody may have heard of it."""

PK = "run"
LEASE_S = 60.0
"""How long a silent holder is believed to live: Lambda's own first retry comes a minute after a crash."""
BEATS_PER_LEASE = 3
JOIN_S = 1.0
CLAIM_TRIES = 10
KEEP_DAYS = 400
ERROR_CHARS = 300


class Record(NamedTuple):
    """An hour's run record. Times are epoch ms; `times_ms` has the stages that the last attempt reached."""

    hour_ms: int
    stage: Stage
    attempt: int
    held_by: str
    lease_until_ms: int
    first_ms: int
    times_ms: Mapping[Stage, int]
    told: str
    """The status that was published last, empty while none was."""
    message_id: str | None
    alert: str
    last_error: str

    @property
    def is_finished(self) -> bool:
        """Tell whether the hour is over for good: an hour without data is not, a later delivery may still see some."""
        return self.stage == "published" and self.told != "no_data"

    def stage_ms(self) -> dict[str, int]:
        """Return how long the last attempt took to each stage from the one before."""
        began_ms = self.times_ms["claimed"]  # what an earlier attempt had stored stands before it
        reached = [(stage, self.times_ms[stage]) for stage in STAGES if self.times_ms.get(stage, 0) >= began_ms]
        return {stage: until_ms - since_ms for (_, since_ms), (stage, until_ms) in pairwise(reached)}


class Finished(NamedTuple):
    """The hour is done: its report is stored and was published."""

    record: Record


class Running(NamedTuple):
    """Somebody else holds the hour, and the lease is not over."""

    record: Record


class Ledger:
    """The run records in the state's table. Every method raises StateError where the table fails."""

    def __init__(self, table: StateTable, now_ms: Callable[[], int]) -> None:
        """Take the state's table and the clock by which leases run."""
        self.table, self.now_ms = table, now_ms

    def read(self, hour_ms: int) -> Record | None:
        """Return an hour's record as it was last written, None if nobody ever claimed it."""
        item = self.table.get(PK, hour_key(hour_ms))
        return None if item is None else _record(item, hour_ms)

    def claim(self, hour_ms: int, owner: str, *, force: bool = False) -> "Lease | Finished | Running":
        """Take the hour if nobody holds it, and return the lease; else say that it is finished or running.

        `force` takes a finished hour, too, unless this very owner finished it (a delivery that is repeated).
        """
        for _ in range(CLAIM_TRIES):
            seen = self.read(hour_ms)
            if seen is not None and seen.is_finished and (not force or seen.held_by == owner):
                return Finished(seen)
            if seen is not None and seen.lease_until_ms > self.now_ms():
                return Running(seen)
            if (lease := self._take(hour_ms, owner, seen)) is not None:
                return lease
        raise StateError(
            f"table '{self.table.name}': the run record of {iso(hour_ms)} changed {CLAIM_TRIES} times while it was "
            "being claimed; next step: deliver the hour again"
        )

    def _take(self, hour_ms: int, owner: str, seen: Record | None) -> "Lease | None":
        """Write the claim if the record is still what was seen; None if it is not."""
        now_ms, resumes = self.now_ms(), seen is not None and seen.stage in STORED
        values: dict[str, Any] = {
            ":owner": owner,
            ":attempt": seen.attempt + 1 if seen else 1,
            ":stage": seen.stage if seen and resumes else "claimed",
            ":until": now_ms + lease_ms(),
            ":now": now_ms,
            ":expires": (hour_ms + KEEP_DAYS * DAY_MS) // 1000,
        }
        old = STAGES[STAGES.index(seen.stage) + 1 if seen and resumes else 1 :]
        condition = "attribute_not_exists(attempt)"
        if seen is not None:
            condition = "attempt = :seen AND lease_until_ms = :seen_until"
            values |= {":seen": seen.attempt, ":seen_until": seen.lease_until_ms}
        item = self.table.update(
            PK,
            hour_key(hour_ms),
            "SET held_by = :owner, attempt = :attempt, stage = :stage, lease_until_ms = :until, claimed_ms = :now, "
            "last_ms = :now, first_ms = if_not_exists(first_ms, :now), expires_at = :expires "
            f"REMOVE {', '.join(f'{stage}_ms' for stage in old)}",
            condition,
            values,
        )
        return None if item is None else Lease(self, _record(item, hour_ms), seen)


class Lease:
    """A claimed hour. Its holder may go on as long as every write finds holder and attempt unchanged."""

    def __init__(self, ledger: Ledger, record: Record, before: Record | None) -> None:
        """Take the record as it was claimed, and as it was before."""
        self.record, self.before, self._ledger = record, before, ledger

    @property
    def attempt(self) -> int:
        """The how-manieth claim of the hour this is; the first is 1."""
        return self.record.attempt

    @property
    def resumed_from(self) -> Stage | None:
        """Return how far the hour had come when it was claimed; None if it was new or finished."""
        return None if self.before is None or self.before.stage == "published" else self.before.stage

    @property
    def has_report(self) -> bool:
        """Tell whether an earlier attempt stored the report and came no further than publishing it."""
        return self.resumed_from in STORED

    def reach(self, stage: Stage, **facts: str | None) -> None:
        """Write that a stage is reached, with what is known then, and renew the lease.

        Raises StateError if somebody else has taken the hour over: this run stores and publishes nothing any more.
        """
        now_ms = self._ledger.now_ms()
        until_ms = 0 if stage == "published" else now_ms + lease_ms()
        extra = "".join(f", {name} = :{name}" for name in facts)
        values = {":stage": stage, ":now": now_ms, ":until": until_ms} | {f":{name}": facts[name] for name in facts}
        expression = f"SET stage = :stage, {stage}_ms = :now, last_ms = :now, lease_until_ms = :until{extra}"
        item = self._write(expression, values)
        if item is None:
            raise StateError(
                f"table '{self._ledger.table.name}': attempt {self.attempt} at {iso(self.record.hour_ms)} stops before "
                f"it is {stage}: the hour was taken over by a later attempt"
            )
        self.record = _record(item, self.record.hour_ms)

    def is_lost(self) -> bool:
        """Tell whether somebody else has taken the hour over."""
        now = self._ledger.read(self.record.hour_ms)
        return now is None or now.attempt != self.attempt

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew the lease from a thread as long as the context lasts; an exception gives it back at once.

        A thread, not a task: nothing that blocks the run's loop may let its lease run out, and a tape names tasks.
        """
        ended = Event()
        heart = Thread(target=self._beat, args=(ended,), name="lease", daemon=True)
        heart.start()
        try:
            yield
        except BaseException as error:
            ended.set()
            with suppress(StateError):  # the lease ends by itself, and the first error is the one to tell
                self._release(error)
            raise
        finally:
            ended.set()
            heart.join(JOIN_S)

    def _beat(self, ended: Event) -> None:
        while not ended.wait(LEASE_S / BEATS_PER_LEASE):
            values = {":until": self._ledger.now_ms() + lease_ms(), ":zero": 0}
            with suppress(StateError):  # the next beat may pass; if not, the next stage fails aloud
                # A lease that was given back stays so, however late this write arrives.
                if self._write("SET lease_until_ms = :until", values, " AND lease_until_ms > :zero") is None:
                    return

    def _release(self, error: BaseException) -> None:
        """Give the hour back, so that the next delivery need not wait, with the reason why it was not finished."""
        text = KEYS.text(f"{type(error).__name__}: {error}")[:ERROR_CHARS]
        values = {":zero": 0, ":now": self._ledger.now_ms(), ":text": text}
        self._write("SET lease_until_ms = :zero, last_ms = :now, last_error = :text", values)

    def _write(self, expression: str, values: Mapping[str, Any], condition: str = "") -> Item | None:
        own = {**values, ":me": self.record.held_by, ":mine": self.attempt}
        key = hour_key(self.record.hour_ms)
        return self._ledger.table.update(PK, key, expression, f"held_by = :me AND attempt = :mine{condition}", own)


def lease_ms() -> int:
    """Return the length of a lease."""
    return round(1000 * LEASE_S)


def _record(item: Item, hour_ms: int) -> Record:
    return Record(
        hour_ms=hour_ms,
        stage=item["stage"],
        attempt=int(item["attempt"]),
        held_by=str(item["held_by"]),
        lease_until_ms=int(item["lease_until_ms"]),
        first_ms=int(item["first_ms"]),
        times_ms={stage: int(item[f"{stage}_ms"]) for stage in STAGES if f"{stage}_ms" in item},
        told=str(item.get("told", "")),
        message_id=item.get("message_id"),
        alert=str(item.get("alert", "")),
        last_error=str(item.get("last_error", "")),
    )
