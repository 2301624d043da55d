"""make funnel: the tables of docs/funnel.md, what became of the contracts in 100 real hours."""

import json
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from golden.hours import MARKET, ROOT, say_for_make, spread
from golden.tally import Tally, build_tally, tables
from quantscout.clock import from_ms, iso, parse_hour, to_ms
from quantscout.decide import judge
from quantscout.errors import InputError
from quantscout.report import Facts, build_report, config_hash
from quantscout.settings import Settings
from quantscout_local.archive_hour import Archive, lacking, open_archive

PAGE = ROOT / "docs" / "funnel.md"
BEGIN, END = "<!-- funnel:begin -->", "<!-- funnel:end -->"
HOURS = 100
SMALL_USD = 1.0
SINCE = "2025-09-20T00:00Z"
"""From here on all contracts are recorded, with a week before the first hour; of 2024 and early 2025 there are 35."""


def count_hour(archive: Archive, hour_ms: int) -> Tally:
    """Return the tally of one hour."""
    hour, settings = archive.hour(hour_ms), archive.settings
    board = archive.board(hour, settings)
    decision = judge(board, hour.regime, settings)
    small = judge(board.with_columns(market_cap_usd=pl.lit(SMALL_USD)), hour.regime, settings)
    report = build_report(decision, Facts(hour_ms, from_ms(hour_ms), hour.regime, {}, (), None), settings)
    return build_tally(decision, small, report.status, lacking(hour))


def choose_hours(offered: Iterable[int], count: int = HOURS) -> list[int]:
    """Return hours evenly spread over those from `SINCE` on (InputError where there are none)."""
    since_ms = to_ms(parse_hour(SINCE))
    hours = [hour for hour in offered if hour >= since_ms]
    if not hours:
        raise InputError(f"the archive has no hour from {SINCE} on: choose a longer one with --market")
    return spread(hours, count)


def write_tables(hours: Sequence[int], tallies: Sequence[Tally], settings: Settings) -> str:
    """Return the tables, and before them where the hours lie and under which settings."""
    said = (
        f"{len(hours)} hours from {iso(hours[0])} to {iso(hours[-1])}, evenly spread. "
        f"Settings `{json.dumps(settings.changed())}`, config_hash `{config_hash(settings)}`."
    )
    return f"{said}\n\n{tables(tallies)}"


def with_text(page: str, text: str) -> str:
    """Return the page with another text between its markers (InputError for a page without them)."""
    before, found, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise InputError(f"{PAGE} has no line {BEGIN} or no line {END}: put both where the tables belong")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def build_text(archive: Archive) -> str:
    """Return the tables of the hours of an archive."""
    hours = choose_hours(archive.hours())
    return write_tables(hours, [count_hour(archive, hour) for hour in hours], archive.settings)


def main(page: Path = PAGE) -> None:
    """Write the page."""
    began = time.perf_counter()
    text = build_text(open_archive(MARKET))
    said = f"Written by `make funnel` in {time.perf_counter() - began:.0f} s."
    page.write_text(with_text(page.read_text(encoding="utf-8"), f"{said}\n\n{text}"), encoding="utf-8")
    print(f"funnel: {page.name}: {said}")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"funnel: {say_for_make(error)}")
