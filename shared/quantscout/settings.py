"""Every threshold that a person may change: name, unit, bounds, default (SPEC sections in brackets).

The tables of factors and gates have their own files (factors.py, gates.py). A setting out of its bounds is refused by
name. `config_hash` covers the settings and both tables, so that a report says by which rules it was made.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from quantscout.errors import InputError

Share = Annotated[float, Field(ge=0, le=1)]
Unknowable = Literal["spread", "depth", "min_notional"]


class Settings(BaseModel):
    """The settings of a run; frozen, built once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

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

    # Score (SPEC 5)
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
    alert_on_no_signal: bool = Field(False, description="publish the hour's message in a risk_off market, too")


def parse_settings(text: str) -> Settings:
    """Return the settings that a JSON object overrides; refuse unknown names and values out of range (InputError)."""
    try:
        return Settings.model_validate_json(text or "{}")
    except ValidationError as cause:
        first = cause.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "the text"
        raise InputError(f"QUANTSCOUT_SETTINGS: {name}: {first['msg']} (got {first['input']!r})") from cause
