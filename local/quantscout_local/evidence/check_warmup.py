"""How much history a figure needs, and whether any depends on rows before its window.

Two questions. How do the figures of an hour change when the product is given fewer hours of history? And do they stay,
to the bit, when everything before their window is another: an ATR is seeded at the window's start, not before it.
"""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import polars as pl

from quantscout import windows
from quantscout.decide import PICKS, Decision
from quantscout.factors import NAMES
from quantscout.frames import DAY_MS, HOUR_MS, KEY
from quantscout.gates import MIN_HISTORY_H
from quantscout.pipeline import LEADERS
from quantscout.trend import SMA_DAYS
from quantscout_local.archive_hour import Archive, ArchiveHour
from quantscout_local.archive_hour_frames import SETTLED_SPAN_MS
from quantscout_local.evidence import changed_market as changed
from quantscout_local.evidence.changed_market import Frames, Rows, save_frames
from quantscout_local.evidence.check_compare import RELATIVE, Compared, Finding, Table, compare, merge
from quantscout_local.evidence.check_hours import Ask, absent_from, pick_hours
from quantscout_local.evidence.check_lookahead import Tell
from quantscout_local.evidence.check_views import HOURLY, hourly_tables, open_market, replay_tables
from quantscout_local.evidence.columns_board import Span
from quantscout_local.evidence.replay_contracts import Contracts, load_contracts
from quantscout_local.evidence.replay_files import FUNDING, INTEREST

USUAL_LENGTHS_H = (MIN_HISTORY_H, 120, 240, 480, 720)
NEAR = 0.01
"""A figure that is off by less than this share is called close."""
OLDER, LONGER = "before the window changed", "bars before the window given"
EARLIER_H = 24
"""The replay is begun so many hours before the hour: its recursions then run through rows that the window lacks."""
FIGURES = (
    *(name for name in windows.FIGURES if name not in ("history_h", "bars_4h", "last_open_ms")),
    "adv30_percentile", "atr_percentile", "oi_change_4h_pct", "oi_change_24h_pct", "oi_change_4h_std_pct", "funding_z",
    "funding_change_z", *NAMES, "coverage", "penalty", "score",
)  # fmt: skip
"""What is made from history: windows, open interest and funding, percentiles, factors, score."""
ANY, PICK = "(any)", "(pick)"


class Stability(NamedTuple):
    """A figure by the length of history, each against the whole window.

    The share of contracts of which it is another or missing, its largest relative change where it is known both times,
    and how many contracts lack it; the first length from which on it is the same, and within 1 %, for all.
    """

    figure: str
    changed_pct: list[float]
    largest: list[float]
    missing: list[int]
    exact_from_h: int
    close_from_h: int


class Warmup(NamedTuple):
    """What the lengths do to the figures, and what depends on rows before its window."""

    hours: list[int]
    lengths_h: list[int]
    figures: list[Stability]
    unseen: list[str]
    """Figures that no contract had in any of the hours."""
    picks_changed_pct: list[float]
    """Share of the picks with the whole window that are not picked."""
    contracts_changed_pct: list[float]
    """Share of contracts of which any figure is another."""
    values: Counter[str]
    findings: list[Finding]
    absent: tuple[str, ...] = ()
    """Series that the archive does not have: they are read as empty."""


def check_warmup(ask: Ask, tell: Tell) -> Warmup:
    """Return how the hours of the range move with their past (InputError for what cannot be used)."""
    contracts, window_h = load_contracts(ask.market, ask.settings), ask.settings.history_h + 1
    frames = changed.load_frames(ask.market)
    hours = pick_hours(ask, contracts, frames, window_h + EARLIER_H + MIN_HISTORY_H, 0)
    archive = open_market(ask.market, ask.settings.history_h)
    lengths = [*(length for length in USUAL_LENGTHS_H if length < window_h), window_h]
    parts, values, findings = list[pl.DataFrame](), Counter[str](), list[Finding]()
    for number, hour_ms in enumerate(hours):
        hour = archive.hour(hour_ms)
        decisions = [archive.decide(shorten(hour, length), ask.settings) for length in lengths]
        parts += [_differences(decisions[-1], made, length) for made, length in zip(decisions, lengths, strict=True)]
        tell(2 * number + 1, 2 * len(hours))
        for way, found in _check_window(ask, archive, frames, contracts, hour_ms):
            values[way] += found.values
            findings += found.findings
        tell(2 * number + 2, 2 * len(hours))
    whole = pl.concat(parts)
    by_figure = {name: whole.filter(pl.col("figure") == name) for name in (PICK, ANY, *FIGURES)}
    unseen = [name for name in FIGURES if not by_figure[name]["known"].sum()]
    figures = [_stability(name, by_figure[name], lengths) for name in FIGURES if name not in unseen]
    picks, contracts_changed = (_by_length(by_figure[name], lengths) for name in (PICK, ANY))
    absent = absent_from(frames)
    return Warmup(hours, lengths, figures, unseen, picks, contracts_changed, values, merge(findings), absent)


