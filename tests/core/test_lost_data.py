"""Whatever is missing or wrong: nothing raises, nothing is ranked by null or NaN, and what was missing is named."""

import math
from typing import Any

import polars as pl
import pytest

import changed_hours as changed
import market_frames as mf
from quantscout import frames
from quantscout.decide import Decision, base_board, decide, judge, missing, with_evidence
from quantscout.factors import NAMES
from quantscout.frames import HOUR_MS, KEY, conform
from quantscout.settings import Settings
from quantscout.verify import verify_bars, verify_open_interest, verify_settlements
from quantscout.windows import build_windows

real = pytest.mark.skipif(not mf.ARCHIVE.is_dir(), reason=mf.NEEDS_ARCHIVE)
KINDS = ("made", pytest.param("real", marks=real))
NORMALISATIONS = ("z", "robust_z", "rank")
DEFAULTS = Settings()
WITH_DATA = tuple(name for name in NAMES if name != "regime")
"""What data can be missing for; the regime always is one of its four, neutral where nothing is known."""
OF_ALL_ONLY = {"social"}
"""Attention comes as one list for all: who is not on it has 0 points, only the list as a whole can be missing."""
SHARES = {"one": 0.0, "half": 0.5, "all": 1.0}


@pytest.fixture(scope="module", params=KINDS)
def hour(request: pytest.FixtureRequest) -> mf.Hour:
    """Return a made-up hour, then a real one that has open interest."""
    return mf.made_hour(11) if request.param == "made" else mf.real_hour(mf.NOON)


@pytest.fixture(scope="module")
def board(hour: mf.Hour) -> pl.DataFrame:
    """Return the hour's board with all gate and factor values."""
    base = base_board(hour.listing, build_windows(hour.bars, hour.hour_ms), hour.hour_ms)
    return with_evidence(base, hour.evidence, hour.regime, hour.hour_ms, DEFAULTS)


def _assert_row_is_sound(row: dict[str, Any], settings: Settings) -> None:
    """Fail unless a contract of the scored set has a finite score, or none and no rank; its weights sum to 1."""
    weights = [row[f"{name}_weight"] for name in NAMES]
    present = [name for name in NAMES if row[f"{name}_norm"] is not None]
    assert set(missing(row)) & set(NAMES) == set(NAMES) - set(present)
    for name in NAMES:
        assert (row[f"{name}_points"] is None) == (name not in present)
        assert (row[f"{name}_norm"] is None) or 0 <= row[f"{name}_norm"] <= 1
        assert name in present or not row[f"{name}_weight"]
    if row["coverage"] > 0:
        assert math.isfinite(row["score"])
        assert 0 <= row["score"] <= 100
        assert math.isclose(sum(weights), 1, abs_tol=1e-12)
    else:
        assert row["score"] is None
    if row["coverage"] < settings.min_coverage - 1e-9:
        assert row["fate"] == "rejected"
        assert row["rank"] is None


def _assert_sound(decision: Decision, settings: Settings = DEFAULTS) -> None:
    """Fail if anything is ranked by null or NaN, or if a score rests on weights that are not 1 together."""
    universe = decision.universe
    for row in universe.filter("in_scored_set").to_dicts():
        _assert_row_is_sound(row, settings)
    ranked = universe.filter(pl.col("fate") == "ranked").sort("rank")
    assert ranked["score"].is_finite().all()
    assert ranked["score"].to_list() == sorted(ranked["score"], reverse=True)
    assert ranked["in_scored_set"].all()
    uncovered = universe.filter(pl.col("reason") == "insufficient_coverage")
    assert (uncovered["coverage"] < settings.min_coverage).all()
    for name in ("score", "coverage", "penalty", "boost", *(f"{n}_{p}" for n in NAMES for p in ("norm", "weight"))):
        assert not universe[name].is_nan().any(), name


def _some_of(decision: Decision, share: float) -> list[str]:
    """Return the first contracts of the order, at least the best one, of which something is taken away."""
    order = decision.universe.filter("in_scored_set").sort("score", "contract", descending=[True, False])["contract"]
    rest = decision.universe.filter(~pl.col("in_scored_set"))["contract"]
    whole = order[: max(1, round(share * order.len()))]
    return whole.append(rest).to_list() if share == 1 else whole.to_list()


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", WITH_DATA)
def test_lost_data_of_a_factor_is_named_and_its_weight_shared(hour: mf.Hour, name: str, share: str) -> None:
    """Without a factor's data for one, half or all of the contracts, those name it, and nobody is ranked blindly."""
    lost = _some_of(mf.decide_hour(hour), SHARES[share])
    decision = mf.decide_hour(changed.without(hour, name, lost))
    _assert_sound(decision)
    gone = pl.lit(True) if name in OF_ALL_ONLY else pl.col("contract").is_in(lost)
    rows = decision.universe.filter(pl.col("in_scored_set") & gone).to_dicts()
    assert all(row[name] is None and name in missing(row) for row in rows)
    assert decision.level is not None or share != "one"


@pytest.mark.parametrize("how", NORMALISATIONS)
@pytest.mark.parametrize("share", SHARES)
def test_any_factor_may_be_null(hour: mf.Hour, board: pl.DataFrame, share: str, how: str) -> None:
    """Each of the ten factors in turn, null for one, half or all: scores are finite, weights sum to 1, it is named."""
    settings = Settings(normalisation=how)
    lost = pl.col("contract").is_in(_some_of(judge(board, hour.regime, settings), SHARES[share]))
    for name in NAMES:
        blank = board.with_columns(pl.when(~lost).then(name).alias(name))
        decision = judge(blank, hour.regime, settings)
        _assert_sound(decision, settings)
        rows = decision.universe.filter(lost & pl.col("in_scored_set")).to_dicts()
        assert rows
        assert all(name in missing(row) for row in rows)


