"""The six metrics: as CloudWatch wants them, when they are written, and what they say."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import boto3
import jsonschema
import pytest
from fake_market import NOON, NOON_MS
from loaded import NAMESPACE, Told, call, load
from world import World

from quantscout.backfill import Filled
from quantscout.delivery import Delivered, Ending
from quantscout.errors import SourceError
from quantscout.frames import HOUR_MS
from quantscout.http import SourceClient
from quantscout.ledger import Record
from quantscout.limits import build_budgets
from quantscout.measures import LOOK_BACK_H, UNITS, breaker_of, measure_backfill, measure_delivery
from quantscout.models import Report
from quantscout.sources import Sources
from quantscout_local.resources import REGION

Capsys = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
NAME = {"type": "string", "minLength": 1, "maxLength": 255}
EMF = {
    "type": "object",
    "required": ["_aws", "service"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer", "minimum": 1_600_000_000_000},
                "CloudWatchMetrics": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "additionalProperties": False,
                        "properties": {
                            "Namespace": {"const": NAMESPACE},
                            "Dimensions": {"const": [["service"]]},
                            "Metrics": {
                                "type": "array",
                                "minItems": 1,
                                "maxItems": 10,
                                "uniqueItems": True,
                                "items": {
                                    "type": "object",
                                    "required": ["Name", "Unit"],
                                    "additionalProperties": False,
                                    "properties": {
                                        "Name": {"enum": list(UNITS)},
                                        "Unit": {"enum": ["Count", "Seconds", "Percent"]},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
        "service": NAME,
    },
    "patternProperties": {f"^({'|'.join(UNITS)})$": {"type": "array", "items": {"type": "number"}, "maxItems": 1}},
    "additionalProperties": False,
}
"""CloudWatch's specification of the embedded metric format, narrowed to what is ours (no further member at all)."""


