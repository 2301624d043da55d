"""What the doctor finds, as data: the shape of `quantscout doctor --json` (docs/doctor.md)."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

SourceName = Literal["binance", "kucoin", "kucoin_unified", "coinalyze", "coingecko"]
VENUES: tuple[SourceName, ...] = ("binance", "kucoin")
"""Without both of them no run; the others only make it richer."""
Reach = Literal[
    "reachable",
    "no_name",
    "no_connection",
    "tls",
    "timeout",
    "blocked_region",
    "firewall",
    "banned",
    "rate_limited",
    "outage",
    "unexpected_answer",
]
Key = Literal["not_needed", "missing", "valid", "refused", "unknown"]
Verdict = Literal["agrees", "differs", "unknown"]
Clock = Literal["right", "drifting", "wrong"]


class Finding(BaseModel):
    """What every part of the diagnosis is: read only, and nothing that the shape does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Probe(Finding):
    """A point that documentation leaves open: what was asked, seen, and what the product takes for granted."""

    question: str
    seen: str
    assumed: str
    verdict: Verdict


class SourceFinding(Finding):
    """One source, as it is seen from this place."""

    name: SourceName
    address: str = Field(description="host that was asked")
    reach: Reach
    detail: str = Field(
        "", description="the failure in the source's or the network's own words; empty if there is none"
    )
    again_at: AwareDatetime | None = Field(None, description="not to be asked before, where the source says so")
    key: Key = "not_needed"
    key_detail: str = ""
    clock_drift_s: float | None = Field(None, description="the source's clock minus this place's")
    clock: Clock | None = None
    round_trip_ms: float | None = Field(None, description="of the second request: the connection stood already")
    contracts: int | None = Field(None, description="that can be screened; of Coinalyze and CoinGecko: markets, coins")
    limits: tuple[str, ...] = Field((), description="what the headers say of the allowance")
    simulated: tuple[str, ...] = Field((), description="what the answers declare as simulated")
    requests: int = 0
    probes: tuple[Probe, ...] = ()

    @property
    def serves(self) -> bool:
        """Tell whether a run gets what it needs from this source."""
        usable = self.clock != "wrong" and self.contracts != 0 and self.key in ("not_needed", "valid")
        return self.reach == "reachable" and usable


class Diagnosis(Finding):
    """The whole screen."""

    schema_version: Literal["1"] = "1"
    product_version: str
    checked_at: AwareDatetime
    can_run: bool = Field(description="both venues can serve a run; the exit code is 0")
    conclusion: str
    requests: int
    sources: tuple[SourceFinding, ...]
