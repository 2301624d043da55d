"""What must hold after every hour. The first thing that does not is a ViolationError that names it."""

import json
from typing import Any, NamedTuple

import jsonschema
import polars as pl

from quantscout.frames import HOUR_MS, KEY
from quantscout.models import Gem, Report
from quantscout.store import BACKFILLED_BLOCKS, BAR_BLOCKS, FUNDING_BLOCKS, OPEN_INTEREST_BLOCKS, Kind, Store
from quantscout_local.schema import report_schema_text
from soak.truth import Truth

PICKS = {"ok": 5, "low_confidence": 5, "no_signal": 5, "no_data": 0}
TOLERANCE = 1e-9
MAY_BE_UNKNOWN = frozenset({"taker_buy_usdt", "supply_coins"})
"""Columns that a venue may leave empty: null says that nobody knows, which is absent, not different."""
_VALIDATOR = jsonschema.Draft202012Validator(json.loads(report_schema_text()))


class ViolationError(Exception):
    """A rule that was broken: the hour, what, what was expected, what was found."""


class Series(NamedTuple):
    """A kind of block, the truth that it is compared with, and when a row of it is over."""

    kind: Kind
    moment: str
    length_ms: int


SERIES = {
    "bars": (
        Series(BAR_BLOCKS, "open_ms", HOUR_MS),
        Series(BACKFILLED_BLOCKS, "open_ms", HOUR_MS),
    ),
    "open_interest": (Series(OPEN_INTEREST_BLOCKS, "at_ms", 0),),
    "funding": (Series(FUNDING_BLOCKS, "settled_ms", 0),),
}


def check_state(store: Store, truth: Truth, hour_ms: int, since_ms: int) -> int:
    """Compare every row in the blocks of `since <= hour <= hour_ms` with the truth; return how many there were."""
    rows = 0
    for name, series in SERIES.items():
        for one in series:
            for venue in ("binance", "kucoin"):
                stored = store.load(one.kind, venue, since_ms, hour_ms)
                check_rows(stored, getattr(truth, name), one, hour_ms)
                rows += stored.height
    return rows


def check_rows(stored: pl.DataFrame, truth: pl.DataFrame, series: Series, hour_ms: int) -> None:
    """Raise for the first row that is not closed at the hour, not aligned, or not the truth's."""
    moment = pl.col(series.moment)
    _first(stored.filter(moment % HOUR_MS != 0), "aligned", series.kind.name)
    _first(stored.filter(moment + series.length_ms > hour_ms), f"closed at {hour_ms}", series.kind.name)
    key, values = [*KEY, series.moment], [name for name in stored.columns if name not in (*KEY, series.moment)]
    both = stored.join(truth, on=key, how="left", suffix="_true")
    unknown = [pl.col(name).is_null() & pl.lit(name in MAY_BE_UNKNOWN) for name in values]
    equal = [pl.col(name).eq_missing(pl.col(f"{name}_true")) for name in values]
    found = pl.any_horizontal(pl.col(f"{name}_true").is_not_null() for name in values)
    same = pl.all_horizontal(a | b for a, b in zip(equal, unknown, strict=True)) & found
    _first(both.filter(~same), "the truth's values (*_true)", series.kind.name)


def _first(bad: pl.DataFrame, expected: str, kind: str) -> None:
    if bad.height:
        raise ViolationError(f"{kind}: {bad.height} rows; expected {expected}; found first {bad.row(0, named=True)}")


def check_report(report: Report, truth: Truth, hour_ms: int) -> None:
    """Raise unless the report is valid by model and schema, says why where it has none, and shows true figures."""
    body: dict[str, Any] = json.loads(report.to_json())
    _VALIDATOR.validate(body)
    Report.model_validate(body)
    if len(report.ranked_gems) != PICKS[report.status]:
        raise ViolationError(f"{report.status} with {len(report.ranked_gems)} picks")
    if report.status == "no_data" and not (report.gate_reason or report.warnings):
        raise ViolationError("no_data without a reason")
    if report.funnel.ranked + sum(report.funnel.by_reason.values()) != report.funnel.listed:
        raise ViolationError(f"the funnel does not add up: {report.funnel}")
    for gem in report.ranked_gems:
        _check_gem(gem, truth.bars, hour_ms)


def _check_gem(gem: Gem, bars: pl.DataFrame, hour_ms: int) -> None:
    """Compare what a pick shows of its last two bars with the truth."""
    same = (pl.col("venue") == gem.exchange) & (pl.col("contract") == gem.contract)
    now, before = pl.col("open_ms") == hour_ms - HOUR_MS, pl.col("open_ms") == hour_ms - 2 * HOUR_MS
    last, previous = (bars.filter(same & moment).rows(named=True) for moment in (now, before))
    if not last:
        raise ViolationError(f"{gem.symbol} is picked without a bar of the hour")
    _check_figure(gem, "price", gem.price, last[0]["close"])
    momentum = gem.data_points.price_momentum_1h_pct
    if momentum is not None:
        if not previous:
            raise ViolationError(f"{gem.symbol} has a momentum without the bar before")
        _check_figure(gem, "momentum", momentum, 100 * (last[0]["close"] / previous[0]["close"] - 1))


def _check_figure(gem: Gem, name: str, found: float, expected: float) -> None:
    if abs(found - expected) > 0.01 * (name != "price") + TOLERANCE * abs(expected):
        raise ViolationError(f"{gem.symbol}: {name}: expected {expected}, found {found}")


def check_usage(told: dict[str, Any]) -> None:
    """Raise where the simulator's ledger has a request in a forbidden time, or one that its limits refused."""
    for venue, record in told["venues"].items():
        for name in ("before_retry_after", "repeated_after_block"):
            if record[name]:
                raise ViolationError(f"{venue}: {name}: expected 0, found {record[name]}")
        # What a ban turns away was under way when it began; a 429 of Binance is never one of the plan's.
        banned = venue == "binance"
        if banned and record["refused_429"]:
            raise ViolationError(f"{venue}: 429: expected 0, found {record['refused_429']}")
        for pool, used in record["pools"].items():
            if (used["refused"] and not banned) or used["peak"] > used["limit"]:
                raise ViolationError(f"{venue}: pool {pool}: {used['refused']} refused, peak {used['peak']}")
