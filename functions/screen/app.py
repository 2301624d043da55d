"""The hourly run: event to hour, hour to report, report to the subscribers."""

import asyncio
import os
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryFile
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from quantscout.environment import parse_environment
from quantscout.models import Report, parse_event
from quantscout.pipeline import Outcome, run_hour
from quantscout.publish import publish_report
from quantscout.recording import Recorder, open_recorder
from quantscout.run import Run
from quantscout.secrets import SourceKeys, load_keys
from quantscout.sources import open_sources
from quantscout.store import open_store
from quantscout.tape import store_tape, tape_key

ENVIRONMENT = parse_environment(os.environ)
SETTINGS = ENVIRONMENT.settings()
STORE = open_store(ENVIRONMENT.table_name)
SNS = boto3.client("sns")
TAPE_BUCKET = os.environ.get("TAPE_BUCKET", "")  # empty: no tape is made
S3 = boto3.client("s3") if TAPE_BUCKET else None
LOG = Logger()
TO_WRITE_S = 20.0
"""Kept of the function's time for what comes after the last answer."""


def now() -> datetime:
    """Return the time; CLOCK_OFFSET_S is only set where a simulator stands in for the venues."""
    return datetime.now(UTC) + timedelta(seconds=ENVIRONMENT.clock_offset_s)


async def _run(hour: datetime, keys: SourceKeys, remaining_s: float, tape: Recorder | None) -> Outcome:
    with tape.listening(STORE) if tape else nullcontext():
        async with open_sources(ENVIRONMENT, keys, lambda: now().timestamp(), tape) as sources:
            sources.finish_by(now().timestamp() + remaining_s - TO_WRITE_S)
            return await run_hour(Run(hour, sources, STORE, SETTINGS, tape.now if tape else now))


@LOG.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Compute the event's hour, store it, publish it, store its tape, and return a summary."""
    hour, remaining_s = parse_event(event).hour, context.get_remaining_time_in_millis() / 1000
    keys = load_keys(ENVIRONMENT.source_keys_secret_id)
    with open_recorder(now, keys) if S3 else nullcontext() as tape:
        report, is_new = asyncio.run(_run(hour, keys, remaining_s, tape))
        topic = topic_of(report) if is_new else None
        message_id = publish_report(SNS, topic, report) if topic else None
        summary = summarise(report) | {"is_new": is_new, "message_id": message_id}
        summary |= keep_tape(tape, report) if tape and is_new else {"tape": None, "tape_problem": ""}
    LOG.info("hour done", extra=summary)
    return summary


def keep_tape(tape: Recorder, report: Report) -> dict[str, Any]:
    """Store the tape and return its key, or why there is none: the report is out, and no tape may undo that."""
    try:
        with TemporaryFile() as file:
            tape.finish(ENVIRONMENT, SETTINGS, report, file)
            store_tape(S3, TAPE_BUCKET, tape_key(report), file)
    except Exception as error:  # whatever it is: a failed invocation would be repeated, and its message with it
        LOG.exception("the tape was not stored")
        return {"tape": None, "tape_problem": f"{type(error).__name__}: {error}"}
    return {"tape": tape_key(report), "tape_problem": ""}


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
