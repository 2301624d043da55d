"""A canary key in the secret, sources that give it away, runs that fail: it is nowhere, byte by byte.

Real handlers in processes of their own, over sockets; the search reads logs, answers, errors, table, bucket, queues and
files, and is shown to find a key in each of them.
"""

import io
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest
from canary import Places, search, shapes
from canary_scene import AGAIN, EVENT, KEYS, SETTINGS, VENUE_FAULTS, Ended, Scene
from hostile import FINAL, PASSING, standing

from quantscout.clock import to_ms
from quantscout.store import Store
from quantscout_local.hour import EMBEDDED_HOUR
from quantscout_local.resources import session
from quantscout_local.servers import Server
from quantscout_local.stack import LocalStack

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """Return the scene, with nothing run yet."""
    command = ["quantscout_local.simulator", "--at", "2026-11-01T12:00:00Z", "--port", "0", "--exit-with-stdin"]
    with (
        tempfile.TemporaryDirectory() as name,
        tempfile.TemporaryDirectory() as logs,
        Server("venues", command, Path(logs)) as venues,
        LocalStack(live=True, keys=KEYS, settings_json=SETTINGS) as stack,
        standing((announced := venues.wait_ready())["url"]) as hostile,
    ):
        yield Scene(stack, hostile, announced, Path(name))


class Played(NamedTuple):
    """What came of the runs, and all that they left."""

    ended: dict[str, Ended]
    report: Any
    doctor: str
    struck: dict[str, int]
    places: Places


@pytest.fixture(scope="module")
def played(scene: Scene) -> Played:
    """Play every run once and gather what they left."""
    ended = {"backfill": scene.invoke("backfill", "backfill", EVENT)}
    scene.arm(VENUE_FAULTS)
    scene.hostile.follow([*PASSING, *FINAL])
    ended["no topic"] = scene.invoke("no-topic", "screen", EVENT, REPORT_TOPIC_ARN="arn:aws:sns:us-east-1:1:none")
    ended["screen"] = scene.invoke("screen", "screen", EVENT)  # goes on from the report that is stored
    report = Store(scene.stack.table).load_report(to_ms(EMBEDDED_HOUR))
    scene.write_out()
    scene.hostile.follow(["good", "illegal_header", "echo_429", "good", "wrong_shape_200", "malformed_200"])
    ended["by turns"] = scene.invoke("by-turns", "screen", AGAIN)
    scene.hostile.follow(["echo_403", "echo_403_json"])
    ended["firewall"] = scene.invoke("firewall", "screen", AGAIN)
    ended["unforeseen"] = scene.invoke("unforeseen", "screen", AGAIN, "planted")
    scene.arm([{"kind": "reset"}])
    ended["venues out"] = scene.invoke("venues-out", "backfill", {"at": "2026-11-01T11:00:00Z"})
    scene.arm([])
    scene.hostile.follow(["echo_401"])
    doctor = scene.doctor("doctor", "--json")
    return Played(ended, report, doctor, dict(scene.hostile.struck), scene.places())


def test_no_key_is_anywhere(played: Played) -> None:
    """Logs, answers, errors, table, tapes, universes, messages, the failure queue, files, the doctor."""
    assert search(played.places, *KEYS.values()) == []


def test_every_kind_of_place_was_searched(played: Played) -> None:
    """The runs left something everywhere, or the search would have proven nothing."""
    names = "\n".join(played.places)
    for part in (
        *("screen.stdout", "screen.stderr", "unforeseen.stderr", "doctor.stdout", "out/report.json", "out/email.txt"),
        *("table report/", "table run/", "table universe/", "table backfilled_days#", "columns", "queue failures"),
        *(".qst calls/", ".qst attempts/", ".qst state/", ".parquet column", "body", "queue quantscout"),
    ):
        assert part in names
    assert len(played.places) > 300
    assert sum(map(len, played.places.values())) > 1_000_000


def test_the_sources_gave_the_key_away_in_every_way(played: Played) -> None:
    """Each mode struck, and the report names what came of it without the key."""
    assert set(played.struck) >= {*FINAL, *PASSING, "good", "echo_403", "echo_403_json"}
    text = played.report.to_json()
    assert "***" in text
    assert [played.report.sources[name].ok for name in ("coinalyze", "coingecko")] == [False, False]


def test_the_runs_ended_as_they_should(played: Played) -> None:
    """Keyed sources cost no hour; three runs failed, each for its own reason."""
    status = {name: ended.status for name, ended in played.ended.items()}
    assert status == {
        **dict.fromkeys(("backfill", "screen", "by turns", "firewall"), 0),
        **dict.fromkeys(("unforeseen", "no topic", "venues out"), 1),
    }
    assert played.ended["screen"].said["status"] in {"ok", "low_confidence"}
    assert {name: played.ended[name].said["errorType"] for name in ("unforeseen", "no topic", "venues out")} == {
        "unforeseen": "RuntimeError",
        "no topic": "DeliveryError",
        "venues out": "SourceError",
    }


