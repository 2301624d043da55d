"""What the properties of real hours counted, said at the end of the tests."""

from collections import Counter

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the sum of every figure that the passed tests recorded (with pytest-xdist, of all workers)."""
    sums: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", []):
        sums.update({name: value for name, value in report.user_properties if isinstance(value, int)})
    for name, total in sorted(sums.items()):
        terminalreporter.write_line(f"{name}: {total:,}")
