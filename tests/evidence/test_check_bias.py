"""What an archive lacks is said: contracts that ended, were listed later, or stand in other series alone."""

from pathlib import Path

import polars as pl
import pytest

from evidence.made_archive import HOURS, START_MS, TAKER, Size, change, make_frames, write
from market_frames import ARCHIVE, NEEDS_ARCHIVE
from quantscout.errors import InputError
from quantscout.frames import HOUR_MS
from quantscout_local.evidence.bias import find_survivorship, survivorship

SIZE = Size(hours=90, contracts=12)


def test_an_archive_without_any_end_is_named_as_one_of_survivors(tmp_path: Path) -> None:
    """Nobody ends: whoever was delisted is absent, and the first sentence says so."""
    folder = write(tmp_path, make_frames(SIZE))
    found, said = find_survivorship(folder), survivorship(folder)
    assert (found.contracts, found.ended, found.elsewhere) == (12, [], {})
    assert found.listed_later == ["C01USDT"]
    assert said[0].startswith("none of the 12 contracts ends within the range from 2025-10-01T00:00")
    assert said[1] == "of the contracts 1 were listed within the range"


def test_contracts_that_end_are_named(tmp_path: Path) -> None:
    """A contract whose last bar is before the archive's end has ended."""
    late = (pl.col("symbol") == "C04USDT") & (pl.col("open_time") >= START_MS + 80 * HOUR_MS)
    folder = write(tmp_path, make_frames(SIZE), change(HOURS, lambda bars: bars.filter(~late)))
    assert find_survivorship(folder).ended == ["C04USDT"]
    assert survivorship(folder)[0].startswith("of 12 contracts, end within the range from 2025-10-01")


def test_contracts_of_other_series_alone_are_named(tmp_path: Path) -> None:
    """Who has 15m bars, settlements and open interest and no 1h bars is missing, and told by file."""
    folder = write(tmp_path, make_frames(SIZE), change(HOURS, lambda bars: bars.filter(pl.col("symbol") != "C02USDT")))
    found = find_survivorship(folder)
    assert set(found.elsewhere) == {"binance_um_funding.parquet", "binance_um_oi_4h.parquet"}
    assert all(names == ["C02USDT"] for names in found.elsewhere.values())
    assert survivorship(folder)[2].startswith("in binance_um_funding.parquet at the same time")
    assert survivorship(folder)[2].endswith("1 (C02USDT)")


def test_a_series_of_another_time_says_nothing(tmp_path: Path) -> None:
    """A contract of another capture, years before, did not trade beside the 1h series."""
    old = change(TAKER, lambda rows: rows.with_columns(pl.lit("OLDUSDT").alias("symbol"), pl.col("open_time") - 10**10))
    assert find_survivorship(write(tmp_path, make_frames(SIZE), old)).elsewhere == {}


def test_an_archive_without_bars_is_refused(tmp_path: Path) -> None:
    """There is nothing to say about nothing."""
    folder = write(tmp_path, make_frames(SIZE), change(HOURS, pl.DataFrame.clear))
    with pytest.raises(InputError, match="holds no bars"):
        survivorship(folder)


@pytest.mark.skipif(not ARCHIVE.is_dir(), reason=NEEDS_ARCHIVE)
def test_the_real_archive_has_survivors_alone() -> None:
    """None of its contracts ends, and 38 that had 15m bars in October are not in it."""
    found = find_survivorship(ARCHIVE)
    assert found.ended == []
    assert {name: len(names) for name, names in found.elsewhere.items()} == {"binance_um_15m.parquet": 38}
