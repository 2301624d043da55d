"""The folder of a replay: whose it is, who writes into it now, and which names in it are a replay's own."""

import fcntl
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from quantscout.errors import InputError
from quantscout_local.evidence.judged import ABOUT, HOURS_FILE

STATE, LOCK = "parts", "lock"
MONTH = r"\d{4}-\d{2}"
JUDGED_PART, HOURS_PART, NOTE = (
    re.compile(form) for form in (rf"judged-{MONTH}\.parquet", rf"hours-{MONTH}\.parquet", rf"{MONTH}\.json")
)
HALF = ".tmp"
"""Ends the name of a file that is being written."""
OF_ABOUT, OF_NOTE = {"format", "fingerprint", "parts"}, {"fingerprint", "rows", "dropped"}
"""What the two kinds of JSON files always tell."""


def refuse_foreign(folder: Path) -> None:
    """Refuse a folder that holds something else, before anything in it is touched (InputError).

    A file of which nothing can be read is a replay's damaged one where anything else in the folder is a replay's.
    """
    about, notes = folder / ABOUT, sorted((folder / STATE).glob("*.json"))
    found = {path: read_json(path) for path in (about, *notes) if path.is_file()}
    known = {path: told is not None and _is_ours(path, told) for path, told in found.items()}
    left = [(folder / STATE / LOCK).is_file(), any(own(folder / STATE, HOURS_PART))]
    owned = any(known.values()) or any(left)
    foreign = [path for path in found if not known[path] and (found[path] is not None or not owned)]
    foreign += [path for path in notes if not NOTE.fullmatch(path.name)]
    if not owned and (folder / HOURS_FILE).is_file():
        foreign.append(folder / HOURS_FILE)
    if foreign:
        raise InputError(f"{foreign[0]} is not a replay's: choose another --out, or move what is in {folder} away")


def _is_ours(path: Path, told: Any) -> bool:
    return isinstance(told, dict) and (OF_ABOUT if path.name == ABOUT else OF_NOTE) <= set(told)


def read_json(path: Path) -> Any:
    """Return what a file tells; None where it is no JSON, or half of it."""
    try:
        return json.loads(path.read_bytes())
    except ValueError:
        return None


def own(folder: Path, form: re.Pattern[str]) -> Iterator[Path]:
    """Yield the files of a folder that have such a name, or are halves of one."""
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if form.fullmatch(path.name.removesuffix(HALF)))


def clear(folder: Path) -> None:
    """Remove what a replay has written, by its names; what else is there stays."""
    state = folder / STATE
    for path in (*own(folder, JUDGED_PART), *own(state, HOURS_PART), *own(state, NOTE), folder / HOURS_FILE):
        path.unlink(missing_ok=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other replays out of the folder while this one writes (InputError while another one does).

    The system lets go of the lock when the process ends, in whatever way: an old lock file keeps nobody out.
    """
    try:
        refuse_foreign(folder)
        (folder / STATE).mkdir(parents=True, exist_ok=True)
        file = (folder / STATE / LOCK).open("a")
    except OSError as cause:
        raise InputError(f"{folder} cannot be used ({cause.strerror}): choose another --out") from cause
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            said = f"another replay is writing into {folder}"
            raise InputError(f"{said}: wait until it has ended, or choose another --out") from cause
        yield
