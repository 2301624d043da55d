"""The archive that most tests of a replay read."""

from pathlib import Path

import pytest

from evidence.made_archive import SMALL, make_frames, write


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return a small sound archive."""
    return write(tmp_path / "archive", make_frames(SMALL))
