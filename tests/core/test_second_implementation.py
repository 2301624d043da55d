"""The product against the second, naive implementation, on whole real hours."""

import os
from collections.abc import Callable
from typing import get_args

import polars as pl
import pytest

import market_frames as mf
from naive_agreement import GATE_VALUES, POSITIONS, SCORES, Both, assert_agree, compute_both
from naive_decision import Rules
from quantscout.factors import NAMES
from quantscout.frames import HOUR_MS
from quantscout.regime import RegimeName

pytestmark = pytest.mark.skipif(not mf.ARCHIVE.is_dir(), reason=mf.NEEDS_ARCHIVE)

REGIMES = get_args(RegimeName)
SAMPLE = mf.real_hours(int(os.environ.get("AGREEMENT_HOURS", "5")), seed=50)
PARTS = ("z", "norm", "weight", "points")
HOURS: dict[str, tuple[int, RegimeName]] = {
    "2026-03-01T12:00Z": (0, "neutral"),
    "2026-03-01T15:00Z, risk_on, no open interest": (3, "risk_on"),
    "2026-02-28T20:00Z, btc_led": (-16, "btc_led"),
    "2026-02-27T02:00Z, risk_off, no open interest": (-58, "risk_off"),
}


@pytest.fixture(scope="module", params=list(HOURS.values()), ids=list(HOURS))
def both(request: pytest.FixtureRequest) -> Both:
    """Return one real hour by the product and by hand."""
    later_h, regime = request.param
    return compute_both(mf.real_hour(mf.NOON + later_h * HOUR_MS, regime, seed=later_h))


def test_every_contract_is_in_both(both: Both) -> None:
    """Both implementations know the same contracts, all of the archive that had begun to trade among them."""
    assert both.product.keys() == both.by_hand.keys()
    assert sum(venue == "binance" for venue, _ in both.product) >= 535


def test_gate_values_agree(both: Both) -> None:
    """Every gate value of every contract agrees to 1e-9."""
    assert both.differences(GATE_VALUES) == []


def test_factor_values_agree(both: Both) -> None:
    """Every factor's raw value of every contract agrees to 1e-9, and so do the changes of open interest."""
    assert both.differences((*NAMES, *POSITIONS)) == []


def test_scored_sets_agree(both: Both) -> None:
    """The scored set is the same one, and it is at least 20 contracts."""
    assert {key for key, row in both.product.items() if row["in_scored_set"]} == set(both.scored)
    assert len(both.scored) >= 20


def test_scores_agree(both: Both) -> None:
    """Coverage, the two funding z, penalty, boost and score of every scored contract agree to 1e-9."""
    assert both.differences(SCORES, both.scored) == []


@pytest.mark.parametrize("name", NAMES)
def test_factor_parts_agree(both: Both, name: str) -> None:
    """The z, norm, shared weight and points of a factor agree to 1e-9 in the whole scored set."""
    assert both.differences((f"{name}_{part}" for part in PARTS), both.scored) == []


def test_level_agrees(both: Both) -> None:
    """Both choose the same level of the gate."""
    assert both.decision.level == both.level


def test_reasons_agree(both: Both) -> None:
    """Every contract has the same reason in both, or is ranked in both with the same rank."""
    assert both.differences(("reason", "rank")) == []


def test_five_agree(both: Both) -> None:
    """The five picks are the same contracts in the same order."""
    product, by_hand = both.fives
    assert product == by_hand
    assert len(product) == 5


def test_hour_walks_the_paths_of_missing_data(both: Both) -> None:
    """The hour is worth comparing: values are missing, penalties and boosts are given, a coin is on two venues."""
    rows = [both.by_hand[key] for key in both.scored]
    for name in ("mom15m", "ob_imbalance", "oi_change", "market_cap_usd"):
        assert any(row[name] is None for row in rows), name
    assert any(row["penalty"] > 0 for row in rows)
    assert any(row["boost"] > 0 for row in rows)
    assert {row["venue"] for row in rows} == {"binance", "kucoin"}


@pytest.mark.long
@pytest.mark.parametrize("number", range(len(SAMPLE)), ids=[mf.name_of(at) for at in SAMPLE])
def test_real_hours_agree(number: int, record_property: Callable[[str, object], None]) -> None:
    """Level, five, fates, scores and every value of a real hour agree to 1e-9 (5 hours; `make properties` takes 50)."""
    hour = mf.real_hour(SAMPLE[number], REGIMES[number % len(REGIMES)], seed=number)
    both = compute_both(hour)
    assert_agree(both)
    record_property("agreement: hours", 1)
    record_property("agreement: contracts compared", len(both.by_hand))
    record_property("agreement: contracts scored by both", len(both.scored))
    record_property("agreement: numbers compared", both.numbers)


LESS_MOMENTUM = {"mom15m": 0.10, "mom60m": 0.05, "oi_change": 0.20, "liquidity": 0.12}
WIDER: dict[str, tuple[float, float, float, float] | float] = {
    "adv30_percentile": (0.5, 0.6, 0.8, 0.9),
    "atr_percentile": (0.5, 0.4, 0.2, 0.1),
    "market_cap": (5e8, 5e8, 1e9, 1e12),
    "depth": (1e5, 2e5, 4e5, 1e6),
    "volume_24h_min": 500_000,
    "history": 700,
}
RULES = {
    "robust_z": Rules(normalisation="robust_z"),
    "rank": Rules(normalisation="rank"),
    "weights": Rules(weights=LESS_MOMENTUM),
    "gate_limits": Rules(limits=WIDER),
    "robust_z, weights, gate_limits": Rules(LESS_MOMENTUM, WIDER, "robust_z"),
    "rank, no weight on vol_spike": Rules({"vol_spike": 0.0, "mom60m": 0.30}, WIDER, "rank"),
}


def _without_twins(hour: mf.Hour) -> mf.Hour:
    """Return the hour of the first venue alone.

    The made-up second one has the same prices but for a factor, so a coin's breakout is the same on both but for the
    last bit; who of the two ranks higher is then no question of right or wrong.
    """
    return hour._replace(listing=hour.listing.filter(pl.col("venue") == "binance"))


OTHERS = mf.real_hours(len(RULES), seed=6)


@pytest.mark.parametrize("number", range(len(RULES)), ids=list(RULES))
def test_other_rules_agree(number: int) -> None:
    """Under other normalisations, weights and limits both agree to 1e-9, too, and the rules do change the scores."""
    rules = list(RULES.values())[number]
    hour = mf.real_hour(OTHERS[number], REGIMES[number % len(REGIMES)], seed=number)
    hour = _without_twins(hour) if rules.normalisation == "rank" else hour
    both = compute_both(hour, rules)
    assert_agree(both)
    assert not both.decision.universe["score"].equals(mf.decide_hour(hour).universe["score"])


def _with_equal_quarters(hour: mf.Hour, share: float) -> mf.Hour:
    """Return the hour in which a share of the 15m bars closed where they opened."""
    quarters = hour.evidence.details.last_15m
    equal = pl.int_range(pl.len()) < share * quarters.height
    return mf.with_details(
        hour, last_15m=quarters.with_columns(pl.when(equal).then("open").otherwise("close").alias("close"))
    )


def test_equal_values_agree_in_every_normalisation() -> None:
    """Half of the values equal (median deviation 0) and all of them equal: both fall back in the same way."""
    for how in ("z", "robust_z", "rank"):
        for share in (0.6, 1.0):
            hour = _without_twins(_with_equal_quarters(mf.made_hour(7), share))
            assert_agree(compute_both(hour, Rules(normalisation=how)))
