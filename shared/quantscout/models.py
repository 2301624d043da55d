"""The contract with the outside: the events that come in and the report that goes out (SPEC 7).

The report's JSON Schema is published as docs/report.schema.json. Within a schema version changes are additive only.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from quantscout.clock import floor_hour
from quantscout.errors import InputError, first_fault
from quantscout.regime import RegimeName

Status = Literal["ok", "low_confidence", "no_signal", "no_data"]
Strict = ConfigDict(extra="forbid", frozen=True)


class HourEvent(BaseModel):
    """What starts a run: the scheduler's time, or an explicit hour to compute again."""

    model_config = ConfigDict(frozen=True)

    scheduled_at: AwareDatetime | None = Field(None, description="the schedule's own time; floored to the hour")
    at: AwareDatetime | None = Field(None, description="an explicit full hour; replays it")
    force: bool = Field(default=False, description="with `at`: compute and publish again an hour that is finished")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.scheduled_at is None) == (self.at is None):
            raise ValueError('an event has either "scheduled_at" or "at", e.g. {"at": "2026-03-01T12:00:00Z"}')
        if self.at is not None and self.at != floor_hour(self.at):
            raise ValueError('"at" must be a full hour, e.g. 2026-03-01T12:00:00Z')
        if self.force and self.at is None:
            raise ValueError('"force" goes with an explicit hour, e.g. {"at": "2026-03-01T12:00:00Z", "force": true}')
        return self

    @property
    def hour(self) -> datetime:
        """The full hour H of the run."""
        given = self.at or self.scheduled_at
        assert given is not None, "the validator admits only events with one of both"
        return floor_hour(given)


def parse_event(event: object) -> HourEvent:
    """Return the event of a run; refuse anything else with the field and an example (InputError)."""
    try:
        return HourEvent.model_validate(event)
    except ValidationError as cause:
        raise InputError(f"the event cannot be used: {first_fault(cause, 'event')}") from cause


class FactorScore(BaseModel):
    """How one factor counted; all null and weight 0 where its data was missing."""

    model_config = Strict

    value: float | None
    z: float | None
    norm: float | None
    weight: float = Field(description="share of the score after missing factors gave theirs away; sums to 1")
    points: float | None = Field(
        description="100 x weight x norm, its share of the score; reasons and against rank by the distance from the "
        "average, 100 x weight x (norm - 1/2)"
    )


class DataPoints(BaseModel):
    """The blueprint's six figures; null where unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True)

    oi_velocity_4h_pct: float | None
    funding_rate: float | None = Field(description="current rate, fraction per interval (funding_interval_h)")
    long_short_ratio: float | None
    volume_acceleration_1h_pct: float | None
    price_momentum_1h_pct: float | None
    volume_24h_usdt: float | None = Field(alias="24h_volume_usdt")


class Gem(BaseModel):
    """One of the five picks."""

    model_config = Strict

    rank: Annotated[int, Field(ge=1, le=5)]
    symbol: str
    exchange: str
    score: Annotated[float, Field(ge=0, le=100)]
    justification: str
    reasons: list[str] = Field(description="what lifts the score above neutral, strongest first")
    data_points: DataPoints
    contract: str
    price: float = Field(description="close of the hour's bar, USDT")
    market_cap_usd: float | None
    coverage: Annotated[float, Field(ge=0, le=1.000001)]
    missing: list[str]
    flags: list[str]
    is_new: bool
    hours_in_list: Annotated[int, Field(ge=1)]
    also_on: list[str]
    factors: dict[str, FactorScore]
    penalty: float
    boost: float
    coin: str = Field(default="", description="the coin's own name: the symbol's, or another where two share a ticker")
    aggregates: dict[str, float | str | None] | None = Field(
        default=None,
        description="Coinalyze's figures beside the venue's (docs/identity.md); null where it was not asked",
    )
    against: list[str] = Field(
        default=[], description="what takes at least one point from a neutral score, strongest first"
    )
    funding_interval_h: int | None = Field(
        default=None, description="hours from one funding to the next, of this contract; funding_rate is per interval"
    )
    spread_ratio: float | None = Field(default=None, description="best ask less best bid, fraction of mid")
    depth_usdt: float | None = Field(
        default=None, description="bids and asks within 1 % of mid, USDT; at least so much with flag book_not_whole"
    )


class Funnel(BaseModel):
    """Contracts per stage; listed = ranked + the sum of by_reason."""

    model_config = Strict

    listed: int
    eligible: int
    with_data: int
    scored_set: int
    passed: int
    ranked: int
    by_reason: dict[str, int]


class ErrorCount(BaseModel):
    """Failures of one kind at one source, with the first few contracts by name."""

    model_config = Strict

    reason: str
    count: int
    contracts: list[str]
    detail: str


class SourceState(BaseModel):
    """How a source did this hour."""

    model_config = Strict

    ok: bool
    contracts: int = Field(description="contracts or coins that it answered for")
    late: int = Field(description="contracts without a verified bar of this hour")
    errors: list[ErrorCount]
    data_age_s: int | None = Field(description="age of its newest data at the hour, seconds")
    note: str


class RegimeState(BaseModel):
    """The regime with what it was decided on."""

    model_config = Strict

    name: RegimeName
    inputs: dict[str, float | None]
    unknown: list[str]


class Report(BaseModel):
    """One hour's report."""

    model_config = Strict

    schema_version: str
    method_version: str
    config_hash: str
    settings: dict[str, Any] = Field(default={}, description="settings that differ from their defaults")
    run_id: str
    hour: str
    generated_at: str
    status: Status
    low_confidence: bool
    gate_level: str | None
    gate_reason: str
    regime: RegimeState
    funnel: Funnel
    sources: dict[str, SourceState]
    warnings: list[str]
    ranked_gems: list[Gem]
    left: list[str] = Field(default=[], description="symbols of the hour before that are no longer in the list")
    unseen: dict[str, int] = Field(
        default={}, description="per source that is out: contracts of the last hour in which it answered"
    )

    @model_validator(mode="after")
    def _five_or_none(self) -> Self:
        wanted = 0 if self.status == "no_data" else 5
        if len(self.ranked_gems) != wanted:
            raise ValueError(f"status {self.status} needs {wanted} gems, not {len(self.ranked_gems)}")
        return self

    def summary(self) -> dict[str, object]:
        """Return the line that is logged and answered: what happened, not the report itself."""
        fields = ("run_id", "hour", "status", "gate_level")
        picks = [gem.symbol for gem in self.ranked_gems]
        return {name: getattr(self, name) for name in fields} | {"regime": self.regime.name, "picks": picks}

    def to_json(self) -> str:
        """Return the published JSON text."""
        return self.model_dump_json(by_alias=True)
