"""The hours of the archive whose results are stored, and why each was chosen."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from quantscout.clock import parse_hour, to_ms
from quantscout.errors import InputError

ROOT = Path(__file__).parents[1]
MARKET = Path(os.environ.get("MARKET") or ROOT.parent / "shared" / "market")
"""make's variable names another archive."""
STORED = ROOT / "tests" / "data" / "golden"

T = TypeVar("T")


class Golden(NamedTuple):
    """A stored hour: when, and why it was chosen."""

    at: str
    why: str

    @property
    def hour_ms(self) -> int:
        """H as epoch ms."""
        return to_ms(parse_hour(self.at))


HOURS: tuple[Golden, ...] = (
    Golden("2024-11-10T12:00Z", "35 contracts with a recorded taker split, too few to be ranked: no_data"),
    Golden("2025-09-20T12:00Z", "the archive's first week: the regime lacks BTC's 50 days, the baselines have a week"),
    Golden("2025-10-10T22:00Z", "the hour in which the median contract lost a fifth and BTC 0.8 %"),
    Golden("2025-10-20T12:00Z", "recorded 15m bars"),
    Golden("2025-11-21T08:00Z", "risk_off by BTC's trend: no_signal"),
    Golden("2026-01-09T21:00Z", "btc_led, where momentum weighs less and the coverage is least"),
    Golden("2026-01-17T08:00Z", "risk_on, with its weights; funding of few contracts"),
    Golden("2026-02-05T18:00Z", "risk_off by BTC's last hour; funding of some contracts"),
    Golden("2026-03-01T12:00Z", "funding and open interest of all; the hour that other tests use"),
    Golden("2026-03-02T08:00Z", "one of the five had its funding interval changed within 48 h"),
)


def say_for_make(error: InputError) -> str:
    """Return the error with make's word for the archive, not the command line's, and where it is told what one is."""
    said = str(error).replace("--market DIR", "--market").replace("--market", "MARKET=DIR")
    return f"{said} (docs/archive.md)" if "MARKET=DIR" in said else said


def spread(items: Sequence[T], count: int) -> list[T]:
    """Return that many of the items in their order, the first and the last among them, at even distances.

    All of them where there are no more.
    """
    if len(items) <= count or count < 2:  # noqa: PLR2004 - one has no distance
        return list(items[:count]) if count < len(items) else list(items)
    last = len(items) - 1
    return [items[round(k * last / (count - 1))] for k in range(count)]
