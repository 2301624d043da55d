"""A replay's folder: damaged files are made anew, other people's are left alone, two replays do not write at once."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from evidence.made_archive import SETTINGS
from quantscout.errors import InputError
from quantscout_local.evidence import replay as story
from quantscout_local.evidence.judged import open_judged
from quantscout_local.evidence.replay import replay, run_replay
from quantscout_local.evidence.replay_folder import locked
from quantscout_local.evidence.replay_month import Month, replay_month
from quantscout_local.evidence.replay_parts import Parts
from quantscout_local.evidence.replay_plan import Ask

FILES = (
    "about.json", "hours.parquet", "judged-2025-10.parquet", "parts/2025-10.json", "parts/hours-2025-10.parquet",
)  # fmt: skip
"""What a replay of a month writes."""
Damage = Callable[[bytes], bytes]


def halve(content: bytes) -> bytes:
    """Cut a file in two."""
    return content[: len(content) // 2]


def empty(content: bytes) -> bytes:
    """Leave nothing of a file."""
    return content[:0]


def scratch(content: bytes) -> bytes:
    """Change what stands in the middle; the size stays."""
    middle = len(content) // 3
    return content[:middle] + bytes(255 - byte for byte in content[middle : middle + 9]) + content[middle + 9 :]


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("damage", [halve, empty, scratch])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_made_anew(archive: Path, tmp_path: Path, name: str, damage: Damage) -> None:
    """The command that every error names, run again, leaves the files of an undamaged replay, byte by byte."""
    replay(archive, None, None, SETTINGS, tmp_path / "out")
    sound = contents(tmp_path / "out")
    assert set(FILES) == set(sound) - {"parts/lock"}
    (tmp_path / "out" / name).write_bytes(damage(sound[name]))
    assert contents(tmp_path / "out") != sound
    replay(archive, None, None, SETTINGS, tmp_path / "out")
    assert contents(tmp_path / "out") == sound


def test_a_damaged_month_is_told(archive: Path, tmp_path: Path) -> None:
    """The person hears why a finished month takes its time again."""
    replay(archive, None, None, SETTINGS, tmp_path / "out")
    (tmp_path / "out" / "judged-2025-10.parquet").write_bytes(b"PAR1")
    said: list[str] = []
    run_replay(Ask(archive, None, None, SETTINGS), tmp_path / "out", lambda *told: said.append(told[2]))
    assert said[0] == "1 damaged months are made anew"


def test_a_sound_month_is_not_made_again(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the two files that are written last, nothing is computed anew."""
    replay(archive, None, None, SETTINGS, tmp_path / "out")
    sound = contents(tmp_path / "out")
    for name in ("about.json", "hours.parquet"):
        (tmp_path / "out" / name).unlink()
    monkeypatch.delattr(story, "replay_month")
    replay(archive, None, None, SETTINGS, tmp_path / "out")
    assert contents(tmp_path / "out") == sound


@pytest.mark.parametrize("name", ["judged-2025-10.parquet", "parts/hours-2025-10.parquet"])
def test_a_part_that_is_damaged_meanwhile_is_refused(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A disk that spoils what was just written is bad input with a next step, not a traceback of the reader."""
    monkeypatch.setattr(story, "survivorship", lambda _: [])
    real = Parts.save

    def spoil(parts: Parts, month: str, part: Month) -> None:
        real(parts, month, part)
        (parts.folder / name).write_bytes(b"PAR1")

    monkeypatch.setattr(Parts, "save", spoil)
    with pytest.raises(InputError, match="see to the disk, then run the command again"):
        replay(archive, None, None, SETTINGS, tmp_path / "out")
    monkeypatch.undo()
    assert replay(archive, None, None, SETTINGS, tmp_path / "out").hours().height


# What is not a replay's


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("about.json", '{"my": "about"}'),
        ("about.json", "# notes"),
        ("parts/thesis.json", '{"mine": 1}'),
        ("parts/2025-10.json", '["mine"]'),
        ("parts/2025-10.json", '{"fingerprint": "mine"}'),
        ("hours.parquet", "my hours"),
    ],
)
@pytest.mark.parametrize("beside", [False, True])
def test_a_folder_of_something_else_is_refused(
    archive: Path, tmp_path: Path, name: str, content: str, *, beside: bool
) -> None:
    """Before anything in it is touched; also where a replay stands beside it, unless it may be a damaged file of it."""
    out = tmp_path / "out"
    if beside:
        replay(archive, None, None, SETTINGS, out)
    (out / "parts").mkdir(parents=True, exist_ok=True)
    (out / name).write_text(content)
    before = contents(out)
    if beside and (name, content) in {("about.json", "# notes"), ("hours.parquet", "my hours")}:
        assert replay(archive, None, None, SETTINGS, out).hours().height
        return
    with pytest.raises(InputError, match=r"is not a replay's: choose another --out, or move what is in .* away"):
        replay(archive, None, None, SETTINGS, out)
    assert contents(out) == before


def test_only_a_replays_own_names_are_removed(archive: Path, tmp_path: Path) -> None:
    """Where other settings make the parts anew, files of a person beside them stay."""
    replay(archive, None, None, SETTINGS, tmp_path / "out")
    mine = ("notes.txt", "judged-mine.parquet", "parts/notes.txt", "parts/hours.parquet")
    for name in mine:
        (tmp_path / "out" / name).write_text("mine")
    (tmp_path / "out" / "judged-2024-01.parquet").write_bytes(b"an older part")
    replay(archive, None, None, SETTINGS.model_copy(update={"min_settlements": 30}), tmp_path / "out")
    assert {name: (tmp_path / "out" / name).read_text() for name in mine} == dict.fromkeys(mine, "mine")
    assert not (tmp_path / "out" / "judged-2024-01.parquet").exists()


# Two at once

HOLD = """
import sys
from pathlib import Path
from quantscout_local.evidence.replay_folder import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_replays_do_not_write_into_one_folder(archive: Path, tmp_path: Path) -> None:
    """The second one is refused and harms nothing; when the first was killed, its lock keeps nobody out."""
    out = tmp_path / "out"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match=r"another replay is writing into .*: wait until it has ended"):
            replay(archive, None, None, SETTINGS, out)
        assert set(contents(out)) == {"parts/lock"}
        first.kill()
    assert replay(archive, None, None, SETTINGS, out).hours().height


def test_a_finished_replay_is_readable_while_another_is_refused(archive: Path, tmp_path: Path) -> None:
    """The refused one does not take away what says that the folder is finished."""
    replay(archive, None, None, SETTINGS, tmp_path / "out")
    with locked(tmp_path / "out"), pytest.raises(InputError, match="another replay"):
        replay(archive, None, None, SETTINGS, tmp_path / "out")
    assert open_judged(tmp_path / "out").scan().select(pl.len()).collect().item()


def test_an_interrupted_first_month_is_gone_on_with(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A half of the very first part is a replay's own, though no note says so."""
    out = tmp_path / "out"
    monkeypatch.setattr(story, "replay_month", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        replay(archive, None, None, SETTINGS, out)
    monkeypatch.setattr(story, "replay_month", replay_month)
    (out / "judged-2025-10.parquet.tmp").write_bytes(b"PAR1")
    (out / "parts" / "2025-10.json").write_text(json.dumps({"fingerprint": "x"})[:5])
    assert replay(archive, None, None, SETTINGS, out).hours().height
