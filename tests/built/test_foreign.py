"""What must not be in an artefact is found, each kind by itself; what belongs there is let pass."""

import py_compile
from pathlib import Path

import pytest
from artefact import foreign

UNCHECKED, BY_TIME = py_compile.PycInvalidationMode.UNCHECKED_HASH, py_compile.PycInvalidationMode.TIMESTAMP


def write(folder: Path, **files: str) -> Path:
    """Write modules into the folder, by name, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, "utf-8")
    return folder


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Return a folder with one installed package, and beside it the list that pins it."""
    folder = write(tmp_path / "python", idna="A = 1\n")
    record = folder / "idna-3.20.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text(
        f"idna.py,sha256={foreign.record_digest(folder / 'idna.py')},6\nidna-3.20.dist-info/RECORD,,\n", "utf-8"
    )
    (tmp_path / "requirements.txt").write_text("# a comment\nidna==3.20 \\\n    --hash=sha256:00\n", "utf-8")
    return folder


def faults_of(packages: Path) -> list[str]:
    """Return what is found in the folder of packages, without the folder's own path."""
    faults = foreign.foreign_in_packages(packages, packages.parent / "requirements.txt")
    return [fault.removeprefix(str(packages)).lstrip("/: ") for fault in faults]


# ---------------------------------------------------------------- a layer of packages


def test_a_pinned_package_as_it_came_is_no_fault(packages: Path) -> None:
    """Files of a RECORD, with its digests, of a package that the list pins."""
    assert faults_of(packages) == []


def test_a_file_that_no_package_brought_is_named(packages: Path) -> None:
    """Whatever fell into the folder stands in no RECORD."""
    write(packages, conftest="")
    assert faults_of(packages) == ["conftest.py: no package brought it"]


def test_a_changed_file_is_named(packages: Path) -> None:
    """Its digest is no longer the wheel's."""
    write(packages, idna="A = 2\n")
    assert faults_of(packages) == ["idna.py: not as its package's RECORD says"]


def test_a_lost_file_is_named(packages: Path) -> None:
    """A package is there whole or not at all."""
    (packages / "idna.py").unlink()
    assert faults_of(packages) == ["idna.py: missing"]


def test_another_version_than_the_pinned_is_named(packages: Path) -> None:
    """The version that is there is not pinned, and the pinned one is not there."""
    (packages.parent / "requirements.txt").write_text("idna==3.21 --hash=sha256:00\n", "utf-8")
    assert faults_of(packages) == ["idna==3.20 is not pinned", "idna==3.21 is missing"]


def test_names_are_compared_as_indexes_do() -> None:
    """A folder spells a name with underscores where the list has hyphens."""
    assert foreign.wheel_of(Path("aws_lambda_powertools-3.37.0.dist-info")) == ("aws-lambda-powertools", "3.37.0")


# ---------------------------------------------------------------- a copy of the repository


def test_an_equal_copy_is_no_fault(tmp_path: Path) -> None:
    """Also with bytecode beside it, and whatever the source's own cache holds."""
    source, built = write(tmp_path / "a", app="A = 1\n"), write(tmp_path / "b", app="A = 1\n")
    py_compile.compile(str(built / "app.py"), invalidation_mode=UNCHECKED)
    assert foreign.foreign_in_copy(built, source) == []


def test_each_difference_of_a_copy_is_named(tmp_path: Path) -> None:
    """More, less, and other than in the repository."""
    source, built = write(tmp_path / "a", app="A = 1\n", lost=""), write(tmp_path / "b", app="A = 2\n", test_app="")
    found = [fault.removeprefix(f"{built}/") for fault in foreign.foreign_in_copy(built, source)]
    assert found == [
        "test_app.py: not in the repository",
        "lost.py: missing",
        "app.py: not as in the repository; build again",
    ]


# ---------------------------------------------------------------- bytecode


def test_bytecode_of_its_source_is_no_fault(tmp_path: Path) -> None:
    """Made with unchecked hashes, from what lies beside it."""
    folder = write(tmp_path, app="A = 1\n")
    py_compile.compile(str(folder / "app.py"), invalidation_mode=UNCHECKED)
    assert foreign.foreign_bytecode(folder) == []


def test_bytecode_of_another_source_is_named(tmp_path: Path) -> None:
    """Python would run it without a look at the source."""
    folder = write(tmp_path, app="A = 1\n")
    py_compile.compile(str(folder / "app.py"), invalidation_mode=UNCHECKED)
    write(folder, app="A = 2\n")
    assert [fault.rpartition(": ")[2] for fault in foreign.foreign_bytecode(folder)] == ["bytecode of another source"]


def test_bytecode_that_depends_on_times_is_named(tmp_path: Path) -> None:
    """A ZIP file rounds times: Python would throw it away at each cold start."""
    folder = write(tmp_path, app="A = 1\n")
    py_compile.compile(str(folder / "app.py"), invalidation_mode=BY_TIME)
    assert "unchecked hashes" in foreign.foreign_bytecode(folder)[0]


def test_bytecode_without_source_is_named(tmp_path: Path) -> None:
    """Nobody could read what runs."""
    folder = write(tmp_path, app="A = 1\n")
    py_compile.compile(str(folder / "app.py"), invalidation_mode=UNCHECKED)
    (folder / "app.py").unlink()
    assert foreign.foreign_bytecode(folder)[0].endswith("bytecode without its source")


# ---------------------------------------------------------------- native libraries


@pytest.mark.parametrize(("architecture", "faults"), [("arm64", 0), ("x86_64", 1)])
def test_a_library_for_another_processor_is_named(tmp_path: Path, architecture: str, faults: int) -> None:
    """The header of the file says what it is for, whatever its name says."""
    (tmp_path / "_polars.abi3.so").write_bytes(b"\x7fELF" + bytes(14) + (0xB7).to_bytes(2, "little"))
    assert len(foreign.foreign_machines(tmp_path, architecture)) == faults
