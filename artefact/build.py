"""One architecture's artefact: `sam build` with every package checked by its hash, then bytecode.

By itself SAM checks no hash of a package that is native to another processor than this machine's: it asks pip a second
time, by name and version alone. Told by its environment which platform is meant, pip brings the right file at its first
call, the one that reads the pinned list, and a call without hashes fails.

Lambda mounts layers read-only: what is not compiled there is compiled at each cold start anew. Bytecode doubles the
speed of the import (docs/decisions/0010-artefact.md).
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from artefact.parts import Parts, load_parts
from quantscout.errors import InputError, QuantScoutError

ARCHITECTURES = {"arm64": "aarch64", "x86_64": "x86_64"}
LAMBDA_PYTHON = (3, 13)
LAMBDA_GLIBC_MINOR, OLDEST_GLIBC_MINOR = 34, 17
"""Lambda's python3.13 stands on glibc 2.34; a wheel that asks for less runs there as well."""
SHOWN_LINES = 15
LAYERS_AT, FUNCTION_AT = "/opt", "/var/task"


def build(root: Path, architecture: str, into: Path, sam: Path) -> Parts:
    """Build root/template.yaml for the architecture into the folder and return its parts.

    Raises InputError for an architecture, Python or SAM that cannot be used, QuantScoutError with the end of SAM's log
    (kept beside the folder) if the build fails.
    """
    check_tools(architecture, sam)
    shutil.rmtree(into, ignore_errors=True)
    into.parent.mkdir(parents=True, exist_ok=True)
    options = ["--build-dir", str(into), "--no-cached", "--parameter-overrides", f"Architecture={architecture}"]
    command = [str(sam), "build", "--template", str(root / "template.yaml"), *options]
    _run(command, root, build_environment(architecture), into.with_suffix(".log"))
    parts = load_parts(into / "template.yaml")
    for name, folder in parts.folders().items():
        _compile(folder, FUNCTION_AT if name in parts.functions else LAYERS_AT, into.with_suffix(".log"))
    return parts


def check_tools(architecture: str, sam: Path) -> None:
    """Raise InputError unless the architecture is known, SAM is there and this Python is Lambda's."""
    if architecture not in ARCHITECTURES:
        raise InputError(f"ARCH={architecture}: give {' or '.join(ARCHITECTURES)}, or leave it out for both")
    if sys.version_info[:2] != LAMBDA_PYTHON:
        wanted = ".".join(map(str, LAMBDA_PYTHON))
        raise InputError(
            f"SAM builds with Python {wanted} only: make clean, then make build PYTHON=/path/to/python{wanted}"
        )
    if not sam.is_file():
        raise InputError(f"{sam} is not there: make build installs it")


def build_environment(architecture: str) -> dict[str, str]:
    """Return the variables for SAM and the pip that it calls: this Python first, one platform, hashes only."""
    machine = ARCHITECTURES[architecture]
    minors = range(LAMBDA_GLIBC_MINOR, OLDEST_GLIBC_MINOR - 1, -1)
    platforms = [*(f"manylinux_2_{minor}_{machine}" for minor in minors), f"manylinux2014_{machine}"]
    return os.environ | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "eu-central-1",  # SAM wants one, and asks nobody there
        "PIP_REQUIRE_HASHES": "1",
        "PIP_ONLY_BINARY": ":all:",
        "PIP_IMPLEMENTATION": "cp",
        "PIP_PYTHON_VERSION": ".".join(map(str, LAMBDA_PYTHON)),
        "PIP_PLATFORM": " ".join(platforms),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def _compile(folder: Path, stands_at: str, log: Path) -> None:
    """Compile the folder's sources in place, the same bytes each time; tracebacks name the path in Lambda."""
    options = ["-q", "-f", "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", stands_at]
    fixed = os.environ | {"PYTHONHASHSEED": "0"}  # the order of a constant set depends on it
    _run([sys.executable, "-m", "compileall", *options, str(folder)], folder, fixed, log)


def _run(command: list[str], folder: Path, environment: dict[str, str], log: Path) -> None:
    with log.open("ab") as file:
        done = subprocess.run(command, cwd=folder, env=environment, stdout=file, stderr=file, check=False)
    if done.returncode:
        tail = "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-SHOWN_LINES:])
        raise QuantScoutError(f"{Path(command[0]).name} {command[1]} ended with {done.returncode}; {log} ends:\n{tail}")
