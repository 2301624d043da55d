"""Archives that cannot be played are refused by name."""

from pathlib import Path

import polars as pl
import pytest

from quantscout.errors import InputError
from quantscout_local.simulator import load_archive
from quantscout_local.simulator.hours import hour_of
from quantscout_local.simulator.market import Market
from quantscout_local.simulator.view import View


def test_missing_folder_is_named(tmp_path: Path) -> None:
    """A folder without series is refused, naming the file and the next step."""
    with pytest.raises(InputError, match=r"binance_um_1h\.parquet is not there: .*--market"):
        load_archive(tmp_path)


def test_broken_file_is_named(tmp_path: Path) -> None:
    """A file that is no Parquet is refused, naming it."""
    (tmp_path / "binance_um_1h.parquet").write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match=r"binance_um_1h\.parquet cannot be read"):
        load_archive(tmp_path)


def test_missing_column_is_named(tmp_path: Path) -> None:
    """A series that lacks a column is refused, naming the column."""
    pl.DataFrame({"symbol": ["A"], "open_time": [0]}).write_parquet(tmp_path / "binance_um_1h.parquet")
    with pytest.raises(InputError, match="lacks the column 'open'"):
        load_archive(tmp_path)


@pytest.mark.parametrize("at", ["2026-03-06T00:00Z", "2025-06-01T00:00Z", "2020-01-01T00:00Z"])
def test_hour_outside_the_archive_is_refused(small_market: Market, at: str) -> None:
    """An hour at which no bar closes is refused, naming what is covered."""
    with pytest.raises(InputError, match=r"does not cover the hour .* choose"):
        View(small_market, hour_of(at))
