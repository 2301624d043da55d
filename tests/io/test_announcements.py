"""What was announced, as the state has it: run records and reports of hours before."""

from typing import Any

import pytest
from fake_market import NOON_MS

from quantscout.alert import Announcement
from quantscout.announcements import load_announcements
from quantscout.clock import iso
from quantscout.frames import HOUR_MS
from quantscout.ledger import Lease, Ledger
from quantscout.settings import Settings
from quantscout.store import Store
from written_reports import report_of


def _tell(store: Store, hours_ago: int, bases: str, alert: str = "sent") -> None:
    """Leave an hour as a finished delivery does: its report, and the record of what became of its message."""
    hour_ms = NOON_MS - hours_ago * HOUR_MS
    lease = Ledger(store.table, lambda: NOON_MS).claim(hour_ms, "somebody")
    assert isinstance(lease, Lease)
    store.save_report(report_of(*bases, hour=iso(hour_ms)), hour_ms)
    lease.reach("published", message_id="id", alert=alert, told="ok")


def _coins(bases: str) -> frozenset[str]:
    return frozenset(f"{base}-USDT-PERP" for base in bases)


@pytest.mark.parametrize(
    ("settings", "hours"),
    [
        ({}, []),
        ({"cooldown_h": 3}, [3, 1]),
        ({"alert_on": "changes"}, [1]),
        ({"alert_on": "changes", "cooldown_h": 3}, [3, 1]),
        ({"alert_on": "changes", "cooldown_h": 1}, [1]),
    ],
)
def test_only_what_the_settings_need_is_read(store: Store, settings: dict[str, Any], hours: list[int]) -> None:
    """Nothing by default, the cool-down's hours with one, at least the last message for changes."""
    for hours_ago, bases in ((9, "VWXYZ"), (3, "ABCDX"), (1, "ABCDE")):
        _tell(store, hours_ago, bases)
    found = load_announcements(store, NOON_MS, Settings(**settings))
    assert [(NOON_MS - said.hour_ms) // HOUR_MS for said in found] == hours


def test_hours_that_were_not_sent_are_no_announcements(store: Store) -> None:
    """The last message is the one before them."""
    _tell(store, 5, "ABCDE")
    for hours_ago, why in ((4, "unchanged"), (3, "no_data"), (2, "cooling_down"), (1, "no_signal")):
        _tell(store, hours_ago, "VWXYZ", why)
    found = load_announcements(store, NOON_MS, Settings(alert_on="changes"))
    assert found == [Announcement(NOON_MS - 5 * HOUR_MS, _coins("ABCDE"))]


def test_the_hour_itself_and_later_ones_are_no_past(store: Store) -> None:
    """A replay of an old hour decides by what came before it."""
    for hours_ago in (0, -1):
        _tell(store, hours_ago, "ABCDE")
    assert load_announcements(store, NOON_MS, Settings(alert_on="changes", cooldown_h=9)) == []


def test_an_hour_that_was_claimed_and_not_told_is_no_announcement(store: Store) -> None:
    """A run that died before its message has announced nothing."""
    assert isinstance(Ledger(store.table, lambda: NOON_MS).claim(NOON_MS - HOUR_MS, "dead"), Lease)
    assert load_announcements(store, NOON_MS, Settings(alert_on="changes")) == []
