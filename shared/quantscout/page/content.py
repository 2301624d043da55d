"""What an evidence page says: figures with their intervals, series, picks with their bars, and what was missing.

Two adapters fill it: a replay's (the command line) and that of the live picks (`live.py`). A figure that is not known
is None and has its reason in `note`; a series that is empty has its reason in `PageContent.absent`. Nothing is 0 for
want of data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["replay", "live"]
Answer = Literal["does", "does_not", "cannot_be_told"]
Unit = Literal["share", "times", "points", "return", "per_day", "per_year", "rank", "count"]
"""share: 0 to 1; times: a ratio; points: percentage points; return: fraction of what was put in; rank: -1 to 1."""
Part = Literal["kpis", "deciles", "months", "equity", "factors", "weeks", "picks"]

HEADLINE = ("precision_at_5", "lift_over_matched", "mean_net_return_24h")
BASE_RATE = "base_rate"
FUNNEL = ("listed", "eligible", "with_data", "scored_set", "passed")
NO_LEVEL = "none"
LEVELS = ("L0", "L1", "L2", "L3", NO_LEVEL)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number, its 95 % interval and on how many cases it stands; `note` says more, or why the number is missing."""

    name: str
    title: str
    unit: Unit
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Verdict:
    """Whether the score beats its matched controls: the sentence on top, what it rests on, and what it leaves out."""

    answer: Answer
    sentence: str
    grounds: tuple[str, ...] = ()
    caveat: str = ""


@dataclass(frozen=True)
class Group:
    """Figures of one thing: a month, a factor."""

    name: str
    figures: tuple[Figure, ...]

    def figure(self, name: str) -> Figure | None:
        """Return the figure of this name, None where there is none."""
        return next((figure for figure in self.figures if figure.name == name), None)


@dataclass(frozen=True)
class Lack:
    """A series that some hours did not have: how many hours of how many, and the first and last of them."""

    what: str
    hours: int
    of_hours: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True)
class Cover:
    """A recorded series: from when to when it reaches, of how many contracts; all None where it is not there."""

    name: str
    contracts: int | None = None
    rows: int | None = None
    first_ms: int | None = None
    last_ms: int | None = None


@dataclass(frozen=True)
class Bar:
    """An hour of prices after the entry."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float


@dataclass(frozen=True, kw_only=True)
class Pick:
    """One of the five of an hour, and what became of it."""

    hour_ms: int
    venue: str
    contract: str
    coin: str
    rank: int
    score: float
    entry_price: float
    net_return_ratio: float
    best_ratio: float
    worst_ratio: float
    barrier: int
    barrier_h: int
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True)
class Week:
    """A week of hours from Monday 00:00 UTC: medians of the funnel's counts, and hours by the gate's level."""

    start_ms: int
    hours: int
    medians: Mapping[str, float | None]
    levels: Mapping[str, int]


@dataclass(frozen=True)
class Point:
    """The rule's capital at the end of a day (1 at the start), and the deepest drawdown of that day (0 or below)."""

    at_ms: int
    capital: float
    drawdown_ratio: float


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What the figures are measured on: `lost` counts picks without an outcome by reason, `exclusions` the rest."""

    source: str
    first_hour_ms: int | None
    last_hour_ms: int | None
    method_version: str
    config_hash: str
    hours_by_status: Mapping[str, int]
    picks: int
    complete_picks: int
    lost: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    taker_fee_ratio: float | None = None
    slippage_ratio: float | None = None
    survivorship: str
    exclusions: Mapping[str, int] = field(default_factory=dict)
    series: tuple[Cover, ...] = ()
    lacking: tuple[Lack, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PageContent:
    """Everything that the page says."""

    kind: Kind
    basis: Basis
    verdict: Verdict
    kpis: tuple[Figure, ...] = ()
    deciles: tuple[Figure, ...] = ()
    months: tuple[Group, ...] = ()
    factors: tuple[Group, ...] = ()
    equity: tuple[Point, ...] = ()
    weeks: tuple[Week, ...] = ()
    best: tuple[Pick, ...] = ()
    worst: tuple[Pick, ...] = ()
    absent: Mapping[Part, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    without_interval: str = "no interval"
    """What stands in the place of an interval that is not there."""

    def figure(self, name: str) -> Figure | None:
        """Return the KPI of this name, None where there is none."""
        return Group("", self.kpis).figure(name)
