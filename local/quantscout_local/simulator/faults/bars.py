"""Faults of bars: the newest comes late or never, some are not there."""

from typing import Any

from quantscout_local.simulator.faults.register import Strike
from quantscout_local.simulator.faults.shapes import bars_of


def late_bar(strike: Strike, value: Any) -> bool:
    """Take away the newest bar until its time has come."""
    first, last = strike.rule.late_s
    contract, view = strike.passage.contract, strike.faults.view
    due_ms = view.hour_ms + (first + (last - first) * strike.chance_of(contract, "late")) * 1000
    return view.clock.now_ms() < due_ms and missing_bar(strike, value)


def missing_bar(strike: Strike, value: Any) -> bool:
    """Take away the bar that closed last, and the running one with it."""
    found = bars_of(strike.passage, value)
    if found is None:
        return False
    newest_ms = found.newest_ms(strike.faults.view.hour_ms)
    return _keep(found.rows, [row for row in found.rows if row[0] < newest_ms])


def sparse_bars(strike: Strike, value: Any) -> bool:
    """Take away a share of a contract's bars, the same ones in every answer."""
    contract = strike.passage.contract
    found = bars_of(strike.passage, value)
    if found is None:
        return False
    share = strike.rule.rows_share
    return _keep(found.rows, [row for row in found.rows if strike.chance_of(contract, str(row[0])) >= share])


def _keep(rows: list[Any], kept: list[Any]) -> bool:
    changed = len(kept) < len(rows)
    rows[:] = kept
    return changed
