"""Outcomes against the second implementation, and what must hold for any bars."""

from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import market_frames as mf
from naive_outcomes import Bar, naive_outcome
from quantscout.frames import HOUR_MS
from quantscout.outcomes import FIGURES, OUTCOMES, Costs, build_outcomes

H = 1_772_366_400_000
HOURS = 60
COSTS = Costs()
SIDE = COSTS.taker_fee_ratio + COSTS.slippage_ratio
COLUMNS = ["venue", "contract", "open_ms", "open", "high", "low", "close"]
PRICES = COLUMNS[3:]


def _walk(random: Random, contract: str, missing: float) -> list[tuple[object, ...]]:
    """Return a contract's bars of a wild random walk, some hours missing."""
    rows: list[tuple[object, ...]] = []
    price = random.choice([1e-5, 0.3, 40.0])
    for hour in range(HOURS):
        close = price * random.uniform(0.96, 1.05)
        high, low = max(price, close) * random.uniform(1, 1.04), min(price, close) * random.uniform(0.97, 1)
        if random.random() >= missing:
            rows.append(("binance", contract, H + hour * HOUR_MS, price, high, low, close))
        price = close
    return rows


@st.composite
def markets(draw: st.DrawFn) -> pl.DataFrame:
    """Draw the bars of three contracts, unordered, with holes or without."""
    random = Random(draw(st.integers(0, 10**9)))
    missing = draw(st.sampled_from([0.0, 0.01, 0.1]))
    rows = [row for name in ("AUSDT", "BUSDT", "1000XUSDT") for row in _walk(random, name, missing)]
    random.shuffle(rows)
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def _naive(bars: pl.DataFrame) -> list[dict[str, object]]:
    """Return the naive outcome of every hour that has a bar, or comes after one."""
    found = []
    for (venue, contract), own in bars.sort("venue", "contract").partition_by(*COLUMNS[:2], as_dict=True).items():
        by_hour = {int(ms): Bar(*prices) for ms, *prices in own.select(COLUMNS[2:]).rows()}
        for hour_ms in sorted({*by_hour, *(ms + HOUR_MS for ms in by_hour)}):
            key = {"venue": venue, "contract": contract, "hour_ms": hour_ms}
            found.append(key | naive_outcome(by_hour, hour_ms, SIDE))
    return found


def _as_frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(OUTCOMES)).sort("venue", "contract", "hour_ms")


@given(markets())
@settings(max_examples=40)
def test_the_second_implementation_agrees(bars: pl.DataFrame) -> None:
    """Every row and every figure is what a walk through the 24 bars gives."""
    assert_frame_equal(build_outcomes(bars), _as_frame(_naive(bars)), rel_tol=1e-12, abs_tol=1e-12)


@given(markets(), st.integers(24, HOURS - 1), st.floats(0.2, 5))
@settings(max_examples=25)
def test_nothing_after_the_day_changes_it(bars: pl.DataFrame, until: int, factor: float) -> None:
    """Bars that open 24 h after H or later, changed or gone, leave the outcome as it was."""
    end_ms = H + until * HOUR_MS
    later = pl.col("open_ms") >= end_ms
    wild = bars.with_columns(pl.when(later).then(pl.col(name) * factor).otherwise(name) for name in PRICES)
    seen = pl.col("hour_ms") <= end_ms - 24 * HOUR_MS
    before = build_outcomes(bars).filter(seen)
    for changed in (wild, bars.filter(~later)):
        assert_frame_equal(build_outcomes(changed).filter(seen), before)


@given(markets(), st.sampled_from([2.0**-20, 0.5, 1024.0]))
@settings(max_examples=25)
def test_the_unit_of_the_price_changes_nothing(bars: pl.DataFrame, factor: float) -> None:
    """A contract quoted per 1,024 coins has the same outcomes; only the entry price is in its unit."""
    scaled = build_outcomes(bars.with_columns(pl.col(name) * factor for name in PRICES))
    plain = build_outcomes(bars).with_columns(pl.col("entry_price") * factor)
    assert_frame_equal(scaled, plain, check_exact=True)


@given(markets(), st.integers(0, 10**6))
@settings(max_examples=15)
def test_the_order_of_the_bars_changes_nothing(bars: pl.DataFrame, seed: int) -> None:
    """Shuffled bars give the same frame, to the last bit."""
    shuffled = bars.sample(fraction=1, shuffle=True, seed=seed)
    assert_frame_equal(build_outcomes(shuffled), build_outcomes(bars.sort(COLUMNS[:3])), check_exact=True)


@given(markets())
@settings(max_examples=25)
def test_what_is_told_fits_together(bars: pl.DataFrame) -> None:
    """Each outcome is complete or null; excursions enclose the returns; a profit is a hit; a stop is no better."""
    rows = build_outcomes(bars)
    whole = rows.filter(pl.col("outcome") == "complete")
    others = rows.filter(pl.col("outcome") != "complete")
    assert others.select(pl.col(set(FIGURES) - {"entry_price"}).null_count()).sum_horizontal().item() == (
        others.height * (len(FIGURES) - 1)
    )
    assert whole.select(FIGURES).null_count().sum_horizontal().item() == 0
    for hours in (1, 4, 24):
        inside = pl.col(f"return_{hours}h_ratio").is_between("worst_24h_ratio", "best_24h_ratio")
        assert whole.select(inside.all()).item()
    assert whole.filter(pl.col("barrier") == 1).select(pl.col("hit10").all()).item()
    assert whole.filter(pl.col("barrier") == -1).select((pl.col("worst_24h_ratio") <= -0.05 + 1e-9).all()).item()
    assert whole.filter(pl.col("barrier") == 0).select(pl.col("hit10").not_().all()).item()


@pytest.mark.skipif(not mf.ARCHIVE.is_dir(), reason=mf.NEEDS_ARCHIVE)
def test_real_bars_agree_with_the_second_implementation() -> None:
    """2,000 hours of random contracts of the archive, the youngest and shortest among them, to the last figure."""
    bars = mf.archive_bars("1h").select(COLUMNS).collect()
    lengths = bars.group_by("venue", "contract").len().sort("len", "contract")
    names = pl.concat([lengths.head(10), lengths.tail(-10).sample(30, seed=7)])["contract"].to_list()
    some = bars.filter(pl.col("contract").is_in(names))
    built = build_outcomes(some)
    sample = built.sample(2000, seed=8).sort("venue", "contract", "hour_ms")
    assert set(sample["barrier"].drop_nulls()) == {-1, 0, 1}
    by_contract = {
        name: {int(ms): Bar(*prices) for ms, *prices in some.filter(contract=name).select(COLUMNS[2:]).rows()}
        for name in names
    }
    naive = [
        {"venue": venue, "contract": name, "hour_ms": ms} | naive_outcome(by_contract[name], ms, SIDE)
        for venue, name, ms in sample.select("venue", "contract", "hour_ms").rows()
    ]
    assert_frame_equal(sample, _as_frame(naive), rel_tol=1e-12, abs_tol=1e-12)
