"""What the tests of run records do with noon's: claim it, finish it, let its lease pass."""

from datetime import timedelta
from typing import Any

from fake_market import NOON_MS
from fake_venue import Clock

from quantscout import ledger as module
from quantscout.ledger import STAGES, Lease, Ledger

LEASE_MS = module.lease_ms()


def claimed(ledger: Ledger, owner: str, **how: bool) -> Lease:
    """Return the lease of an hour that can be claimed."""
    lease = ledger.claim(NOON_MS, owner, **how)
    assert isinstance(lease, Lease)
    return lease


def finish(lease: Lease, told: str = "ok") -> None:
    """Take an hour through all its stages."""
    for stage in STAGES[1:-1]:
        lease.reach(stage)
    lease.reach("published", told=told, message_id="m-1", alert="sent")


def pass_lease(clock: Clock) -> None:
    """Let as much time pass as a lease lasts."""
    clock.at += timedelta(milliseconds=LEASE_MS)


def raw(ledger: Ledger) -> dict[str, Any]:
    """Return the item as it stands in the table."""
    item = ledger.table.get("run", "2026-03-01T12")
    assert item is not None
    return item
