"""Record and replay: an hour over a small simulated market, calm, in a storm, and over a state."""

import asyncio
import json
import socket
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING

import boto3
import httpx
import polars as pl
import pytest
from moto import mock_aws
from taped import CANARY, Recorded, record, run_hour_plainly, storm
from world import table_definition

from quantscout import METHOD_VERSION
from quantscout.errors import InputError
from quantscout.store import Store
from quantscout.tape import Tape, digest
from quantscout_local.replay import Answers, compare, replay
from quantscout_local.resources import REGION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource


@pytest.fixture(scope="module")
def dynamodb() -> Iterator["DynamoDBServiceResource"]:
    """Return DynamoDB in memory."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield boto3.resource("dynamodb", region_name=REGION)


@pytest.fixture(scope="module")
def calm(dynamodb: "DynamoDBServiceResource") -> Recorded:
    """Return a recording of an undisturbed hour over an empty state."""
    return record(Store(dynamodb.create_table(TableName="calm", **table_definition())))


@pytest.fixture(scope="module")
def stormy(dynamodb: "DynamoDBServiceResource") -> Recorded:
    """Return a recording of the same hour with a third of the requests failing, and KuCoin's ban in the middle."""
    return record(Store(dynamodb.create_table(TableName="stormy", **table_definition())), storm)


@pytest.fixture(scope="module")
def hurried(dynamodb: "DynamoDBServiceResource") -> Recorded:
    """Return a recording of an hour in a storm whose time was over before everything was asked."""
    return record(Store(dynamodb.create_table(TableName="hurried", **table_definition())), storm, within_s=0.8)


@pytest.fixture(scope="module")
def later(dynamodb: "DynamoDBServiceResource") -> Recorded:
    """Return a recording of an hour over a state that an earlier run has left: its bars, supply, and report."""
    store = Store(dynamodb.create_table(TableName="later", **table_definition()))
    record(store)
    return record(store)


def altered(tape: Tape, **frames: pl.DataFrame) -> Tape:
    """Return the tape with other frames."""
    return tape._replace(frames=tape.frames | frames)


# ---------------------------------------------------------------- bit for bit


@pytest.mark.parametrize("which", ["calm", "stormy", "hurried", "later"])
def test_a_tape_replays_to_the_same_bytes(request: pytest.FixtureRequest, which: str) -> None:
    """The report is the same to the last byte, the time at which it was made included; nothing differs to be said."""
    recorded: Recorded = request.getfixturevalue(which)
    done = replay(recorded.tape)
    assert done.report.to_json() == recorded.report.to_json()
    assert (compare(recorded.tape, done.report), done.warnings) == ("", [])


@pytest.mark.parametrize("which", ["calm", "stormy", "hurried", "later"])
def test_a_tape_replays_to_the_same_universe(request: pytest.FixtureRequest, which: str) -> None:
    """Every contract has the fate and the figures that it had."""
    recorded: Recorded = request.getfixturevalue(which)
    assert replay(recorded.tape).universe.equals(recorded.universe)


def test_the_calm_hour_has_its_five(calm: Recorded) -> None:
    """The small market is worth a comparison."""
    assert (calm.report.status, len(calm.report.ranked_gems)) == ("ok", 5)


def test_the_storm_was_one(stormy: Recorded) -> None:
    """Retries, failures of every kind and a ban are in the report that has to be met again."""
    reasons = " ".join(error.reason for state in stormy.report.sources.values() for error in state.errors)
    assert all(fault in reasons for fault in ("timeout", "unavailable", "invalid_answer", "banned"))
    assert any("requests tried again" in warning for warning in stormy.report.warnings)
    assert len(stormy.report.ranked_gems) == 5


def test_the_hurried_hour_ran_out_of_time(hurried: Recorded) -> None:
    """Some requests were given up at the deadline, which no replay can meet by itself."""
    assert "deadline" in hurried.tape.frames["calls"]["fault"].to_list()


