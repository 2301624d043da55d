"""The backfill: 30 days of bars into the state; call it again while it answers complete = false."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from quantscout.backfill import Filled, run_backfill
from quantscout.environment import parse_environment
from quantscout.run import Run
from quantscout.secrets import SourceKeys
from quantscout.sources import open_sources
from quantscout.store import open_store
from quantscout.telemetry import Invocation, observed, open_log

LOG = open_log()  # before any client of AWS is made
ENVIRONMENT = parse_environment(os.environ)
SETTINGS = ENVIRONMENT.settings()
STORE = open_store(ENVIRONMENT.table_name)
TO_WRITE_S = 20.0
"""Kept of the function's time for what comes after the last answer."""


def now() -> datetime:
    """Return the time; CLOCK_OFFSET_S is only set where a simulator stands in for the venues."""
    return datetime.now(UTC) + timedelta(seconds=ENVIRONMENT.clock_offset_s)


async def _run(hour: datetime, seen: Invocation) -> list[Filled]:
    async with open_sources(ENVIRONMENT, SourceKeys(), lambda: now().timestamp()) as sources:
        seen.watch(sources)
        sources.finish_by(now().timestamp() + seen.remaining_s() - TO_WRITE_S)
        return await run_backfill(Run(hour, sources, STORE, SETTINGS, now), seen.remaining_s)


@LOG.inject_lambda_context(clear_state=True)
@observed(LOG, lambda: now().timestamp())
def handler(event: dict[str, Any], _: LambdaContext, seen: Invocation) -> dict[str, Any]:
    """Fill what the state lacks up to the event's hour and return what was done and what remains."""
    filled = asyncio.run(_run(seen.parse(event).hour, seen))
    summary: dict[str, Any] = {
        "complete": all(venue.remaining == 0 and not venue.failed for venue in filled),
        "venues": [venue._asdict() for venue in filled],
        "state": STORE.spent(),
    }
    seen.filled(filled, summary)
    return summary
