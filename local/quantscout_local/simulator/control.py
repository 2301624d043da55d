"""The simulator's own answers: which hour is meant, and what is being played."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any, get_args

from quantscout.errors import InputError
from quantscout_local.simulator.market import Simulated
from quantscout_local.simulator.view import View, iso


def hour_of(written: str) -> int:
    """Return an hour as epoch ms; raises InputError unless it is a full hour in ISO 8601."""
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise InputError(f"{written!r} is not a time: write an hour as 2026-03-01T12:00Z") from None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    if (at.minute, at.second, at.microsecond) != (0, 0, 0):
        raise InputError(f"{written!r} is not a full hour: write it as 2026-03-01T12:00Z")
    return int(at.timestamp()) * 1000


def facts(view: View) -> dict[str, Any]:
    """Return what the market is, how many contracts it lists at the hour, and what it may simulate."""
    market = view.market
    contracts = Counter(f"{c.contract_type} {c.underlying_type} {c.quote}" for c in view.binance.values())
    names: list[str] = [] if market.real_only else [name for name in get_args(Simulated) if name != "synthetic_market"]
    return {
        "market": market.name,
        "source": market.source,
        "hour": iso(view.hour_ms),
        "real_only": market.real_only,
        "covers": [iso(int(market.hours_ms[0])), iso(int(market.hours_ms[-1]))],
        "binance": {"listed": len(view.binance), "by_kind": dict(contracts)},
        "kucoin": {"listed": len(view.kucoin)},
        "simulated": ["synthetic_market"] if market.synthetic else names,
    }
