"""Figures out of the emulator's log, and what is wrong with them."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from quantscout.errors import QuantScoutError

IMPORT_LIMIT_S, PEAK_LIMIT_MB = 1.0, 512.0
INIT = re.compile(r"INIT REPORT\(durationMs: ([0-9.]+)\)")
REPORT = re.compile(r"^REPORT .*?\tDuration: ([0-9.]+) ms\tBilled Duration: ([0-9]+) ms", re.MULTILINE)
"""The first one begins with an "Init Duration", which is the time that asking for the start took, not the phase."""


class Figures(NamedTuple):
    """The init phase, and duration and billed duration of each invocation; the first of each contain the init phase."""

    init_ms: float
    duration_ms: tuple[float, ...]
    billed_ms: tuple[int, ...]


class Measured(NamedTuple):
    """One function's cold start, its first invocation and the same event once more, and its memory after each."""

    name: str
    import_s: float
    figures: Figures
    peak_mb: tuple[float, ...]


def read_figures(log: str) -> Figures:
    """Return the figures of an emulator's log (QuantScoutError if it has none: the emulator speaks otherwise now)."""
    init, reports = INIT.search(log), REPORT.findall(log)
    if init is None or not reports:
        raise QuantScoutError("the emulator's log has no INIT REPORT or no REPORT line; see runtime/figures.py")
    durations, billed = zip(*reports, strict=True)
    return Figures(float(init[1]), tuple(map(float, durations)), tuple(map(int, billed)))


def find_excess(rows: Sequence[Measured]) -> list[str]:
    """Return a sentence for each function whose import takes too long, or whose first invocation too much memory."""
    slow = [
        f"{row.name}: import takes {row.import_s:.2f} s, more than {IMPORT_LIMIT_S:g} s"
        for row in rows
        if row.import_s > IMPORT_LIMIT_S
    ]
    large = [
        f"{row.name}: {row.peak_mb[0]:.0f} MB at the peak, more than {PEAK_LIMIT_MB:g} MB"
        for row in rows
        if row.peak_mb[0] > PEAK_LIMIT_MB
    ]
    return slow + large


def table_of(rows: Sequence[Measured]) -> str:
    """Return the figures as a table."""
    heads = ("import s", "init ms", "billed ms", "peak MB", "again ms", "peak MB")
    lines = [f"{'':20}" + "".join(f"{head:>11}" for head in heads)]
    for row in rows:
        figures = row.figures
        cells = (f"{row.import_s:.2f}", f"{figures.init_ms:.0f}", f"{figures.billed_ms[0]:,}", f"{row.peak_mb[0]:.0f}")
        again = (f"{figures.billed_ms[-1]:,}", f"{row.peak_mb[-1]:.0f}")
        lines.append(f"{row.name:20}" + "".join(f"{cell:>11}" for cell in cells + again))
    return "\n".join(lines)
