"""The consoles: text is printed as it is (a name with brackets is no markup); colours follow NO_COLOR and pipes.

And how a command ends when a person has had enough: the reader of its output closes the pipe, or Ctrl-C.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

EXIT_PIPE_CLOSED = 141
"""As the shell tells of a program that SIGPIPE ended. The signal itself would end a run at a socket, too."""
EXIT_INTERRUPTED = 130


def open_console(*, stderr: bool = False) -> Console:
    """Return a console for results (standard output) or for progress and errors (standard error)."""
    return Console(stderr=stderr, markup=False, highlight=False)


@contextmanager
def quiet_pipe() -> Iterator[None]:
    """End quietly with 141 where nobody reads standard output any more (`quantscout explain BTC | head -1`)."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        _end_unread()
    except SystemExit as ended:
        if not isinstance(ended.__context__, BrokenPipeError):  # rich and typer turn it into status 1
            raise
        _end_unread()


def _end_unread() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())  # type: ignore[union-attr] # what is left to flush
    raise SystemExit(EXIT_PIPE_CLOSED) from None


@contextmanager
def going_on(command: str, kept: str) -> Iterator[None]:
    """Say on Ctrl-C that the same command goes on where it stopped, and end with 130."""
    try:
        yield
    except KeyboardInterrupt:
        said = f"{command}: stopped; the same command goes on where it stopped ({kept})"
        open_console(stderr=True).print(said, soft_wrap=True)
        raise SystemExit(EXIT_INTERRUPTED) from None
