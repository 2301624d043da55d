"""The page of the live picks, once a day: from the state into the bucket (docs/outcomes.md)."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from quantscout.clock import iso
from quantscout.errors import DeliveryError
from quantscout.escalation_models import Finding, Measure
from quantscout.evaluation_models import EvaluatedHour
from quantscout.frames import BARS, DAY_MS, HOUR_MS, KEY, stack
from quantscout.outcomes import HORIZON_H, Costs
from quantscout.page.live import Live, build_live_content, frame_of_picks
from quantscout.page.picks import choose
from quantscout.page.render import CONTENT_TYPE, LIVE_KEY, write_live_page
from quantscout.picks import load_hours, load_rows
from quantscout.settings import Settings
from quantscout.store import Store

PAGE_HOUR = 0
"""The hour of the day, UTC, after whose evaluation the page is written."""
PAGE_SPAN_H = 720
"""Of so many hours: the bars of older picks are no longer in the state."""

PROBLEM_CHARS = 300


def newest_page_ms(now_ms: int) -> int:
    """Return the newest hour after whose evaluation the page is written: that of an older one would go back in time."""
    offset_ms = PAGE_HOUR * HOUR_MS
    return (now_ms - offset_ms) // DAY_MS * DAY_MS + offset_ms


def build_page(store: Store, at_ms: int, settings: Settings, costs: Costs | None = None, lost: int = 0) -> bytes:
    """Return the page of the hours that had been evaluated by N (StateError); `lost` hours never will be."""
    newest_ms = at_ms - HORIZON_H * HOUR_MS
    first_ms = newest_ms - (PAGE_SPAN_H - 1) * HOUR_MS
    hours = load_hours(store, first_ms, newest_ms)
    scored = load_rows(store, [hour for hour in hours if hour.is_measured], pl.col("in_scored_set"))
    bars = _bars_of_shown(store, hours, at_ms)
    return write_live_page(build_live_content(Live(hours, settings, costs or Costs(), scored, bars, lost)))


def find_problem(error: Exception, at_ms: int) -> Finding:
    """Return for a person that the page of N was not written."""
    why = f"{type(error).__name__}: {error}"[:PROBLEM_CHARS]
    text = f"The page of the live picks was not written after {iso(at_ms)}, the one before it stays: {why}"
    step = "docs/runbook.md, section The page of the live picks. Outcomes and messages are not concerned."
    return Finding("page", LIVE_KEY, text, step, Measure(1, 0), {})


def _bars_of_shown(store: Store, hours: Sequence[EvaluatedHour], at_ms: int) -> pl.DataFrame:
    """Return the bars of the picks that the page draws."""
    shown = pl.concat(choose(frame_of_picks(hours)))
    frames = []
    for (venue,), own in shown.select(*KEY, "hour_ms").partition_by("venue", as_dict=True).items():
        since_ms, contracts = min(own["hour_ms"]), own["contract"].to_list()
        frames.append(store.load_bars(venue, since_ms + HOUR_MS, at_ms, pl.col("contract").is_in(contracts)))
    return stack(frames, BARS)


def store_page(s3: Any, bucket: str, page: bytes) -> str:
    """Put the page into the bucket over yesterday's, with boto3's client of S3, and return its key (DeliveryError)."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - botocore is Lambda's own

    try:
        s3.put_object(Bucket=bucket, Key=LIVE_KEY, Body=page, ContentType=CONTENT_TYPE)
    except (BotoCoreError, ClientError) as cause:
        raise DeliveryError(f"S3 did not take {LIVE_KEY} for {bucket}: {cause}") from cause
    return LIVE_KEY
