"""The file of the trials: whole batches go on, other inputs and broken files are refused."""

from pathlib import Path

import pytest

from quantscout.errors import InputError
from quantscout.settings import Settings
from quantscout_local.evidence.tune_search import BATCH, Space, Tried, ask_batch
from quantscout_local.evidence.tune_study import SavedStudy, open_study

SPACE = Space(Settings(), ("mom60m", "vol_spike"), 4.0, {})
INPUTS = {"hours": "abc", "seed": 1}


def _batch(done: list[Tried]) -> list[Tried]:
    return [Tried(params, sum(params.values())) for params in ask_batch(SPACE, done, 1)]


def _open(path: Path) -> SavedStudy:
    return open_study(path, SPACE, INPUTS)


def test_what_was_saved_is_loaded_to_the_last_bit(tmp_path: Path) -> None:
    """Parameters and values come back exactly, in order, refused trials too."""
    first = [*_batch([])[:-1], Tried({"mom60m": 0.1, "vol_spike": -0.3}, float("-inf"))]
    study = _open(tmp_path / "deep" / "study.db")
    study.save(0, first)
    study.close()
    again = _open(tmp_path / "deep" / "study.db")
    assert again.load() == first
    again.close()


def test_a_batch_that_was_cut_short_is_done_again_without_doubles(tmp_path: Path) -> None:
    """Of a half-written batch nothing counts; saving it whole adds what is missing."""
    first, path = _batch([]), tmp_path / "study.db"
    study = _open(path)
    study.save(0, first)
    second = _batch(first)
    study.save(BATCH, second[:3])
    assert study.load() == first
    study.save(BATCH, second)
    assert study.load() == first + second
    study.close()


def test_another_sweep_in_the_same_file_is_noticed(tmp_path: Path) -> None:
    """Trials that this sweep did not make are not mixed with its own."""
    first, study = _batch([]), _open(tmp_path / "study.db")
    study.save(0, first)
    with pytest.raises(InputError, match="written by another sweep"):
        study.save(0, [Tried({"mom60m": 0.5, "vol_spike": 0.5}, 1.0)] * BATCH)
    study.close()


def test_a_study_of_other_inputs_is_refused(tmp_path: Path) -> None:
    """What differs is named, and what to do."""
    _open(tmp_path / "study.db").close()
    with pytest.raises(InputError, match=r"study of other inputs \(hours, objective\): choose another --study"):
        open_study(tmp_path / "study.db", SPACE, {"hours": "xyz", "seed": 1, "objective": "net"})


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.write_text("no database, but long enough " * 9)])
def test_a_file_that_is_no_study_is_refused(tmp_path: Path, make: object) -> None:
    """A folder or a text in its place is named."""
    assert callable(make)
    make(tmp_path / "study.db")
    with pytest.raises(InputError, match=r"study.db cannot be used as a study"):
        _open(tmp_path / "study.db")


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """Where no file can be made, it is said."""
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match="cannot be used as a study"):
        _open(tmp_path / "out" / "study.db")
