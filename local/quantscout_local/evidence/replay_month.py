"""One month of a replay: from the archive's files to judged rows and the month's hours."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import polars as pl

from quantscout.evaluation_models import HOURS, JUDGED
from quantscout.evaluation_rows import judgeable
from quantscout.frames import DAY_MS, HOUR_MS
from quantscout.outcomes import HORIZON_H, OUTCOMES, Costs, build_outcomes
from quantscout.pipeline import LEADERS
from quantscout.regime import RegimeName
from quantscout.settings import Settings
from quantscout.trend import SMA_DAYS
from quantscout_local.archive_hour import NEVER_THERE
from quantscout_local.archive_hour_frames import SETTLED_SPAN_MS
from quantscout_local.evidence.columns_board import Span, build_board
from quantscout_local.evidence.columns_details import Details, add_details, load_details
from quantscout_local.evidence.columns_funding import Rates, add_funding, load_rates
from quantscout_local.evidence.columns_judge import Decided, decide_hours, in_scored_set, score_hours
from quantscout_local.evidence.columns_regime import Leaders, load_leaders, name_regimes
from quantscout_local.evidence.replay_bars import Stretch, load_stretch
from quantscout_local.evidence.replay_contracts import Contracts, load_contracts

ROW = ["contract", "hour_ms"]
FIGURES = tuple(name for name in OUTCOMES if name not in {"venue", "contract", "hour_ms"})


class Opened(NamedTuple):
    """An archive as far as it is held in memory: all that is small."""

    folder: Path
    settings: Settings
    contracts: Contracts
    rates: Rates
    details: Details
    leaders: Leaders


class Month(NamedTuple):
    """JUDGED and HOURS of a stretch of hours, and the rows that were dropped on the way, by reason."""

    judged: pl.DataFrame
    hours: pl.DataFrame
    dropped: Counter[str]


def open_files(folder: Path, settings: Settings, span: Span, contracts: Contracts | None = None) -> Opened:
    """Return what is needed of an archive besides its bars (InputError where a file cannot be used)."""
    known = contracts or load_contracts(folder, settings)
    coins = [known.by_base(coin) for coin in LEADERS]
    first_ms = span.first_ms - (SMA_DAYS + 2) * DAY_MS - settings.history_h * HOUR_MS
    leaders = load_leaders(folder, coins, known.names, first_ms, span.last_ms - HOUR_MS)
    return Opened(folder, settings, known, load_rates(folder, known.names), load_details(folder, known), leaders)


def replay_month(opened: Opened, span: Span, hours: list[int], costs: Costs) -> Month:
    """Return what the product would have decided in the hours (all within the span), and what came after."""
    settings, names = opened.settings, opened.contracts.names
    first_ms = span.first_ms - (settings.history_h + 1) * HOUR_MS
    stretch = load_stretch(opened.folder, names, first_ms, span.last_ms + HORIZON_H * HOUR_MS, span.first_ms - HOUR_MS)
    board = build_board(stretch, opened.contracts, opened.rates.recorded, span, settings)
    board = board.filter(pl.col("hour_ms").is_in(hours))
    regimes = name_regimes(opened.leaders, hours, settings.history_h)
    known = add_funding(add_details(in_scored_set(board, settings), opened.details), opened.rates, settings)
    decided = decide_hours(board, score_hours(known, regimes, settings), settings)
    judged = _with_outcomes(decided.rows, stretch, span, costs)
    return Month(judged, _hours(opened, board, decided, regimes), stretch.dropped)


def _with_outcomes(rows: pl.DataFrame, stretch: Stretch, span: Span, costs: Costs) -> pl.DataFrame:
    """Return JUDGED: the rows with both percentiles, and what became of each in the 24 h after."""
    since = pl.col("open_ms") >= span.first_ms - HOUR_MS
    outcomes = build_outcomes(judgeable(stretch.bars.filter(since)), costs)
    population = rows.filter(pl.col("adv30_percentile").is_not_null(), pl.col("atr_percentile").is_not_null())
    joined = population.join(outcomes.select(*ROW, *FIGURES), on=ROW, how="left", maintain_order="left")
    return joined.select(pl.col(name).cast(kind) for name, kind in JUDGED.items())


def _hours(opened: Opened, board: pl.DataFrame, decided: Decided, regimes: dict[int, RegimeName]) -> pl.DataFrame:
    """Return HOURS."""
    firsts = opened.contracts.listed["first_ms"].sort()
    times = pl.Series("hour_ms", list(regimes), pl.Int64)
    listed = firsts.search_sorted(times, side="left").alias("listed")
    base = pl.DataFrame([times, pl.Series("regime", list(regimes.values()), pl.String), listed])
    counts = board.group_by("hour_ms").agg(
        pl.len().alias("eligible"),
        (pl.col("bar_age_h") == 0).sum().alias("with_data"),
        pl.col("taker_buy_usdt").is_not_null().any().alias("takers"),
    )
    ranks = decided.rows.group_by("hour_ms").agg(
        pl.col("in_scored_set").sum().alias("scored_set"), pl.col("rank").is_not_null().sum().alias("ranked")
    )
    whole = base.join(counts, on="hour_ms", how="left").join(ranks, on="hour_ms", how="left")
    whole = whole.join(decided.levels, on="hour_ms", how="left").sort("hour_ms")
    numbers = [pl.col(name).fill_null(0) for name in ("eligible", "with_data", "scored_set", "ranked")]
    status = (
        pl.when(pl.col("level").is_null()).then(pl.lit("no_data"))
        .when(pl.col("regime") == "risk_off").then(pl.lit("no_signal"))
        .when(pl.col("level") > 0).then(pl.lit("low_confidence"))
        .otherwise(pl.lit("ok"))
    )  # fmt: skip
    told = whole.with_columns(*numbers, status.alias("status"), pl.col("ranked").fill_null(0).alias("passed"))
    return told.with_columns(_lacking(told, opened)).select(pl.col(name).cast(kind) for name, kind in HOURS.items())


def _lacking(hours: pl.DataFrame, opened: Opened) -> pl.Series:
    """Return in words what the archive does not hold for each hour, as archive_hour.lacking."""
    settled = opened.rates.verified["known_ms"].sort() if opened.rates.verified.height else None
    interest = set(opened.details.interest["hour_ms"].to_list())
    quarters = set(opened.details.quarters["hour_ms"].to_list())
    found = []
    for hour_ms, takers in hours.select("hour_ms", "takers").rows():
        absent = {
            "funding": not _any_between(settled, hour_ms - SETTLED_SPAN_MS, hour_ms),
            "open interest at the hour and 4 h before": not {hour_ms, hour_ms - 4 * HOUR_MS} <= interest,
            "15m bars": hour_ms not in quarters,
            "taker split": not takers,
        }
        found.append([name for name, is_absent in absent.items() if is_absent] + list(NEVER_THERE))
    return pl.Series("lacking", found, pl.List(pl.String))


def _any_between(times: pl.Series | None, first_ms: int, last_ms: int) -> bool:
    if times is None:
        return False
    return int(times.search_sorted(first_ms, side="left")) < int(times.search_sorted(last_ms, side="right"))
