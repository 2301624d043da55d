"""Why a contract was or was not picked: its fate, every gate, its score part by part, what was missing, who it is."""

import difflib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl
import typer
from rich.text import Text

from quantscout.decide import PICKS, missing
from quantscout.errors import InputError
from quantscout.factors import FACTORS, NAMES
from quantscout.gates import FLAG_MEANINGS, GATES, LEVELS, REASONS, WIDEST
from quantscout.identity import STATUSES
from quantscout.justification import Row, justify
from quantscout_local.explain_gates import build_gates_table, describe_failures, judge_gates, write_beside, write_short
from quantscout_local.explain_json import build_told, level_of
from quantscout_local.explain_score import NARROW_COLUMNS, build_score_table, choose_ink
from quantscout_local.explained_hour import ExplainedHour
from quantscout_local.terminal import open_console

if TYPE_CHECKING:
    from rich.console import Console

NAMED = ("symbol", "contract", "coin", "base")
SCORED = tuple(f"{name}_{part}" for name in NAMES for part in ("z", "norm", "weight"))
SHOWN = (
    *NAMED, "venue", "ineligible", "fate", "rank", "reason", "reason_value", "reason_limit", "score", "coverage",
    "penalty", "boost", "in_scored_set", "flags", "funding_z", "funding_change_z", "listed_days", "long_short_ratio",
    "multiplier", "identity_status", "coin_id", "market_cap_source", "supply_age_h", "supply_difference_pct",
    "supply_binance_coins", "supply_coingecko_coins", *(gate.column for gate in GATES), *NAMES, *SCORED,
)  # fmt: skip
"""What is read of an hour; one of another version may lack some of it."""
MISSING_MEANINGS = {
    "market_cap": "unknown, which is not the same as small",
    "spread": "unknown, so what it costs to trade is",
    "min_notional": "unknown, so the smallest order is",
    "funding_history": "no funding z (too few settlements, or no rate): no penalty by it",
    "funding_change_history": "no z of funding's 24 h change (too few settlements, or no rate): no penalty by it",
    "long_short_ratio": "shown in the report only, nothing is scored by it",
}


def explain_symbols(
    symbols: Sequence[str], hour: ExplainedHour, console: "Console | None" = None, *, as_json: bool = False
) -> None:
    """Print the explanation of every contract that the names fit; then refuse the names that fit none (InputError)."""
    console = console or open_console()
    found = {symbol: _fitting(hour.universe, symbol) for symbol in symbols}
    rows = [row for fitting in found.values() for row in fitting]
    if as_json and rows:
        typer.echo(json.dumps([build_told(row, hour) for row in rows], indent=2, ensure_ascii=False))
    for row in [] if as_json else rows:
        _print_contract(console, row, hour)
    unknown = [
        f"unknown symbol '{symbol}' in the hour {hour.report.hour}{_hint(hour.universe, symbol)}"
        for symbol, fitting in found.items()
        if not fitting
    ]
    if unknown:
        raise InputError("; ".join(unknown))


def _fitting(universe: pl.DataFrame, symbol: str) -> list[Row]:
    wanted = symbol.upper()
    fits = pl.any_horizontal(pl.col(name).str.to_uppercase() == wanted for name in NAMED)
    return universe.filter(fits).sort("venue", "contract").to_dicts()


def _hint(universe: pl.DataFrame, symbol: str) -> str:
    known = {value.upper() for name in NAMED for value in universe[name].drop_nulls().to_list()}
    near = difflib.get_close_matches(symbol.upper(), sorted(known), n=3)
    return f"; did you mean {', '.join(near)}?" if near else "; it was on neither venue's list in that hour"


def _print_contract(console: "Console", row: Row, hour: ExplainedHour) -> None:
    report, width = hour.report, console.width
    about = f"  hour {report.hour}, {report.status}, market {report.regime.name}"
    console.print(Text.assemble((f"{row['symbol']}  {row['venue']}:{row['contract']}", "bold"), about), soft_wrap=True)
    level = level_of(report)
    verdicts = [] if row["ineligible"] else judge_gates(row, hour.settings)
    lines = [_fate(row, hour), describe_failures(verdicts, level), *_same_coin(row, hour.universe)]
    for line in lines:
        if line:
            console.print(line, soft_wrap=True)
    if verdicts:
        console.print(build_gates_table(verdicts, level, _gates_title(hour), narrow=width < NARROW_COLUMNS))
    if row["in_scored_set"]:
        console.print(build_score_table(row, choose_ink(width, ascii_only=console.options.ascii_only)))
    for line in _below(row):
        console.print(line, soft_wrap=True)
    console.print()