def test_each_further_loss_lowers_coverage_until_nobody_is_ranked(hour: mf.Hour, board: pl.DataFrame) -> None:
    """Factor after factor lost by all: below 0.60 of the weights every contract is rejected, none is ranked."""
    poorer, ranked = board, []
    for name in NAMES:
        poorer = poorer.with_columns(pl.lit(None, pl.Float64).alias(name))
        decision = judge(poorer, hour.regime, DEFAULTS)
        _assert_sound(decision)
        ranked.append(decision.universe.filter(pl.col("fate") == "ranked").height)
    assert ranked[0] > 0
    assert ranked[2:] == [0] * (len(NAMES) - 2)  # mom15m, mom60m and vol_spike weigh 0.48
    assert "insufficient_coverage" in decision.universe["reason"]


def test_seven_values_are_too_few_to_score_a_factor(hour: mf.Hour, board: pl.DataFrame) -> None:
    """A factor known of seven contracts is unscored for all, and named as missing by all; with eight it is scored."""
    members = judge(board, hour.regime, DEFAULTS).universe.filter(
        pl.col("in_scored_set") & pl.col("mom60m").is_not_null()
    )
    for known, scored in ((7, 0), (8, 8)):
        few = pl.col("contract").is_in(members["contract"].head(known).to_list())
        thin = board.with_columns(pl.when(few).then("mom60m").alias("mom60m"))
        decision = judge(thin, hour.regime, DEFAULTS)
        _assert_sound(decision)
        assert decision.universe["mom60m_norm"].count() == scored


# Wrong numbers

WRONG = {"nan": math.nan, "infinite": math.inf, "zero": 0.0, "negative": -1.0, "huge": 1e300, "tiny": 1e-300}
BAR_COLUMNS = (*changed.PRICES, "volume_coins", "volume_usdt", "taker_buy_usdt")


def _poisoned(frame: pl.DataFrame, column: str, value: float, where: pl.Expr) -> pl.DataFrame:
    return frame.with_columns(pl.when(where).then(pl.lit(value)).otherwise(column).alias(column))


@pytest.mark.parametrize("value", WRONG.values(), ids=list(WRONG))
def test_wrong_numbers_in_bars_rank_nothing_blindly(hour: mf.Hour, value: float) -> None:
    """A wrong number in the hour's bar of half of the contracts, a column each: what verification lets by is sound."""
    here, group, bars = pl.col("open_ms") == hour.hour_ms - HOUR_MS, pl.col("contract").hash(1) % 14, hour.bars
    for k, column in enumerate(BAR_COLUMNS):
        bars = _poisoned(bars, column, value, here & (group == k))
    verified = verify_bars(conform(bars, frames.BARS), HOUR_MS, hour.hour_ms)
    assert verified.problems or value > 0
    _assert_sound(mf.decide_hour(hour._replace(bars=verified.bars)))


@pytest.mark.parametrize("value", WRONG.values(), ids=list(WRONG))
def test_wrong_numbers_in_details_rank_nothing_blindly(hour: mf.Hour, value: float) -> None:
    """A wrong number in every third row of funding, 15m bars, books, supply and interest: what passes is sound."""
    third, d = pl.int_range(pl.len()) % 3 == 0, hour.evidence.details
    held = (
        d.open_interest if value == WRONG["tiny"] else _poisoned(d.open_interest, "open_interest_coins", value, third)
    )
    poorer = mf.with_details(
        hour,
        open_interest=verify_open_interest(conform(held, frames.OPEN_INTEREST), hour.hour_ms).rows,
        funding=verify_settlements(conform(_poisoned(d.funding, "rate_ratio", value, third), frames.FUNDING)).rows,
        last_15m=conform(_poisoned(d.last_15m, "open", value, third), frames.BARS),
        books=conform(_poisoned(d.books, "bids_usdt", value, third), frames.BOOK),
    )
    supply = conform(_poisoned(hour.evidence.supply, "supply_coins", value, third), frames.SUPPLY)
    _assert_sound(mf.decide_hour(poorer._replace(evidence=poorer.evidence._replace(supply=supply))))


def test_changes_beyond_all_numbers_rank_nothing_blindly(hour: mf.Hour) -> None:
    """Open interest that came from next to nothing, a change of 1.5e308 % in half of the contracts: no score is NaN."""
    held, now = hour.evidence.details.open_interest, pl.col("open_interest_coins")
    newest = held.filter(pl.col("at_ms") == hour.hour_ms).filter(pl.col("contract").hash(1) % 2 == 0)
    before = newest.with_columns(pl.col("at_ms") - 4 * HOUR_MS, now * (100 / 1.5e308))
    odd = pl.concat([before, held]).unique([*KEY, "at_ms"], keep="first", maintain_order=True)
    _assert_sound(mf.decide_hour(mf.with_details(hour, open_interest=odd)))


def test_no_data_at_all_is_survived(hour: mf.Hour) -> None:
    """Without a bar, and without a listing, the decision is empty of ranks and says so."""
    for poorer in (hour._replace(bars=hour.bars.clear()), hour._replace(listing=hour.listing.clear())):
        base = base_board(poorer.listing, build_windows(poorer.bars, hour.hour_ms), hour.hour_ms)
        decision = decide(base, poorer.evidence, hour.regime, hour.hour_ms, DEFAULTS)
        _assert_sound(decision)
        assert decision.level is None
        assert (decision.universe["fate"] == "rejected").all()
