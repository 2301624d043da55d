"""The hourly run: event to hour, hour to report, report to the subscribers."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from quantscout.environment import parse_environment
from quantscout.models import Report, parse_event
from quantscout.pipeline import Outcome, run_hour
from quantscout.publish import publish_report
from quantscout.run import Run
from quantscout.secrets import load_keys
from quantscout.sources import open_sources
from quantscout.store import open_store

ENVIRONMENT = parse_environment(os.environ)
SETTINGS = ENVIRONMENT.settings()
STORE = open_store(ENVIRONMENT.table_name)
SNS = boto3.client("sns")
LOG = Logger()


def now() -> datetime:
    """Return the time; CLOCK_OFFSET_S is only set where a simulator stands in for the venues."""
    return datetime.now(UTC) + timedelta(seconds=ENVIRONMENT.clock_offset_s)


async def _run(hour: datetime) -> Outcome:
    async with open_sources(ENVIRONMENT, load_keys(ENVIRONMENT.source_keys_secret_id)) as sources:
        return await run_hour(Run(hour, sources, STORE, SETTINGS, now))


@LOG.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Compute the event's hour, store it, publish it, and return a summary."""
    report, is_new = asyncio.run(_run(parse_event(event).hour))
    topic = topic_of(report) if is_new else None
    message_id = publish_report(SNS, topic, report) if topic else None
    summary = summarise(report) | {"is_new": is_new, "message_id": message_id}
    LOG.info("hour done", extra=summary)
    return summary


def summarise(report: Report) -> dict[str, Any]:
    """Return the line that is logged and answered: what happened, not the report itself."""
    fields = ("run_id", "hour", "status", "gate_level")
    picks = [gem.symbol for gem in report.ranked_gems]
    return {name: getattr(report, name) for name in fields} | {"regime": report.regime.name, "picks": picks}


def topic_of(report: Report) -> str | None:
    """Return where the report goes: picks to the subscribers, no data to the alarm, no signal to nobody by default."""
    if report.status == "no_data":
        return ENVIRONMENT.alarm_topic_arn
    if report.status == "no_signal" and not SETTINGS.alert_on_no_signal:
        return None
    return ENVIRONMENT.report_topic_arn
