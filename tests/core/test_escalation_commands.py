"""The first steps of the messages: each command is whole, read from the stack, and taken by the command line."""

import json
from types import SimpleNamespace
from typing import Any, cast, get_args

import pytest

from doc_commands import calls_of, problem_of
from escalated import FLAT, LIMITS, N_MS, TABLE, history_of, hour_of
from quantscout.clock import iso, parse_hour, to_ms
from quantscout.escalation import find
from quantscout.escalation_message import build_escalation
from quantscout.escalation_models import Finding, History, Kind
from quantscout.evaluation_models import EvaluatedHour
from quantscout.evaluation_watch import load_history
from quantscout.factors import NAMES
from quantscout.frames import HOUR_MS
from written_reports import gem_of, report_of

KINDS = [kind for kind in get_args(Kind) if kind != "page"]
"""A page that was not written is found where it is written."""
FULL = dict.fromkeys(NAMES, FLAT)
GONE = {**FULL, "oi_change": [0] * 10 + [sum(FLAT)]}
WITH_COMMANDS: dict[Kind, list[str]] = {
    "precision": [f"quantscout kpis --table {TABLE}"],
    "drawdown": [f"quantscout kpis --table {TABLE}"],
    "loss": [f"quantscout kpis --table {TABLE}"],
    "input_drift": [
        "quantscout doctor",
        f"quantscout explain '币安人生USDT' --table {TABLE} --at {iso(N_MS - 3 * HOUR_MS)}",
    ],
    "repeated_coin": [f"quantscout explain SAME-USDT-PERP --table {TABLE} --at {iso(N_MS - 4 * HOUR_MS)}"],
    "improbable_score": [f"quantscout explain '币安人生USDT' --table {TABLE} --at {iso(N_MS - 3 * HOUR_MS)}"],
    "improbable_move": [],
}


def eventful() -> History:
    """Return a history in which there is everything to tell; the newest hours are without data."""
    hours = [
        hour_of(ago, hits=0 if ago < 168 else 3, net=-0.1 if ago < 168 else 0, norms=GONE if ago < 24 else FULL)
        for ago in range(500)
    ]
    hours[3] = _moved(hours[3])
    reports = [report_of("SAME", *"BCDE", hour=iso(N_MS - ago * HOUR_MS)) for ago in range(23, 3, -1)]
    wild = [gem_of(k, "币安人生" if k == 1 else f"X{k}", score=101.0 - k) for k in range(1, 6)]
    return history_of(hours, [*reports, report_of(hour=iso(N_MS - 3 * HOUR_MS), ranked_gems=wild)])


def _moved(hour: EvaluatedHour) -> EvaluatedHour:
    return hour.model_copy(update={"picks": [hour.picks[0].model_copy(update={"move_z": 99.0}), *hour.picks[1:]]})


def found() -> dict[Kind, Finding]:
    """Return a finding of each kind; of repeated coins the one in question."""
    findings = find(eventful(), LIMITS)
    return {one.kind: one for one in findings if one.kind != "repeated_coin" or one.key.startswith("SAME")}


def commands_of_mail(finding: Finding) -> list[str]:
    """Return the commands of the e-mail, each a line of its own."""
    mail: str = json.loads(build_escalation(finding, N_MS)["Message"])["email"]
    return [line for line in mail.splitlines() if line.startswith("quantscout ")]


def test_every_kind_is_found_in_an_eventful_history() -> None:
    """The history of these tests leaves nothing out."""
    assert sorted(found()) == sorted(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_has_its_commands_whole(kind: Kind) -> None:
    """Table and hour are in them, on one line; the coin is looked up in the newest hour that lists it."""
    assert commands_of_mail(found()[kind]) == WITH_COMMANDS[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_line_takes_the_commands(kind: Kind) -> None:
    """Each is parsed by the real application, and what it is asked about needs no run's folder."""
    for command in commands_of_mail(found()[kind]):
        (call,) = calls_of(command)
        assert problem_of(call) is None
        if "explain" in call:
            assert to_ms(parse_hour(call[call.index("--at") + 1])) > N_MS - 24 * HOUR_MS


def test_a_command_that_does_not_exist_would_be_seen() -> None:
    """The check of these tests has teeth."""
    assert problem_of(["quantscout", "explain", "PEPE", "--tables", "t"])
    assert problem_of(["quantscout", "kpi", "--table", "t"])


def test_the_table_is_the_one_that_is_read() -> None:
    """Nobody has to tell the function a second time where its state is."""

    def query(*_: object, **__: object) -> list[Any]:
        return []

    store = SimpleNamespace(table=SimpleNamespace(name="a-stack", query=query))
    history = load_history(cast("Any", store), N_MS, LIMITS)
    assert history.kpis_call() == "quantscout kpis --table a-stack"


def test_no_other_words_name_a_command() -> None:
    """A command inside a sentence would be cut by the mail's columns."""
    for finding in found().values():
        words = [line for line in finding.first_step.splitlines() if not line.startswith("quantscout ")]
        assert "quantscout" not in " ".join(words)


def test_a_program_reads_the_same_first_step() -> None:
    """The default body has the commands, too."""
    body = json.loads(json.loads(build_escalation(found()["loss"], N_MS)["Message"])["default"])
    assert body["first_step"].startswith(f"quantscout kpis --table {TABLE}\n")
