"""Deliveries of noon over one small world, with crashes at will; time passes only where somebody waits."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from fake_market import NOON, NOON_MS
from world import World

from quantscout.alert import Alert
from quantscout.delivery import Delivered, Delivery
from quantscout.errors import DeliveryError, SourceError
from quantscout.ledger import Lease, Ledger, Record, Stage
from quantscout.models import HourEvent, Report
from quantscout.pipeline import Outcome, run_hour

EVENT = HourEvent(at=NOON)
FORCED = HourEvent(at=NOON, force=True)
OUTAGE = SourceError("binance", "unavailable", "connection refused")


class KillError(BaseException):
    """The process dies: nobody catches this, and nothing is given back."""


class Desk:
    """Deliveries over one small world; time passes only where somebody waits."""

    def __init__(self, world: World) -> None:
        """Publish into a list."""
        self.world, self.computed, self.time_s = world, 0, 300.0
        self.sent: list[tuple[str, Report, int]] = []
        self.dies_at: tuple[str, Stage | str] | None = None
        self.failures: list[Exception] = []
        self.waited: Callable[[], object] = lambda: None

    @property
    def ledger(self) -> Ledger:
        """The run records, by the world's clock."""
        return self.delivery("nobody").ledger

    @property
    def record(self) -> Record:
        """Noon's record."""
        record = self.ledger.read(NOON_MS)
        assert record
        return record

    def delivery(self, owner: str) -> Delivery:
        """Return a delivery by this owner."""
        return Delivery(
            owner=owner,
            store=self.world.store,
            compute=self._compute,
            alert_of=lambda report: Alert("topic", "no_data" if report.status == "no_data" else "sent"),
            send=self._send,
            now=self.world.clock.now,
            remaining_s=lambda: self.time_s,
            sleep=self._sleep,
        )

    def deliver(self, owner: str = "a", event: HourEvent = EVENT) -> Delivered:
        """Deliver noon."""
        return self.delivery(owner).deliver(event)

    def crash(self, when: str, what: Stage | str, owner: str = "a", event: HourEvent = EVENT) -> None:
        """Deliver noon and die before or after a stage is written or the message sent; the lease is left as it is."""
        self.dies_at = when, what
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Lease, "_release", lambda *_: None)
            patch.setattr(Lease, "reach", self._deadly(Lease.reach))
            with pytest.raises(KillError):
                self.deliver(owner, event)
        self.dies_at = None

    def _deadly(self, reach: Callable[..., None]) -> Callable[..., None]:
        def deadly(lease: Lease, stage: Stage, **facts: str | None) -> None:
            self._die("before", stage)
            reach(lease, stage, **facts)
            self._die("after", stage)

        return deadly

    def _die(self, when: str, what: str) -> None:
        if self.dies_at == (when, what):
            raise KillError

    def _compute(self, lease: Lease) -> Outcome:
        self.computed += 1

        async def work() -> Outcome:
            async with AsyncExitStack() as stack:
                return await run_hour(replace(await self.world.build_run(NOON, stack), lease=lease))

        return asyncio.run(work())

    def _send(self, topic: str, report: Report, attempt: int) -> str:
        if self.failures:
            raise DeliveryError("SNS did not take it") from self.failures.pop(0)
        self.sent.append((topic, report, attempt))
        self._die("after", "sns")
        return f"message-{len(self.sent)}"

    def _sleep(self, seconds: float) -> None:
        self.world.clock.at += timedelta(seconds=seconds)
        self.time_s -= seconds
        self.waited()


def die_silently(desk: Desk) -> None:
    """Leave an hour that somebody claimed and never touched again."""
    assert isinstance(desk.ledger.claim(NOON_MS, "dead"), Lease)
