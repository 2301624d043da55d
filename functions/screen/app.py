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
from quantscout.publish import Topics, publish_report, topic_of
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
S3 = boto3.client("s3") if ENVIRONMENT.tape_bucket else None
TOPICS = Topics(ENVIRONMENT.report_topic_arn, ENVIRONMENT.alarm_topic_arn)
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
        topic = topic_of(report, TOPICS, SETTINGS) if is_new else None
        message_id = publish_report(SNS, topic, report) if topic else None
        summary = report.summary() | {"is_new": is_new, "message_id": message_id}
        summary |= keep_tape(tape, report) if tape and is_new else {"tape": None, "tape_problem": ""}
    LOG.info("hour done", extra=summary)
    return summary


def keep_tape(tape: Recorder, report: Report) -> dict[str, Any]:
    """Store the tape and return its key, or why there is none: the report is out, and no tape may undo that."""
    try:
        with TemporaryFile() as file:
            tape.finish(ENVIRONMENT, SETTINGS, report, file)
            store_tape(S3, ENVIRONMENT.tape_bucket, tape_key(report), file)
    except Exception as error:  # whatever it is: a failed invocation would be repeated, and its message with it
        LOG.exception("the tape was not stored")
        return {"tape": None, "tape_problem": f"{type(error).__name__}: {error}"}
    return {"tape": tape_key(report), "tape_problem": ""}
