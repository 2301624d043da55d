"""The figures of the evidence as data: what the terminal, the page and the JSON show."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from quantscout_local.evidence.stats_bootstrap import Array, build_estimate

Unit = Literal["share", "times", "points", "return", "per_day", "per_year", "rank", "count"]
"""share: 0 to 1; times: a ratio; points: percentage points; return: fraction of what was put in; rank: -1 to 1."""
Answer = Literal["does", "does_not", "cannot_be_told"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Kpi(_Frozen):
    """One figure with its 95 % interval; nulls where it cannot be computed, and the note says why."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    unit: Unit
    n: int = Field(description="How many picks, rows, hours or days stand behind it; the note says which")
    note: str = ""


class Verdict(_Frozen):
    """Whether the score beats its matched controls, as far as the interval lets anybody say."""

    answer: Answer
    sentence: str
    direction: str = Field(description="Whether the score tells up from down or only finds what moves, in one sentence")
    money: str = Field(description="The same for the net return of a pick, in one sentence")
    caution: str = Field(description="How many intervals and trials there are, and what chance alone does with them")


class Group(_Frozen):
    """The main figures of a part of the hours: a month, or a status."""

    name: str
    kpis: tuple[Kpi, ...]


class Kpis(_Frozen):
    """All figures of a replay or of the live picks, with what was left out of them."""

    first_hour: str
    last_hour: str
    hours: int
    hours_by_status: dict[str, int]
    rows: int
    picks: int
    picks_without_outcome: dict[str, int]
    picks_without_control: int
    picks_without_control_in_scored_set: int
    excluded: dict[str, int] = Field(default={}, description="Hours without a judgement or left out, by reason")
    missing: tuple[str, ...]
    seed: int
    samples: int
    blocks_h: int
    trials: int
    verdict: Verdict
    headline: tuple[Kpi, ...]
    hit_rate_by_decile: tuple[Kpi, ...]
    hit_rate_by_pooled_decile: tuple[Kpi, ...]
    monotonicity: tuple[Kpi, ...]
    factor_lift: tuple[Kpi, ...]
    by_month: tuple[Group, ...]
    by_status: tuple[Group, ...]
    by_method: tuple[Group, ...] = Field(
        default=(), description="By version of the method and hash of the settings; a replay has one and names none"
    )

    def find(self, name: str) -> Kpi:
        """Return a figure of the headline by its name; KeyError if there is none."""
        return {kpi.name: kpi for kpi in self.headline}[name]


def build_kpi(name: str, draws: Array, unit: Unit, n: float, note: str = "") -> Kpi:
    """Return a figure from its draws; draws[0] is the data as seen."""
    value, low, high = build_estimate(draws)
    return Kpi(name=name, value=value, low=low, high=high, unit=unit, n=int(n), note=note)
