"""The program as it was called: a hint must be something that can be typed here."""

import shlex
import shutil
import sys
from pathlib import Path

NAME = "quantscout"


def program() -> str:
    """Return what to type for this program: its name where PATH finds it, else the way that it was called by.

    Without such a way (a test, python -c) it is the name.
    """
    called = Path(sys.argv[0])
    if called.name != NAME or str(called) == NAME:
        return NAME
    if not called.is_absolute():
        return shlex.quote(str(called))
    found, here = shutil.which(NAME), Path.cwd()
    if found is not None and Path(found).absolute() == called:
        return NAME
    return shlex.quote(str(called.relative_to(here) if called.is_relative_to(here) else called))
