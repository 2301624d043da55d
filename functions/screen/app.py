"""The hourly run: event to hour, hour to report, report to the subscribers."""

import asyncio
import os
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from tempfile import TemporaryFile
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from quantscout.alert import Alert, Topics, alert_of, hour_ms_of
from quantscout.announcements import load_announcements
from quantscout.clock import from_ms
from quantscout.delivery import Delivered, Delivery
from quantscout.environment import parse_environment
from quantscout.ledger import Lease
from quantscout.models import Report
from quantscout.pipeline import Outcome, run_hour
from quantscout.publish import publish_report
from quantscout.recording import Recorder, open_recorder
from quantscout.redaction import KEYS
from quantscout.run import Run
from quantscout.secrets import FoundKeys, find_keys
from quantscout.sources import NO_KEY, open_sources
from quantscout.store import open_store
from quantscout.tape import store_tape, store_universe, tape_key, universe_key
from quantscout.telemetry import Invocation, observed, open_log

LOG = open_log()  # before any client of AWS is made
ENVIRONMENT = parse_environment(os.environ)
SETTINGS = ENVIRONMENT.settings()
STORE = open_store(ENVIRONMENT.table_name)
SNS = boto3.client("sns")
S3 = boto3.client("s3") if ENVIRONMENT.tape_bucket else None
TOPICS = Topics(ENVIRONMENT.report_topic_arn, ENVIRONMENT.alarm_topic_arn)
NO_TAPE = {"tape": None, "tape_problem": ""}
TO_WRITE_S = 20.0
"""Kept of the function's time for what comes after the last answer."""


def now() -> datetime:
    """Return the time; CLOCK_OFFSET_S is only set where a simulator stands in for the venues."""
    return datetime.now(UTC) + timedelta(seconds=ENVIRONMENT.clock_offset_s)


def _find_keys() -> FoundKeys:
    """Return the sources' keys; without them the hour has fewer figures, and says why."""
    found = find_keys(ENVIRONMENT.source_keys_secret_id)
    if found.problem:
        told = {"secret_id": ENVIRONMENT.source_keys_secret_id, "problem": found.problem}
        LOG.warning("the keys cannot be used", extra=told)
    return found


async def _run(lease: Lease, found: FoundKeys, tape: Recorder | None, seen: Invocation) -> Outcome:
    with tape.listening(STORE) if tape else nullcontext():
        async with open_sources(ENVIRONMENT, found.keys, lambda: now().timestamp(), tape) as opened:
            sources = replace(opened, no_key=f"switched off: the secret {found.problem}" if found.problem else NO_KEY)
            seen.watch(sources)
            sources.finish_by(now().timestamp() + seen.remaining_s() - TO_WRITE_S)
            hour, clock = from_ms(lease.record.hour_ms), tape.now if tape else now
            return await run_hour(Run(hour, sources, STORE, SETTINGS, clock, lease=lease))


def _alert_of(report: Report) -> Alert:
    return alert_of(report, load_announcements(STORE, hour_ms_of(report), SETTINGS), TOPICS, SETTINGS)


@LOG.inject_lambda_context(clear_state=True)
@observed(LOG, lambda: now().timestamp())
def handler(event: dict[str, Any], context: LambdaContext, seen: Invocation) -> dict[str, Any]:
    """Deliver the event's hour: compute, store, publish it once; store its tape, and return a summary."""
    wanted, found = seen.parse(event), _find_keys()
    with open_recorder(now, found.keys) if S3 else nullcontext() as tape:
        delivery = Delivery(
            owner=context.aws_request_id,
            store=STORE,
            compute=lambda lease: asyncio.run(_run(lease, found, tape, seen)),
            alert_of=_alert_of,
            send=seen.sending(partial(publish_report, SNS)),
            now=now,
            remaining_s=seen.remaining_s,
        )
        done = delivery.deliver(wanted)
        summary = done.summary() | {"state": STORE.spent()}
        summary |= keep_tape(tape, done) if tape else NO_TAPE
    seen.delivered(done, summary, STORE.load_report)
    return summary


def keep_tape(tape: Recorder, done: Delivered) -> dict[str, Any]:
    """Store tape and universe; return the tape's key, or why there is none: nothing may undo a report that is out."""
    report, universe = done.report, done.universe
    if report is None or universe is None:  # this delivery computed nothing
        return NO_TAPE
    try:
        key = tape_key(report)
        store_universe(S3, ENVIRONMENT.tape_bucket, universe_key(key), universe)
        with TemporaryFile() as file:
            tape.finish(ENVIRONMENT, SETTINGS, report, file)
            store_tape(S3, ENVIRONMENT.tape_bucket, key, file)
    except Exception as error:  # whatever it is: a failed invocation would be repeated, and its message with it
        LOG.exception("the tape was not stored")
        return {"tape": None, "tape_problem": KEYS.text(f"{type(error).__name__}: {error}")}
    return {"tape": key, "tape_problem": ""}
