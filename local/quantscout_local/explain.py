"""Why a contract was or was not picked: its fate, every gate with its value, every factor with its points."""

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from quantscout.errors import InputError
from quantscout.factors import FACTORS, NAMES
from quantscout.gates import GATES, LEVELS, REASONS
from quantscout.models import Report
from quantscout.report import justify
from quantscout_local.terminal import open_console

if TYPE_CHECKING:
    from rich.console import Console

Row = dict[str, Any]
BAR_WIDTH = 12
NAMED = ("symbol", "contract", "coin", "base")
SHOWN = ("venue", "fate", "rank", "reason", "reason_value", "reason_limit", "score", *(g.column for g in GATES), *NAMES)
"""What is read of a run; one of another version may lack some of it."""
SIGNS = {"at_least": "at least", "at_most": "at most", "below": "below"}


def explain_symbol(symbol: str, out: Path, console: "Console | None" = None) -> None:
    """Print the explanation of every contract that the name fits (InputError when none does, or nothing was run)."""
    console = console or open_console()
    universe, report = _read(out)
    wanted = symbol.upper()
    fits = universe.filter(pl.any_horizontal(pl.col(name).str.to_uppercase() == wanted for name in NAMED)).sort(
        "venue", "contract"
    )
    if not fits.height:
        known = {value.upper() for name in NAMED for value in universe[name].drop_nulls().to_list()}
        near = difflib.get_close_matches(wanted, sorted(known), n=3)
        hint = f"; did you mean {', '.join(near)}?" if near else "; it was on neither venue's list in that hour"
        raise InputError(f"unknown symbol '{symbol}' in the hour {report.hour}{hint}")
    for row in fits.to_dicts():
        _print_contract(console, row, report)


def _read(out: Path) -> tuple[pl.DataFrame, Report]:
    try:
        universe = pl.read_parquet(out / "universe.parquet")
        universe.select({*NAMED, *SHOWN})
        return universe, Report.model_validate_json((out / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, pl.exceptions.PolarsError) as cause:
        raise InputError(f"there is no readable run in {out}/; run `quantscout run --out {out}` first") from cause


def _print_contract(console: "Console", row: Row, report: Report) -> None:
    console.print(
        Text.assemble((f"{row['symbol']}  {row['venue']}:{row['contract']}", "bold"), f"  hour {report.hour}")
    )
    console.print(_fate(row, report), soft_wrap=True)
    if row["ineligible"] is None:
        console.print(_gates(row, report))
    if row["in_scored_set"]:
        console.print(_factors(row))
        console.print(justify(row), soft_wrap=True)
    console.print()


def _fate(row: Row, report: Report) -> Text:
    if row["fate"] == "ranked":
        place = "picked" if row["rank"] <= 5 else "ranked, but only the first five are picked"
        return Text(f"{place}: rank {row['rank']} with score {row['score']:.2f} at gate {report.gate_level}", "green")
    limit = "" if row["reason_limit"] is None else f", limit {row['reason_limit']:g}"
    value = "unknown" if row["reason_value"] is None else row["reason_value"]
    return Text(f"rejected: {row['reason']} (value {value}{limit}): {REASONS.get(row['reason'], '')}", "red")


def _gates(row: Row, report: Report) -> Table:
    level = LEVELS.index(report.gate_level) if report.gate_level else len(LEVELS) - 1
    table = Table(title=f"Gates at {LEVELS[level]}", title_justify="left", box=SIMPLE_HEAD)
    for name in ("gate", "value", "limit", "passes"):
        table.add_column(name, justify="left" if name == "gate" else "right")
    for gate in GATES:
        value, limit = row[gate.column], gate.limits[level]
        passes = (
            value is not None
            and {"at_least": value >= limit, "at_most": value <= limit, "below": value < limit}[gate.sense]
        )
        verdict = Text("unknown", "yellow") if value is None else Text("yes", "green") if passes else Text("no", "red")
        table.add_row(
            gate.column, "-" if value is None else f"{value:,.6g}", f"{SIGNS[gate.sense]} {limit:,g}", verdict
        )
    return table


def _factors(row: Row) -> Table:
    table = Table(
        title=f"Score {row['score']:.2f}: points, penalty -{100 * row['penalty']:.2f}, boost +{100 * row['boost']:.2f}",
        title_justify="left",
        box=SIMPLE_HEAD,
    )
    for name in ("factor", "value", "z", "norm", "weight", "points", ""):
        table.add_column(name, justify="left" if name in ("factor", "") else "right")
    for factor in FACTORS:
        parts = [row[factor.name], *(row[f"{factor.name}_{key}"] for key in ("z", "norm", "weight", "points"))]
        points, whole = parts[4], 100 * (parts[3] or 0)
        bar = "" if points is None or not whole else "█" * round(BAR_WIDTH * points / whole)
        cells = ["-" if part is None else f"{part:.3f}" for part in parts]
        table.add_row(factor.name, *cells, Text(bar, "cyan"))
    return table
