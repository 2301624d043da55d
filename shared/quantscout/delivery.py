"""The story of one delivery: claim the hour, run it, store, publish, mark (docs/delivery.md).

An hour may be delivered twice, at the same time, or again after a crash. Whoever holds its run record works; everybody
else returns what was done, or stands back. Order: the report is in the table before anybody hears of it, and the record
says "published" only when SNS has taken the message.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

import polars as pl
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from quantscout.alert import Alert
from quantscout.clock import check_not_future, iso, to_ms
from quantscout.errors import DeliveryError, StateError
from quantscout.ledger import Lease, Ledger, Record, Running, lease_ms
from quantscout.models import HourEvent, Report
from quantscout.pipeline import Outcome
from quantscout.store import Store

Ending = Literal["published", "finished", "stood_back"]
LOOKS_PER_LEASE = 30
TO_DELIVER_S = 20.0
"""Kept of the function's time for storing and publishing: nobody waits longer for another's run."""
SENDS = 4
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 5.0
THROTTLED = frozenset({"Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException"})


class Delivered(NamedTuple):
    """What a delivery came to. `report` is None only where it stood back; `is_new` where it computed the report."""

    ending: Ending
    record: Record
    report: Report | None = None
    is_new: bool = False
    resumed_from: str | None = None
    universe: pl.DataFrame | None = None

    def summary(self) -> dict[str, Any]:
        """Return the line that is logged and answered."""
        record = self.record
        told = {"hour": iso(record.hour_ms)} if self.report is None else self.report.summary()
        return told | {
            "delivery": self.ending,
            "is_new": self.is_new,
            "message_id": None if self.ending == "stood_back" else record.message_id,
            "alert": record.alert,
            "attempt": record.attempt,
            "resumed_from": self.resumed_from,
            "stage_ms": record.stage_ms(),
        }


class Sent(NamedTuple):
    """What became of a report's message: its id, None if nobody is to hear of it, and why."""

    message_id: str | None
    alert: str


@dataclass(frozen=True)
class Delivery:
    """One delivery: who it is, where the state is, how an hour is computed and told, and the time that is left."""

    owner: str
    store: Store
    compute: Callable[[Lease], Outcome]
    alert_of: Callable[[Report], Alert]
    send: Callable[[str, Report, int], str]
    """Publish to a topic the report of the how-manieth attempt, and return the message's id."""
    now: Callable[[], datetime]
    remaining_s: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep

    @property
    def ledger(self) -> Ledger:
        """The run records."""
        return Ledger(self.store.table, lambda: to_ms(self.now()))

    def deliver(self, event: HourEvent) -> Delivered:
        """Return what became of the event's hour, by this delivery or by another; see the module.

        Raises InputError for an hour that has not closed; StateError, SourceError or DeliveryError where the hour is
        not finished and has to be delivered again.
        """
        check_not_future(event.hour, self.now())
        hour_ms = to_ms(event.hour)
        while True:
            claim = self.ledger.claim(hour_ms, self.owner, force=event.force)
            if isinstance(claim, Lease):
                done = self._work(claim)
            elif isinstance(claim, Running):
                done = self._wait_for(claim.record)
            else:
                return Delivered("finished", claim.record, self.store.load_report(hour_ms))
            if done is not None:
                return done

    def _work(self, lease: Lease) -> Delivered | None:
        """Run, store, publish, mark; None if somebody else took the hour over meanwhile."""
        try:
            with lease.kept():
                report, is_new, universe = self._stored(lease) or self.compute(lease)
                sent = self._publish(report, lease, is_new=is_new)
                lease.reach("published", message_id=sent.message_id, alert=sent.alert, told=report.status)
        except StateError:
            if lease.is_lost():
                return None
            raise
        return Delivered("published", lease.record, report, is_new, lease.resumed_from, universe)

    def _stored(self, lease: Lease) -> Outcome | None:
        """Return the report that an earlier attempt stored and did not publish; no source is asked again."""
        report = self.store.load_report(lease.record.hour_ms) if lease.has_report else None
        return None if report is None else Outcome(report, is_new=False)

    def _publish(self, report: Report, lease: Lease, *, is_new: bool) -> Sent:
        """Send the report unless it was sent; after a crash nobody can know whether it was, and it is sent again."""
        before = lease.before
        if before is not None and _was_told(before, report, is_new=is_new or lease.has_report):
            return Sent(before.message_id, before.alert)
        topic, reason = self.alert_of(report)
        if topic is None:
            return Sent(None, reason)
        lease.reach("publishing")
        return Sent(self._sending()(self.send, topic, report, lease.attempt), reason)

    def _sending(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception(_is_passing),
            stop=stop_after_attempt(SENDS),
            wait=wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S),
            sleep=self.sleep,
            reraise=True,
        )

    def _wait_for(self, seen: Record) -> Delivered | None:
        """Return None when the hour may be claimed again, or that this delivery stands back: the holder is alive.

        A crash's own repeat must not be lost because the dead one's lease still runs: it waits here until that is over.
        """
        now = seen
        while now.attempt == seen.attempt and now.lease_until_ms > to_ms(self.now()):
            if now.lease_until_ms > seen.lease_until_ms:
                return Delivered("stood_back", now)
            if self.remaining_s() < TO_DELIVER_S:
                raise StateError(
                    f"table '{self.store.table.name}': the run of {iso(seen.hour_ms)} is held by {seen.held_by} until "
                    f"{iso(seen.lease_until_ms)} and gave no sign of life; next step: deliver the hour again after that"
                )
            self.sleep(lease_ms() / 1000 / LOOKS_PER_LEASE)
            now = self.ledger.read(seen.hour_ms) or now
        return None


def _was_told(before: Record, report: Report, *, is_new: bool) -> bool:
    """Tell whether a finished hour's repetition has nothing new to say: an old report, or no data once more."""
    return bool(before.told) and (not is_new or before.told == report.status == "no_data")


def _is_passing(error: BaseException) -> bool:
    """Tell whether SNS may take the same message a little later: it is busy, broken, or could not be reached."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - botocore is Lambda's own

    cause = error.__cause__ if isinstance(error, DeliveryError) else None
    if isinstance(cause, ClientError):
        status = cause.response["ResponseMetadata"]["HTTPStatusCode"]
        return status >= 500 or cause.response["Error"]["Code"] in THROTTLED  # noqa: PLR2004 - HTTP's own
    return isinstance(cause, BotoCoreError)
