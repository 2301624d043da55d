"""What must hold after a crash and its repetition: the same report, the same state, one message."""

import json
from typing import Any

import polars as pl
from polars.testing import assert_frame_equal

from crash.plan import SNS, Kill
from quantscout.ledger import Record
from quantscout.models import Report
from quantscout.outside import ALL, EVIDENCE_BLOCKS
from quantscout.store import (
    BACKFILLED_BLOCKS,
    BAR_BLOCKS,
    DOMINANCE_BLOCKS,
    FUNDING_BLOCKS,
    OPEN_INTEREST_BLOCKS,
    SUPPLY_BLOCKS,
    Kind,
    Store,
)

VENUES = ("binance", "kucoin")
BLOCKS: tuple[tuple[Kind, str], ...] = (
    *(
        (kind, venue)
        for kind in (BAR_BLOCKS, BACKFILLED_BLOCKS, OPEN_INTEREST_BLOCKS, FUNDING_BLOCKS)
        for venue in VENUES
    ),
    *((kind, ALL) for kind in (SUPPLY_BLOCKS, EVIDENCE_BLOCKS, DOMINANCE_BLOCKS)),
)
TRIED_AGAIN = "requests tried again"
"""Not the hour's but the machine's: a busy one lets idle connections to the simulator run out."""
BARS = ("/fapi/v1/klines", "/api/v1/kline/query")


class ViolationError(Exception):
    """A rule that was broken: what, what was expected, what was found."""


def check_finished(record: Record | None) -> None:
    """Raise unless the hour ended published, without a holder."""
    if record is None or record.stage != "published" or record.lease_until_ms:
        raise ViolationError(f"expected a published hour that nobody holds, found {record}")


def check_report(plain: Store, struck: Store, hour_ms: int) -> Report:
    """Return the report if both sides have the same but for `generated_at`, and the same fate of every contract."""
    expected, found = (_told(store.load_report(hour_ms)) for store in (plain, struck))
    for name in expected:
        if expected[name] != found.get(name):
            raise ViolationError(f"report.{name}: expected {expected[name]!s:.600}, found {found.get(name)!s:.600}")
    compare("the universe", *(store.load_universe(hour_ms) for store in (plain, struck)))
    report = struck.load_report(hour_ms)
    assert report is not None
    return report


def _told(report: Report | None) -> dict[str, Any]:
    if report is None:
        raise ViolationError("expected a report in the table, found none")
    body: dict[str, Any] = json.loads(report.to_json())
    del body["generated_at"]
    body["warnings"] = [text for text in body["warnings"] if TRIED_AGAIN not in text]
    return body


def check_blocks(plain: Store, struck: Store, since_ms: int, until_ms: int) -> int:
    """Raise unless every block holds the same rows on both sides; return how many rows there were."""
    rows = 0
    for kind, partition in BLOCKS:
        pair = [store.load(kind, partition, since_ms, until_ms).sort(kind.unique) for store in (plain, struck)]
        compare(f"{kind.name}#{partition}", *pair)
        rows += pair[0].height
    return rows


def compare(name: str, plain: pl.DataFrame | None, struck: pl.DataFrame | None) -> None:
    """Raise unless both sides have the same frame, bit for bit."""
    if plain is None or struck is None:
        raise ViolationError(f"{name}: expected on both sides, found {plain is not None}, {struck is not None}")
    try:
        assert_frame_equal(plain, struck, check_exact=True)
    except AssertionError as cause:
        raise ViolationError(f"{name} differs from the undisturbed run's: {cause}") from cause


def may_repeat(kill: Kill, at_death: Record | None) -> bool:
    """Tell whether a second message is the documented one: the run died after "publishing" and before the mark."""
    if kill.share is None:
        return kill in {Kill("after", SNS), Kill("before", "published")}
    return at_death is not None and at_death.stage == "publishing"


def check_messages(count: int, kill: Kill, at_death: Record | None) -> None:
    """Raise unless the hour was told once, or twice where that is documented."""
    if count < 1 or (count > 1 and not may_repeat(kill, at_death)) or count > 2:  # noqa: PLR2004 - one kill, one repeat
        raise ViolationError(f"expected one message (two: {may_repeat(kill, at_death)}), found {count}")


def check_asked(at_death: Record | None, again: dict[str, int], usual: dict[str, int], report: Report) -> None:
    """Raise where the repetition asked for what the first delivery had stored."""
    with_bars = report.funnel.eligible - sum(source.late for source in report.sources.values())
    if at_death is None or at_death.stage == "claimed":
        return
    total, bars = sum(again.values()), sum(again.get(path, 0) for path in BARS)
    if at_death.stage in {"stored", "publishing", "published"} and total:
        raise ViolationError(f"the report was stored: expected no request, found {again}")
    most = sum(usual.get(path, 0) for path in BARS) - with_bars
    if bars > most:
        raise ViolationError(f"the bars were stored: expected at most {most} requests for bars, found {bars}")