def test_an_unforeseen_error_keeps_its_use(played: Played) -> None:
    """The key is gone from it, the place where it happened is not; and its hour is on its line."""
    error = played.ended["unforeseen"].said
    assert error["errorMessage"].startswith("cannot read the answer to Headers(")
    assert "in echoing" in "".join(error["stackTrace"])
    log = played.places["file unforeseen.stderr"].decode()
    assert "InvalidURL" in log
    (line,) = (
        json.loads(each) for each in played.places["file unforeseen.stdout"].splitlines() if b"run failed" in each
    )
    assert (line["correlation_id"], line["error_type"]) == ("2026-11-01T12:00:00Z", "RuntimeError")


def test_the_libraries_told_nothing(played: Played) -> None:
    """With the root at DEBUG there is no line of a request in the error output."""
    for name in ("screen", "unforeseen", "backfill"):
        log = played.places[f"file {name}.stderr"].decode()
        assert not [
            line for line in log.splitlines() if line.startswith(("DEBUG:botocore", "DEBUG:http", "INFO:httpx"))
        ]


def test_the_doctor_names_the_bad_keys(played: Played) -> None:
    """Both are refused, and the venues are well."""
    found = {each["name"]: each["key"] for each in json.loads(played.doctor)["sources"]}
    assert (found["coinalyze"], found["coingecko"]) == ("refused", "refused")
    assert "*** is no valid key" in played.doctor


@pytest.mark.parametrize("shape", list(shapes("x" * 12)))
def test_the_search_finds_every_shape(shape: str) -> None:
    """Somewhere in the middle of a line."""
    key = KEYS["coinalyze_api_key"]
    assert search({"here": b'{"a": "' + shapes(key)[shape] + b'"}'}, key)


def _put_item(scene: Scene, **attributes: Any) -> None:
    scene.stack.table.put_item(Item={"pk": "planted", "sk": "0", **attributes})


def _blob(key: str) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame({"a": ["x" * 500, key] * 50}).write_ipc(buffer, compression="zstd")
    return buffer.getvalue()


def _parquet(key: str) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame({"a": [{"b": [key] * 50}]}).write_parquet(buffer)
    return buffer.getvalue()


def _tape(key: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", key)
        archive.writestr("calls/000.arrow", _blob(key))
    return buffer.getvalue()


def _put_object(scene: Scene, name: str, data: bytes) -> None:
    bucket = scene.stack.environment("screen")["TAPE_BUCKET"]
    s3 = session().client("s3", endpoint_url=scene.stack.aws_url)
    s3.put_object(Bucket=bucket, Key=name, Body=data)
    s3.close()


def _tell(scene: Scene, topic: str, key: str) -> None:
    sns = session().client("sns", endpoint_url=scene.stack.aws_url)
    sns.publish(TopicArn=scene.stack.environment("screen")[topic], Message=json.dumps({"a": key}))
    sns.close()


def _fail(scene: Scene, key: str) -> None:
    body = json.dumps({"responsePayload": {"errorMessage": json.dumps({"said": key})}})
    scene.tell_failure(body)


def test_the_search_finds_a_leak_in_every_kind_of_place(played: Played, scene: Scene) -> None:
    """One is planted in each of them afterwards, and each is found under its own name."""
    del played  # what it searched was clean
    key = "planted/Lk+77=\"w\\x' &y"
    _put_item(scene, text=f"a {key}", data=_blob(key), nested={"a": [key]})
    _put_object(scene, "planted.parquet", _parquet(key))
    _put_object(scene, "planted.qst", _tape(key))
    _tell(scene, "REPORT_TOPIC_ARN", key)
    _tell(scene, "ALARM_TOPIC_ARN", key)
    _fail(scene, key)
    (scene.folder / "planted.stderr").write_text(f"error: {key!r}")
    (scene.folder / "planted.bin").write_bytes(_blob(key))
    found = "\n".join(search(scene.places(), key))
    for place in (
        *(
            "table planted/0 text",
            "table planted/0 data column a",
            "table planted/0 nested",
            "planted.parquet column a",
        ),
        *("planted.qst header.json", "planted.qst calls/000.arrow column a", "planted.stderr", "planted.bin column a"),
        *("queue failures", "ReportTopic", "AlarmTopic"),
    ):
        assert place in found


def test_the_search_is_by_bytes_of_every_place() -> None:
    """A hundred places, one of them bad: that one is named."""
    places = {f"place {n}": os.urandom(1_000) for n in range(100)}
    places["place 42"] += KEYS["coingecko_api_key"].encode()
    assert search(places, *KEYS.values())[0].startswith("place 42: key 1, plain")
