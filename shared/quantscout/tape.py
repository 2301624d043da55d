"""The tape: all that one run asked and was answered, and what it knew before, in one file (docs/tape.md).

A zip archive: header.json, report.json, and frames in blocks (calls/000.arrow, ...: Arrow IPC with zstd, stored as is).
"""

import hashlib
import io
import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO, Final, Literal, NamedTuple, Protocol
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import httpx
import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from quantscout import METHOD_VERSION, __version__
from quantscout.clock import hour_key, parse_hour, to_ms
from quantscout.errors import DeliveryError, InputError, first_fault
from quantscout.frames import Schema
from quantscout.http import Params, SourceClient, Transport
from quantscout.models import Report

FORMAT: Final = 1
SIGNATURE = b"PK\x03\x04"  # of an archive that begins with an entry

CALLS: Schema = {
    "source": pl.String,
    "path": pl.String,  # without the host, which differs between the venue and a simulator
    "query": pl.String,  # sorted
    "nth": pl.Int64,  # the how-manieth time that this was asked, from 1
    "body": pl.Binary,  # as the run got it, whatever attempts it took; null for a failure
    "fault": pl.String,  # of the failure that the run got; null for an answer
    "detail": pl.String,
    "contract": pl.String,
    "retry_after_s": pl.Float64,
    "began_ms": pl.Float64,  # since the recording began
    "took_ms": pl.Float64,
}
"""What the run asked its sources. A replay answers from this alone."""

ATTEMPTS: Schema = {
    "call": pl.Int64,  # row in CALLS; null for what no call asked
    "source": pl.String,
    "path": pl.String,
    "query": pl.String,
    "attempt": pl.Int64,  # of this call, from 1
    "status": pl.Int64,  # null when nothing came
    "headers": pl.String,  # JSON, those of `KEPT_HEADERS`
    "body": pl.Binary,  # null for the attempt whose body is the call's, and for nothing
    "failure": pl.String,  # of the connection: class and message
    "began_ms": pl.Float64,
    "took_ms": pl.Float64,
}
"""What went over the wire for it: evidence of refusals, retries and limits."""

MOMENTS: Schema = {"who": pl.String, "nth": pl.Int64, "at_us": pl.Int64}
"""Every reading of the run's clock: by which task, the how-manieth of its own, epoch microseconds."""

STATE: Schema = {"pk": pl.String, "sk": pl.String, "item": pl.String, "data": pl.Binary}
"""The items that the run read, as they were before it wrote: JSON in DynamoDB's own form, `data` beside it."""

FRAMES: Mapping[str, Schema] = {"calls": CALLS, "attempts": ATTEMPTS, "moments": MOMENTS, "state": STATE}
Block = tuple[str, pl.DataFrame]
"""Some rows of one of `FRAMES`."""


def path_of(address: str) -> str:
    """Return the path of an address, whole or relative, without the host."""
    return httpx.URL(address).path


def query_of(params: Params | None) -> str:
    """Return parameters as one text, sorted by name."""
    return "&".join(f"{name}={value}" for name, value in sorted((params or {}).items()))


class Listener(Protocol):
    """What stands between a run and its sources: one that records, or one that answers from a tape."""

    def transport(self, source: str) -> Transport:
        """Return what the source's client sends its requests with."""

    def listen(self, client: SourceClient) -> None:
        """Stand in the way of everything that this client is asked."""


class Met(BaseModel):
    """What a source's client met in the run, and the report says."""

    model_config = ConfigDict(frozen=True)

    simulated: list[str]
    retried: dict[str, int]


class Header(BaseModel):
    """The first line of a tape: `sources` are those that were switched on, `addresses` theirs; never a key.

    `budget_share` is the used part of the limits: what is asked of Coinalyze follows from it.
    """

    model_config = ConfigDict(frozen=True)

    quantscout_tape: Literal[1] = FORMAT
    hour: str
    settings_json: str
    config_hash: str
    method_version: str = METHOD_VERSION
    package_version: str = __version__
    sources: dict[str, Met]
    addresses: dict[str, str]
    budget_share: float = 0.8
    report_sha256: str


class Tape(NamedTuple):
    """A tape in memory; `frames` by name as in `FRAMES`, `report` as it was published."""

    header: Header
    frames: dict[str, pl.DataFrame]
    report: str


