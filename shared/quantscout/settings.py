"""Every threshold that a person may change: name, unit, bounds, default (SPEC sections in brackets).

The defaults of weights and gate limits are the tables in factors.py and gates.py. A setting out of its bounds is
refused by name, with its range. `config_hash` covers the settings and both tables, so that a report says by which rules
it was made, and the report names every setting that differs from its default.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo

from quantscout.errors import InputError
from quantscout.factors import FACTORS
from quantscout.gates import GATES, LEVELS, Gate, Limits, Unknowable, always

Share = Annotated[float, Field(ge=0, le=1)]
Normalisation = Literal["z", "robust_z", "rank"]
AlertOn = Literal["every_hour", "changes", "high_confidence"]
WEIGHT_TOLERANCE = 1e-9
_WEIGHTS = {factor.name: factor.weight for factor in FACTORS}
_GATES = {gate.name: gate for gate in GATES}
_LIMITS: dict[str, Limits] = {gate.name: gate.limits for gate in GATES}


class Settings(BaseModel):
    """The settings of a run; frozen, built once."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    # Data (SPEC 1, 3)
    history_h: int = Field(720, ge=60, le=2160, description="trailing hours of bars that baselines use")
    clock_drift_report_s: float = Field(2, gt=0, le=30, description="drift from a venue's clock that is reported")
    clock_drift_fail_s: float = Field(30, gt=0, le=300, description="drift that fails the venue for the hour")
    late_until_s: float = Field(90, ge=0, le=600, description="how long after the hour late bars are asked for again")
    price_agreement_ratio: Share = Field(0.05, description="how far prices of one coin may differ between sources")
    supply_agreement_ratio: Share = Field(0.25, description="how far two circulating supplies may differ")
    supply_max_age_h: float = Field(72, gt=0, le=168, description="age up to which a circulating supply is used")
    finalists: int = Field(
        5, ge=0, le=7, description="coins that Coinalyze is asked about; five calls each, 40 a minute"
    )

    # Gate (SPEC 4)
    gate_limits: Mapping[str, Limits | float] = Field(
        _LIMITS, description="per gate its limits at L0, L1, L2, L3 (a guardrail: one number); those left out stand"
    )

    # Score (SPEC 5)
    weights: Mapping[str, Share] = Field(
        _WEIGHTS, description="per factor its weight; with those left out they sum to 1"
    )
    normalisation: Normalisation = Field(
        "z", description="how a factor's value becomes 0 to 1: z-score, z by median and MAD, or rank"
    )
    min_values_for_z: int = Field(8, ge=2, le=100, description="fewer values leave a factor unscored for the hour")
    min_coverage: Share = Field(0.60, description="least sum of weights with data")
    penalty_cap: Share = Field(0.15, description="largest funding penalty")
    penalty_per_funding_z: Share = Field(0.04, description="penalty per z of funding above the threshold")
    penalty_per_change_z: Share = Field(0.03, description="penalty per z of the 24 h change above the threshold")
    penalty_threshold_z: float = Field(0.5, ge=0, le=5, description="z from which the penalty begins")
    min_settlements: int = Field(20, ge=5, le=500, description="settlements needed for a funding z")
    boost: Share = Field(0.06, description="fresh-listing boost")
    boost_listed_days: float = Field(7, ge=0, le=90, description="a listing is fresh for this long")
    boost_min_volume_24h_usdt: float = Field(1e6, ge=0, description="least 24 h volume for the boost")

    # What may be unknown and still pass its gate (none by default: an unknown value passes no gate)
    unknown_passes: frozenset[Unknowable] = Field(frozenset(), description="gates that an unknown value passes")

    # Delivery (SPEC 6)
    alert_on: AlertOn = Field("every_hour", description="which hours are sent to the subscribers")
    alert_on_no_signal: bool = Field(False, description="publish the hour's message in a risk_off market, too")
    cooldown_h: int = Field(0, ge=0, le=72, description="hours in which a coin once announced raises no new alert")

    @field_validator("weights")
    @classmethod
    def _whole_weights(cls, given: Mapping[str, float]) -> dict[str, float]:
        """Refuse an unknown factor and weights that do not sum to 1; return the whole table in its order."""
        _refuse_unknown("factor", given, _WEIGHTS)
        whole = _WEIGHTS | dict(given)
        total = sum(whole.values())
        if abs(total - 1) > WEIGHT_TOLERANCE:
            raise ValueError(f"the weights sum to {total:.6g}, not 1 (those left out keep the table's weight)")
        return whole

    @field_validator("gate_limits")
    @classmethod
    def _whole_limits(cls, given: Mapping[str, Limits | float]) -> dict[str, Limits]:
        """Refuse an unknown gate, limits out of bounds or in the wrong order; return the whole table in its order."""
        _refuse_unknown("gate", given, _GATES)
        return {name: _limits_of(gate, given.get(name, gate.limits)) for name, gate in _GATES.items()}

    @field_validator("gate_limits", mode="before")
    @classmethod
    def _four_or_one(cls, given: Any) -> Any:
        """Refuse a list of another length with one sentence."""
        tables = given.items() if isinstance(given, Mapping) else ()
        for name, limits in tables:
            if isinstance(limits, list | tuple) and len(limits) != len(LEVELS):
                raise ValueError(f"{name}: give one limit per level ({', '.join(LEVELS)}), not {len(limits)}")
        return given

    @model_validator(mode="after")
    def _possible(self) -> Self:
        """Refuse settings that contradict each other: nothing could pass, or a report would never come."""
        limits = {gate.name: self.limits_of(gate)[0] for gate in GATES}
        if limits["history"] > self.history_h:
            raise ValueError(
                f"gate_limits.history is {limits['history']:g} h, but only history_h {self.history_h} h are read"
            )
        if limits["volume_24h_min"] >= limits["volume_24h_max"]:
            raise ValueError("gate_limits: volume_24h_min must be below volume_24h_max, or nothing passes")
        if self.clock_drift_report_s > self.clock_drift_fail_s:
            raise ValueError("clock_drift_report_s must not be above clock_drift_fail_s")
        return self

    def limits_of(self, gate: Gate) -> Limits:
        """Return the gate's limits per level that are in force."""
        limits = self.gate_limits[gate.name]
        return limits if isinstance(limits, tuple) else always(limits)

    def changed(self) -> dict[str, Any]:
        """Return what differs from the defaults, as JSON values; of weights and limits only those that differ."""
        own, usual = self.plain(), Settings().plain()
        found = {name: value for name, value in own.items() if value != usual[name]}
        for table in {"weights", "gate_limits"} & set(found):
            found[table] = {name: value for name, value in own[table].items() if value != usual[table][name]}
        return found

    def plain(self) -> dict[str, Any]:
        """Return the settings as JSON values, sets sorted."""
        values: dict[str, Any] = self.model_dump(mode="json", warnings=False)
        return values | {"unknown_passes": sorted(values["unknown_passes"])}


