"""The page of the live picks, once a day: from the state into the bucket (docs/outcomes.md)."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from quantscout.errors import DeliveryError
from quantscout.evaluation_models import EvaluatedHour
from quantscout.frames import BARS, HOUR_MS, KEY, stack
from quantscout.outcomes import HORIZON_H, Costs
from quantscout.page.live import Live, build_live_content, frame_of_picks
from quantscout.page.picks import choose
from quantscout.page.render import CONTENT_TYPE, LIVE_KEY, write_live_page
from quantscout.picks import load_hours, load_judged
from quantscout.settings import Settings
from quantscout.store import Store

PAGE_HOUR = 0
"""The hour of the day, UTC, after whose evaluation the page is written."""
PAGE_SPAN_H = 720
"""Of so many hours: the bars of older picks are no longer in the state."""


def build_page(store: Store, at_ms: int, settings: Settings, costs: Costs | None = None) -> bytes:
    """Return the page of the hours that had been evaluated by N (StateError)."""
    newest_ms = at_ms - HORIZON_H * HOUR_MS
    first_ms = newest_ms - (PAGE_SPAN_H - 1) * HOUR_MS
    hours = load_hours(store, first_ms, newest_ms)
    scored = load_judged(store, first_ms, newest_ms, pl.col("in_scored_set"))
    bars = _bars_of_shown(store, hours, at_ms)
    return write_live_page(build_live_content(Live(hours, settings, costs or Costs(), scored, bars)))


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