def shorten(hour: ArchiveHour, length_h: int) -> ArchiveHour:
    """Return the hour with this much history: bars, settlements and open interest of so many hours before it.

    The listing, with its times, and the regime stay: a venue tells them, whatever the state holds.
    """
    since_ms = hour.hour_ms - length_h * HOUR_MS
    details = hour.evidence.details._replace(
        open_interest=hour.evidence.details.open_interest.filter(pl.col("at_ms") >= since_ms),
        funding=hour.evidence.details.funding.filter(pl.col("settled_ms") >= since_ms),
    )
    bars = hour.bars.filter(pl.col("open_ms") >= since_ms)
    return hour._replace(bars=bars, evidence=hour.evidence._replace(details=details))


def lengthen(hour: ArchiveHour, window_h: int) -> ArchiveHour:
    """Return the hour with bars before its window: the same once more, dearer and busier."""
    columns = ("open", "high", "low", "close", "volume_coins", "volume_usdt")
    older = hour.bars.with_columns(pl.col("open_ms") - window_h * HOUR_MS, *(pl.col(name) * 3 for name in columns))
    return hour._replace(bars=pl.concat([older, hour.bars]))


def _differences(whole: Decision, short: Decision, length_h: int) -> pl.DataFrame:
    """Return figure, rows, known, changed, missing, largest, length_h: eligible contracts against the whole window."""
    eligible = whole.universe.filter(pl.col("ineligible").is_null()).select(*KEY, *FIGURES)
    both = eligible.join(short.universe.select(*KEY, *FIGURES), on=KEY, suffix="_short")
    changes = both.select(_relative(name).alias(name) for name in FIGURES)
    moved = changes.select(pl.any_horizontal(pl.col(name) > RELATIVE for name in FIGURES)).to_series()
    five, now = (set(_five(decision)) for decision in (whole, short))
    rows: list[tuple[str, int, int, int, int, float]] = [(ANY, both.height, both.height, int(moved.sum()), 0, 0.0)]
    rows.append((PICK, len(five), len(five), len(five - now), 0, 0.0))
    for name in FIGURES:
        change = changes[name]
        known = change.filter(change.is_finite())
        lost, told = int(change.is_infinite().sum()), int(both[name].count())
        largest = float(known.to_numpy().max(initial=0.0))
        rows.append((name, both.height, told, int((change > RELATIVE).sum()), lost, largest))
    columns = ["figure", "rows", "known", "changed", "missing", "largest"]
    return pl.DataFrame(rows, schema=columns, orient="row").with_columns(pl.lit(length_h).alias("length_h"))


def _relative(name: str) -> pl.Expr:
    """Return by which share the figure differs; infinite where one of both is missing."""
    ours, theirs = pl.col(name).cast(pl.Float64), pl.col(f"{name}_short").cast(pl.Float64)
    share = (theirs - ours).abs() / pl.max_horizontal(ours.abs(), theirs.abs())
    lost = ours.is_null() != theirs.is_null()
    return pl.when(lost).then(float("inf")).when(ours == theirs).then(0.0).otherwise(share).fill_null(0.0)


def _five(decision: Decision) -> list[tuple[str, str]]:
    ranked = decision.universe.filter(pl.col("rank") <= PICKS)
    return [(venue, contract) for venue, contract in ranked.select(KEY).rows()]


