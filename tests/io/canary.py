"""The search for a key, byte by byte, in all that a run leaves; it knows nothing of how the product hides one."""

import base64
import html
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import polars as pl

from quantscout_local.resources import session

Places = dict[str, bytes]
"""By name, what stands there."""
ARROW, PARQUET, ZIP = b"ARROW1", b"PAR1", b"PK\x03\x04"


def shapes(key: str) -> dict[str, bytes]:
    """Return the key as it may stand somewhere, by name."""
    raw = key.encode()
    found = {
        "plain": raw,
        "reversed": raw[::-1],
        "utf-16": key.encode("utf-16-le"),
        "json": json.dumps(key)[1:-1].encode(),
        "json in json": json.dumps(json.dumps(key)[1:-1])[1:-1].encode(),
        "json in json in json": json.dumps(json.dumps(json.dumps(key)[1:-1])[1:-1])[1:-1].encode(),
        "repr": repr(key)[1:-1].encode(),
        "repr of bytes": repr(raw)[2:-1].encode(),
        "url": quote(key, safe="").encode(),
        "url with a slash": quote(key).encode(),
        "form": quote_plus(key).encode(),
        "html": html.escape(key).encode(),
        "hex": raw.hex().encode(),
    }
    found["url, lower"] = found["url"].lower()
    found["HEX"] = found["hex"].upper()
    for shift in range(3):
        whole = base64.b64encode(b"x" * shift + raw + b"x")
        # of each end two characters are left out, which belong to the neighbours
        found[f"base64 at {shift}"] = whole[shift + 2 : -6]
    return found


def search(places: Places, *keys: str) -> list[str]:
    """Return where which key stands in which shape; upper and lower case are one where a shape may have either."""
    found = []
    for place, data in places.items():
        for number, key in enumerate(keys):
            found += [f"{place}: key {number}, {shape}" for shape, needle in shapes(key).items() if needle in data]
    return found


def table_places(table: Any) -> Iterator[tuple[str, bytes]]:
    """Yield every attribute of every item, as it is and unpacked."""
    pages = table.meta.client.get_paginator("scan").paginate(TableName=table.name)
    for item in (item for page in pages for item in page["Items"]):
        for name, value in item.items():
            place = f"table {item['pk']}/{item['sk']} {name}"
            data = bytes(value.value) if hasattr(value, "value") else str(value).encode()
            yield place, name.encode() + b"=" + data
            yield from unpacked(place, data)


def bucket_places(url: str, bucket: str) -> Iterator[tuple[str, bytes]]:
    """Yield every object of the bucket: name and metadata, as it is, and unpacked."""
    s3 = session().client("s3", endpoint_url=url)
    for row in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        answer = s3.get_object(Bucket=bucket, Key=row["Key"])
        data = answer["Body"].read()
        place = f"bucket {row['Key']}"
        yield place, repr({**answer, "Body": None, "Key": row["Key"]}).encode() + data
        yield from unpacked(place, data)
    s3.close()


def queue_places(url: str, *addresses: str) -> Iterator[tuple[str, bytes]]:
    """Yield every message of the queues, whole; they are gone then."""
    sqs = session().client("sqs", endpoint_url=url)
    for address in addresses:
        while batch := sqs.receive_message(
            QueueUrl=address, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]
        ).get("Messages"):
            for message in batch:
                yield f"queue {address.rpartition('/')[2]} {message['MessageId']}", _whole(message).encode()
                sqs.delete_message(QueueUrl=address, ReceiptHandle=message["ReceiptHandle"])
    sqs.close()


def _whole(message: Any) -> str:
    """Return a message with its inner JSON unpacked, too: an envelope escapes what it carries."""
    text = repr(message)
    inner = message["Body"]
    while isinstance(inner, str):
        text += "\n" + inner
        try:
            parsed = json.loads(inner)
        except ValueError:
            break
        inner = parsed.get("Message") if isinstance(parsed, dict) else None
    return text


def folder_places(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file below a folder, as it is and unpacked."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            yield f"file {path.relative_to(folder)}", data
            yield from unpacked(f"file {path.relative_to(folder)}", data)


def unpacked(place: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what is compressed in a frame or an archive, in plain bytes."""
    if data.startswith(ZIP):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield f"{place} {name}", archive.read(name)
                yield from unpacked(f"{place} {name}", archive.read(name))
    elif data.startswith((ARROW, PARQUET)):
        frame = pl.read_ipc(io.BytesIO(data)) if data.startswith(ARROW) else pl.read_parquet(io.BytesIO(data))
        yield f"{place} columns", "\n".join(frame.columns).encode()
        for column in frame:
            yield f"{place} column {column.name}", _bytes_of(column)


def _bytes_of(column: pl.Series) -> bytes:
    """Return the values one after the other: texts and bytes as they are, others as JSON."""
    if column.dtype == pl.Binary:
        return b"\n".join(value for value in column if value is not None)
    if column.dtype == pl.String:
        return "\n".join(value for value in column if value is not None).encode()
    return column.to_frame("v").write_json().encode()
