"""What every test of a source starts with."""

import pytest

from venues.script import Script


@pytest.fixture
def script() -> Script:
    """Return a source without any answer yet."""
    return Script()