def _by_length(rows: pl.DataFrame, lengths: list[int]) -> list[float]:
    """Return the share of rows, in percent, that changed at each length."""
    sums = {length: (changed, total) for length, changed, total in _sum(rows, "changed", "rows")}
    return [100 * sums[length][0] / sums[length][1] if sums[length][1] else 0.0 for length in lengths]


def _sum(rows: pl.DataFrame, *columns: str) -> list[tuple[int, ...]]:
    return rows.group_by("length_h").agg(pl.col(name).sum() for name in columns).rows()


def _stability(figure: str, rows: pl.DataFrame, lengths: list[int]) -> Stability:
    worst = dict(rows.group_by("length_h").agg(pl.col("largest").max()).rows())
    lost = {row[0]: row[1] for row in _sum(rows, "missing")}
    largest, missing = [float(worst[length]) for length in lengths], [lost[length] for length in lengths]
    whole = [float("inf") if gone else change for change, gone in zip(largest, missing, strict=True)]
    exact, close = (_stable_from(whole, lengths, limit) for limit in (RELATIVE, NEAR))
    return Stability(figure, _by_length(rows, lengths), largest, missing, exact, close)


def _stable_from(largest: list[float], lengths: list[int], limit: float) -> int:
    """Return the first length from which on no change is larger than the limit; the last is the whole window."""
    over = [number for number, change in enumerate(largest[:-1]) if change > limit]
    return lengths[over[-1] + 1] if over else lengths[0]


def _check_window(
    ask: Ask, archive: Archive, frames: Frames, contracts: Contracts, hour_ms: int
) -> list[tuple[str, Compared]]:
    """Return what differs of an hour when all that lies before its windows is another."""
    span = Span(hour_ms - EARLIER_H * HOUR_MS, hour_ms)
    before = _tables(archive, ask.market, span, ask)
    hour = archive.hour(hour_ms)
    decided = (archive.decide(each, ask.settings) for each in (hour, lengthen(hour, ask.settings.history_h + 1)))
    one, more = (Table(HOURLY, decision.universe, KEY, exact=True) for decision in decided)
    with TemporaryDirectory(prefix="quantscout-check-") as place:
        older = change_older(frames, contracts, hour_ms, ask)
        folder = save_frames(older, ask.market, Path(place))
        after = _tables(open_market(folder, ask.settings.history_h), folder, span, ask)
    pairs = [(one, more, LONGER), *((mine, yours, OLDER) for mine, yours in zip(before, after, strict=True))]
    return [(mine.name, compare(mine, yours, name, hour_ms)) for mine, yours, name in pairs]


def _tables(archive: Archive, folder: Path, span: Span, ask: Ask) -> list[Table]:
    """Return what both ways say of the last hour of the span."""
    replayed = replay_tables(folder, span, span.last_ms, ask.settings, ())
    own = [table._replace(frame=table.frame.filter(pl.col("hour_ms") == span.last_ms)) for table in replayed]
    return [*hourly_tables(archive, span.last_ms, ask.settings, ()), *own]


def change_older(frames: Frames, contracts: Contracts, hour_ms: int, ask: Ask) -> Frames:
    """Return the archive in which all rows before the windows of the hour are others.

    Bars: before `history_h + 1` hours; of BTC and ETH before the days of the long average. Settlements and open
    interest: before the 30 days, and what the first of them needs.
    """
    leaders = tuple(name for coin in LEADERS if (name := contracts.by_base(coin)) is not None)
    window_ms = hour_ms - (ask.settings.history_h + 1) * HOUR_MS
    days_ms = min(window_ms, hour_ms // DAY_MS * DAY_MS - SMA_DAYS * DAY_MS)
    older = dict(changed.with_older_faults(frames, window_ms, ask.seed, leaders))
    month_ms = hour_ms - SETTLED_SPAN_MS - 8 * HOUR_MS
    for name in (FUNDING, INTEREST):
        if name in frames:
            older |= changed.with_wild({name: frames[name]}, Rows(0, month_ms), ask.seed)
    others = tuple(str(name) for name in contracts.names.categories if name not in leaders)
    return changed.with_older_faults(older, days_ms, ask.seed + 2, others)
