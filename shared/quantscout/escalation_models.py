"""The words of an escalation: thresholds, what is looked at, and what is found. Pure."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from quantscout.errors import InputError, first_fault
from quantscout.evaluation_models import EvaluatedHour
from quantscout.models import Report

Kind = Literal[
    "precision", "drawdown", "loss", "input_drift", "repeated_coin", "improbable_score", "improbable_move", "page"
]  # fmt: skip
DAY_H, WEEK_H = 24, 168


class Thresholds(BaseModel):
    """When a person is told; frozen, refused by name where out of bounds (docs/outcomes.md: how they were chosen)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    history_h: int = Field(720, ge=168, le=2160, description="evaluated hours that are looked at")
    least_h: int = Field(168, ge=24, le=720, description="with fewer hours before nothing is compared with them")
    precision_delta: float = Field(0.05, ge=0, le=0.5, description="fall of the excess hit share that is tolerated")
    precision_sum: float = Field(25, ge=1, le=500, description="Page-Hinkley threshold, hit share times hours")
    drawdown_delta: float = Field(0.0015, ge=0, le=0.05, description="loss an hour that is tolerated, part of capital")
    drawdown_sum: float = Field(0.25, ge=0.02, le=5, description="Page-Hinkley threshold, part of capital")
    return_cap_ratio: float = Field(0.25, ge=0.05, le=2, description="as far as an hour's mean net return counts there")
    loss_ratio: float = Field(
        0.25, ge=0.05, le=5, description="fall of the rule's equity from its best, part of capital"
    )
    drift_psi: float = Field(0.25, ge=0.1, le=5, description="PSI of a factor's norms, a day against the time before")
    drift_least_rows: int = Field(500, ge=100, le=100_000, description="scored contracts that both sides need")
    repeated_h: int = Field(12, ge=2, le=24, description="hours of 24 in which the same coin is in the list")
    score_z: float = Field(5, ge=3, le=50, description="robust z, up or down, of a top score against evaluated hours'")
    score_least_spread: float = Field(2, ge=0.1, le=20, description="points; calmer scores count as this spread")
    move_z: float = Field(60, ge=5, le=500, description="robust z of a pick's 24h return among its hour's contracts")
    cooldown_h: int = Field(168, ge=24, le=720, description="hours in which the same is not told again")


def parse_thresholds(text: str) -> Thresholds:
    """Return the thresholds that a JSON object overrides (InputError, which names the first field)."""
    try:
        return Thresholds.model_validate_json(text or "{}")
    except ValidationError as cause:
        raise InputError(f"QUANTSCOUT_ESCALATION: {first_fault(cause, 'the text')}; see docs/outcomes.md") from cause


def name_of(kind: Kind, key: str) -> str:
    """Return the name under which it is kept that something was told."""
    return f"{kind}#{key}"


class History(NamedTuple):
    """What is looked at: evaluated hours and the reports of the last 24 h up to N, both in order of time."""

    at_ms: int
    hours: Sequence[EvaluatedHour]
    reports: Sequence[Report]
    told_ms: Mapping[str, int]
    """Per "kind#key" the hour at which it was told last: what has been told is judged anew from there on."""
    table: str
    """The state's name, for the commands that a person is given."""

    def since(self, kind: Kind, key: str) -> list[EvaluatedHour]:
        """Return the evaluated hours after the last message about this."""
        told_ms = self.told_ms.get(name_of(kind, key), 0)
        return [hour for hour in self.hours if hour.hour_ms > told_ms]

    def kpis_call(self) -> str:
        """Return the command that shows the live picks' figures with their intervals."""
        return f"quantscout kpis --table {self.table}"

    def explain_call(self, name: str, hour: str) -> str:
        """Return the command that explains a coin or contract in an hour; a shell takes it, whatever the name."""
        return f"quantscout explain {shlex.quote(name)} --table {self.table} --at {hour}"


class Measure(NamedTuple):
    """The statistic that was found, and the threshold that it exceeds."""

    statistic: float
    threshold: float


class Finding(NamedTuple):
    """Something for a person: what, about whom or what (`key`), in words, the numbers, and what to do first.

    A line of `first_step` that begins with "quantscout " is a command, to be copied as it is.
    """

    kind: Kind
    key: str
    text: str
    first_step: str
    measure: Measure
    figures: Mapping[str, float]
