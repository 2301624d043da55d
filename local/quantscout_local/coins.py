"""Which coin each contract is: the mapping of the hour that was run last, with its evidence (docs/identity.md)."""

import difflib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from quantscout.clock import iso
from quantscout.errors import InputError
from quantscout.identity import STATUSES
from quantscout_local.explain import NAMED
from quantscout_local.program import program
from quantscout_local.terminal import open_console

if TYPE_CHECKING:
    from rich.console import Console

Row = dict[str, Any]
SHOWN = ("venue", "ineligible", "multiplier", "identity_status", "unit_confirmed", "coin_id", "coinalyze_symbol",
         "coin_evidence", "market_cap_usd", "market_cap_source", "supply_age_h", "supply_difference_pct",
         "supply_binance_coins", "supply_coingecko_coins")  # fmt: skip
"""What is read of a run; one of an earlier version lacks some of it."""
WIDE_COLUMNS = 132
"""In a narrower terminal the tables have fewer columns: nothing is cut, and no line runs over."""
PROOF = ("source", "name", "ticker", "units", "its price", "our price", "difference %", "verdict", "read")
STYLES = {"confirmed": "green", "ambiguous": "red", "price_disagrees": "red", "unconfirmed_unit": "yellow"}
VERDICTS = {"disagrees": "refused ", "no_price": "no price ", "listed_twice": "refused, listed twice "}
REASONS = {"ambiguous": "ambiguous", "unconfirmed_unit": "unit unconfirmed"}


def print_coins(symbol: str | None, out: Path, console: "Console | None" = None, *, as_json: bool = False) -> None:
    """Print the mapping of all eligible contracts, or of those that the name fits, and the counts per status.

    Raises InputError when the name fits none, or nothing was run.
    """
    universe = _read(out)
    chosen = universe.filter(pl.col("ineligible").is_null()) if symbol is None else _fitting(universe, symbol)
    rows = chosen.sort("coin", "venue", "contract").to_dicts()
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    console = console or open_console()
    if not console.is_terminal and not os.environ.get("COLUMNS"):
        console.width = max(console.width, WIDE_COLUMNS)  # a pipe or a file has no width
    console.print(build_mapping(rows, console.width))
    if symbol is not None:
        for row in rows:
            console.print(build_proof(row, console.width))
    console.print(_counts(rows))


