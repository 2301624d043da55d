"""The changed interval: from the rule's hours on, funding settles twice as often (hourly: half as often)."""

from typing import Any

from quantscout.frames import HOUR_MS
from quantscout_local.simulator.derive.funding import interval_h
from quantscout_local.simulator.faults.register import Strike
from quantscout_local.simulator.faults.shapes import records_of, rows_of

_RATE_PER_8H = 0.0001


def changed_interval(strike: Strike, value: Any) -> bool:
    """Change what the listing endpoints say of it; the settlements before stay as they were."""
    endpoint = strike.passage.endpoint
    if endpoint == "/fapi/v1/fundingInfo":
        return _in_funding_info(strike, value)
    change = {"/fapi/v1/premiumIndex": _in_premium, "/api/v1/contracts/active": _in_contract}.get(endpoint)
    if change is None:
        return False
    rows = [row for row in records_of(value) if strike.meets(str(row.get("symbol", "")))]
    return sum(change(strike, row) for row in rows) > 0


def new_hours(old: int) -> int:
    """Return the new interval in hours."""
    return 2 if old == 1 else old // 2


def _in_funding_info(strike: Strike, value: Any) -> bool:
    rows = rows_of(value) or []
    listed = {row["symbol"]: row for row in rows}
    struck = [name for name in strike.faults.view.binance if strike.meets(name)]
    for name in struck:
        if name not in listed:
            rows.append({**(rows[0] if rows else {}), "symbol": name, "fundingIntervalHours": 8})
            listed[name] = rows[-1]
        listed[name]["fundingIntervalHours"] = new_hours(listed[name]["fundingIntervalHours"])
    return bool(struck)


def _in_premium(strike: Strike, row: dict[str, Any]) -> bool:
    contract = strike.faults.view.binance[row["symbol"]]
    if not row.get("nextFundingTime"):
        return False
    hours = new_hours(interval_h(contract, strike.faults.view.hour_ms))
    row["nextFundingTime"] = _following(strike, hours)
    row["interestRate"] = f"{_RATE_PER_8H * hours / 8:.8f}"
    return True


def _in_contract(strike: Strike, row: dict[str, Any]) -> bool:
    if not row.get("fundingRateGranularity"):
        return False
    hours = new_hours(row["fundingRateGranularity"] // HOUR_MS)
    moved_ms = _following(strike, hours) - row["nextFundingRateDateTime"]
    for name in ("fundingRateGranularity", "currentFundingRateGranularity"):
        row[name] = row[name] and hours * HOUR_MS
    row["nextFundingRateDateTime"] += moved_ms
    row["nextFundingRateTime"] += moved_ms
    return True


def _following(strike: Strike, hours: int) -> int:
    step = hours * HOUR_MS
    return (strike.faults.view.hour_ms // step + 1) * step