def test_a_replay_opens_no_connection(calm: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every connection forbidden the hour is the same."""

    def forbidden(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", forbidden)
    assert replay(calm.tape).report == calm.report


def test_a_recording_changes_nothing(dynamodb: "DynamoDBServiceResource", calm: Recorded) -> None:
    """The hour without a recorder has the same report but for the time at which it was made."""
    report = run_hour_plainly(Store(dynamodb.create_table(TableName="plain", **table_definition())))
    assert report.model_copy(update={"generated_at": calm.report.generated_at}) == calm.report


def test_the_state_is_on_the_tape(calm: Recorded, later: Recorded) -> None:
    """What the run read is there; an empty state is an empty frame."""
    assert {"bars", "supply", "report"} <= set(later.tape.frames["state"]["pk"].str.split("#").list.first())
    assert calm.tape.frames["state"].is_empty()


# ---------------------------------------------------------------- what is on it


def test_every_attempt_is_on_the_tape(stormy: Recorded) -> None:
    """One row per request that was sent, with its source, path, attempt and outcome."""
    attempts = stormy.tape.frames["attempts"]
    assert attempts.height == len(stormy.sent)
    assert attempts.filter(pl.col("status").is_null())["failure"].str.contains("ReadTimeout|ReadError").all()
    assert attempts.filter(pl.col("status") == 418).height > 0
    assert attempts["attempt"].max() == 6
    assert attempts.filter(pl.col("headers").str.contains("retry-after")).height > 0


def test_a_failed_attempt_keeps_its_body(stormy: Recorded) -> None:
    """What was no JSON is there as it came; the body of an answer is kept once, with the call."""
    bodies = stormy.tape.frames["attempts"].filter(pl.col("body").is_not_null())["body"].to_list()
    assert b"<html>\xff\x00" in bodies
    answered = stormy.tape.frames["calls"].filter(pl.col("body").is_not_null()).height
    assert (
        stormy.tape.frames["attempts"].filter(pl.col("body").is_null() & (pl.col("status") == 200)).height == answered
    )


def test_the_header_says_what_was_run(calm: Recorded) -> None:
    """Hour, configuration, sources that were on, and the digest of the report, readable with any unzip."""
    with zipfile.ZipFile(BytesIO(calm.file)) as archive:
        header, report = json.loads(archive.read("header.json")), archive.read("report.json").decode()
    assert (header["quantscout_tape"], header["hour"]) == (1, calm.report.hour)
    assert (header["config_hash"], header["report_sha256"]) == (calm.report.config_hash, digest(report))
    assert [*header["sources"]] == ["binance", "kucoin", "coinalyze", "coingecko"]
    assert report == calm.report.to_json()


def test_addresses_are_independent_of_the_host(calm: Recorded) -> None:
    """Calls are found by their path."""
    paths = calm.tape.frames["calls"]["path"]
    assert paths.str.starts_with("/").all()
    assert not paths.str.contains("simulator.test").any()


def test_no_key_is_on_the_tape(calm: Recorded, stormy: Recorded) -> None:
    """The keys were sent, and are in no part of the file, compressed or not."""
    assert any(CANARY in value for request in calm.sent for value in request.headers.values())
    for recorded in (calm, stormy):
        with zipfile.ZipFile(BytesIO(recorded.file)) as archive:
            parts = [recorded.file, *(archive.read(name) for name in archive.namelist())]
        parts += [frame.write_csv().encode() for frame in _texts(recorded.tape)]
        parts += [body for frame in recorded.tape.frames.values() for body in _bodies(frame)]
        assert not [part for part in parts if CANARY.encode() in part]


def _texts(tape: Tape) -> Iterator[pl.DataFrame]:
    return (frame.select(pl.exclude("body", "data")) for frame in tape.frames.values())


def _bodies(frame: pl.DataFrame) -> list[bytes]:
    return [body for name in ("body", "data") if name in frame.columns for body in frame[name].drop_nulls()]


# ---------------------------------------------------------------- what cannot be replayed


def test_a_request_that_is_not_on_the_tape_is_named(calm: Recorded) -> None:
    """The replay ends with source, path and query of what it was asked."""
    fewer = calm.tape.frames["calls"].filter(~pl.col("query").str.contains("symbol=BTCUSDT"))
    with pytest.raises(
        InputError, match=r"not on the tape: binance GET /fapi/v1/klines\?.*symbol=BTCUSDT.*time number 1"
    ):
        replay(altered(calm.tape, calls=fewer))


def test_what_goes_past_the_tape_is_refused(calm: Recorded) -> None:
    """Even a request that no call asked for reaches no network."""

    async def ask() -> None:
        async with httpx.AsyncClient(transport=Answers(calm.tape).transport("binance")) as client:
            await client.get("https://fapi.binance.com/fapi/v1/time?a=1")

    with pytest.raises(InputError, match=r"not on the tape: binance GET /fapi/v1/time\?a=1"):
        asyncio.run(ask())


def test_another_method_is_warned_of(calm: Recorded) -> None:
    """The hour is computed all the same, and a line says that its numbers may differ."""
    older = calm.tape._replace(header=calm.tape.header.model_copy(update={"method_version": "0.9.0"}))
    done = replay(older)
    assert done.warnings == [f"the tape was made by method 0.9.0, this is {METHOD_VERSION}: the numbers may differ"]
    assert done.report == calm.report


def test_other_tables_are_warned_of(calm: Recorded) -> None:
    """The same method with other thresholds in its tables is told by the configuration's digest."""
    other = calm.tape._replace(header=calm.tape.header.model_copy(update={"config_hash": "0" * 12}))
    assert "configuration 000000000000" in replay(other).warnings[0]


def test_readings_that_are_not_on_the_tape_are_said(calm: Recorded) -> None:
    """A story that reads the clock more often gets the latest time, and the replay says so."""
    done = replay(altered(calm.tape, moments=calm.tape.frames["moments"].head(2)))
    assert "readings of the clock are not on the tape" in done.warnings[0]


def test_a_difference_is_named(calm: Recorded) -> None:
    """The first field that differs is told with both values."""
    other = calm.report.model_copy(update={"warnings": ["something else"]})
    assert compare(calm.tape, other).startswith('warnings.0: "binance: simulated')
    assert compare(calm.tape, other).endswith('became "something else"')
