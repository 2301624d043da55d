"""The hour: every function of the template, from its built folder, with its event, twice; then the message."""

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from quantscout.errors import QuantScoutError
from quantscout_local.hour import BACKFILL_CALLS
from quantscout_local.stack import LocalStack
from runtime.emulator import Emulator
from runtime.events import load_event
from runtime.figures import Measured
from runtime.imports import measure_import
from runtime.layout import Layout

FIRST = ("backfill", "screen")
"""The state before the hour, the hour before whatever looks at it."""
PICKS = 5
Say = Callable[[str], None]


def in_order(verbs: Iterable[str]) -> list[str]:
    """Return the verbs, those that others build upon first, the rest as the template has them."""
    return sorted(verbs, key=lambda verb: FIRST.index(verb) if verb in FIRST else len(FIRST))


def play(layout: Layout, root: Path, hour: datetime, logs: Path, say: Say) -> list[Measured]:
    """Play the hour on a stack of its own and return each function's figures (QuantScoutError for a failure)."""
    logs.mkdir(parents=True, exist_ok=True)
    with LocalStack(hour) as stack:
        answers: dict[str, list[Any]] = {}
        rows = []
        for verb in in_order(stack.resources.functions):
            event = load_event(root / "events", verb, hour)
            row, answers[verb] = _measure(layout, stack, verb, event, logs / f"{verb}.log")
            say(f"{verb}: {row.import_s:.2f} s to import, {row.figures.billed_ms[0]:,} ms billed, {event}")
            rows.append(row)
        message = check_message(answers["screen"], stack.messages(), stack.messages("alarm"))
        say(f"arrived in the subscribed queue, once: {message}")
    return rows


def _measure(
    layout: Layout, stack: LocalStack, verb: str, event: dict[str, Any], log: Path
) -> tuple[Measured, list[Any]]:
    """Import the function, call it until it is done and once more, and return figures and answers."""
    function, variables = stack.resources.functions[verb], stack.environment(verb)
    imported = measure_import(layout, function, variables)
    with Emulator(layout, function, variables, log) as emulator:
        answers = [emulator.invoke(event)]
        while verb == "backfill" and not answers[-1]["complete"] and len(answers) < BACKFILL_CALLS:
            answers.append(emulator.invoke(event))
        peaks = [emulator.peak_mb()]
        answers.append(emulator.invoke(event))  # Lambda may deliver an event twice
        peaks.append(emulator.peak_mb())
    if verb == "backfill" and not answers[-1]["complete"]:
        raise QuantScoutError(f"the backfill is not complete after {len(answers)} calls: {answers[-1]}; see {log}")
    return Measured(function.name, imported.own_s, emulator.figures(), tuple(peaks)), answers


def check_message(answers: list[Any], told: list[dict[str, Any]], alarms: list[dict[str, Any]]) -> str:
    """Return the subject of the hour's one message, after checking that it is the one that both deliveries name."""
    first, again = answers
    if first["status"] not in {"ok", "low_confidence"} or len(first["picks"]) != PICKS or not first["is_new"]:
        raise QuantScoutError(f"expected five picks of a new hour, found {first}")
    if (again["is_new"], again["message_id"], again["picks"]) != (False, first["message_id"], first["picks"]):
        raise QuantScoutError(f"the event was delivered again: expected the same hour and no message, found {again}")
    if len(told) != 1 or alarms:
        raise QuantScoutError(f"expected one message and no alarm, found {len(told)} and {len(alarms)}")
    picks = [gem["symbol"] for gem in told[0]["body"]["ranked_gems"]]
    if picks != first["picks"]:
        raise QuantScoutError(f"expected a message about {first['picks']}, found {picks}")
    return str(told[0]["subject"])
