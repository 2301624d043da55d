"""Bytes kept on disk until they are needed again: a recording must not cost a run its memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from threading import Lock
from typing import BinaryIO, NamedTuple


class Stored(NamedTuple):
    """Where bytes are."""

    offset: int
    size_bytes: int


class Spool:
    """A file that grows, without a name and gone when it is closed; may be used by several threads.

    A disk that is full must not end the run that is recorded: `problem` says so afterwards, and nothing is raised.
    """

    def __init__(self, file: BinaryIO) -> None:
        """Take an empty file; `open_spool` brings one."""
        self._file, self._end, self._lock = file, 0, Lock()
        self.problem: OSError | None = None

    def put(self, data: bytes) -> Stored:
        """Keep the bytes and return where."""
        with self._lock:
            stored = Stored(self._end, len(data))
            try:
                self._file.seek(self._end)
                self._file.write(data)
            except OSError as error:
                self.problem = error
            self._end += len(data)
        return stored

    def get(self, stored: Stored) -> bytes:
        """Return what was kept there."""
        with self._lock:
            self._file.seek(stored.offset)
            return self._file.read(stored.size_bytes)


@contextmanager
def open_spool() -> Iterator[Spool]:
    """Open a spool in the folder for temporary files (in Lambda 512 MB)."""
    with TemporaryFile(prefix="quantscout-") as file:
        yield Spool(file)
