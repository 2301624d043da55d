"""What must hold for every market: no order matters, nothing after the hour matters, nothing is ranked blindly."""

import math
from collections.abc import Callable
from typing import get_args

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import market_frames as mf
import naive_decision
from quantscout.decide import Decision, funnel
from quantscout.factors import NAMES
from quantscout.frames import HOUR_MS, MINUTE_MS
from quantscout.regime import RegimeName

SEEDS = st.integers(0, 10_000)
REGIMES = st.sampled_from(get_args(RegimeName))
few = settings(max_examples=8)
TIMES = {"open_interest": "at_ms", "funding": "settled_ms"}


def _details(h: mf.Hour) -> dict[str, pl.DataFrame]:
    return h.evidence.details._asdict()


def _assert_ranked_by_score(decision: Decision) -> None:
    """Fail if a rank rests on a null or NaN, or if the ranks are not in the order of the scores."""
    ranked = decision.universe.filter(pl.col("fate") == "ranked").sort("rank")
    assert all(score is not None and math.isfinite(score) for score in ranked["score"])
    assert ranked["score"].to_list() == sorted(ranked["score"], reverse=True)
    assert ranked["rank"].to_list() == list(range(1, ranked.height + 1))
    assert ranked["coin"].is_duplicated().sum() == 0


@few
@given(seed=SEEDS, order=SEEDS)
def test_order_of_rows_changes_no_bit(seed: int, order: int) -> None:
    """Shuffling the rows of every input gives the same universe, bit for bit."""
    hour = mf.made_hour(seed, contracts=40)
    mixed = {name: frame.sample(fraction=1, shuffle=True, seed=order) for name, frame in _details(hour).items()}
    supply = hour.evidence.supply.sample(fraction=1, shuffle=True, seed=order)
    other = mf.with_details(hour, **mixed)._replace(
        listing=hour.listing.sample(fraction=1, shuffle=True, seed=order),
        bars=hour.bars.sample(fraction=1, shuffle=True, seed=order),
    )
    other = other._replace(evidence=other.evidence._replace(supply=supply))
    assert_frame_equal(mf.decide_hour(hour).universe, mf.decide_hour(other).universe, check_exact=True)


@pytest.mark.skipif(not mf.ARCHIVE.is_dir(), reason=mf.NEEDS_ARCHIVE)
def test_same_inputs_give_the_same_bits() -> None:
    """Deciding a real hour again and again gives the same universe, bit for bit, however the threads share the work."""
    hour = mf.real_hour(mf.NOON)
    first = mf.decide_hour(hour).universe
    for _ in range(6):
        assert_frame_equal(first, mf.decide_hour(hour).universe, check_exact=True)


def _later(frame: pl.DataFrame, time: str, by_ms: int) -> pl.DataFrame:
    """Return the rows moved beyond the hour, with every number made ten times larger."""
    numbers = [name for name, kind in frame.schema.items() if kind == pl.Float64]
    return frame.with_columns(pl.col(time) + by_ms, *(pl.col(name) * 10 for name in numbers))


@few
@given(seed=SEEDS, hours=st.integers(1, 100))
def test_nothing_after_the_hour_is_read(seed: int, hours: int) -> None:
    """Bars, settlements and open interest of later hours, with wild values, change nothing."""
    hour = mf.made_hour(seed, contracts=40)
    recent = hour.bars.filter(pl.col("open_ms") >= hour.hour_ms - hours * HOUR_MS)
    parts = {name: _details(hour)[name] for name in TIMES}
    late = {
        name: _later(frame.filter(pl.col(TIMES[name]) > hour.hour_ms - hours * HOUR_MS), TIMES[name], hours * HOUR_MS)
        for name, frame in parts.items()
    }
    more = {name: pl.concat([frame, late[name]]) for name, frame in parts.items()}
    longer = mf.with_details(hour, **more)._replace(
        bars=pl.concat([hour.bars, _later(recent, "open_ms", hours * HOUR_MS)])
    )
    assert_frame_equal(mf.decide_hour(hour).universe, mf.decide_hour(longer).universe, check_exact=True)


