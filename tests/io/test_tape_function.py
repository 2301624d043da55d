"""The screen function and its tape: where it goes, and that nothing about it loses the hour."""

from collections.abc import Iterator
from io import BytesIO

import boto3
import pytest
from test_functions import Load, call, load, published, topics  # noqa: F401 - fixtures of the functions' own tests
from world import World

from quantscout.tape import parse_tape
from quantscout_local.resources import REGION

APART = {"POWERTOOLS_SERVICE_NAME": "tape"}  # loggers live as long as the process: others want theirs fresh


@pytest.fixture
def bucket(world: World) -> Iterator[str]:
    """Return a bucket."""
    s3 = boto3.resource("s3", region_name=REGION)
    bucket = s3.create_bucket(Bucket="tapes-of-mine")
    yield bucket.name
    bucket.objects.delete()
    bucket.delete()


def test_a_run_leaves_its_tape_in_the_bucket(load: Load, bucket: str) -> None:  # noqa: F811
    """The answer names the key, and the object there is a tape of this report."""
    answer = call(load("screen", **APART, TAPE_BUCKET=bucket))
    assert answer["tape"].startswith("tapes/2026-03-01T12/20260301T1200")
    stored = boto3.client("s3", region_name=REGION).get_object(Bucket=bucket, Key=answer["tape"])
    with stored["Body"] as body:
        file = BytesIO(body.read())
    assert parse_tape(file, answer["tape"]).header.hour == "2026-03-01T12:00:00Z"


def test_a_bucket_that_fails_does_not_lose_the_hour(load: Load, topics: dict[str, str]) -> None:  # noqa: F811
    """The five are published, and the answer says why there is no tape."""
    answer = call(load("screen", **APART, TAPE_BUCKET="there-is-no-such-bucket"))
    assert (answer["status"], answer["tape"]) == ("ok", None)
    assert "NoSuchBucket" in answer["tape_problem"]
    assert len(published(topics["report"])) == 1


def test_a_tape_that_cannot_be_made_does_not_lose_the_hour(
    load: Load,  # noqa: F811
    topics: dict[str, str],  # noqa: F811
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever goes wrong after the message is out is told, not raised: a retry would publish again."""

    def broken(*_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr("quantscout.recording.write_tape", broken)
    answer = call(load("screen", **APART, TAPE_BUCKET=bucket))
    assert answer["tape_problem"] == "ValueError: a bug"
    assert len(published(topics["report"])) == 1


def test_without_a_bucket_there_is_no_tape(load: Load) -> None:  # noqa: F811
    """Switched off is neither a tape nor a problem."""
    answer = call(load("screen", **APART, TAPE_BUCKET=""))
    assert (answer["tape"], answer["tape_problem"]) == (None, "")
