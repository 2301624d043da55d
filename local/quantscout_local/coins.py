"""Which coin each contract is: the mapping of the hour that was run last, with its evidence (docs/identity.md)."""

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from quantscout.clock import iso
from quantscout.errors import InputError
from quantscout.identity import STATUSES
from quantscout_local.explain import NAMED
from quantscout_local.terminal import open_console

if TYPE_CHECKING:
    from rich.console import Console

Row = dict[str, Any]
SHOWN = ("venue", "ineligible", "multiplier", "identity_status", "unit_confirmed", "coin_id", "coinalyze_symbol",
         "coin_evidence", "market_cap_usd", "market_cap_source", "supply_age_h", "supply_difference_pct",
         "supply_binance_coins", "supply_coingecko_coins")  # fmt: skip
"""What is read of a run; one of an earlier version lacks some of it."""
WIDTH = 132
"""The evidence needs its room: in a narrower terminal lines run over rather than lose it."""
STYLES = {"confirmed": "green", "ambiguous": "red", "price_disagrees": "red", "unconfirmed_unit": "yellow"}
VERDICTS = {"disagrees": "refused ", "no_price": "no price ", "listed_twice": "refused, listed twice "}
REASONS = {"ambiguous": "ambiguous", "unconfirmed_unit": "unit unconfirmed"}


def print_coins(symbol: str | None, out: Path, console: "Console | None" = None) -> None:
    """Print the mapping of all eligible contracts, or of those that the name fits, and the counts per status.

    Raises InputError when the name fits none, or nothing was run.
    """
    console = console or open_console()
    console.width = max(console.width, WIDTH)
    universe = _read(out)
    chosen = universe.filter(pl.col("ineligible").is_null()) if symbol is None else _fitting(universe, symbol)
    rows = chosen.sort("coin", "venue", "contract").to_dicts()
    console.print(_mapping(rows))
    if symbol is not None:
        for row in rows:
            console.print(_proof(row))
    console.print(_counts(rows))


def _read(out: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(out / "universe.parquet").select([*dict.fromkeys((*NAMED, *SHOWN))])
    except (OSError, pl.exceptions.PolarsError) as cause:
        raise InputError(f"there is no readable run in {out}/; run `quantscout run --out {out}` first") from cause


def _fitting(universe: pl.DataFrame, symbol: str) -> pl.DataFrame:
    names, wanted = (*NAMED, "coin_id"), symbol.upper()
    fits = universe.filter(pl.any_horizontal(pl.col(name).str.to_uppercase() == wanted for name in names))
    if fits.height:
        return fits
    known = {value.upper() for name in names for value in universe[name].drop_nulls().to_list()}
    near = difflib.get_close_matches(wanted, sorted(known), n=3)
    hint = f"; did you mean {', '.join(near)}?" if near else "; it was on neither venue's list in that hour"
    raise InputError(f"unknown symbol '{symbol}' in the hour that was run last{hint}")


def _mapping(rows: list[Row]) -> Table:
    table = Table(title="Contracts and their coins", title_justify="left", box=SIMPLE_HEAD, padding=0)
    for name in ("contract", "coin", "units", "status", "cap M$", "supply"):
        table.add_column(name, justify="right" if name in ("units", "cap M$") else "left", no_wrap=True)
    table.add_column("evidence", overflow="fold")
    for row in rows:
        status = row["identity_status"] or "not mapped"
        table.add_row(
            f"{row['venue']}:{row['contract']}", row["coin"], f"{row['multiplier']:,.0f}",
            Text(status, STYLES.get(status, "")),
            *_cap(row), "; ".join(_words(proof) for proof in row["coin_evidence"] or []) or "none",
        )  # fmt: skip
    return table


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


def _proof(row: Row) -> Table:
    status = row["identity_status"]
    ids = f"CoinGecko {row['coin_id'] or '-'}, Coinalyze {row['coinalyze_symbol'] or '-'}"
    title = f"{row['venue']}:{row['contract']}: {STATUSES.get(status, 'not eligible, so not mapped')}; {ids}"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for name in ("source", "name", "ticker", "units", "its price", "our price", "difference %", "verdict", "read"):
        table.add_column(name, justify="right" if "price" in name or name in ("units", "difference %") else "left")
    for proof in row["coin_evidence"] or []:
        numbers = [proof[name] for name in ("multiplier", "price_usd", "our_price_usd", "difference_pct")]
        cells = ["-" if number is None else f"{number:,.8g}" for number in numbers]
        read = "this hour" if proof["read_ms"] is None else iso(proof["read_ms"])
        table.add_row(proof["source"], proof["name"], proof["ticker"], *cells, proof["verdict"], read)
    return table


def _counts(rows: list[Row]) -> Table:
    table = Table(title="Counts", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("status")
    table.add_column("contracts", justify="right")
    table.add_column("meaning", style="dim")
    for status, meaning in STATUSES.items():
        table.add_row(status, str(sum(row["identity_status"] == status for row in rows)), meaning)
    table.add_row("not mapped", str(sum(row["identity_status"] is None for row in rows)), "not eligible")
    table.add_section()
    table.add_row("all", str(len(rows)), "", style="bold")
    return table
