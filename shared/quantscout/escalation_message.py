"""A finding as a message to a person: what, the first step, the numbers. Pure; SNS's limits are checked."""

import json
import textwrap
from typing import Any

from quantscout.clock import iso
from quantscout.escalation_models import Finding, Kind
from quantscout.message import COLUMNS, NOT_ADVICE, SMS_LIMIT, gsm7
from quantscout.sns_rules import check_message

TITLES: dict[Kind, str] = {
    "precision": "precision fell",
    "drawdown": "losses beyond their usual pace",
    "loss": "loss of capital",
    "input_drift": "input drifts",
    "repeated_coin": "same coin in the list",
    "improbable_score": "improbable score",
    "improbable_move": "improbable move",
    "page": "page not written",
}
NAMED: tuple[Kind, ...] = ("input_drift", "repeated_coin", "improbable_score", "improbable_move")
"""Whose key belongs into the subject."""
NAME_CHARS = 25
COMMAND = "quantscout "
FORMAT = 1


def build_escalation(finding: Finding, at_ms: int) -> dict[str, Any]:
    """Return the arguments of SNS publish: a body per protocol, and `kind` and `key` for filter policies.

    Raises DeliveryError where SNS would refuse it.
    """
    body = {"default": _json(finding, at_ms), "email": _email(finding, at_ms), "sms": _sms(finding, at_ms)}
    attributes = {"kind": finding.kind, "key": finding.key}
    message = {
        "Message": json.dumps(body, ensure_ascii=False),
        "Subject": f"QuantScout {_when(at_ms)}: {_title(finding)}",
        "MessageStructure": "json",
        "MessageAttributes": {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    }
    check_message(message)
    return message


def _when(at_ms: int) -> str:
    return iso(at_ms)[:16].replace("T", " ") + " UTC"


def _title(finding: Finding) -> str:
    name = " ".join(gsm7(finding.key.replace("_", " ")).split())[:NAME_CHARS] if finding.kind in NAMED else ""
    return TITLES[finding.kind] + (f", {name}" if name else "")


def _json(finding: Finding, at_ms: int) -> str:
    told = {
        "escalation": finding.kind,
        "key": finding.key,
        "hour": iso(at_ms),
        "text": finding.text,
        "first_step": finding.first_step,
        "statistic": round(finding.measure.statistic, 6),
        "threshold": finding.measure.threshold,
        "figures": {name: round(value, 6) for name, value in finding.figures.items()},
        "format": FORMAT,
    }
    return json.dumps(told, ensure_ascii=False)


def _email(finding: Finding, at_ms: int) -> str:
    statistic, threshold = finding.measure
    numbers = [f"  {name}: {value:.4g}" for name, value in finding.figures.items()]
    lines = [
        f"QuantScout  {_when(at_ms)}: {TITLES[finding.kind]}",
        "",
        *_wrap(finding.text),
        "",
        "First step:",
        *(line for part in finding.first_step.splitlines() for line in _step(part)),
        "",
        f"Statistic {statistic:.4g}, told above {threshold:.4g}",
        *numbers,
        "",
        NOT_ADVICE,
    ]
    return "\n".join(lines)


def _step(line: str) -> list[str]:
    """Return a line of the first step: a command stays in one piece, to be copied; words fit a phone."""
    return [line] if line.startswith(COMMAND) else _wrap(line)


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, COLUMNS, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _sms(finding: Finding, at_ms: int) -> str:
    statistic, threshold = finding.measure
    when = iso(at_ms)[5:13].replace("T", " ")
    return f"QS {when}h CHECK: {_title(finding)} ({statistic:.3g}, limit {threshold:.3g}). See the e-mail."[:SMS_LIMIT]
