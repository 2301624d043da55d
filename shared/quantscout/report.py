"""From a decision to the report of the hour (SPEC 7). Words come from the numbers; nothing else is said."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import polars as pl

from quantscout import METHOD_VERSION, SCHEMA_VERSION
from quantscout.clock import iso, to_ms
from quantscout.decide import PICKS, Decision, funnel, missing
from quantscout.errors import Problem
from quantscout.factors import FACTORS, NAMES, Factor
from quantscout.gates import GATES, LEVELS
from quantscout.models import DataPoints, ErrorCount, FactorScore, Funnel, Gem, RegimeState, Report, SourceState, Status
from quantscout.regime import WEIGHT_MULTIPLIERS, Regime
from quantscout.settings import Settings

Row = dict[str, Any]


class Facts(NamedTuple):
    """What the report says besides the decision."""

    hour_ms: int
    generated_at: datetime
    regime: Regime
    sources: dict[str, SourceState]
    warnings: Sequence[str]
    previous: Report | None
    """The report of the hour before, for streaks; None when there is none."""


def config_hash(settings: Settings) -> str:
    """Return 12 hex digits over the settings and the tables of factors, gates and regime weights."""
    parts = {
        "settings": settings.plain(),
        "factors": [(f.name, f.weight, f.kind, str(f.value)) for f in FACTORS],
        "gates": [tuple(gate) for gate in GATES],
        "regime": WEIGHT_MULTIPLIERS,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def count_errors(problems: Iterable[Problem], examples: int = 5) -> list[ErrorCount]:
    """Return the problems of one source counted by reason, sorted, each with its first few contracts."""
    by_reason: dict[str, list[Problem]] = {}
    for problem in sorted(problems, key=lambda p: (p.reason, p.contract or "", p.detail)):
        by_reason.setdefault(problem.reason, []).append(problem)
    return [
        ErrorCount(
            reason=reason,
            count=len(rows),
            contracts=[p.contract for p in rows if p.contract][:examples],
            detail=rows[0].detail[:200],
        )
        for reason, rows in by_reason.items()
    ]


def build_report(decision: Decision, facts: Facts, settings: Settings) -> Report:
    """Return the validated report; without a level that holds five coins the status is no_data and the list empty."""
    rows = [] if decision.level is None else _top(decision.universe)
    low = decision.level is None or decision.level > 0
    hour, digest = iso(facts.hour_ms), config_hash(settings)
    return Report(
        schema_version=SCHEMA_VERSION,
        method_version=METHOD_VERSION,
        config_hash=digest,
        settings=settings.changed(),
        run_id=f"{hour}/{METHOD_VERSION}/{digest}",
        hour=hour,
        generated_at=iso(to_ms(facts.generated_at)),
        status=_status(decision, facts.regime),
        low_confidence=low,
        gate_level=None if decision.level is None else LEVELS[decision.level],
        gate_reason=_gate_reason(decision),
        regime=RegimeState(name=facts.regime.name, inputs=facts.regime.inputs, unknown=facts.regime.unknown),
        funnel=Funnel.model_validate(funnel(decision.universe)),
        sources=facts.sources,
        warnings=list(facts.warnings),
        ranked_gems=[_gem(row, facts.previous, decision.universe) for row in rows],
    )


def _status(decision: Decision, regime: Regime) -> Status:
    if decision.level is None:
        return "no_data"
    if regime.name == "risk_off":
        return "no_signal"
    return "low_confidence" if decision.level > 0 else "ok"


def _gate_reason(decision: Decision) -> str:
    """Say which level was used and why, with the number of coins that each narrower level held."""
    held = ", ".join(f"{name} {count}" for name, count in decision.passed_per_level.items())
    if decision.level is None:
        return f"no level holds {PICKS} coins that can be scored (coins per level: {held})"
    return (
        f"{LEVELS[decision.level]} is the first level with {PICKS} coins that can be scored (coins per level: {held})"
    )


def _top(universe: pl.DataFrame) -> list[Row]:
    return universe.filter((pl.col("fate") == "ranked") & (pl.col("rank") <= PICKS)).sort("rank").to_dicts()


def _gem(row: Row, previous: Report | None, universe: pl.DataFrame) -> Gem:
    streak = (
        next((gem.hours_in_list for gem in previous.ranked_gems if gem.symbol == row["symbol"]), 0) if previous else 0
    )
    others = universe.filter((pl.col("coin") == row["coin"]) & (pl.col("reason") == "same_coin"))
    return Gem(
        rank=row["rank"],
        symbol=row["symbol"],
        exchange=row["venue"],
        score=row["score"],
        justification=justify(row),
        reasons=reasons(row),
        data_points=_data_points(row),
        contract=row["contract"],
        price=row["close"],
        market_cap_usd=row["market_cap_usd"],
        coverage=row["coverage"],
        missing=missing(row),
        flags=row["flags"],
        is_new=streak == 0,
        hours_in_list=streak + 1,
        also_on=[
            f"{venue}:{contract}"
            for venue, contract in others.select("venue", "contract").sort("venue", "contract").rows()
        ],
        factors={name: _factor(row, name) for name in NAMES},
        penalty=row["penalty"],
        boost=row["boost"],
    )


def _factor(row: Row, name: str) -> FactorScore:
    part = {key: row[f"{name}_{key}"] for key in ("z", "norm", "weight", "points")}
    return FactorScore(value=row[name], **part)


def _percent_change(now: float | None, before: float | None) -> float | None:
    return None if now is None or not before else 100 * (now / before - 1)


def _data_points(row: Row) -> DataPoints:
    return DataPoints(
        oi_velocity_4h_pct=row["oi_change_4h_pct"],
        funding_rate=row["funding_rate_ratio"],
        long_short_ratio=row["long_short_ratio"],
        volume_acceleration_1h_pct=_percent_change(row["volume_usdt"], row["volume_1h_ago_usdt"]),
        price_momentum_1h_pct=_percent_change(row["close"], row["close_1h_ago"]),
        volume_24h_usdt=row["volume_24h_usdt"],
    )


def reasons(row: Row, *, against: bool = False) -> list[str]:
    """Return the phrases of the factors that lift the score above neutral (or press it below), strongest first."""
    lifts = [
        (row[f"{f.name}_weight"] * (row[f"{f.name}_norm"] - 0.5), f)
        for f in FACTORS
        if row[f"{f.name}_norm"] is not None
    ]
    sign = -1 if against else 1
    ordered = sorted((lift for lift in lifts if sign * lift[0] > 0), key=lambda lift: (-sign * lift[0], lift[1].name))
    return [_phrase(row, factor) for _, factor in ordered]


def _phrase(row: Row, factor: Factor) -> str:
    """Return the value in words, with its z: "+1 %" may be much or little in an hour's market."""
    z = row[f"{factor.name}_z"]
    return factor.phrase(row[factor.name]) + ("" if z is None else f" (z {z:+.1f})")


def justify(row: Row) -> str:
    """Return why a contract is listed: what lifts it, what speaks against it, penalty, boost, missing, flags."""
    parts = [_sentence("", reasons(row)[:4]), _sentence("Against: ", reasons(row, against=True)[:2])]
    if row["penalty"] > 0:
        parts.append(f"Funding penalty {100 * row['penalty']:.1f} points.")
    if row["boost"] > 0:
        parts.append(f"Listed {row['listed_days']:.1f} days ago: +{100 * row['boost']:.0f} points.")
    parts += [_sentence("Missing: ", missing(row)), _sentence("Flags: ", row["flags"])]
    return " ".join(part for part in parts if part)


def _sentence(lead: str, phrases: Sequence[str]) -> str:
    if not phrases:
        return ""
    text = lead + ", ".join(phrases) + "."
    return text[0].upper() + text[1:]
