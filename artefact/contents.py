"""What is in a folder that is uploaded: its bytes, and a digest that another build can be compared with."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from artefact.parts import Parts

LIMIT_BYTES = 250_000_000
"""Below Lambda's own 262,144,000 for a function with all its layers, unzipped: room for the next version of polars."""
DIGITS = 16


class Measure(NamedTuple):
    """A layer's or a function's own bytes, what Lambda counts (a function with its layers), and the digest."""

    name: str
    own_bytes: int
    total_bytes: int | None
    digest: str


def files_of(folder: Path) -> Iterator[Path]:
    """Yield the folder's files, sorted by their path."""
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def size_of(folder: Path) -> int:
    """Return the bytes of all files of the folder."""
    return sum(path.stat().st_size for path in files_of(folder))


def digest_of(folder: Path) -> str:
    """Return the start of a SHA-256 over the names and contents of the folder's files; times do not count."""
    whole = hashlib.sha256()
    for path in files_of(folder):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return whole.hexdigest()[:DIGITS]


def measure(parts: Parts) -> list[Measure]:
    """Return the sizes and digests of the layers and then of the functions."""
    own = {name: size_of(folder) for name, folder in parts.folders().items()}
    total = {name: own[name] + sum(own[layer] for layer in part.layers) for name, part in parts.functions.items()}
    return [Measure(name, own[name], total.get(name), digest_of(folder)) for name, folder in parts.folders().items()]


def too_large(measures: list[Measure], limit_bytes: int = LIMIT_BYTES) -> list[str]:
    """Return a sentence for each function that is above the limit with its layers."""
    return [
        f"{row.name} has {row.total_bytes:,} bytes with its layers, more than {limit_bytes:,}: leave a package out"
        for row in measures
        if row.total_bytes is not None and row.total_bytes > limit_bytes
    ]


def changed(first: Mapping[str, str], second: Mapping[str, str]) -> list[str]:
    """Return the names whose digests differ between two builds."""
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
