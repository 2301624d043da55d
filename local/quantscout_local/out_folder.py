"""The folder of a result, looked at before the work and not made for it: a command that fails leaves none behind."""

import os
from pathlib import Path

from quantscout.errors import InputError


def check_folder(out: Path) -> None:
    """Refuse a folder that can be neither made nor written (InputError)."""
    whole = out.absolute()
    there = next(path for path in (whole, *whole.parents) if os.path.lexists(path))
    why = "" if os.access(there, os.W_OK | os.X_OK) else "Permission denied"
    if not there.is_dir():
        why = f"{there.name} is no folder"
    if why:
        raise InputError(f"the folder {out} cannot be written ({why}); name another with --out DIR")
