"""Gates let open, each by itself: another scored set has other z-scores, so every hour is replayed again."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quantscout.clock import parse_hour, to_ms
from quantscout.errors import InputError
from quantscout.gates import GATES, LEVELS, Gate
from quantscout.outcomes import Costs
from quantscout.settings import Settings
from quantscout_local.evidence.ablate import Without
from quantscout_local.evidence.judged import Judged
from quantscout_local.evidence.rescore import Sheet, build_sheet
from quantscout_local.evidence.rescore_rank import build_rule
from quantscout_local.evidence.rescore_tally import tally_rule
from quantscout_local.sensitivity_changes import with_changes

if TYPE_CHECKING:
    from quantscout_local.evidence.replay_plan import Ask

GUARDRAIL = "a guardrail: a setting may only tighten it, and what it rejects is scored in no replay"
Progress = Callable[[int, int, str], None]


class Archive(NamedTuple):
    """Where gates are replayed from, and where each replay is kept to be gone on with."""

    market: Path
    out: Path


def open_gate(gate: Gate, settings: Settings) -> Settings:
    """Return settings under which the gate rejects no value, and no unknown one where a setting can let it pass."""
    low, high = gate.bounds
    limits = settings.plain()["gate_limits"]
    limits[gate.name] = [low if gate.sense == "at_least" else high] * len(LEVELS)
    passes = {*settings.unknown_passes, *([gate.setting] if gate.setting else [])}
    return with_changes(settings, gate_limits=limits, unknown_passes=sorted(passes))


def leave_out_gates(judged: Judged, sheet: Sheet, archive: Archive, progress: Progress) -> Iterator[Without]:
    """Yield the picks' worth with each gate open; guardrails are named. InputError for another archive."""
    settings = Settings.model_validate(judged.about["settings"])
    check_archive(judged, archive.market, settings)
    for gate in GATES:
        if gate.is_guardrail:
            yield Without("gate", gate.name, None, GUARDRAIL)
            continue
        changed = open_gate(gate, settings)
        found = replay_again(judged, changed, archive, f"gate-{gate.name}", progress)
        again = build_sheet(found.scan(), found.hours()).sheet
        if not np.array_equal(again.hours_ms, sheet.hours_ms):
            raise InputError(f"{found.folder} holds other hours than {judged.folder}: remove it and run again")
        yield Without("gate", gate.name, tally_rule(again, build_rule(changed)), "replayed with the gate open")


def check_archive(judged: Judged, market: Path, settings: Settings) -> None:
    """Refuse an archive that is not what the replay was made from (InputError)."""
    from quantscout_local.evidence.replay_contracts import load_contracts  # noqa: PLC0415 - only gates need a replay
    from quantscout_local.evidence.replay_plan import build_plan  # noqa: PLC0415

    plan = build_plan(_ask(judged, market, settings), load_contracts(market, settings))
    if plan.fingerprint != judged.about["fingerprint"]:
        raise InputError(f"{market} is not the archive that {judged.folder} was replayed from: choose that one")


def replay_again(judged: Judged, settings: Settings, archive: Archive, name: str, progress: Progress) -> Judged:
    """Return the replay of the same hours under other settings."""
    from quantscout_local.evidence.replay import run_replay  # noqa: PLC0415 - as above

    return run_replay(_ask(judged, archive.market, settings), archive.out / name, progress)


def _ask(judged: Judged, market: Path, settings: Settings) -> "Ask":
    from quantscout_local.evidence.replay_plan import Ask  # noqa: PLC0415 - as above

    first_ms, last_ms = (to_ms(parse_hour(judged.about[name])) for name in ("first_hour", "last_hour"))
    return Ask(market, first_ms, last_ms, settings, Costs(**judged.about["costs"]))