def digest(report_json: str) -> str:
    """Return the SHA-256 of a report's text."""
    return hashlib.sha256(report_json.encode()).hexdigest()


def write_tape(file: BinaryIO, header: Header, report_json: str, blocks: Iterable[Block]) -> None:
    """Write a tape; its blocks may be made one by one, so that no more than one is in memory."""
    with ZipFile(file, "w") as archive:
        archive.writestr("header.json", header.model_dump_json(), ZIP_DEFLATED)
        archive.writestr("report.json", report_json, ZIP_DEFLATED)
        for number, (kind, frame) in enumerate(blocks):
            with archive.open(f"{kind}/{number:03}.arrow", "w") as entry:
                buffer = io.BytesIO()
                frame.write_ipc(buffer, compression="zstd")
                entry.write(buffer.getbuffer())


def parse_tape(file: BinaryIO, name: str) -> Tape:
    """Return the tape of a file of this name.

    Raises InputError, one sentence for each: no tape, truncated or damaged, another format.
    """
    is_archive = file.read(len(SIGNATURE)) == SIGNATURE
    if not is_archive:
        raise InputError(f"{name} is no tape: write one with `quantscout record`")
    try:
        with ZipFile(file) as archive:
            header = _parse_header(archive.read("header.json"), name)
            frames = {kind: _parse_frame(archive, kind) for kind in FRAMES}
            return Tape(header, frames, archive.read("report.json").decode())
    except (BadZipFile, EOFError, zlib.error) as cause:
        raise InputError(f"the tape {name} is truncated or damaged ({cause}): fetch it again") from cause
    except (pl.exceptions.PolarsError, KeyError, OSError, ValueError) as cause:
        raise InputError(f"the tape {name} lacks something that this version reads: {cause}") from cause


def _parse_frame(archive: ZipFile, kind: str) -> pl.DataFrame:
    entries = sorted(entry for entry in archive.namelist() if entry.startswith(f"{kind}/"))
    columns = [pl.col(name).cast(dtype) for name, dtype in FRAMES[kind].items()]
    return pl.concat([pl.read_ipc(archive.read(entry)).select(columns) for entry in entries])


def _parse_header(text: bytes, name: str) -> Header:
    try:
        said: Any = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or "quantscout_tape" not in said:
        raise InputError(f"{name} is no tape: write one with `quantscout record`")
    if said["quantscout_tape"] != FORMAT:
        raise InputError(
            f"the tape {name} has format {said['quantscout_tape']}, this version reads {FORMAT}: replay it with "
            f"QuantScout {said.get('package_version', 'of its time')}"
        )
    try:
        return Header.model_validate(said)
    except ValidationError as cause:
        raise InputError(f"the tape {name} has a header that cannot be used: {first_fault(cause)}") from cause


def tape_key(report: Report) -> str:
    """Return where a tape is stored; hour, time and configuration are the report's, so that either finds the other.

    E.g. tapes/2026-11-01T12/20261101T120013Z-4e0215212806.qst.
    """
    made = report.generated_at.replace("-", "").replace(":", "")
    return f"tapes/{hour_key(to_ms(parse_hour(report.hour)))}/{made}-{report.config_hash}.qst"


def universe_key(tape: str) -> str:
    """Return where the whole universe of a tape's hour is: beside it."""
    return tape.removesuffix(".qst") + ".parquet"


def store_tape(s3: Any, bucket: str, key: str, file: BinaryIO) -> None:
    """Put a tape into the bucket, with boto3's client of S3 (DeliveryError)."""
    _put(s3, bucket, key, file, "application/zip")


def store_universe(s3: Any, bucket: str, key: str, universe: pl.DataFrame) -> None:
    """Put the whole universe of an hour into the bucket, as Parquet (DeliveryError)."""
    buffer = io.BytesIO()
    universe.write_parquet(buffer)
    _put(s3, bucket, key, buffer.getvalue(), "application/vnd.apache.parquet")


def _put(s3: Any, bucket: str, key: str, body: BinaryIO | bytes, kind: str) -> None:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - botocore is Lambda's own

    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=kind)
    except (BotoCoreError, ClientError) as cause:
        raise DeliveryError(f"S3 did not take {key} for {bucket}: {cause}") from cause
