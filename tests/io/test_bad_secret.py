"""A secret that cannot be read or used costs no hour: the two sources that want a key are off, and it is said why."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from fake_market import NOON, NOON_MS
from loaded import call, load, opening
from taped import record
from world import World

from quantscout.message import build_email
from quantscout.models import Report
from quantscout.secrets import SourceKeys
from quantscout.sources import NO_KEY, Sources, open_sources
from quantscout.store import Store
from quantscout_local.handlers import forget_clients
from quantscout_local.replay import replay
from quantscout_local.resources import REGION

NAME, KEY = "mistyped-keys", "a-key-that-nobody-may-see"
BAD_HEADER = "is malformed (coingecko_api_key has characters that no header can carry)"
BAD = {
    f'{{"coinalyze_api_key": "{KEY}"x", "coingecko_api_key": "{KEY}"}}': "is malformed (no JSON)",
    f'{{"coinalyze_api_key": ["{KEY}"]}}': "is malformed (coinalyze_api_key is no text)",
    f'{{"coingecko_api_key": "{KEY}\\n"x}}': "is malformed (no JSON)",
    f'{{"coingecko_api_key": "{KEY}\\u00e9"}}': BAD_HEADER,
    "": "cannot be read (ResourceNotFoundException)",
}
Capsys = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


def store(text: str) -> None:
    """Put another text into the secret."""
    boto3.client("secretsmanager", region_name=REGION).put_secret_value(SecretId=NAME, SecretString=text)


@pytest.fixture(params=BAD, ids=range(len(BAD)))
def problem(request: pytest.FixtureRequest, world: World) -> Iterator[str]:
    """Return what is wrong with the secret: of each bad text, and where it holds none."""
    client = boto3.client("secretsmanager", region_name=REGION)
    client.create_secret(Name=NAME, **({"SecretString": request.param} if request.param else {}))
    forget_clients()
    yield BAD[request.param]
    client.delete_secret(SecretId=NAME, ForceDeleteWithoutRecovery=True)
    forget_clients()


def report_of(world: World) -> Report:
    """Return the hour's report."""
    report = world.store.load_report(NOON_MS)
    assert report is not None
    return report


def test_the_hour_is_published(world: World, problem: str, monkeypatch: Patch, capsys: Capsys) -> None:
    """With its five, without any key; the report says of both sources why they are off."""
    seen: list[SourceKeys] = []
    told = call(load("screen", world, monkeypatch, opening(world, seen), SOURCE_KEYS_SECRET_ID=NAME), capsys)
    assert (told.error, told.answer["delivery"], len(told.answer["picks"])) == (None, "published", 5)
    assert seen == [SourceKeys()]
    report, note = report_of(world), f"switched off: the secret {problem}"
    assert {(report.sources[name].ok, report.sources[name].note) for name in ("coinalyze", "coingecko")} == {
        (False, note)
    }
    assert {f"coinalyze is out: {note}", f"coingecko is out: {note}"} <= {*report.warnings}


def test_the_log_names_the_secret_and_what_is_wrong(
    world: World, problem: str, monkeypatch: Patch, capsys: Capsys
) -> None:
    """A warning of its own, and one per source that is out for it."""
    told = call(load("screen", world, monkeypatch, SOURCE_KEYS_SECRET_ID=NAME), capsys)
    line = told.line("the keys cannot be used")
    assert (line["level"], line["secret_id"], line["problem"]) == ("WARNING", NAME, problem)
    out = {line["source"]: line["note"] for line in told.lines if line["message"] == "source out"}
    assert out == dict.fromkeys(("coinalyze", "coingecko"), f"switched off: the secret {problem}")


def test_nothing_of_the_value_is_told(world: World, problem: str, monkeypatch: Patch, capsys: Capsys) -> None:
    """Neither in the log, nor in report, message and run record."""
    told = call(load("screen", world, monkeypatch, SOURCE_KEYS_SECRET_ID=NAME), capsys)
    record = world.store.table.get("run", "2026-03-01T12")
    everything = told.text + report_of(world).to_json() + build_email(report_of(world)) + repr(record)
    assert problem in everything
    assert KEY not in everything
    assert KEY[:12] not in everything


@pytest.mark.usefixtures("problem")
def test_the_next_hour_has_the_mended_keys(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """Nothing of the bad secret is kept: the next invocation of the same process reads it anew."""
    seen: list[SourceKeys] = []
    module = load("screen", world, monkeypatch, opening(world, seen), SOURCE_KEYS_SECRET_ID=NAME)
    call(module, capsys)
    store(json.dumps({"coinalyze_api_key": KEY}))
    world.clock.at = NOON + timedelta(hours=1, seconds=10)
    told = call(module, capsys, {"at": "2026-03-01T13:00:00Z"})
    assert "the keys cannot be used" not in {line["message"] for line in told.lines}
    assert [keys.coinalyze_api_key.get_secret_value() for keys in seen] == ["", KEY]


@pytest.mark.parametrize("why", [NO_KEY, "switched off: the secret is malformed (no JSON)"], ids=["none", "bad"])
def test_an_hour_without_keys_is_repeated_from_its_tape(why: str, store: Store, monkeypatch: Patch) -> None:
    """What was wrong with the secret is in the report, and the tape knows no other place of it."""

    @asynccontextmanager
    async def without(environment: Any, _: SourceKeys, *rest: Any) -> AsyncIterator[Sources]:
        async with open_sources(environment, SourceKeys(), *rest) as sources:
            yield replace(sources, no_key=why)

    monkeypatch.setattr("taped.open_sources", without)
    tape = record(store).tape
    report = replay(tape).report
    assert report.sources["coinalyze"].note == why
    assert report.to_json() == tape.report