@pytest.mark.skipif(not mf.ARCHIVE.is_dir(), reason=mf.NEEDS_ARCHIVE)
def test_nothing_after_a_real_hour_is_read() -> None:
    """A real hour with the 48 h after it gives the same universe as with every series cut off at H."""
    long = mf.real_hour(mf.NOON, later_h=48)
    cut = {
        name: frame.filter(pl.col(TIMES[name]) <= mf.NOON) for name, frame in _details(long).items() if name in TIMES
    }
    short = mf.with_details(long, **cut)._replace(bars=long.bars.filter(pl.col("open_ms") < mf.NOON))
    assert short.bars.height < long.bars.height
    assert_frame_equal(mf.decide_hour(long).universe, mf.decide_hour(short).universe, check_exact=True)


def test_15m_bar_of_another_time_is_not_read() -> None:
    """Only the 15m bar that closes at the hour counts; earlier and later ones add no row and no value."""
    hour = mf.made_hour(4)
    quarters = hour.evidence.details.last_15m
    others = [_later(quarters, "open_ms", shift * MINUTE_MS) for shift in (-15, 15)]
    more = mf.with_details(hour, last_15m=pl.concat([others[0], quarters, others[1]]))
    assert_frame_equal(mf.decide_hour(hour).universe, mf.decide_hour(more).universe, check_exact=True)


SCALE_FREE = (*NAMES, "atr_pct", "adv30_usdt", "spread_ratio", "volume_24h_usdt", "depth_usdt", "change_4h_ratio")
PRICES = ("open", "high", "low", "close")


def _ten_times_dearer(h: mf.Hour, coin: str) -> mf.Hour:
    """Return the market in which a coin's contracts hold ten times as much of it: prices x 10, coins / 10."""
    contracts = h.listing.filter(pl.col("coin") == coin)["contract"].implode()
    mine = pl.col("contract").is_in(contracts)

    def scaled(frame: pl.DataFrame, names: tuple[str, ...], by: float) -> pl.DataFrame:
        return frame.with_columns(pl.when(mine).then(pl.col(name) * by).otherwise(name).alias(name) for name in names)

    details = h.evidence.details
    supply = h.evidence.supply.with_columns(pl.when(pl.col("coin") != coin).then("supply_coins").alias("supply_coins"))
    moved = mf.with_details(
        h,
        last_15m=scaled(details.last_15m, PRICES, 10),
        open_interest=scaled(details.open_interest, ("open_interest_coins",), 0.1),
        books=scaled(details.books, ("mid",), 10),
    )._replace(
        bars=scaled(scaled(h.bars, PRICES, 10), ("volume_coins",), 0.1),
        listing=scaled(h.listing, ("price", "bid", "ask"), 10),
    )
    return moved._replace(evidence=moved.evidence._replace(supply=supply))


@few
@given(seed=SEEDS, number=st.integers(0, 39))
def test_scale_of_a_price_does_not_matter(seed: int, number: int) -> None:
    """Ten times dearer units of a coin leave every scale-free figure of every contract as it was."""
    hour = mf.made_hour(seed, contracts=40)
    dearer = mf.decide_hour(_ten_times_dearer(hour, f"C{number:02d}")).universe.select(SCALE_FREE)
    assert_frame_equal(mf.decide_hour(hour).universe.select(SCALE_FREE), dearer, rel_tol=1e-9, abs_tol=1e-9)