def _read(out: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(out / "universe.parquet").select([*dict.fromkeys((*NAMED, *SHOWN))])
    except (OSError, pl.exceptions.PolarsError) as cause:
        raise InputError(f"there is no readable run in {out}/; run `{program()} run --out {out}` first") from cause


def _fitting(universe: pl.DataFrame, symbol: str) -> pl.DataFrame:
    names, wanted = (*NAMED, "coin_id"), symbol.upper()
    fits = universe.filter(pl.any_horizontal(pl.col(name).str.to_uppercase() == wanted for name in names))
    if fits.height:
        return fits
    known = {value.upper() for name in names for value in universe[name].drop_nulls().to_list()}
    near = difflib.get_close_matches(wanted, sorted(known), n=3)
    hint = f"; did you mean {', '.join(near)}?" if near else "; it was on neither venue's list in that hour"
    raise InputError(f"unknown symbol '{symbol}' in the hour that was run last{hint}")


def build_mapping(rows: list[Row], width: int) -> Table:
    """Return the table of contracts and their coins; in a narrow terminal all but the names share a column."""
    table = Table(title="Contracts and their coins", title_justify="left", box=SIMPLE_HEAD, padding=0)
    if width < WIDE_COLUMNS:
        for name in ("contract", "coin", "what is known"):
            table.add_column(name, overflow="fold")
        for row in rows:
            table.add_row(_name(row), row["coin"], _known(row))
        return table
    for name in ("contract", "coin", "units", "status", "cap M$", "supply"):
        table.add_column(name, justify="right" if name in ("units", "cap M$") else "left", no_wrap=True)
    table.add_column("evidence", overflow="fold")
    for row in rows:
        table.add_row(_name(row), row["coin"], f"{row['multiplier']:,.0f}", _status(row), *_cap(row), _evidence(row))
    return table


def _known(row: Row) -> Text:
    cap, supply = _cap(row)
    size = f"cap unknown ({supply})" if cap == "-" else f"cap {cap} M$ ({supply})"
    return Text.assemble(_status(row), f"; units {row['multiplier']:,.0f}; {size}; evidence: {_evidence(row)}")


def _name(row: Row) -> str:
    return f"{row['venue']}:{row['contract']}"


def _status(row: Row) -> Text:
    status = row["identity_status"] or "not mapped"
    return Text(status, STYLES.get(status, ""))


def _evidence(row: Row) -> str:
    return "; ".join(_words(proof) for proof in row["coin_evidence"] or []) or "none"


def _cap(row: Row) -> tuple[str, str]:
    """Return the market cap, and where its supply comes from or why it is unknown."""
    if row["market_cap_usd"] is not None:
        return f"{row['market_cap_usd'] / 1e6:,.1f}", f"{row['market_cap_source']}, {row['supply_age_h']} h"
    sources = [row["supply_binance_coins"], row["supply_coingecko_coins"]]
    if row["identity_status"] in REASONS:
        return "-", REASONS[row["identity_status"]]
    if None not in sources:
        return "-", f"sources {row['supply_difference_pct']:+.0f} % apart"
    return "-", "unknown" if sources == [None, None] else "no price"


def _words(proof: Row) -> str:
    """Return one piece of evidence in words: who, what, how far apart, and when if it was earlier."""
    difference = "" if proof["difference_pct"] is None else f" {proof['difference_pct']:+.2f} %"
    units = f" by {proof['multiplier']:,.0f}" if (proof["multiplier"] or 1) > 1 else ""
    read = "" if proof["read_ms"] is None else f" ({iso(proof['read_ms'])})"
    return f"{VERDICTS.get(proof['verdict'], '')}{proof['source']} {proof['name']}{units}{difference}{read}"


def build_proof(row: Row, width: int) -> Table:
    """Return the table of a contract's evidence, a line per piece; in a narrow terminal a column per piece."""
    status = row["identity_status"]
    ids = f"CoinGecko {row['coin_id'] or '-'}, Coinalyze {row['coinalyze_symbol'] or '-'}"
    title = f"{_name(row)}: {STATUSES.get(status, 'not eligible, so not mapped')}; {ids}"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    proofs = [_proof_cells(proof) for proof in row["coin_evidence"] or []]
    if width < WIDE_COLUMNS:
        for name in (PROOF[0], *(cells[0] for cells in proofs)):
            table.add_column(name, overflow="fold")
        for name, *values in zip(PROOF[1:], *(cells[1:] for cells in proofs), strict=True):
            table.add_row(name, *values)
        return table
    for name in PROOF:
        table.add_column(name, justify="right" if "price" in name or name in ("units", "difference %") else "left")
    for cells in proofs:
        table.add_row(*cells)
    return table


def _proof_cells(proof: Row) -> list[str]:
    numbers = [proof[name] for name in ("multiplier", "price_usd", "our_price_usd", "difference_pct")]
    cells = ["-" if number is None else f"{number:,.8g}" for number in numbers]
    read = "this hour" if proof["read_ms"] is None else iso(proof["read_ms"])
    return [proof["source"], proof["name"] or "-", proof["ticker"] or "-", *cells, proof["verdict"], read]


def _counts(rows: list[Row]) -> Table:
    table = Table(title="Counts", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("status", overflow="fold")
    table.add_column("contracts", justify="right")
    table.add_column("meaning", style="dim", overflow="fold")
    for status, meaning in STATUSES.items():
        table.add_row(status, str(sum(row["identity_status"] == status for row in rows)), meaning)
    table.add_row("not mapped", str(sum(row["identity_status"] is None for row in rows)), "not eligible")
    table.add_section()
    table.add_row("all", str(len(rows)), "", style="bold")
    return table
