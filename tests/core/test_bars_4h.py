"""4h bars from 1h bars against the venue's own, for every contract of the archive."""

import polars as pl
import pytest

import market_frames as mf
from quantscout.frames import HOUR_MS
from quantscout.windows import build_4h_bars

KEYS = ["venue", "contract", "open_ms"]
PRICES = ("open", "high", "low", "close")
VOLUMES = ("volume_coins", "volume_usdt")
needs_archive = pytest.mark.skipif(not mf.ARCHIVE.is_dir(), reason=mf.NEEDS_ARCHIVE)


def _load(interval: str) -> pl.DataFrame:
    return mf.archive_bars(interval).collect()


@pytest.fixture(scope="module")
def pair() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return our 4h bars, built from every 1h bar of the archive, and the venue's."""
    hourly = _load("1h").sort("venue", "contract", "open_ms")
    return build_4h_bars(hourly, hourly.select(pl.col("open_ms").max()).item() + HOUR_MS), _load("4h")


@needs_archive
def test_4h_bars_equal_the_venues(pair: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    """All 520,818 whole blocks of all 538 contracts are the venue's: prices exactly, volumes to 1e-9 of their size."""
    ours, venues = pair
    both = ours.join(venues, on=KEYS, suffix="_venue", how="left")
    prices = both.filter(pl.any_horizontal(pl.col(n).ne_missing(pl.col(f"{n}_venue")) for n in PRICES))
    off = [(pl.col(n) - pl.col(f"{n}_venue")).abs() > 1e-9 * pl.col(f"{n}_venue") for n in VOLUMES]
    said = f"{both.height} bars of {both['contract'].n_unique()} contracts were compared"
    assert (prices.height, both.filter(pl.any_horizontal(off)).height) == (0, 0), said
    assert (both.height, both["contract"].n_unique()) == (520_818, 538), said


@needs_archive
def test_blocks_of_the_venue_that_we_do_not_build_begin_before_our_series(
    pair: tuple[pl.DataFrame, pl.DataFrame],
) -> None:
    """The venue's other 1,371 blocks begin before the contract's first 1h bar, at most 10 h, so no four bars are there.

    Either the contract was listed inside the block, or the 1h series was captured from a later hour than the 4h one.
    """
    ours, venues = pair
    first = mf.archive_bars("1h").group_by("contract").agg(pl.col("open_ms").min().alias("first_ms")).collect()
    rest = venues.join(ours, on=KEYS, how="anti").join(first, on="contract", how="left")
    early_h = (rest["first_ms"] - rest["open_ms"]) // HOUR_MS
    assert rest.height == 1_371
    assert (early_h.min(), early_h.max()) == (1, 10)
