"""From a decision to the report of the hour (SPEC 7). Words come from the numbers; nothing else is said."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import polars as pl

from quantscout import METHOD_VERSION, SCHEMA_VERSION
from quantscout.clock import iso, to_ms
from quantscout.decide import PICKS, Decision, funnel, missing
from quantscout.errors import Problem
from quantscout.factors import FACTORS, NAMES
from quantscout.gates import FLAGS, GATES, LEVELS, REASONS
from quantscout.justification import WEIGHTY_POINTS, Row, justify, reasons
from quantscout.models import DataPoints, ErrorCount, FactorScore, Funnel, Gem, RegimeState, Report, SourceState, Status
from quantscout.regime import FACTOR_VALUE, WEIGHT_MULTIPLIERS, Regime
from quantscout.settings import Settings

NO_GATE = ["same_coin", "too_few_coins"]
LACKING = ("late", "no_bars", "insufficient_coverage")
"""Reasons that speak of missing data, besides those of an unknown value."""

AGGREGATED = "coinalyze_"
"""Before the names of Coinalyze's figures in the universe."""


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
    """Return 12 hex digits over the settings and the tables of factors, gates, flags and regime weights."""
    parts = {
        "settings": settings.plain(),
        "factors": [(f.name, f.weight, f.kind, str(f.value)) for f in FACTORS],
        "gates": [(g.name, g.column, g.sense, g.limits, g.stage, g.unknown_passes_from, g.setting) for g in GATES],
        "flags": [(name, str(test)) for name, test in FLAGS.items()],
        "regime": (WEIGHT_MULTIPLIERS, FACTOR_VALUE),
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
    gems = [_gem(row, facts.previous, decision.universe) for row in rows]
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
        ranked_gems=gems,
        left=_left(gems, facts.previous),
        unseen=_unseen(facts.sources, facts.previous),
    )


def _left(gems: list[Gem], previous: Report | None) -> list[str]:
    """Return who was in the list of the hour before and is not now; an hour without a list says nothing of it."""
    before = previous.ranked_gems if previous and gems else []
    coins, symbols = {gem.coin for gem in gems}, {gem.symbol for gem in gems}
    return [gem.symbol for gem in before if (gem.coin not in coins if gem.coin else gem.symbol not in symbols)]


def _unseen(sources: Mapping[str, SourceState], previous: Report | None) -> dict[str, int]:
    """Return how much each source that is out showed when it last answered, handed on from hour to hour."""
    out = [name for name, state in sources.items() if not state.ok]
    known = previous.unseen | {n: s.contracts for n, s in previous.sources.items() if s.ok} if previous else {}
    return {name: known[name] for name in out if name in known}


def _status(decision: Decision, regime: Regime) -> Status:
    if decision.level is None:
        return "no_data"
    if regime.name == "risk_off":
        return "no_signal"
    return "low_confidence" if decision.level > 0 else "ok"


def _gate_reason(decision: Decision) -> str:
    """Say which level was used and why, with the coins that each level held; without one the cause and next step."""
    held = ", ".join(f"{name} {count}" for name, count in decision.passed_per_level.items())
    if decision.level is None:
        cause, step = _obstacle(decision.universe)
        return f"no level holds {PICKS} coins that can be scored: {cause} (coins per level: {held}); next step: {step}"
    return (
        f"{LEVELS[decision.level]} is the first level with {PICKS} coins that can be scored (coins per level: {held})"
    )


def _obstacle(universe: pl.DataFrame) -> tuple[str, str]:
    """Return what stopped most of the contracts that the universe admits, and what a person can do."""
    eligible = universe.filter(pl.col("ineligible").is_null())
    again = "see the sources and notes for what they did not bring, then run the hour again"
    if eligible.is_empty():
        return "no venue listed a contract that counts", again
    gated = eligible["reason"].drop_nulls().filter(~eligible["reason"].drop_nulls().is_in(NO_GATE))
    if gated.is_empty():
        return f"only {eligible['coin'].n_unique()} coins are listed", again
    code, count = gated.value_counts().sort("count", "reason", descending=[True, False]).row(0)
    cause = f"{count} of {eligible.height} contracts failed because {REASONS[code]}"
    if code == "short_history":
        return cause, "let the backfill finish, then run the hour again"
    if code in LACKING or code.endswith("_unknown"):
        return cause, again
    return cause, "quantscout explain COIN shows every gate of a contract"


def _top(universe: pl.DataFrame) -> list[Row]:
    return universe.filter((pl.col("fate") == "ranked") & (pl.col("rank") <= PICKS)).sort("rank").to_dicts()


def _gem(row: Row, previous: Report | None, universe: pl.DataFrame) -> Gem:
    streak = _streak(row, previous)
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
        coin=row["coin"],
        aggregates=_aggregates(row),
        against=reasons(row, against=True, least=WEIGHTY_POINTS),
        funding_interval_h=row["funding_interval_h"],
        spread_ratio=row["spread_ratio"],
        depth_usdt=row["depth_usdt"],
    )


def _streak(row: Row, previous: Report | None) -> int:
    """Return for how many hours the coin has been in the list; a report of an older version knows only its symbol."""
    gems = previous.ranked_gems if previous else []
    return next(
        (gem.hours_in_list for gem in gems if row["coin" if gem.coin else "symbol"] == (gem.coin or gem.symbol)), 0
    )


def _aggregates(row: Row) -> dict[str, float | str | None] | None:
    """Return what Coinalyze said of the coin, None where it was not asked."""
    found = {name.removeprefix(AGGREGATED): value for name, value in row.items() if name.startswith(AGGREGATED)}
    found.pop("symbol", None)  # the listing's own column
    return found if any(value is not None for value in found.values()) else None


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
