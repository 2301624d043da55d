"""Where things are: the built parts, the Python that stands for Lambda's, the emulator in SAM's package."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from artefact.parts import Parts, load_parts

from quantscout.errors import InputError
from quantscout_local.resources import Function

EMULATOR = "lib/python3.*/site-packages/samcli/local/rapid/aws-lambda-rie-x86_64"
VERSION = "import sys; print('{}.{}'.format(*sys.version_info))"
LAMBDA_VERSION = "3.13"


class Layout(NamedTuple):
    """The built parts, Lambda's stand-in Python (it has awslambdaric and boto3, and nothing of ours), the emulator."""

    parts: Parts
    python: Path
    emulator: Path


def find_layout(root: Path) -> Layout:
    """Return where things are below the repository's root (InputError names what is missing and how to get it)."""
    parts = load_parts(root / ".aws-sam" / "x86_64" / "template.yaml")
    python = root / ".venv-runtime" / "bin" / "python"
    emulators = sorted((root / ".venv-sam").glob(EMULATOR))
    if not python.is_file():
        raise InputError(f"{python} is not there: make runtime installs it from requirements-runtime.txt")
    if not emulators:
        raise InputError(f"{root / '.venv-sam' / EMULATOR} is not there: make runtime installs SAM, which brings it")
    version = subprocess.run([python, "-c", VERSION], capture_output=True, text=True, check=True).stdout.strip()
    if version != LAMBDA_VERSION:
        raise InputError(
            f"{python} is Python {version}, Lambda's is {LAMBDA_VERSION}: "
            f"make clean, then make runtime PYTHON=/path/to/python{LAMBDA_VERSION}"
        )
    return Layout(parts, python, emulators[-1])


def function_environment(layout: Layout, function: Function, variables: Mapping[str, str]) -> dict[str, str]:
    """Return all that the function's process gets: `variables` (its own and those of loopback) and Lambda's.

    The layers stand on the path where Lambda has /opt/python. No bytecode is written, as nothing can be there.
    """
    part = layout.parts.functions[function.name]
    path = [part.folder, *(layout.parts.layers[layer] / "python" for layer in part.layers)]
    return {
        "PATH": os.defpath,
        "HOME": "/tmp",  # noqa: S108 - Lambda's own; nothing is written there
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": str(part.folder),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout_s),
        **variables,
    }
