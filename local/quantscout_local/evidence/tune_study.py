"""The trials that are done, in Optuna's SQLite file: each is there whole or not at all, and none is done twice."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantscout.errors import InputError
from quantscout_local.evidence.rescore import Sheet
from quantscout_local.evidence.tune_search import BATCH, Space, Tried, build_trial, distributions

if TYPE_CHECKING:
    import optuna

NAME = "quantscout-tune"
INPUTS = "inputs"
SQLITE = b"SQLite format 3\0"


class SavedStudy:
    """An open study; a context manager."""

    def __init__(self, path: Path, storage: "optuna.storages.RDBStorage", space: Space) -> None:
        import optuna  # noqa: PLC0415 - takes a second

        self.path, self._storage, self._kinds = path, storage, distributions(space)
        self._study = optuna.create_study(storage=storage, study_name=NAME, direction="maximize", load_if_exists=True)

    def load(self) -> list[Tried]:
        """Return the finished trials of whole batches; those of a batch that was cut short are done again."""
        found = self._load_all()
        return found[: len(found) // BATCH * BATCH]

    def _load_all(self) -> list[Tried]:
        found = sorted(self._study.get_trials(deepcopy=False), key=lambda trial: trial.number)
        return [Tried(dict(trial.params), trial.values[0]) for trial in found]

    def save(self, first: int, batch: Sequence[Tried]) -> None:
        """Append a batch whose first trial has the number `first`; InputError where somebody else wrote meanwhile."""
        held = self._load_all()[first:]
        if held != list(batch)[: len(held)]:
            raise InputError(f"{self.path} was written by another sweep meanwhile: give each its own --study")
        for tried in list(batch)[len(held) :]:
            self._study.add_trial(build_trial(tried, self._kinds))

    def refuse_other(self, inputs: Mapping[str, Any]) -> None:
        """Write down what the trials of a new study depend on; InputError where those of an old one depend on else."""
        known = self._study.user_attrs.get(INPUTS)
        if known is None:
            self._study.set_user_attr(INPUTS, dict(inputs))
        elif known != dict(inputs):
            differing = ", ".join(sorted(name for name in {*known, *inputs} if known.get(name) != inputs.get(name)))
            raise InputError(
                f"{self.path} is a study of other inputs ({differing}): choose another --study, or remove the file"
            )

    def close(self) -> None:
        """Let go of the file."""
        release(self._storage)


def release(storage: "optuna.storages.RDBStorage") -> None:
    """Close the connections of a storage."""
    storage.remove_session()
    storage.engine.dispose()


def open_study(path: Path, space: Space, inputs: Mapping[str, Any]) -> SavedStudy:
    """Return the study of a file, a new one where there is none.

    Raises InputError for a file that is none, cannot be written, or belongs to other inputs.
    """
    import optuna  # noqa: PLC0415 - takes a second
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - as above

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    broken = (SQLAlchemyError, OSError, optuna.exceptions.OptunaError, RuntimeError)
    _refuse_no_database(path)
    try:
        storage = optuna.storages.RDBStorage(f"sqlite:///{path.resolve()}")
    except broken as cause:
        raise _unusable(path, cause) from cause
    try:
        saved = SavedStudy(path, storage, space)
        saved.refuse_other(inputs)
    except broken as cause:
        release(storage)
        raise _unusable(path, cause) from cause
    except InputError:
        release(storage)
        raise
    return saved


def _refuse_no_database(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        head = path.read_bytes()[: len(SQLITE)] if path.exists() else b""
    except OSError as cause:
        raise _unusable(path, cause) from cause
    if head and head != SQLITE:
        raise InputError(f"{path} cannot be used as a study (it is no SQLite database): choose another --study")


def _unusable(path: Path, cause: BaseException) -> InputError:
    reason = str(cause.__cause__ or cause).splitlines()[0]
    return InputError(f"{path} cannot be used as a study ({reason}): choose another --study")


def hash_sheet(sheet: Sheet) -> str:
    """Return 16 hex digits over everything that trials are rated by."""
    whole = hashlib.sha256()
    for name, array in sheet._asdict().items():
        whole.update(f"{name} {array.dtype} {array.shape}".encode())
        whole.update(array.tobytes())
    return whole.hexdigest()[:16]
