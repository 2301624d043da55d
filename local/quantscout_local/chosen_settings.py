"""The settings that a person chose for a command: an option (JSON or a file) before the variable, over fixed ones."""

import json
from collections.abc import Mapping
from pathlib import Path

from quantscout.errors import InputError
from quantscout.settings import Settings, parse_settings

OPTION, VARIABLE = "--settings", "QUANTSCOUT_SETTINGS"


def choose_settings(option: str | None, variables: Mapping[str, str], fixed: str) -> str:
    """Return as a JSON object the option's settings, else the variable's, merged over the fixed ones.

    Raises InputError, which names the option or the variable, and the setting, for what cannot be used.
    """
    name, text = (VARIABLE, variables.get(VARIABLE, "")) if option is None else _read(option)
    _parse(name, text)
    merged = json.dumps(json.loads(fixed) | json.loads(text or "{}"))
    _parse(name, merged)
    return merged


def parse_option(option: str | None, fixed: str) -> Settings:
    """Return the option's settings as they are, without an option the fixed ones (InputError, naming the option).

    The variable is not asked: what is said of an archive must not depend on the shell that it is said in.
    """
    return parse_settings(fixed) if option is None else _parse(*_read(option))


def _read(option: str) -> tuple[str, str]:
    """Return what the settings are called in an error, and their text: the option itself, or the file that it names."""
    if not option.strip() or option.lstrip().startswith("{"):
        return OPTION, option
    try:
        return f"{OPTION} {option}", Path(option).read_text(encoding="utf-8")
    except (OSError, ValueError) as cause:
        why = cause.strerror if isinstance(cause, OSError) else "it is no text"
        raise InputError(
            f"{OPTION}: the file {option} cannot be read ({why}); give a JSON object or a file that holds one"
        ) from cause


def _parse(name: str, text: str) -> Settings:
    try:
        return parse_settings(text.strip())
    except InputError as refused:
        raise InputError(f"{name}: {str(refused).removeprefix(f'{VARIABLE}: ')}") from refused
