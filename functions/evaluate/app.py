"""The evaluation: what became of the picks that are a day old, and whether a person should look."""

import os
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from quantscout.clock import check_not_future, to_ms
from quantscout.environment import parse_environment
from quantscout.escalation_ledger import Teller, publish_escalation
from quantscout.escalation_models import parse_thresholds
from quantscout.evaluation import evaluate, mend_gaps
from quantscout.evaluation_page import build_page, find_problem, newest_page_ms, store_page
from quantscout.evaluation_watch import first_hour_ms, load_history, watch
from quantscout.store import open_store
from quantscout.telemetry import Invocation, observed, open_log

LOG = open_log()  # before any client of AWS is made
ENVIRONMENT = parse_environment(os.environ)
SETTINGS = ENVIRONMENT.settings()
THRESHOLDS = parse_thresholds(os.environ.get("QUANTSCOUT_ESCALATION", ""))
TOPIC_ARN = os.environ.get("ESCALATION_TOPIC_ARN") or ENVIRONMENT.alarm_topic_arn
STORE = open_store(ENVIRONMENT.table_name)
SNS = boto3.client("sns")
S3 = boto3.client("s3") if ENVIRONMENT.tape_bucket else None
SEND = partial(publish_escalation, SNS, TOPIC_ARN)
NO_PAGE = {"page": None, "page_problem": ""}


def now() -> datetime:
    """Return the time; CLOCK_OFFSET_S is only set where a simulator stands in for the venues."""
    return datetime.now(UTC) + timedelta(seconds=ENVIRONMENT.clock_offset_s)


@LOG.inject_lambda_context(clear_state=True)
@observed(LOG, lambda: now().timestamp())
def handler(event: dict[str, Any], _: LambdaContext, seen: Invocation) -> dict[str, Any]:
    """Judge what is due at the event's hour, tell a person what needs one, and return a summary."""
    wanted = seen.parse(event)
    check_not_future(wanted.hour, now())
    at_ms = to_ms(wanted.hour)
    done = evaluate(STORE, at_ms, seen.remaining_s, force=wanted.force)
    history = load_history(STORE, at_ms, THRESHOLDS)
    gaps = mend_gaps(STORE, history.hours, first_hour_ms(at_ms, THRESHOLDS), at_ms, seen.remaining_s)
    watched = watch(STORE, history, THRESHOLDS, SEND, now_ms)
    is_newest = at_ms == newest_page_ms(now_ms())
    page = keep_page(at_ms, len(gaps.not_evaluated)) if S3 and is_newest else NO_PAGE
    summary = done.summary() | gaps.summary() | watched | page | {"state": STORE.spent()}
    LOG.info("evaluation done", extra=summary)
    return summary


def now_ms() -> int:
    """Return the time in epoch milliseconds."""
    return to_ms(now())


def keep_page(at_ms: int, lost: int) -> dict[str, Any]:
    """Write the page of the live picks and return its key, or tell a person, once, and return why there is none.

    Outcomes and messages are out: only if nobody can be told (StateError, DeliveryError) the invocation fails.
    """
    try:
        page = build_page(STORE, at_ms, SETTINGS, lost=lost)
        return {"page": store_page(S3, ENVIRONMENT.tape_bucket, page), "page_problem": ""}
    except Exception as error:  # whatever it is: a failed invocation would be repeated for a page
        LOG.exception("the page was not written")
        Teller(STORE.table, at_ms, THRESHOLDS.cooldown_h, SEND, now_ms).tell([find_problem(error, at_ms)])
        return {"page": None, "page_problem": f"{type(error).__name__}: {error}"}
