"""Reports written by hand: five picks, two venues of which one is out, and an hour without data."""

from typing import Any

from quantscout.models import DataPoints, ErrorCount, Funnel, Gem, RegimeState, Report, SourceState

POINTS = DataPoints(
    oi_velocity_4h_pct=1.0,
    funding_rate=1e-4,
    long_short_ratio=None,
    volume_acceleration_1h_pct=2.0,
    price_momentum_1h_pct=3.0,
    volume_24h_usdt=4.0,
)


def gem_of(rank: int, base: str, **changes: Any) -> Gem:
    """Return a pick of a coin."""
    values: dict[str, Any] = {
        "rank": rank, "symbol": f"{base}-USDT-PERP", "exchange": "binance", "score": 80.04 - rank,
        "justification": "J.",
        "reasons": ["+3.1 % in the last 15 min (z +2.0)", "hourly volume 6.0x its 30-day median (z +1.5)", "third"],
        "data_points": POINTS, "contract": f"{base}USDT", "price": 1.0, "market_cap_usd": 1e7, "coverage": 1.0,
        "missing": [], "flags": [], "is_new": False, "hours_in_list": 3, "also_on": [], "factors": {}, "penalty": 0.0,
        "boost": 0.0,
    }  # fmt: skip
    return Gem(**values | changes)


BINANCE = SourceState(
    ok=True,
    contracts=539,
    late=2,
    errors=[ErrorCount(reason="timeout", count=3, contracts=["A"], detail="slow")],
    data_age_s=0,
    note="",
)
KUCOIN = SourceState(ok=False, contracts=0, late=0, errors=[], data_age_s=None, note="blocked_region: 451")
FUNNEL = Funnel(listed=600, eligible=560, with_data=550, scored_set=120, passed=9, ranked=8, by_reason={})


def report_of(*bases: str, **changes: Any) -> Report:
    """Return the report of an hour with these five."""
    values: dict[str, Any] = {
        "schema_version": "1.0", "method_version": "1.0.0", "config_hash": "0123456789ab",
        "run_id": "2026-03-01T12:00:00Z/x", "hour": "2026-03-01T12:00:00Z", "generated_at": "2026-03-01T12:00:30Z",
        "status": "low_confidence", "low_confidence": True, "gate_level": "L1",
        "gate_reason": "L1 is the first level with 5 coins",
        "regime": RegimeState(name="risk_on", inputs={"btc_return_1h_pct": 0.42}, unknown=["btc_adx14_4h"]),
        "funnel": FUNNEL, "sources": {"binance": BINANCE, "kucoin": KUCOIN}, "warnings": ["binance: simulated: book"],
        "ranked_gems": [gem_of(k, base) for k, base in enumerate(bases, 1)],
    }  # fmt: skip
    return Report(**values | changes)


EMPTY = {"status": "no_data", "gate_level": None, "gate_reason": "no level holds 5 coins that can be scored"}
