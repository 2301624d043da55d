"""The file of a tape: written and read again, and every way to spoil it is one clear line."""

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import boto3
import pytest
from moto import mock_aws
from taped import Recorded, record
from world import table_definition

from quantscout.errors import InputError
from quantscout.store import Store
from quantscout.tape import FRAMES, Tape, parse_tape, write_tape
from quantscout_local.replay import replay
from quantscout_local.resources import REGION


@pytest.fixture(scope="module")
def calm() -> Iterator[Recorded]:
    """Return a recording of an undisturbed hour over an empty state."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        dynamodb = boto3.resource("dynamodb", region_name=REGION)
        yield record(Store(dynamodb.create_table(TableName="calm", **table_definition())))


def packed(tape: Tape, **header: Any) -> bytes:
    """Return a tape as a file, with other words in its header."""
    file = BytesIO()
    write_tape(file, tape.header.model_copy(update=header), tape.report, tape.frames.items())
    return file.getvalue()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda _: b"", "a.qst is no tape"),
        (lambda file: b"PAR1" + file, "a.qst is no tape"),
        (lambda file: file[: len(file) // 2], "a.qst is truncated or damaged .*fetch it again"),
        (lambda file: file[:-5], "a.qst is truncated or damaged"),
        (lambda file: file[:60_000] + b"\x00\x01\x02" + file[60_003:], "a.qst is truncated or damaged"),
    ],
)
def test_a_spoilt_file_is_one_clear_line(calm: Recorded, spoil: Any, said: str) -> None:
    """Empty, something else, cut off, damaged: each is said for what it is."""
    with pytest.raises(InputError, match=said) as caught:
        parse_tape(BytesIO(spoil(calm.file)), "a.qst")
    assert "\n" not in str(caught.value)


def test_an_archive_that_is_no_tape_is_said(calm: Recorded) -> None:
    """Any zip file begins like a tape."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("header.json", '{"a": 1}')
    file.seek(0)
    with pytest.raises(InputError, match=r"a\.zip is no tape"):
        parse_tape(file, "a.zip")


def test_another_format_is_said(calm: Recorded) -> None:
    """A later version's tape names the version that reads it."""
    later_format = packed(calm.tape, quantscout_tape=2, package_version="9.1")
    with pytest.raises(
        InputError, match=r"the tape a.qst has format 2, this version reads 1: replay it with QuantScout 9.1"
    ):
        parse_tape(BytesIO(later_format), "a.qst")


@pytest.mark.parametrize("kind", FRAMES)
def test_a_part_that_is_missing_is_said(calm: Recorded, kind: str) -> None:
    """A tape without one of its frames cannot be used."""
    file = BytesIO()
    write_tape(file, calm.tape.header, calm.tape.report, [(k, f) for k, f in calm.tape.frames.items() if k != kind])
    with pytest.raises(InputError, match="lacks something that this version reads"):
        parse_tape(BytesIO(file.getvalue()), "a.qst")


def test_settings_that_are_gone_are_named(calm: Recorded) -> None:
    """A tape made with a setting that this version does not know says which."""
    header = calm.tape.header.model_copy(update={"settings_json": '{"history_hours": 5}'})
    with pytest.raises(InputError, match="history_hours"):
        replay(calm.tape._replace(header=header))


def test_a_tape_is_read_as_it_was_written(calm: Recorded) -> None:
    """Frames, header and report survive the file."""
    again = parse_tape(BytesIO(packed(calm.tape)), "a.qst")
    assert (again.header, again.report) == (calm.tape.header, calm.tape.report)
    assert all(again.frames[kind].equals(calm.tape.frames[kind]) for kind in FRAMES)
