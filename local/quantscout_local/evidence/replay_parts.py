"""The parts of a replay on disk: each month is written whole or not at all, and kept when a replay is begun again.

A month's note has the size and the digest of its files: one that was damaged since is made anew.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from quantscout.errors import InputError
from quantscout_local.evidence.judged import ABOUT, HOURS_FILE, part_name
from quantscout_local.evidence.replay_folder import HALF, STATE, clear, read_json
from quantscout_local.evidence.replay_month import Month

COMPRESSION_LEVEL = 1


class Parts(NamedTuple):
    """The folder of a replay, and what its parts must have been made from."""

    folder: Path
    fingerprint: str

    def begin(self) -> str:
        """Make the folder ready; return what a person should know of an earlier replay in it, else the empty text.

        Parts of another fingerprint are removed; the same one's stay. InputError where the folder cannot be used.
        """
        try:
            (self.folder / ABOUT).unlink(missing_ok=True)
            found = {path.stem: self._read(path) for path in sorted((self.folder / STATE).glob("*.json"))}
            if any(part.get("fingerprint", self.fingerprint) != self.fingerprint for part in found.values()):
                clear(self.folder)
                return "the folder held parts of another archive, range, method or settings: they are made anew"
            kept = sum(self.has(month) for month in found)
        except OSError as cause:
            raise InputError(f"{self.folder} cannot be used ({cause.strerror}): choose another --out") from cause
        damaged = f"{len(found) - kept} damaged months are made anew" if kept < len(found) else ""
        return "; ".join(filter(None, [f"{kept} finished months are kept from before" if kept else "", damaged]))

    def has(self, month: str) -> bool:
        """Tell whether a month is finished, and its files are what was written."""
        if not self._note(month).is_file():
            return False
        note = self._read(self._note(month))
        return note.get("fingerprint") == self.fingerprint and note.get("files") == self._files(month)

    def save(self, month: str, part: Month) -> None:
        """Write a month, its note last (InputError where the disk refuses)."""
        with self.refusing():
            _write_frame(self.folder / part_name(month), part.judged)
            _write_frame(self._hours(month), part.hours)
            note = {"fingerprint": self.fingerprint, "rows": part.judged.height, "dropped": dict(part.dropped),
                    "files": self._files(month)}  # fmt: skip
            write_text(self._note(month), json.dumps(note))

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Turn what the disk or a damaged part raises into an InputError that names the cause and the next step."""
        try:
            yield
        except (OSError, pl.exceptions.PolarsError) as cause:
            raise InputError(
                f"{self.folder} cannot be written, or a part in it not read ({str(cause).splitlines()[0]}): see to the "
                "disk, then run the command again; finished months are kept, damaged ones made anew"
            ) from cause

    def dropped(self, months: list[str]) -> Counter[str]:
        """Return the rows that were dropped, by reason."""
        total: Counter[str] = Counter()
        for month in months:
            total.update(self._read(self._note(month))["dropped"])
        return total

    def finish(self, months: list[str], about: dict[str, Any]) -> None:
        """Write hours.parquet, then about.json."""
        with self.refusing():
            hours = pl.concat([pl.read_parquet(self._hours(month)) for month in months])
            _write_frame(self.folder / HOURS_FILE, hours)
            write_text(self.folder / ABOUT, json.dumps(about, indent=2, ensure_ascii=False) + "\n")

    def _files(self, month: str) -> dict[str, dict[str, Any]]:
        """Return the size and the digest of each file of a month, as far as they are there."""
        paths = (self.folder / part_name(month), self._hours(month))
        return {path.name: _describe(path) for path in paths if path.is_file()}

    def _hours(self, month: str) -> Path:
        return self.folder / STATE / f"hours-{month}.parquet"

    def _note(self, month: str) -> Path:
        return self.folder / STATE / f"{month}.json"

    @staticmethod
    def _read(path: Path) -> dict[str, Any]:
        note = read_json(path)
        return note if isinstance(note, dict) else {}  # half of a note: nothing that could be kept


def _describe(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _write_frame(path: Path, frame: pl.DataFrame) -> None:
    half = path.with_name(path.name + HALF)
    frame.write_parquet(half, compression="zstd", compression_level=COMPRESSION_LEVEL)
    half.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    half = path.with_name(path.name + HALF)
    half.write_text(text, encoding="utf-8")
    half.replace(path)