def _refuse_unknown(kind: str, given: Iterable[str], known: Iterable[str]) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, list(known), n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
            raise ValueError(f"unknown {kind} {name!r}; {hint}")


def _limits_of(gate: Gate, given: Limits | float) -> Limits:
    limits = given if isinstance(given, tuple) else always(given)
    low, high = gate.bounds
    if not all(low <= limit <= high for limit in limits):
        raise ValueError(f"{gate.name}: {given} is not within {low:g} to {high:g} ({gate.unit})")
    if gate.is_guardrail and len(set(limits)) > 1:
        raise ValueError(f"{gate.name} is a guardrail: one limit for all levels, not {given}")
    if list(limits) != sorted(limits, reverse=gate.sense == "at_least"):
        raise ValueError(f"{gate.name}: {given} must widen from L0 to L3")
    return limits


def parse_settings(text: str) -> Settings:
    """Return the settings that a JSON object overrides; refuse unknown names and values out of range (InputError)."""
    try:
        return Settings.model_validate_json(text or "{}")
    except ValidationError as cause:
        found = dict.fromkeys(_refusal(error) for error in cause.errors())
        raise InputError("QUANTSCOUT_SETTINGS: " + "; ".join(found)) from cause


def _refusal(error: Any) -> str:
    """Return one refusal in words: the setting, what is wrong, what was given, what is allowed."""
    path = [str(part) for part in error["loc"]]
    field = Settings.model_fields.get(path[0]) if path else None
    if not path and error["type"] == "value_error":
        return str(error["msg"]).removeprefix("Value error, ")
    if not path or (field is None and error["type"] != "extra_forbidden"):
        return f"the text: {error['msg']} (got {error['input']!r})"
    if field is None:
        near = difflib.get_close_matches(path[0], list(Settings.model_fields), n=1)
        return f"{path[0]}: there is no such setting" + (f"; did you mean {near[0]!r}?" if near else "")
    said = error["msg"].removeprefix("Value error, ")
    name = ".".join(path[:2]) if path[0] in {"weights", "gate_limits"} else path[0]
    return f"{name}: {said} (got {error['input']!r}; {field.description}{_range_of(field)})"


def _range_of(field: FieldInfo) -> str:
    """Return a number's range in words, empty for what is no number."""
    words = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}
    parts = [
        f"{word} {getattr(rule, sign):g}"
        for rule in field.metadata
        for sign, word in words.items()
        if hasattr(rule, sign)
    ]
    return f", {' '.join(parts)}" if parts else ""
