"""The parts of a replay on disk: each month is written whole or not at all, and kept when a replay is begun again."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from quantscout.errors import InputError
from quantscout_local.evidence.judged import ABOUT, HOURS_FILE, part_name
from quantscout_local.evidence.replay_month import Month

STATE = "parts"
COMPRESSION_LEVEL = 1


class Parts(NamedTuple):
    """The folder of a replay, and what its parts must have been made from."""

    folder: Path
    fingerprint: str

    def begin(self) -> str:
        """Make the folder ready; return what a person should know of an earlier replay in it, else the empty text.

        Parts of another fingerprint are removed; the same one's stay. InputError where the folder cannot be used.
        """
        state = self.folder / STATE
        try:
            state.mkdir(parents=True, exist_ok=True)
            (self.folder / ABOUT).unlink(missing_ok=True)
            found = [self._read(path) for path in sorted(state.glob("*.json"))]
            if any(part.get("fingerprint") != self.fingerprint for part in found):
                self._clear()
                return "the folder held parts of another archive, range, method or settings: they are made anew"
        except OSError as cause:
            raise InputError(f"{self.folder} cannot be used ({cause.strerror}): choose another --out") from cause
        return f"{len(found)} finished months are kept from before" if found else ""

    def has(self, month: str) -> bool:
        """Tell whether a month is finished."""
        files = [self.folder / part_name(month), self._hours(month), self._note(month)]
        return (
            all(path.is_file() for path in files)
            and self._read(self._note(month)).get("fingerprint") == self.fingerprint
        )

    def save(self, month: str, part: Month) -> None:
        """Write a month, its note last (InputError where the disk refuses)."""
        try:
            _write_frame(self.folder / part_name(month), part.judged)
            _write_frame(self._hours(month), part.hours)
            note = {"fingerprint": self.fingerprint, "rows": part.judged.height, "dropped": dict(part.dropped)}
            write_text(self._note(month), json.dumps(note))
        except (OSError, pl.exceptions.PolarsError) as cause:
            raise InputError(
                f"{self.folder} cannot be written ({str(cause).splitlines()[0]}): free the disk, then run the command "
                "again; finished months are kept"
            ) from cause

    def dropped(self, months: list[str]) -> Counter[str]:
        """Return the rows that were dropped, by reason."""
        total: Counter[str] = Counter()
        for month in months:
            total.update(self._read(self._note(month))["dropped"])
        return total

    def finish(self, months: list[str], about: dict[str, Any]) -> None:
        """Write hours.parquet, then about.json."""
        hours = pl.concat([pl.read_parquet(self._hours(month)) for month in months])
        _write_frame(self.folder / HOURS_FILE, hours)
        write_text(self.folder / ABOUT, json.dumps(about, indent=2, ensure_ascii=False) + "\n")

    def hours(self, months: list[str]) -> pl.DataFrame:
        """Return the hours of finished months."""
        return pl.concat([pl.read_parquet(self._hours(month)) for month in months])

    def _clear(self) -> None:
        for path in (*self.folder.glob("judged-*.parquet"), *(self.folder / STATE).glob("*"), self.folder / HOURS_FILE):
            path.unlink(missing_ok=True)

    def _hours(self, month: str) -> Path:
        return self.folder / STATE / f"hours-{month}.parquet"

    def _note(self, month: str) -> Path:
        return self.folder / STATE / f"{month}.json"

    @staticmethod
    def _read(path: Path) -> dict[str, Any]:
        try:
            note: dict[str, Any] = json.loads(path.read_bytes())
        except ValueError:  # a note of something else, or half of one: nothing that could be kept
            return {}
        return note


def _write_frame(path: Path, frame: pl.DataFrame) -> None:
    half = path.with_name(f"{path.name}.tmp")
    frame.write_parquet(half, compression="zstd", compression_level=COMPRESSION_LEVEL)
    half.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    half = path.with_name(f"{path.name}.tmp")
    half.write_text(text, encoding="utf-8")
    half.replace(path)
