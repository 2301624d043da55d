"""The story after an evaluation: the figures of the last weeks, and what a person has to be told."""

from collections.abc import Callable
from typing import Any

from quantscout.escalation import find
from quantscout.escalation_ledger import Send, Teller, told_at
from quantscout.escalation_models import DAY_H, History, Thresholds
from quantscout.evaluation_kpis import live_kpis
from quantscout.frames import HOUR_MS
from quantscout.outcomes import HORIZON_H
from quantscout.picks import load_hours, load_reports
from quantscout.store import Store


def first_hour_ms(at_ms: int, limits: Thresholds) -> int:
    """Return the first of the hours that are looked back on at N."""
    return at_ms - (HORIZON_H + limits.history_h - 1) * HOUR_MS


def load_history(store: Store, at_ms: int, limits: Thresholds) -> History:
    """Return what is looked at, N (`at_ms`) and nothing after it (StateError)."""
    hours = load_hours(store, first_hour_ms(at_ms, limits), at_ms - HORIZON_H * HOUR_MS)
    reports = load_reports(store, at_ms - (DAY_H - 1) * HOUR_MS, at_ms)
    return History(at_ms, hours, reports, told_at(store.table), store.table.name)


def watch(store: Store, history: History, limits: Thresholds, send: Send, now_ms: Callable[[], int]) -> dict[str, Any]:
    """Tell what is found, once, and return `kpis`, `found` and `escalated` for the summary.

    Raises StateError or DeliveryError; what was told before stays told.
    """
    findings = find(history, limits)
    told = Teller(store.table, history.at_ms, limits.cooldown_h, send, now_ms).tell(findings)
    found = [f"{finding.kind} {finding.key}" for finding in findings]
    return {"kpis": live_kpis(history.hours).plain(), "found": found, "escalated": told}
