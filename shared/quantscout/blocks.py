"""Column blocks: a polars frame as compressed Arrow IPC bytes, in parts that fit into a DynamoDB item."""

import io
from hashlib import sha256

import polars as pl

from quantscout.decimals import from_whole_numbers, to_whole_numbers
from quantscout.errors import StateError
from quantscout.frames import Schema, conform

PART_LIMIT_BYTES = 350_000
"""Below DynamoDB's 400 KB per item, with room for the keys and attributes."""


def pack(frame: pl.DataFrame, limit_bytes: int = PART_LIMIT_BYTES, *, computed: bool = False) -> list[bytes]:
    """Return the frame as one or more blocks (Arrow IPC, zstd), each within the limit. A row is never split.

    Decimal figures are kept as whole numbers (decimals.py); every value comes back bit for bit. Figures that are mostly
    `computed` are no decimals and would only grow.
    """
    return _pack(frame if computed else to_whole_numbers(frame), limit_bytes)


def _pack(frame: pl.DataFrame, limit_bytes: int) -> list[bytes]:
    buffer = io.BytesIO()
    frame.rechunk().write_ipc(buffer, compression="zstd")
    data = buffer.getvalue()
    if len(data) <= limit_bytes or frame.height <= 1:
        return [data]
    half = frame.height // 2
    return _pack(frame[:half], limit_bytes) + _pack(frame[half:], limit_bytes)


def unpack(data: bytes, schema: Schema | None = None) -> pl.DataFrame:
    """Return the frame of a block, brought to the schema (StateError when the bytes are not a block of it)."""
    try:
        frame = from_whole_numbers(pl.read_ipc(data))
        # What was stored had the schema; only a block of an older version is brought to it (a copy of every column).
        return frame if schema is None or frame.schema == pl.Schema(schema) else conform(frame, schema)
    except (pl.exceptions.PolarsError, OSError) as cause:
        raise StateError(f"a stored block cannot be read: {cause}") from cause


def build_of(parts: list[bytes]) -> str:
    """Return a name that only these parts have: what is stored under it never changes."""
    return sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()[:12]
