"""The command line called in this process, as a person would."""

import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from quantscout_local import cli


class Said(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def quantscout(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return the command line; tables are as wide as they need."""
    monkeypatch.setenv("COLUMNS", "220")

    def call(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["quantscout", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    return call
