"""What a trial is rated on, and how (docs/tuning.md)."""

import re
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np

from quantscout.errors import InputError
from quantscout.settings import Settings
from quantscout_local.evidence.rescore import Sheet
from quantscout_local.evidence.rescore_rank import build_rule
from quantscout_local.evidence.rescore_tally import Tally, measure_as_seen, tally_rule
from quantscout_local.evidence.stats_bootstrap import Array

Objective = Literal["lift", "precision", "net", "sharpe"]
MEASURE: dict[str, str] = {
    "lift": "lift_over_matched_points", "precision": "precision_at_5", "net": "mean_net_return_24h",
    "sharpe": "mean_net_return_24h",
}  # fmt: skip
"""The figure that a validation is told by, for each objective."""
ADDRESS = re.compile(r"auto|(ray://)?[^\s:/]+:\d{1,5}")
LEAST_PICKS_SHARE = 0.95
REFUSED = float("-inf")
"""Value of a trial that makes too few picks: weights could look good by ranking the easy hours alone."""


class Work(NamedTuple):
    """What every trial is rated on; put into Ray's store once."""

    sheet: Sheet
    objective: Objective
    least_picks: float


class Rated(NamedTuple):
    """A trial's value, the net return of each hour's five, and the sums of each hour (Tally.sums)."""

    value: float
    returns: Array
    sums: Array


Rate = Callable[[Sequence[Settings]], list[Rated]]


class Workers(NamedTuple):
    """How many workers on this machine, or the address of a cluster."""

    jobs: int
    address: str | None = None


def check_address(address: str | None) -> str | None:
    """Return a cluster's address as given; InputError for what cannot be one."""
    if address is not None and not ADDRESS.fullmatch(address):
        raise InputError(f"{address!r} is no address of a cluster: give auto, HOST:PORT, or ray://HOST:PORT")
    return address


def check_objective(name: str) -> Objective:
    """Return the objective; InputError for one that is unknown."""
    if name not in get_args(Objective):
        raise InputError(f"there is no objective {name!r}; known are {', '.join(get_args(Objective))}")
    return name  # type: ignore[return-value]


def build_work(sheet: Sheet, settings: Settings, objective: Objective) -> Work:
    """Return the work; InputError where the settings in force have no evaluated pick in these hours."""
    picks = tally_rule(sheet, build_rule(settings)).picks
    if not picks:
        raise InputError("no pick of the fitting hours has an outcome: replay more hours")
    return Work(sheet, objective, LEAST_PICKS_SHARE * picks)


def rate_settings(work: Work, settings: Settings) -> Rated:
    """Return what the settings are worth in the fitting hours."""
    tally = tally_rule(work.sheet, build_rule(settings))
    value = value_of(tally, work.objective) if tally.picks >= work.least_picks else REFUSED
    return Rated(value, tally.returns, tally.sums)


def value_of(tally: Tally, objective: Objective) -> float:
    """Return the objective's value: the higher the better; REFUSED where it is undefined."""
    if objective == "sharpe":
        spread = float(tally.returns.std(ddof=1))
        return float(tally.returns.mean()) / spread if spread > 1e-12 else REFUSED
    value = measure_as_seen(tally)[MEASURE[objective]]
    return value if np.isfinite(value) else REFUSED
