"""What is kept of an evaluated hour: one small item with its aggregates, and the judged rows beside it. Pure.

JUDGED and HOURS are the columns of the evidence, live and replayed alike; figures that a pick's worth is computed from
come from build_outcomes, percentiles and norms from the hour's own universe.
"""

from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict

from quantscout.factors import NAMES
from quantscout.frames import Schema
from quantscout.models import Status
from quantscout.outcomes import FIGURES, OUTCOMES

Excluded = Literal["", "no_report", "late", "no_universe", "no_contracts", "no_bars"]
"""No report is stored; it was made too late for its entry; no universe is stored with it; nobody in the universe has
percentiles; nobody has an outcome. The first that holds is named."""
LATE_MOST_S = 600
"""A report made longer than this after its hour is credited with no entry at the hour's open (docs/outcomes.md)."""
FORMAT = 1
PICKS = 5
BINS = 10
"""Equal bins of a norm between 0 and 1; missing values are counted behind them."""

NORMS = tuple(f"{name}_norm" for name in NAMES)
_SMALL = {name: pl.Float32 if kind == pl.Float64 and name != "entry_price" else kind for name, kind in OUTCOMES.items()}
JUDGED: Schema = {
    "hour_ms": pl.Int64,
    "venue": pl.String,
    "contract": pl.String,
    "coin": pl.String,
    "in_scored_set": pl.Boolean,
    "score": pl.Float64,
    "coverage": pl.Float32,
    "rank": pl.Int32,  # among the ranked, null for the others; a pick up to 5
    "adv30_percentile": pl.Float64,
    "atr_percentile": pl.Float64,
    "adv30_usdt": pl.Float64,
    "atr_pct": pl.Float32,
    "volume_24h_usdt": pl.Float64,
    "reason": pl.String,  # why it was not ranked
    **dict.fromkeys(NORMS, pl.Float32),
    "penalty": pl.Float32,
    "boost": pl.Float32,
    **{name: _SMALL[name] for name in (*FIGURES, "outcome")},
}
"""One row per hour and contract with percentiles. Live, adv30_usdt and atr_pct are null: the state has their ranks."""

HOURS: Schema = {
    "hour_ms": pl.Int64,
    "status": pl.String,
    "level": pl.Int8,
    "regime": pl.String,
    **dict.fromkeys(("listed", "eligible", "with_data", "scored_set", "passed", "ranked"), pl.Int32),
    "lacking": pl.List(pl.String),  # type: ignore[dict-item] # what nobody had: live the factors, of an archive its series
}
LIVE_HOURS: Schema = {**HOURS, "method_version": pl.String, "config_hash": pl.String}
"""HOURS of a stack, whose method and settings may have changed meanwhile; null where an hour does not tell them."""
_RUN_ID_PARTS = 3

Frozen = ConfigDict(frozen=True, extra="ignore")  # an item of a later version stays readable


class Pick(BaseModel):
    """A published pick and what became of it; figures are null unless the outcome is complete."""

    model_config = Frozen

    rank: int
    venue: str
    contract: str
    symbol: str
    coin: str
    score: float
    outcome: str
    entry_price: float | None = None
    return_1h_ratio: float | None = None
    return_4h_ratio: float | None = None
    return_24h_ratio: float | None = None
    best_24h_ratio: float | None = None
    worst_24h_ratio: float | None = None
    hit10: bool | None = None
    barrier: int | None = None
    barrier_h: int | None = None
    barrier_return_ratio: float | None = None
    net_return_24h_ratio: float | None = None
    move_z: float | None = None
    """Its 24h return in robust deviations from that of all judged contracts of the hour."""
    controls: int = 0
    controls_hit: int = 0

    @property
    def is_complete(self) -> bool:
        """Return whether it has an outcome."""
        return self.outcome == "complete"


class Group(BaseModel):
    """A group of an hour's contracts: how many, how many with each outcome, and what those with one did."""

    model_config = Frozen

    rows: int = 0
    complete: int = 0
    no_entry: int = 0
    incomplete: int = 0
    hits: int = 0
    net_return_sum: float = 0.0


class EvaluatedHour(BaseModel):
    """An hour's report against what happened in the 24 h after it.

    `excluded` names why there is no judgement (an `Excluded`), empty where there is one. `settled` says that it is not
    looked at again.
    """

    model_config = Frozen

    format: int = FORMAT
    hour_ms: int
    evaluated_ms: int
    settled: bool
    excluded: Excluded = ""
    status: Status = "no_data"
    level: int | None = None
    regime: str = ""
    run_id: str = ""
    late_s: int | None = None
    """How long after the hour its report was made; None in items of versions that did not keep it."""
    rows: str = ""
    """The build of the judged rows that belong to it; empty in items of versions whose hours had one place for rows."""
    funnel: dict[str, int] = {}
    lacking: list[str] = []
    population: Group = Group()
    scored: Group = Group()
    picks: list[Pick] = []
    norms: dict[str, list[int]] = {}
    """Per factor how many norms of the scored set lie in each bin, then how many are missing."""

    @property
    def top_score(self) -> float | None:
        """The best score of the list."""
        return max((pick.score for pick in self.picks), default=None)

    @property
    def is_measured(self) -> bool:
        """Return whether it may count: there was a report, and in time for the entry."""
        return self.excluded not in {"no_report", "late"}

    @property
    def complete_picks(self) -> list[Pick]:
        """The picks that count: they have an outcome, and were published in time for their entry."""
        return [pick for pick in self.picks if pick.is_complete] if self.is_measured else []

    @property
    def method_version(self) -> str | None:
        """The version of the method by which the hour was ranked, None where it is not known."""
        return self._of_run(1)

    @property
    def config_hash(self) -> str | None:
        """The hash of the settings by which the hour was ranked, None where it is not known."""
        return self._of_run(2)

    def _of_run(self, place: int) -> str | None:
        parts = self.run_id.split("/")
        return parts[place] if len(parts) == _RUN_ID_PARTS else None

    def row(self) -> dict[str, Any]:
        """Return the hour's row of LIVE_HOURS."""
        names = ("hour_ms", "status", "level", "regime", "lacking", "method_version", "config_hash")
        own = {name: getattr(self, name) for name in names}
        return own | {name: self.funnel.get(name) for name in HOURS if name not in own}
