"""The six metrics: as CloudWatch wants them, when they are written, and what they say."""

import json
from datetime import timedelta

import boto3
import jsonschema
import pytest
from fake_market import NOON, NOON_MS
from loaded import NAMESPACE, Told, call, load
from world import World

from quantscout.backfill import Filled
from quantscout.errors import SourceError
from quantscout.measures import (
    UNITS,
    measure_backfill,
)
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


def test_the_retry_of_a_run_that_died_after_its_hour_was_out_counts_it(
    world: World, monkeypatch: Patch, capsys: Capsys
) -> None:
    """The first one marks the hour published and is gone; nobody else would say that it was."""
    module = load("screen", world, monkeypatch)
    whole = module.STORE.spent
    monkeypatch.setattr(module.STORE, "spent", lambda: 1 / 0)  # what the handler does next
    first = call(module, capsys)
    assert (isinstance(first.error, ZeroDivisionError), check(first)) == (True, {})
    monkeypatch.setattr(module.STORE, "spent", whole)
    values = check(call(module, capsys))
    assert (values["PublishedHours"], values["DataAgeSeconds"]) == (1.0, 0.0)
    assert "OpenBreakers" not in values  # it asked nobody


def test_an_old_hour_that_is_delivered_again_measures_nothing(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """Whoever repeats yesterday's hour must not silence the alarm about this one."""
    module = load("screen", world, monkeypatch)
    call(module, capsys)
    world.clock.at = NOON + timedelta(minutes=59)
    assert check(call(module, capsys))["PublishedHours"] == 1.0
    world.clock.at = NOON + timedelta(hours=1)
    assert call(module, capsys).metrics == []


def test_a_hour_that_is_finished_later_is_counted_then(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """SNS took nothing at first: nothing is published; its delivery again publishes the stored report."""
    module = load("screen", world, monkeypatch)
    sns = boto3.client("sns", region_name=REGION)
    sns.delete_topic(TopicArn=module.TOPICS.report)
    first = call(module, capsys)
    assert (check(first), first.error is None) == ({}, False)
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
    assert check(first) == {"BackfillRemaining": float(remaining)}
    assert check(call(module, capsys))["BackfillRemaining"] == 0.0


def test_a_metric_that_fails_costs_no_report(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """Without a namespace Powertools refuses: the hour is out, and a line says what is missing."""
    module = load("screen", world, monkeypatch)
    monkeypatch.delenv("POWERTOOLS_METRICS_NAMESPACE")
    told = call(module, capsys)
    assert told.answer["message_id"]
    assert told.metrics == []
    assert told.line("the run was not fully told")["exception_name"] == "SchemaValidationError"


def test_what_remains_is_the_venues_sum() -> None:
    """Contracts, not requests."""
    filled = [Filled(name, 9, 5, 100, left, "", 0) for name, left in (("binance", 3), ("kucoin", 4))]
    assert measure_backfill(filled) == {"BackfillRemaining": 7.0}
