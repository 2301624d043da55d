"""An explanation as data: the same frames that a person is shown, an object per contract."""

from typing import Any

from quantscout.gates import LEVELS, WIDEST
from quantscout.justification import Row, justify
from quantscout.models import Report
from quantscout_local.explain_gates import Verdict, judge_gates
from quantscout_local.explain_score import NEUTRAL, Part, score_parts
from quantscout_local.explained_hour import ExplainedHour

FACTS = ("symbol", "venue", "contract", "coin", "fate", "rank", "reason", "reason_value", "reason_limit", "score",
         "coverage", "flags", "market_cap_usd", "market_cap_source", "supply_age_h", "supply_difference_pct",
         "supply_binance_coins", "supply_coingecko_coins", "multiplier", "identity_status", "coin_id")  # fmt: skip


def level_of(report: Report) -> int:
    """Return the level by which gates are shown: the hour's, without one the widest."""
    return LEVELS.index(report.gate_level) if report.gate_level else WIDEST


def build_told(row: Row, hour: ExplainedHour) -> dict[str, Any]:
    """Return what is told of a contract as JSON values; units are those of the report, of a gate its own."""
    report, scored = hour.report, bool(row["in_scored_set"])
    verdicts = [] if row["ineligible"] else judge_gates(row, hour.settings)
    about = {"hour": report.hour, "status": report.status, "regime": report.regime.name, "level": report.gate_level}
    return {
        **about,
        **{name: row[name] for name in FACTS},
        "gates": [_gate(verdict, level_of(report)) for verdict in verdicts],
        "score_parts": [_neutral(), *map(_part, score_parts(row))] if scored else [],
        "in_short": justify(row) if scored else None,
    }


def _gate(verdict: Verdict, level: int) -> dict[str, Any]:
    first = verdict.first_level
    return {
        "gate": verdict.gate.name,
        "value": verdict.value,
        "sense": verdict.gate.sense,
        "limit": verdict.limits[level],
        "unit": verdict.gate.unit,
        "passes": verdict.passes[level],
        "passes_from": None if first is None else LEVELS[first],
    }


def _part(part: Part) -> dict[str, Any]:
    z, norm, weight = part.figures
    return {"part": part.name, "value": part.words, "z": z, "norm": norm, "weight": weight, "points": part.points}


def _neutral() -> dict[str, Any]:
    return _part(Part("neutral", "average in everything", (None, None, None), NEUTRAL))
