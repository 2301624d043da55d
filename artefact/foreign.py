"""What must not be in an artefact: files that are neither the repository's nor a pinned package's, or not as they were.

Three kinds of folders are known. A layer of packages holds what the RECORD of its wheels lists, with the digests listed
there, and the wheels are those of its requirements.txt. The product's layer and the functions hold the repository's
files, byte for byte. Bytecode may lie beside its source in either, and must have been made from it.
"""

import base64
import csv
import hashlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

from artefact.contents import files_of

PYTHON = "python"  # a layer's packages lie in this folder, which Lambda puts on the path
LIST = "requirements.txt"
CACHE = "__pycache__"
UNCHECKED_HASH = 0b01
"""Flags of bytecode that names its source by a digest which Python does not check when it imports it."""
MACHINES = {"x86_64": 0x3E, "arm64": 0xB7}
"""The processor of a native library, as its ELF header has it."""


def foreign_in_copy(built: Path, source: Path) -> list[str]:
    """Return a sentence for each file of `built` that `source` has not, has otherwise, or that is missing in it."""
    here = {path.relative_to(built): path for path in files_of(built) if path.parent.name != CACHE}
    there = {path.relative_to(source): path for path in files_of(source) if path.parent.name != CACHE}
    return [
        *(f"{built / name}: not in the repository" for name in sorted(here.keys() - there.keys())),
        *(f"{built / name}: missing" for name in sorted(there.keys() - here.keys())),
        *(
            f"{built / name}: not as in the repository; build again"
            for name in sorted(here.keys() & there.keys())
            if here[name].read_bytes() != there[name].read_bytes()
        ),
        *foreign_bytecode(built),
    ]


def foreign_in_packages(built: Path, requirements: Path) -> list[str]:
    """Return a sentence for each file that no wheel brought or that was changed, and each package not pinned."""
    records = sorted(built.glob("*.dist-info/RECORD"))
    wheels = {wheel_of(record.parent) for record in records}
    recorded = {name: digest for record in records for name, digest in read_record(record)}
    pinned = read_pins(requirements)
    return [
        *(f"{built}: {name}=={version} is not pinned" for name, version in sorted(wheels - pinned)),
        *(f"{built}: {name}=={version} is missing" for name, version in sorted(pinned - wheels)),
        *(f"{built / name}: missing" for name in sorted(recorded) if not (built / name).is_file()),
        *_changed_files(built, recorded),
        *foreign_bytecode(built),
    ]


def _changed_files(built: Path, recorded: dict[str, str]) -> Iterator[str]:
    for path in files_of(built):
        name = path.relative_to(built).as_posix()
        if path.parent.name == CACHE or name == LIST:
            continue
        if name not in recorded:
            yield f"{path}: no package brought it"
        elif recorded[name] and recorded[name] != record_digest(path):
            yield f"{path}: not as its package's RECORD says"


def wheel_of(dist_info: Path) -> tuple[str, str]:
    """Return normalised name and version of an installed package from its folder's name."""
    name, _, version = dist_info.name.removesuffix(".dist-info").partition("-")
    return re.sub(r"[-_.]+", "-", name).lower(), version


def read_record(record: Path) -> Iterator[tuple[str, str]]:
    """Yield the files of a wheel and their digests; those of its own signature files are empty."""
    for name, digest, _ in csv.reader(record.read_text("utf-8").splitlines()):
        yield name, digest.removeprefix("sha256=")


def record_digest(path: Path) -> str:
    """Return a file's SHA-256 as RECORD writes it."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def read_pins(requirements: Path) -> set[tuple[str, str]]:
    """Return names and versions of a pinned list."""
    found = re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", requirements.read_text("utf-8"), re.MULTILINE)
    return set(found)


def foreign_bytecode(folder: Path) -> list[str]:
    """Return a sentence for each piece of bytecode that was not made from the source beside it."""
    return [
        f"{path}: {problem}"
        for path in files_of(folder)
        if path.suffix in {".pyc", ".pyo"} and (problem := _bytecode_problem(path))
    ]


def _bytecode_problem(path: Path) -> str:
    source = path.parent.parent / f"{path.name.split('.')[0]}.py"
    if path.parent.name != CACHE or not source.is_file():
        return "bytecode without its source"
    head = path.read_bytes()[:16]
    if head[:4] != importlib.util.MAGIC_NUMBER:
        return "bytecode of another Python"
    if int.from_bytes(head[4:8], "little") != UNCHECKED_HASH:
        return "bytecode that depends on a file's time; compile it with unchecked hashes"
    return "" if head[8:16] == importlib.util.source_hash(source.read_bytes()) else "bytecode of another source"


def foreign_machines(folder: Path, architecture: str) -> list[str]:
    """Return a sentence for each native library that is for another processor than `architecture`."""
    libraries = [path for path in files_of(folder) if path.suffix == ".so" or ".so." in path.name]
    return [f"{path}: not for {architecture}" for path in libraries if _machine(path) != MACHINES[architecture]]


def _machine(path: Path) -> int:
    with path.open("rb") as file:
        head = file.read(20)
    return int.from_bytes(head[18:20], "little") if head[:4] == b"\x7fELF" else 0
