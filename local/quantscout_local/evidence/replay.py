"""A replay: every hour of an archive, judged as the product would have judged it then, with what came after.

Month by month, each with the trailing 30 days before it: memory is that of two months, whatever the archive's length.
The result is that of the hourly pipeline (archive_hour.py), which tests/evidence/test_replay_equality.py holds.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from quantscout import METHOD_VERSION
from quantscout.clock import iso
from quantscout.frames import HOUR_MS
from quantscout.outcomes import HORIZON_H
from quantscout.report import config_hash
from quantscout.settings import Settings
from quantscout_local.evidence.bias import survivorship
from quantscout_local.evidence.columns_board import Span
from quantscout_local.evidence.judged import FORMAT, Judged, open_judged, part_name
from quantscout_local.evidence.replay_bars import count_rows
from quantscout_local.evidence.replay_contracts import Contracts, load_contracts
from quantscout_local.evidence.replay_files import describe_series
from quantscout_local.evidence.replay_folder import locked
from quantscout_local.evidence.replay_month import Opened, open_files, replay_month
from quantscout_local.evidence.replay_parts import Parts
from quantscout_local.evidence.replay_plan import Ask, Plan, build_plan

Progress = Callable[[int, int, str], None]
"""Is told how many hours are done, of how many, and what there is to say."""


def replay(market_folder: Path, first_ms: int | None, last_ms: int | None, settings: Settings, out: Path) -> Judged:
    """Return the judged rows of all hours in the range, both ends included, written to the folder `out`.

    Raises InputError for a range or an archive that cannot be used. What an interrupted replay has finished is kept.
    """
    return run_replay(Ask(market_folder, first_ms, last_ms, settings), out, _say_nothing)


def _say_nothing(done: int, total: int, said: str) -> None:
    del done, total, said


def run_replay(ask: Ask, out: Path, progress: Progress) -> Judged:
    """Return the same, and tell how far it is."""
    contracts = load_contracts(ask.market, ask.settings)
    plan = build_plan(ask, contracts)
    with locked(out):
        _make(ask, plan, contracts, Parts(out, plan.fingerprint), progress)
    return open_judged(out)


def _make(ask: Ask, plan: Plan, contracts: Contracts, parts: Parts, progress: Progress) -> None:
    total, done = len(plan.hours), 0
    progress(0, total, parts.begin())
    opened = open_files(ask.market, ask.settings, plan.span, contracts)
    for month, hours in plan.months.items():
        if not parts.has(month):
            parts.save(month, replay_month(opened, Span(hours[0], hours[-1]), hours, ask.costs))
        done += len(hours)
        progress(done, total, "")
    parts.finish(list(plan.months), _about(ask, plan, opened, parts))


def _about(ask: Ask, plan: Plan, opened: Opened, parts: Parts) -> dict[str, Any]:
    months = list(plan.months)
    ends_ms = int(opened.contracts.covered[-1])
    late = [hour for hour in plan.hours if hour + HORIZON_H * HOUR_MS > ends_ms]
    return {
        "format": FORMAT,
        "method_version": METHOD_VERSION,
        "config_hash": config_hash(ask.settings),
        "settings": ask.settings.changed(),
        "costs": {"taker_fee_ratio": ask.costs.taker_fee_ratio, "slippage_ratio": ask.costs.slippage_ratio},
        "market": ask.market.resolve().name,
        "fingerprint": plan.fingerprint,
        "first_hour": iso(plan.span.first_ms),
        "last_hour": iso(plan.span.last_ms),
        "hours": len(plan.hours),
        "hours_not_evaluable": plan.not_evaluable,
        "parts": [part_name(month) for month in months],
        "series": describe_series(ask.market),
        "exclusions": _exclusions(opened, parts, months),
        "outcomes": _outcomes(parts, months, late),
        "notes": _notes(ask.market, late, ends_ms),
    }


def _exclusions(opened: Opened, parts: Parts, months: list[str]) -> dict[str, int]:
    """Return what was left out: contracts by the universe's rule, rows by verification's (absent files: `series`)."""
    listed = opened.contracts.listed
    outside = listed.filter(pl.col("ineligible").is_not_null())["ineligible"].value_counts().sort("ineligible")
    contracts = {f"contracts_{code}": count for code, count in outside.rows()}
    rows = parts.dropped(months) + count_rows([*opened.rates.problems, *opened.details.problems])
    return contracts | {f"rows_{reason}": count for reason, count in sorted(rows.items())}


def _outcomes(parts: Parts, months: list[str], late: list[int]) -> dict[str, Any]:
    paths = [parts.folder / part_name(month) for month in months]
    with parts.refusing():
        counts = pl.scan_parquet(paths).group_by("outcome").len().sort("outcome").collect()
    first = iso(late[0]) if late else None
    return {"rows": dict(counts.rows()), "hours_without": len(late), "first_hour_without": first}


def _notes(market: Path, late: list[int], ends_ms: int) -> list[str]:
    notes = survivorship(market)
    if late:
        notes.append(f"bars end at {iso(ends_ms)}: the {len(late)} hours from {iso(late[0])} on have no whole outcome")
    return notes
