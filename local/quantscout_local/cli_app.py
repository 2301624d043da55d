"""How every command is shown: -h beside --help, panels by subject, and a flag without a type that nobody types."""

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

HOUR, ARCHIVE, STACK, PAGES = "This hour", "The archive", "Your stack", "Written from the code"
"""The panels of the help, in their order."""


class Command(TyperCommand):
    """A command whose flags are shown without `<bool>`."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, --help among them."""
        return _plain(super().get_params(ctx))


class Group(TyperGroup):
    """The same of a command that holds others."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, --help among them."""
        return _plain(super().get_params(ctx))


class App(typer.Typer):
    """A typer application of such commands."""

    def __init__(self, **options: Any) -> None:
        """Take what typer takes."""
        super().__init__(cls=Group, context_settings={"help_option_names": ["-h", "--help"]}, **options)

    def command(self, *names: Any, **options: Any) -> Callable[..., Any]:
        """Return typer's decorator for such a command."""
        return super().command(*names, **{"cls": Command, **options})


def _plain(params: list[Any]) -> list[Any]:
    for param in params:
        if getattr(param, "is_flag", False) and param.metavar is None:
            param.metavar = ""
    return params
