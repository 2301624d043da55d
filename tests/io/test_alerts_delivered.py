"""The alert rule in a delivery: what was told is known to the next hours, also to those of another process."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fake_market import NOON_MS

from quantscout.alert import Topics, alert_of, hour_ms_of
from quantscout.announcements import load_announcements
from quantscout.clock import from_ms, iso
from quantscout.delivery import Delivered, Delivery
from quantscout.errors import DeliveryError
from quantscout.frames import HOUR_MS
from quantscout.ledger import Lease
from quantscout.models import HourEvent, Report
from quantscout.pipeline import Outcome
from quantscout.settings import Settings
from quantscout.store import Store
from written_reports import report_of

TOPICS = Topics("report", "alarm")


class Scene:
    """Deliveries over one state, each by a process that knows nothing of the others."""

    def __init__(self, store: Store, **settings: Any) -> None:
        """Start with nothing told."""
        self.store, self.settings = store, Settings(**settings)
        self.told: list[str] = []
        self.sns_is_out = False

    def deliver(self, hour: int, bases: str, **changes: Any) -> Delivered:
        """Deliver the hour that lies so many hours after noon; its five are these."""
        hour_ms = NOON_MS + hour * HOUR_MS
        values = {"hour": iso(hour_ms), "status": "ok", "low_confidence": False} | changes

        def compute(lease: Lease) -> Outcome:
            report = report_of(*bases, **values)
            self.store.save_report(report, hour_ms, lease.attempt)
            lease.reach("stored")
            return Outcome(report, is_new=True)

        def choose(report: Report) -> Any:
            return alert_of(report, load_announcements(self.store, hour_ms_of(report), self.settings), TOPICS,
                            self.settings)  # fmt: skip

        now = from_ms(hour_ms) + timedelta(seconds=30)
        delivery = Delivery("somebody", self.store, compute, choose, self._send, lambda: now, lambda: 300.0)
        return delivery.deliver(HourEvent(scheduled_at=datetime.fromtimestamp(hour_ms / 1000, UTC), at=None))

    def _send(self, topic: str, report: Report, attempt: int) -> str:
        if self.sns_is_out:
            raise DeliveryError("SNS is out")
        self.told.append(f"{topic} {report.hour[11:13]}")
        return f"message-{attempt}"


def test_only_hours_that_change_are_told(store: Store) -> None:
    """The five are compared with the last message's, whatever came between; the record says why an hour was not."""
    scene = Scene(store, alert_on="changes")
    alerts = [scene.deliver(k, bases).record.alert for k, bases in enumerate(("ABCDE", "ABCDE", "ABCDX", "ABCDE"))]
    assert alerts == ["sent", "unchanged", "sent", "sent"]
    assert scene.told == ["report 12", "report 14", "report 15"]


def test_a_coin_that_was_announced_cools_down(store: Store) -> None:
    """For cooldown_h hours it raises no alert by itself; then it does."""
    scene = Scene(store, cooldown_h=2)
    alerts = [scene.deliver(k, "ABCDE").record.alert for k in range(4)]
    assert alerts == ["sent", "cooling_down", "cooling_down", "sent"]


def test_an_hour_that_was_not_told_cools_nothing_down(store: Store) -> None:
    """A coin of a risk-off hour was not announced."""
    scene = Scene(store, cooldown_h=6)
    assert scene.deliver(0, "ABCDE", status="no_signal").record.alert == "no_signal"
    assert scene.deliver(1, "ABCDE").record.alert == "sent"


def test_a_delivery_that_is_repeated_tells_nothing(store: Store) -> None:
    """The hour is finished; its alert is the one of then."""
    scene = Scene(store, alert_on="changes", cooldown_h=6)
    first, second = scene.deliver(0, "ABCDE"), scene.deliver(0, "ABCDE")
    assert (second.ending, second.summary()["alert"], scene.told) == ("finished", "sent", ["report 12"])
    assert second.record.message_id == first.record.message_id


def test_a_message_that_failed_was_no_announcement(store: Store) -> None:
    """The retry of the hour tells it, and the next hour knows of that."""
    scene = Scene(store, alert_on="changes", cooldown_h=6)
    scene.sns_is_out = True
    with pytest.raises(DeliveryError):
        scene.deliver(0, "ABCDE")
    scene.sns_is_out = False
    alerts = [scene.deliver(hour, "ABCDE").record.alert for hour in (0, 1)]
    assert (alerts, scene.told) == (["sent", "unchanged"], ["report 12"])


def test_an_older_hour_that_comes_late_is_judged_by_its_own_past(store: Store) -> None:
    """What was told after it does not silence it."""
    scene = Scene(store, alert_on="changes")
    alerts = [scene.deliver(hour, bases).record.alert for hour, bases in ((0, "ABCDE"), (2, "ABCDX"), (1, "ABCDX"))]
    assert alerts == ["sent", "sent", "sent"]