def _fate(row: Row, hour: ExplainedHour) -> Text:
    ranked = int((hour.universe["fate"] == "ranked").sum())
    if row["fate"] == "ranked":
        place = "picked" if row["rank"] <= PICKS else f"ranked, but only the first {PICKS} are picked"
        where = f"rank {row['rank']} of {ranked} with score {row['score']:.2f} at gate {hour.report.gate_level}"
        return Text(f"{place}: {where}", "green")
    return Text(f"rejected: {row['reason']} ({_found(row)}): {REASONS.get(row['reason'], '')}", "red")


def _found(row: Row) -> str:
    """Return the value that was the reason, and the limit that it met."""
    value, limit = row["reason_value"], row["reason_limit"]
    if limit is None or value is None:
        return f"value {value or 'unknown'}" + ("" if limit is None else f", limit {write_short(limit)}")
    return f"value {write_beside(float(value), limit)}, limit {write_short(limit)}"


def _same_coin(row: Row, universe: pl.DataFrame) -> list[str]:
    """Return how the coin's other contracts went, first the one that ranks instead."""
    if row["ineligible"] is not None:
        return []
    mine = (pl.col("venue") == row["venue"]) & (pl.col("contract") == row["contract"])
    others = universe.filter((pl.col("coin") == row["coin"]) & pl.col("ineligible").is_null() & ~mine)
    lines = []
    for other in others.sort("rank", "venue", "contract", nulls_last=True).to_dicts():
        name = f"{other['venue']}:{other['contract']}"
        score = "without a score" if other["score"] is None else f"score {other['score']:.2f}"
        if row["reason"] == "same_coin" and other["fate"] == "ranked":
            lines.append(f"{name} ranks instead: rank {other['rank']}, {score} against {row['score']:.2f} here.")
        else:
            fate = f"rank {other['rank']}" if other["fate"] == "ranked" else f"rejected, {other['reason']}"
            lines.append(f"The same coin on {name}: {fate}, {score}.")
    return lines


def _gates_title(hour: ExplainedHour) -> str:
    level = hour.report.gate_level
    at = f"Gates at {level}" if level else f"Gates at {LEVELS[WIDEST]} (no level held {PICKS} coins)"
    own = [name for name in ("gate_limits", "unknown_passes") if name in hour.report.settings]
    return at + (f", by the run's own {' and '.join(own)}" if own else "")


def _below(row: Row) -> list[str]:
    """Return the lines below the tables: in short, what was missing, flags, market cap, identity."""
    if row["ineligible"] is not None:
        return []
    if row["in_scored_set"]:
        lines = [f"In short: {justify(row)}", *_missing_lines(row)]
    else:
        known = [factor.phrase(row[factor.name]) for factor in FACTORS if row[factor.name] is not None]
        lines = [f"Not scored; known of it: {', '.join(known) or 'nothing'}."]
    lines += [f"Flag {flag}: {FLAG_MEANINGS.get(flag, 'not known to this version')}." for flag in row["flags"]]
    return [*lines, f"Market cap: {_market_cap(row)}.", f"Coin: {_identity(row)}."]


def _missing_lines(row: Row) -> list[str]:
    absent = missing(row)
    factors = [name for name in absent if name in NAMES]
    shared = f"Missing {', '.join(factors)}: the weight is shared among the rest (coverage {row['coverage']:.2f})."
    others = [f"Missing {name}: {MISSING_MEANINGS[name]}." for name in absent if name not in NAMES]
    return [shared, *others] if factors else others


def _market_cap(row: Row) -> str:
    """Return the market cap with its source and age, or why it is unknown."""
    figures = {name: row[f"supply_{name}_coins"] for name in ("binance", "coingecko")}
    both = None not in figures.values() and row["supply_difference_pct"] is not None
    apart = f"Binance's supply {row['supply_difference_pct']:+.1f} % from CoinGecko's" if both else ""
    if row["market_cap_usd"] is not None:
        age = "unknown age" if row["supply_age_h"] is None else f"{row['supply_age_h']} h old"
        compared = apart or "no second source to compare"
        return f"{write_short(row['market_cap_usd'])} USD by {row['market_cap_source']}'s supply, {age} ({compared})"
    if row["identity_status"] in ("ambiguous", "unconfirmed_unit"):
        return f"unknown: {STATUSES[row['identity_status']]}"
    return "unknown: " + (apart or ("no source knows its supply" if not any(figures.values()) else "no price"))


def _identity(row: Row) -> str:
    units = "" if (row["multiplier"] or 1) == 1 else f", {row['multiplier']:,.0f} coins per unit of the contract"
    name = "" if row["coin_id"] is None else f", CoinGecko {row['coin_id']}"
    status = row["identity_status"]
    return f"{row['coin']}{units}{name}; {status or 'not mapped'}: {STATUSES.get(status, 'nothing is known of it')}"
