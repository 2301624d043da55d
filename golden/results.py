"""The result of a stored hour as JSON text, and the comparison of what is stored with what comes out now."""

import difflib
import json
from pathlib import Path
from typing import Any

import polars as pl

from golden.hours import Golden
from quantscout.clock import from_ms, hour_key
from quantscout.decide import Decision
from quantscout.errors import InputError
from quantscout.report import Facts, build_report
from quantscout.settings import Settings
from quantscout_local.archive_hour import Archive, ArchiveHour, lacking

DIGITS = 9
NEXT_STEP = "if the change is meant, run make golden UPDATE=1 and say in the commit why the hours changed"


def build_result(archive: Archive, golden: Golden) -> dict[str, Any]:
    """Return what of an hour's result is stored."""
    hour = archive.hour(golden.hour_ms)
    return {"why": golden.why, **describe(hour, archive.decide(hour, archive.settings), archive.settings)}


def describe(hour: ArchiveHour, decision: Decision, settings: Settings) -> dict[str, Any]:
    """Return a decision in few numbers: level, status, regime, coverage, funnel, and the five."""
    facts = Facts(hour.hour_ms, from_ms(hour.hour_ms), hour.regime, {}, (), None)
    report = build_report(decision, facts, settings)
    return {
        "hour": report.hour,
        "settings": report.settings,
        "lacking": lacking(hour),
        "status": report.status,
        "gate_level": report.gate_level,
        "coins_per_level": decision.passed_per_level,
        "regime": report.regime.name,
        "coverage": _coverage(decision.universe),
        "funnel": report.funnel.model_dump(),
        "ranked_gems": [
            {
                "rank": gem.rank,
                "symbol": gem.symbol,
                "exchange": gem.exchange,
                "score": round(gem.score, DIGITS),
                "coverage": round(gem.coverage, DIGITS),
                "flags": gem.flags,
            }
            for gem in report.ranked_gems
        ],
    }


def _coverage(universe: pl.DataFrame) -> dict[str, float | None]:
    """Return the share of the weights that had data in the scored set: least, median, most; null for an empty set."""
    found = universe.filter("in_scored_set").select(
        pl.col("coverage").min().alias("least"),
        pl.col("coverage").median().alias("median"),
        pl.col("coverage").max().alias("most"),
    )
    return {name: None if value is None else round(value, DIGITS) for name, value in found.row(0, named=True).items()}


def text_of(result: dict[str, Any]) -> str:
    """Return a result as the text that is stored."""
    return json.dumps(result, indent=2, ensure_ascii=False) + "\n"


def path_of(folder: Path, golden: Golden) -> Path:
    """Return where an hour's result is stored."""
    return folder / f"{hour_key(golden.hour_ms)}.json"


def write(path: Path, result: dict[str, Any]) -> None:
    """Store a result (InputError where the file cannot be written)."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of(result), encoding="utf-8")
    except OSError as cause:
        raise InputError(
            f"{path} cannot be written ({cause.strerror}); free the file, then make golden UPDATE=1"
        ) from cause


def difference(path: Path, result: dict[str, Any]) -> str:
    """Return a unified diff from the stored result to this one, empty where nothing changed.

    Raises InputError where no result is stored.
    """
    try:
        stored = path.read_text(encoding="utf-8")
    except OSError as cause:
        raise InputError(f"{path} cannot be read ({cause.strerror}); store it with make golden UPDATE=1") from cause
    lines = difflib.unified_diff(
        stored.splitlines(), text_of(result).splitlines(), f"{path.name} (stored)", f"{path.name} (now)", lineterm=""
    )
    return "\n".join(lines)
