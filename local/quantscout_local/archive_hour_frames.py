"""The series of a real archive as canonical frames, cut at an hour: nothing that came later is in a cut."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from quantscout.frames import BARS, DAY_MS, FUNDING, HOUR_MS, MINUTE_MS, OPEN_INTEREST, Schema, conform, empty
from quantscout.venues.binance_answers import NAME
from quantscout.venues.gaps import fill_between
from quantscout.verify import verify_bars, verify_open_interest, verify_settlements
from quantscout_local.simulator.market import Contract
from quantscout_local.simulator.series import Bars

QUARTER_MS = 15 * MINUTE_MS
MONTH_MS = 30 * DAY_MS
SETTLED_SPAN_MS = MONTH_MS + 32 * HOUR_MS
"""As far back as a run asks: the interval of the first settlement of the 30 days comes from the one before."""


class Series(NamedTuple):
    """All rows of an archive's series, each frame in order of its time; `stamped_ms` is when a settlement was known."""

    bars: pl.DataFrame
    holes: pl.DataFrame
    """contract, open_ms: the last bar before omitted ones."""
    is_sound: bool
    """Every bar would pass verification."""
    quarters: pl.DataFrame
    open_interest: pl.DataFrame
    funding: pl.DataFrame


def build_series(contracts: Iterable[Contract]) -> Series:
    """Return the series of a market's Binance contracts."""
    all_of = list(contracts)
    bars = _bars_of({c.symbol: c.bars for c in all_of})
    ordered = bars.sort("contract", "open_ms")
    step_ms = pl.col("open_ms").shift(-1).over("contract") - pl.col("open_ms")
    return Series(
        bars=bars,
        holes=ordered.filter(step_ms > HOUR_MS).select("contract", "open_ms"),
        is_sound=_is_sound(bars),
        quarters=_bars_of({c.symbol: c.quarters for c in all_of if c.quarters is not None}),
        open_interest=_interest_of(all_of),
        funding=_settlements_of(all_of),
    )


def _frame(parts: Iterator[dict[str, Any]], schema: Schema, order: str) -> pl.DataFrame:
    """Return columns of contracts below each other in order of time, NaN turned into null."""
    frames = [pl.DataFrame(part, schema_overrides=dict(schema)) for part in parts]
    if not frames:
        return empty(schema)
    return conform(pl.concat(frames), schema).sort(order, "contract")


def _bars_of(bars: Mapping[str, Bars]) -> pl.DataFrame:
    return _frame(
        (
            {
                "contract": symbol,
                "open_ms": rows.open_ms,
                **{name: getattr(rows, name) for name in ("open", "high", "low", "close")},
                "volume_coins": rows.volume,
                "volume_usdt": rows.quote_volume,
                "taker_buy_usdt": rows.taker_quote,
                "venue": NAME,
                "filled": False,
            }
            for symbol, rows in bars.items()
        ),
        BARS,
        "open_ms",
    )


def _interest_of(contracts: list[Contract]) -> pl.DataFrame:
    return _frame(
        (
            {
                "contract": c.symbol,
                "at_ms": c.open_interest.at_ms[known],
                "open_interest_coins": c.open_interest.value[known],
                "supply_coins": np.nan,
                "venue": NAME,
            }
            for c in contracts
            if c.open_interest is not None and (known := c.open_interest.at_ms > c.first_ms).any()
        ),
        OPEN_INTEREST,
        "at_ms",
    )


def _settlements_of(contracts: list[Contract]) -> pl.DataFrame:
    """Return the settlements with eight decimals, as the venue writes them."""
    return _frame(
        (
            {
                "contract": c.symbol,
                "stamped_ms": c.funding.at_ms,
                "settled_ms": c.funding.at_ms // MINUTE_MS * MINUTE_MS,
                "rate_ratio": [float(f"{rate:.8f}") for rate in c.funding.value.tolist()],
                "venue": NAME,
            }
            for c in contracts
            if c.funding is not None
        ),
        {**FUNDING, "stamped_ms": pl.Int64},
        "stamped_ms",
    )


def _between(frame: pl.DataFrame, column: str, first_ms: int, last_ms: int) -> pl.DataFrame:
    """Return the rows of a frame in order of the column that stand in the range, both ends included."""
    times = frame[column].to_numpy()
    first, stop = np.searchsorted(times, first_ms, "left"), np.searchsorted(times, last_ms, "right")
    return frame[int(first) : int(stop)]


def _is_sound(bars: pl.DataFrame) -> bool:
    """Tell whether every bar passes verification. By the day: two rows of one time stay together, and it is faster."""
    first_ms, end_ms = _ends(bars)
    days = (_between(bars, "open_ms", at_ms, at_ms + DAY_MS - 1) for at_ms in range(first_ms, end_ms + 1, DAY_MS))
    return all(verify_bars(day, HOUR_MS, end_ms + HOUR_MS).bars.height == day.height for day in days if day.height)


def bars_at(series: Series, hour_ms: int, history_h: int) -> pl.DataFrame:
    """Return the verified 1h bars of `history_h + 1` hours; omitted ones between two real bars are filled."""
    window = _between(series.bars, "open_ms", hour_ms - (history_h + 1) * HOUR_MS, hour_ms - HOUR_MS)
    gapped = set(series.holes.filter(pl.col("open_ms").is_between(*_ends(window)))["contract"].to_list())
    if gapped:
        whole = window.filter(pl.col("contract").is_in(sorted(gapped)).not_())
        parts = window.filter(pl.col("contract").is_in(sorted(gapped))).partition_by("contract")
        window = pl.concat([whole, *(fill_between(part, HOUR_MS) for part in parts)])
    return window if series.is_sound else verify_bars(window, HOUR_MS, hour_ms).bars


def _ends(window: pl.DataFrame) -> tuple[int, int]:
    return (int(window["open_ms"][0]), int(window["open_ms"][-1])) if window.height else (0, 0)


def quarters_at(series: Series, hour_ms: int) -> pl.DataFrame:
    """Return the verified 15m bars that close at the hour."""
    last = _between(series.quarters, "open_ms", hour_ms - QUARTER_MS, hour_ms - QUARTER_MS)
    return verify_bars(last, QUARTER_MS, hour_ms, needs_volume=False).bars


def open_interest_at(series: Series, hour_ms: int) -> pl.DataFrame:
    """Return the verified open interest of the trailing 30 days up to the hour."""
    rows = _between(series.open_interest, "at_ms", hour_ms - MONTH_MS, hour_ms)
    return verify_open_interest(rows, hour_ms).rows.sort("contract", "at_ms")


def settlements_at(series: Series, hour_ms: int) -> pl.DataFrame:
    """Return the verified settlements that were stamped at or before the hour; one stamped some ms late comes later."""
    rows = _between(series.funding, "stamped_ms", hour_ms - SETTLED_SPAN_MS, hour_ms).select(*FUNDING)
    return verify_settlements(rows).rows.sort("contract", "settled_ms")