def check(told: Told) -> dict[str, float]:
    """Return an invocation's metrics after holding them against the specification."""
    for row in told.metrics:
        jsonschema.Draft202012Validator(EMF).validate(row)
        for each in row["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
            assert each["Name"] in row
            assert each["Unit"] == UNITS[each["Name"]].value
    return told.values()


def test_six_metrics_in_all() -> None:
    """An alarm or a graph refers to a name: these are all."""
    assert {name: unit.value for name, unit in UNITS.items()} == {
        "PublishedHours": "Count",
        "DataAgeSeconds": "Seconds",
        "ContractsWithDataPercent": "Percent",
        "RankedContracts": "Count",
        "OpenBreakers": "Count",
        "BackfillRemaining": "Count",
    }


def test_a_published_hour_measures_itself(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """One line of EMF; the figures are the report's."""
    told = call(load("screen", world, monkeypatch), capsys)
    report = world.store.load_report(NOON_MS)
    assert report is not None
    share = 100 * report.funnel.with_data / report.funnel.eligible
    assert check(told) == {
        "PublishedHours": 1.0,
        "DataAgeSeconds": 0.0,
        "ContractsWithDataPercent": pytest.approx(share),
        "RankedContracts": float(report.funnel.ranked),
        "OpenBreakers": 0.0,
    }
    assert len(told.metrics) == 1


def test_the_only_dimension_is_the_stack(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """Its value is the service's name, and no contract is in the line at all."""
    told = call(load("screen", world, monkeypatch, POWERTOOLS_SERVICE_NAME="one-stack"), capsys)
    (row,) = told.metrics
    assert row["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]
    assert row["service"] == "one-stack"
    assert "USDT" not in json.dumps(row)


def test_an_hour_without_data_is_a_zero(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """The dead-man's alarm wants a number that is too low, too."""
    for venue in world.venues:
        venue.out = SourceError("binance", "unavailable", "refused")
    values = check(call(load("screen", world, monkeypatch), capsys))
    assert values == {
        "PublishedHours": 0.0,
        "ContractsWithDataPercent": 0.0,
        "RankedContracts": 0.0,
        "OpenBreakers": 0.0,
    }


def test_a_second_delivery_measures_nothing(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """The hour was counted once."""
    module = load("screen", world, monkeypatch)
    call(module, capsys)
    assert call(module, capsys).metrics == []


def test_a_hour_that_is_finished_later_is_counted_then(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """SNS took nothing at first: nothing is published; its delivery again publishes the stored report."""
    module = load("screen", world, monkeypatch)
    sns = boto3.client("sns", region_name=REGION)
    sns.delete_topic(TopicArn=module.TOPICS.report)
    first = call(module, capsys)
    assert (check(first), first.error is None) == ({"OpenBreakers": 0.0}, False)
    sns.create_topic(Name="report")
    assert check(call(module, capsys))["PublishedHours"] == 1.0


def test_metrics_of_one_invocation_are_not_the_next_ones(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """A warm process begins anew: one value each."""
    module = load("screen", world, monkeypatch)
    call(module, capsys)
    world.clock.at = NOON + timedelta(hours=1, seconds=10)
    told = call(module, capsys, {"at": "2026-03-01T13:00:00Z"})
    assert check(told)["PublishedHours"] == 1.0


def test_a_backfill_measures_what_remains(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """Contracts of both venues; none at the end."""
    module = load("backfill", world, monkeypatch)
    first = call(module, capsys, timeout_s=20)
    remaining = sum(venue["remaining"] for venue in first.answer["venues"])
    assert check(first) == {"BackfillRemaining": float(remaining), "OpenBreakers": 0.0}
    assert check(call(module, capsys))["BackfillRemaining"] == 0.0


def make_client(source: str) -> SourceClient:
    """Return a client that is never asked."""
    return SourceClient(source, "https://nowhere.invalid", build_budgets({"default": (1, 1)}, 1.0, lambda: 0.0))


@pytest.mark.parametrize("verb", ["screen", "backfill"])
def test_breakers_are_told_also_when_the_run_fails(verb: str, world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """An exception leaves the handler, and the banned source is counted nevertheless."""
    client = make_client("binance")
    client.leave_alone(world.clock.now().timestamp() + 60, "banned")

    @asynccontextmanager
    async def with_ban(*_: object) -> AsyncIterator[Sources]:
        yield Sources(world.venues, clients=(client,))

    module = load(verb, world, monkeypatch, with_ban)
    monkeypatch.setattr(module.STORE, "load_breakers", lambda _: 1 / 0)
    told = call(module, capsys)
    assert isinstance(told.error, ZeroDivisionError)
    assert check(told) == {"OpenBreakers": 1.0}
    assert told.line("run failed")["sources"] == {"binance": {"requests": 0, "retried": {}, "breaker": "banned"}}


def test_a_breaker_is_open_while_nothing_is_sent() -> None:
    """A ban until its time; a refusal of the place for the rest of the run."""
    client = make_client("kucoin")
    assert not breaker_of(client, 100.0)
    client.leave_alone(101.0, "418")
    assert (breaker_of(client, 100.0), breaker_of(client, 101.0)) == ("banned", "")
    client.refusal = SourceError("kucoin", "blocked_region", "451")
    assert breaker_of(client, 101.0) == "blocked_region"


def test_a_metric_that_fails_costs_no_report(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """Without a namespace Powertools refuses: the hour is out, and a line says what is missing."""
    module = load("screen", world, monkeypatch)
    monkeypatch.delenv("POWERTOOLS_METRICS_NAMESPACE")
    told = call(module, capsys)
    assert told.answer["message_id"]
    assert told.metrics == []
    assert told.line("the run was not fully told")["exception_name"] == "SchemaValidationError"


def _report(world: World) -> Report:
    world.screen()
    report = world.store.load_report(NOON_MS)
    assert report is not None
    return report


def _with_age(report: Report, **ages_s: int | None) -> Report:
    """Return the report with other ages; a venue without one is out."""
    sources = {
        name: state.model_copy(update={"data_age_s": ages_s[name], "ok": ages_s[name] is not None})
        if name in ages_s
        else state
        for name, state in report.sources.items()
    }
    return report.model_copy(update={"sources": sources})


def _delivered(report: Report, ending: Ending = "published") -> Delivered:
    record = Record(NOON_MS, "published", 1, "me", 0, 0, {"claimed": 0}, report.status, None, "sent", "")
    return Delivered(ending, record, report)


@pytest.mark.parametrize(
    ("now", "before", "age_s"),
    [
        ({"binance": 0, "kucoin": 3_600}, [], 3_600),
        ({"binance": 0, "kucoin": None}, [], 0),
        ({"binance": 0, "kucoin": None}, [0], 3_600),
        ({"binance": 0, "kucoin": None}, [None, 7_200], 14_400),
        ({"binance": 0, "kucoin": None}, [None, None], 7_200),
        ({"binance": 0, "kucoin": None}, [None] * 50, LOOK_BACK_H * 3_600),
        ({"binance": None, "kucoin": None}, [], None),
    ],
)
def test_the_worst_venue_gives_the_age(
    world: World, now: dict[str, int | None], before: list[int | None], age_s: int | None
) -> None:
    """One that is out ages from report to report; where no report knows it, it is left out, and never zero."""
    report = _report(world)
    past = {NOON_MS - (n + 1) * HOUR_MS: _with_age(report, kucoin=age) for n, age in enumerate(before)}
    asked: list[int] = []

    def load_report(hour_ms: int) -> Report | None:
        asked.append(hour_ms)
        return past.get(hour_ms)

    values = measure_delivery(_delivered(_with_age(report, **now)), load_report)
    assert values.get("DataAgeSeconds") == age_s
    assert len(asked) <= 2 * LOOK_BACK_H


@pytest.mark.parametrize("ending", ["finished", "stood_back"])
def test_who_did_not_finish_the_hour_measures_nothing(world: World, ending: Ending) -> None:
    """The one who did has told it."""
    assert measure_delivery(_delivered(_report(world), ending=ending), lambda _: None) == {}


def test_what_remains_is_the_venues_sum() -> None:
    """Contracts, not requests."""
    filled = [Filled(name, 9, 5, 100, left, "", 0) for name, left in (("binance", 3), ("kucoin", 4))]
    assert measure_backfill(filled) == {"BackfillRemaining": 7.0}