def _without(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.clear()


def _blank(*names: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda frame: frame.with_columns(pl.lit(None, frame.schema[name]).alias(name) for name in names)


INPUTS: dict[str, Callable[[mf.Hour], mf.Hour]] = {
    "mom15m": lambda h: mf.with_details(h, last_15m=_without(h.evidence.details.last_15m)),
    "mom60m": lambda h: h._replace(bars=h.bars.filter(pl.col("open_ms") != h.hour_ms - 2 * HOUR_MS)),
    "vol_spike": lambda h: h._replace(bars=h.bars.with_columns(_quiet_before(h.hour_ms))),
    "breakout": lambda h: h._replace(bars=h.bars.filter(pl.col("open_ms") != h.hour_ms - 21 * HOUR_MS)),
    "ob_imbalance": lambda h: mf.with_details(h, books=_without(h.evidence.details.books)),
    "aggressor": lambda h: h._replace(bars=_blank("taker_buy_usdt")(h.bars)),
    "oi_change": lambda h: mf.with_details(h, open_interest=_without(h.evidence.details.open_interest)),
    "social": lambda h: h._replace(evidence=h.evidence._replace(trending=None)),
    "liquidity": lambda h: mf.with_details(h, books=_blank("bids_usdt", "asks_usdt")(h.evidence.details.books)),
}


def _quiet_before(hour_ms: int) -> pl.Expr:
    """Return volumes that were zero until the last 24 hours, so that the median is no baseline."""
    day = pl.col("open_ms") >= hour_ms - 24 * HOUR_MS
    return pl.when(day).then("volume_usdt").otherwise(0.0).alias("volume_usdt")


@pytest.mark.parametrize("name", INPUTS)
def test_lost_input_drops_its_factor_only(name: str) -> None:
    """A factor whose input is gone for all weighs nothing, and what is ranked still rests on known scores."""
    decision = mf.decide_hour(INPUTS[name](mf.made_hour(4)))
    scored = decision.universe.filter("in_scored_set")
    assert scored[name].null_count() == scored.height
    assert set(scored[f"{name}_weight"]) <= {0.0}
    _assert_ranked_by_score(decision)


@few
@given(seed=SEEDS, regime=REGIMES, kept=st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_any_loss_of_data_is_survived(seed: int, regime: RegimeName, kept: list[float]) -> None:
    """Any share of the bars and details may be missing: nothing raises, and nothing is ranked by null or NaN."""
    hour = mf.made_hour(seed, contracts=40, regime=regime)
    parts = {
        name: frame.sample(fraction=share, seed=seed)
        for (name, frame), share in zip(_details(hour).items(), kept, strict=False)
    }
    poorer = mf.with_details(hour, **parts)._replace(bars=hour.bars.sample(fraction=kept[5], seed=seed))
    _assert_ranked_by_score(mf.decide_hour(poorer))


@few
@given(seed=SEEDS, regime=REGIMES)
def test_every_contract_has_one_fate(seed: int, regime: RegimeName) -> None:
    """Ranked plus rejected by reason equals listed; each contract is there once, with a reason exactly if rejected."""
    hour = mf.made_hour(seed, regime=regime)
    universe = mf.decide_hour(hour).universe
    counts, reasons = funnel(universe), funnel(universe)["by_reason"]
    assert isinstance(reasons, dict)
    assert counts["listed"] == counts["ranked"] + sum(reasons.values()) == hour.listing.height  # type: ignore[operator]
    assert universe.select("venue", "contract").is_duplicated().sum() == 0
    assert ((universe["fate"] == "ranked") == universe["reason"].is_null()).all()


@few
@given(seed=SEEDS, regime=REGIMES)
def test_made_up_markets_agree_with_the_second_implementation(seed: int, regime: RegimeName) -> None:
    """Reason, rank and score of every contract are what the naive implementation finds, in any made-up market."""
    hour = mf.made_hour(seed, contracts=50, regime=regime)
    by_hand, level = naive_decision.decide(mf.plain(hour))
    decision = mf.decide_hour(hour)
    assert decision.level == level
    for row in decision.universe.to_dicts():
        mine = by_hand[naive_decision.key_of(row)]
        assert (row["reason"], row["rank"]) == (mine["reason"], mine.get("rank"))
        assert row["score"] == (None if mine.get("score") is None else pytest.approx(mine["score"], abs=1e-9))
