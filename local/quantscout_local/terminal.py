"""The consoles: text is printed as it is (a name with brackets is no markup); colours follow NO_COLOR and pipes."""

from rich.console import Console


def open_console(*, stderr: bool = False) -> Console:
    """Return a console for results (standard output) or for progress and errors (standard error)."""
    return Console(stderr=stderr, markup=False, highlight=False)
