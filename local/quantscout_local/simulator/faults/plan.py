"""A plan of faults: rules that say which fault strikes which requests, and how often."""

from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from quantscout.errors import InputError
from quantscout.frames import DAY_MS, HOUR_MS
from quantscout_local.simulator.faults.kinds import SECONDS, Kind
from quantscout_local.simulator.hours import hour_of

VenueName = Literal["binance", "kucoin", "coinalyze", "coingecko"]


def _hour_ms(written: object) -> object:
    try:
        return hour_of(written) if isinstance(written, str) else written
    except InputError as error:
        raise ValueError(str(error)) from error


HourMs = Annotated[int, BeforeValidator(_hour_ms), Field(ge=0, multiple_of=HOUR_MS)]


class Rule(BaseModel):
    """One fault: its kind, which requests it may strike, and how often it does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    venue: VenueName | None = Field(None, description="None: every venue")
    endpoint: str = Field("*", description="path as the venue has it, or a pattern: /futures/data/*")
    contract: str = Field("*", description="the venue's name of a contract, or a pattern")
    share: float = Field(1.0, gt=0, le=1, description="of the requests; for faults of a contract, of the contracts")
    count: int | None = Field(None, ge=1, description="at most so many times in an hour that is played")
    hours: tuple[HourMs, HourMs] | None = Field(None, description="first and last hour, 2026-11-01T12:00Z")
    hours_of_day: frozenset[Annotated[int, Field(ge=0, le=23)]] = Field(frozenset(), description="empty: every one")
    seconds: float | None = Field(None, description="how long, or how far off; each kind has its default")
    status: int | None = Field(None, ge=500, le=599, description="server_error: this one, else drawn")
    late_s: tuple[float, float] = Field((6.0, 13.0), description="late_bar: from the hour on, drawn per contract")
    rows_share: float = Field(0.3, gt=0, le=1, description="sparse_bars: of a contract's bars")

    def covers_hour(self, hour_ms: int) -> bool:
        """Return whether the rule is on in an hour."""
        if self.hours is not None and not self.hours[0] <= hour_ms <= self.hours[1]:
            return False
        return not self.hours_of_day or hour_ms % DAY_MS // HOUR_MS in self.hours_of_day

    def covers_endpoint(self, venue: str, endpoint: str) -> bool:
        """Return whether the rule means requests to this endpoint."""
        return self.venue in (None, venue) and (self.endpoint == "*" or fnmatchcase(endpoint, self.endpoint))

    def covers_contract(self, name: str) -> bool:
        """Return whether the rule means this contract."""
        return self.contract == "*" or fnmatchcase(name, self.contract)

    @cached_property
    def length_s(self) -> float:
        """Return how long, or how far off, in seconds."""
        return SECONDS.get(self.kind, 0.0) if self.seconds is None else self.seconds


class Plan(BaseModel):
    """Rules in order, and the seed by which they are drawn: of several that replace an answer the first one wins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: str = "faults"
    rules: tuple[Rule, ...] = ()


NO_FAULTS = Plan()


def read_plan(written: bytes, source: str) -> Plan:
    """Return a plan from JSON; raises InputError that names the first offending field."""
    try:
        return Plan.model_validate_json(written)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise InputError(f"{source} is not a plan of faults: {place}: {first['msg']}") from error


def load_plan(file: Path) -> Plan:
    """Return the plan of a file; raises InputError."""
    try:
        written = file.read_bytes()
    except OSError as error:
        raise InputError(f"the plan of faults {file} cannot be read: {error.strerror}") from error
    return read_plan(written, str(file))
