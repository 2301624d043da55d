"""The account of an hour's sources: how each did, and what a person must know before trusting the numbers (SPEC 7)."""

from typing import NamedTuple

from quantscout.errors import Problem
from quantscout.frames import HOUR_MS
from quantscout.models import SourceState
from quantscout.outside import Outside
from quantscout.report import count_errors
from quantscout.run import Run
from quantscout.sources import NO_KEY
from quantscout.venue_hour import VenueHour


class Account(NamedTuple):
    """Per source its state, and the warnings of the hour."""

    sources: dict[str, SourceState]
    warnings: list[str]


def build_account(run: Run, hours: list[VenueHour], outside: Outside, covered: dict[str, int]) -> Account:
    """Return the account; `covered` counts the coins for which Coinalyze and CoinGecko had figures."""
    sources = {hour.name: _venue_state(hour, run.hour_ms) for hour in hours}
    for name, source in (("coinalyze", run.sources.coinalyze), ("coingecko", run.sources.coingecko)):
        off = "" if source is not None else run.sources.no_key
        sources[name] = _outside_state(name, covered[name], outside.problems, off)
    if outside.supply_as_of_ms is not None:
        supply = {"data_age_s": (run.hour_ms - outside.supply_as_of_ms) // 1000}
        sources["coingecko"] = sources["coingecko"].model_copy(update=supply)
    down = {name: state.note for name, state in sources.items() if not state.ok and state.note != NO_KEY}
    warnings = [f"{name} is out: {note}" for name, note in down.items()]
    warnings += [f"{hour.name}: {note}" for hour in hours for note in hour.notes]
    for name, faults in run.sources.retried().items():
        warnings.append(f"{name}: requests tried again: " + ", ".join(f"{n} x {fault}" for fault, n in faults.items()))
    for name, what in run.sources.simulated().items():
        warnings.append(f"{name}: simulated, not measured: {', '.join(what)}")
    if excused := sorted(run.settings.unknown_passes):
        warnings.append(f"by setting, an unknown value passes these gates: {', '.join(excused)}")
    return Account(sources, warnings)


def _venue_state(hour: VenueHour, hour_ms: int) -> SourceState:
    return SourceState(
        ok=not hour.failed,
        contracts=hour.listing.height,
        late=len(hour.late),
        errors=count_errors(hour.problems),
        data_age_s=None if hour.newest_ms is None else (hour_ms - hour.newest_ms - HOUR_MS) // 1000,
        note=hour.failed,
    )


def _outside_state(name: str, count: int, problems: list[Problem], off: str) -> SourceState:
    """Return the state of a source that is no venue; `off` says why it was not asked, empty where it was."""
    own = [problem for problem in problems if problem.source == name]
    whole = [problem.detail for problem in own if problem.contract is None]
    note = off or (whole[0] if whole else "")
    return SourceState(
        ok=not off and not whole, contracts=count, late=0, errors=count_errors(own), data_age_s=None, note=note
    )
