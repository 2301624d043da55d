"""What an hour is, computed both ways from an archive's folder: by the hourly pipeline, and by the replay."""

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from quantscout.errors import InputError
from quantscout.factors import factor_values
from quantscout.frames import HOUR_MS, KEY
from quantscout.outcomes import FIGURES
from quantscout.regime import FACTOR_VALUE
from quantscout.settings import Settings
from quantscout_local.archive_hour import Archive, lacking
from quantscout_local.evidence import check_factors
from quantscout_local.evidence.check_compare import Table
from quantscout_local.evidence.check_factors import Candidates, add_candidates
from quantscout_local.evidence.columns_board import Span, build_board
from quantscout_local.evidence.columns_details import add_details
from quantscout_local.evidence.columns_funding import add_funding
from quantscout_local.evidence.columns_judge import decide_hours, in_scored_set, score_hours
from quantscout_local.evidence.columns_regime import name_regimes
from quantscout_local.evidence.replay import replay
from quantscout_local.evidence.replay_bars import load_stretch
from quantscout_local.evidence.replay_contracts import load_contracts
from quantscout_local.evidence.replay_month import open_files
from quantscout_local.simulator.archive import load_archive

HOURLY, REPLAY, BOARD, OUTCOMES = "hourly", "replay", "replay's board", "outcomes"
ROW = ("hour_ms", "contract")
AFTERWARDS = (*FIGURES, "outcome")
"""What a judged row says of the hours after its own."""


def open_market(folder: Path, history_h: int) -> Archive:
    """Return the archive of the hourly pipeline: a series besides the 1h bars may be absent, as a replay has it."""
    return Archive(load_archive(folder, real_only=True, absent_as_empty=True), history_h)


def hourly_tables(archive: Archive, hour_ms: int, settings: Settings, candidates: Candidates) -> list[Table]:
    """Return the universe of an hour with all its columns, and what is said of the hour itself."""
    hour = archive.hour(hour_ms)
    decision = archive.decide(hour, settings)
    named = {"hour": "(hour)", "level": decision.level, "regime": hour.regime.name, "lacking": ", ".join(lacking(hour))}
    counts = {f"passed_{level}": count for level, count in decision.passed_per_level.items()}
    inputs = {name: None if value is None else float(value) for name, value in hour.regime.inputs.items()}
    known = tuple(f for f in candidates if not check_factors.lacking(f, decision.universe))
    return [
        Table(HOURLY, add_candidates(decision.universe, known), KEY, exact=True),
        Table(HOURLY, pl.DataFrame([named | counts | inputs]), ("hour",), exact=True),
    ]


def replay_tables(folder: Path, span: Span, until_ms: int, settings: Settings, candidates: Candidates) -> list[Table]:
    """Return what a replay of the span says of its hours up to a moment: as it is stored, and its whole board."""
    known = pl.col("hour_ms") <= until_ms
    with TemporaryDirectory(prefix="quantscout-check-") as place:
        judged = replay(folder, span.first_ms, span.last_ms, settings, Path(place))
        rows, hours = judged.scan().filter(known).drop(AFTERWARDS).collect(), judged.hours().filter(known)
    hours = hours.with_columns(pl.col("lacking").list.join(", "))
    board = replay_board(folder, span, settings, candidates).filter(known)
    return [
        Table(REPLAY, rows, (*ROW, "venue"), exact=False),
        Table(REPLAY, hours, ("hour_ms",), exact=False),
        Table(BOARD, board, (*ROW, "venue"), exact=False),
    ]


def replay_board(folder: Path, span: Span, settings: Settings, candidates: Candidates) -> pl.DataFrame:
    """Return every eligible contract of every hour of the span, with all columns of the replay in full precision.

    The steps are those of replay_month.replay_month, which keeps few of the columns. Details are those of all
    contracts, so that a factor has its value outside of the scored set, too.
    """
    contracts = load_contracts(folder, settings)
    opened = open_files(folder, settings, span, contracts)
    first_ms = span.first_ms - (settings.history_h + 1) * HOUR_MS
    stretch = load_stretch(folder, contracts.names, first_ms, span.last_ms, span.first_ms)
    board = build_board(stretch, contracts, opened.rates.recorded, span, settings)
    known = add_funding(add_details(board, opened.details), opened.rates, settings)
    regimes = name_regimes(opened.leaders, sorted(set(board["hour_ms"].to_list())), settings.history_h)
    value = {hour_ms: FACTOR_VALUE[name] for hour_ms, name in regimes.items()}
    regime = pl.col("hour_ms").replace_strict(value, return_dtype=pl.Float64).alias("regime_value")
    valued = known.with_columns(regime).with_columns(factor_values())
    full = add_candidates(valued, tuple(f for f in candidates if not check_factors.lacking(f, valued)))
    decided = decide_hours(board, score_hours(in_scored_set(known, settings), regimes, settings), settings)
    scored = [name for name in decided.rows.columns if name not in full.columns]
    return full.join(decided.rows.select(*ROW, *scored), on=list(ROW), how="left", maintain_order="left")


def outcome_table(folder: Path, hour_ms: int, settings: Settings) -> Table:
    """Return what the replay says that became of the rows of an hour."""
    with TemporaryDirectory(prefix="quantscout-check-") as place:
        judged = replay(folder, hour_ms, hour_ms, settings, Path(place))
        rows = judged.scan().select("venue", *ROW, *AFTERWARDS).collect()
    return Table(OUTCOMES, rows, (*ROW, "venue"), exact=False)


def check_candidates(tables: list[Table], candidates: Candidates, path: Path | None) -> list[str]:
    """Return what cannot be checked of the candidates, in words.

    Raises InputError for one that reads a column that the hourly pipeline does not have.
    """
    notes = []
    frames = {table.name: table.frame for table in tables if "contract" in table.frame.columns}
    for factor in candidates:
        unknown = check_factors.lacking(factor, frames[HOURLY]) if HOURLY in frames else []
        if unknown:
            raise InputError(
                f"{path}: {factor.name} reads the column {unknown[0]!r}, which no board has: the columns are those of "
                "windows.py, positions.py and decide.py (docs/how-to-add.md)"
            )
        absent = check_factors.lacking(factor, frames[BOARD]) if BOARD in frames else []
        if absent:
            notes.append(
                f"{factor.name} was checked in the hourly pipeline alone: the replay has no column {absent[0]}, and "
                "would need it in columns.py"
            )
    return notes
