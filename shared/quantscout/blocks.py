"""Column blocks: a polars frame as compressed Arrow IPC bytes, in parts that fit into a DynamoDB item."""

import io

import polars as pl

from quantscout.errors import StateError
from quantscout.frames import Schema, conform

PART_LIMIT_BYTES = 350_000
"""Below DynamoDB's 400 KB per item, with room for the keys and attributes."""


def pack(frame: pl.DataFrame, limit_bytes: int = PART_LIMIT_BYTES) -> list[bytes]:
    """Return the frame as one or more blocks (Arrow IPC, zstd), each within the limit. A row is never split."""
    buffer = io.BytesIO()
    frame.rechunk().write_ipc(buffer, compression="zstd")
    data = buffer.getvalue()
    if len(data) <= limit_bytes or frame.height <= 1:
        return [data]
    half = frame.height // 2
    return pack(frame[:half], limit_bytes) + pack(frame[half:], limit_bytes)


def unpack(data: bytes, schema: Schema | None = None) -> pl.DataFrame:
    """Return the frame of a block, brought to the schema (StateError when the bytes are not a block of it)."""
    try:
        frame = pl.read_ipc(data)
        # What was stored had the schema; only a block of an older version is brought to it (a copy of every column).
        return frame if schema is None or frame.schema == pl.Schema(schema) else conform(frame, schema)
    except (pl.exceptions.PolarsError, OSError) as cause:
        raise StateError(f"a stored block cannot be read: {cause}") from cause
