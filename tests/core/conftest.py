"""What the properties of real hours counted, said at the end of the tests; a redaction that knows a key."""

from collections import Counter

import pytest

from learned_key import KEY
from quantscout.redaction import Redaction


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the sum of every figure that the passed tests recorded (with pytest-xdist, of all workers)."""
    sums: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", []):
        sums.update({name: value for name, value in report.user_properties if isinstance(value, int)})
    for name, total in sorted(sums.items()):
        terminalreporter.write_line(f"{name}: {total:,}")


@pytest.fixture
def told() -> Redaction:
    """Return what has learned the key."""
    found = Redaction()
    found.learn(KEY)
    return found
