"""The product against the second, naive implementation, on whole real hours."""

import math
from typing import Any, NamedTuple

import pytest

import market_frames as mf
import naive
import naive_decision
from quantscout.decide import Decision
from quantscout.factors import NAMES
from quantscout.frames import HOUR_MS
from quantscout.regime import RegimeName

pytestmark = pytest.mark.skipif(not mf.ARCHIVE.is_dir(), reason=mf.NEEDS_ARCHIVE)

GATE_VALUES = (
    "bar_age_h", "history_h", "bars_4h", "volume_24h_usdt", "adv30_usdt", "atr_pct", "adv30_percentile",
    "atr_percentile", "spread_ratio", "funding_8h_ratio", "market_cap_usd", "min_notional_usdt", "depth_usdt",
)  # fmt: skip
POSITIONS = ("oi_change_4h_pct", "oi_change_24h_pct", "oi_change_4h_std_pct")
SCORES = ("coverage", "funding_z", "funding_change_z", "penalty", "boost", "score")
PARTS = ("z", "norm", "weight", "points")
HOURS: dict[str, tuple[int, RegimeName]] = {
    "2026-03-01T12:00Z": (0, "neutral"),
    "2026-03-01T15:00Z, risk_on, no open interest": (3, "risk_on"),
    "2026-02-28T20:00Z, btc_led": (-16, "btc_led"),
    "2026-02-27T02:00Z, risk_off, no open interest": (-58, "risk_off"),
}


class Both(NamedTuple):
    """One hour, computed twice."""

    product: dict[naive.Key, dict[str, Any]]
    decision: Decision
    by_hand: dict[naive.Key, naive.Row]
    level: int | None


@pytest.fixture(scope="module", params=list(HOURS.values()), ids=list(HOURS))
def both(request: pytest.FixtureRequest) -> Both:
    """Return one real hour by the product and by hand."""
    later_h, regime = request.param
    hour = mf.real_hour(mf.NOON + later_h * HOUR_MS, regime, seed=later_h)
    decision = mf.decide_hour(hour)
    product = {naive_decision.key_of(row): row for row in decision.universe.to_dicts()}
    return Both(product, decision, *naive_decision.decide(mf.plain(hour)))


def _same(one: Any, other: Any) -> bool:
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9) if numbers else bool(one == other)


def _differences(both: Both, keys: list[naive.Key], columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    pairs = [(key, name, both.product[key][name], both.by_hand[key].get(name)) for key in keys for name in columns]
    return [pair for pair in pairs if not _same(*pair[2:])]


def _scored(both: Both) -> list[naive.Key]:
    return [key for key, row in both.by_hand.items() if row["in_scored_set"]]


def test_every_contract_is_in_both(both: Both) -> None:
    """Both implementations know the same contracts, all of the archive that had begun to trade among them."""
    assert both.product.keys() == both.by_hand.keys()
    assert sum(venue == "binance" for venue, _ in both.product) >= 535


def test_gate_values_agree(both: Both) -> None:
    """Every gate value of every contract agrees to 1e-9."""
    assert _differences(both, list(both.by_hand), GATE_VALUES) == []


def test_factor_values_agree(both: Both) -> None:
    """Every factor's raw value of every contract agrees to 1e-9, and so do the changes of open interest."""
    assert _differences(both, list(both.by_hand), (*NAMES, *POSITIONS)) == []


def test_scored_sets_agree(both: Both) -> None:
    """The scored set is the same one, and it is at least 20 contracts."""
    assert {key for key, row in both.product.items() if row["in_scored_set"]} == set(_scored(both))
    assert len(_scored(both)) >= 20


def test_scores_agree(both: Both) -> None:
    """Coverage, the two funding z, penalty, boost and score of every scored contract agree to 1e-9."""
    assert _differences(both, _scored(both), SCORES) == []


@pytest.mark.parametrize("name", NAMES)
def test_factor_parts_agree(both: Both, name: str) -> None:
    """The z, norm, shared weight and points of a factor agree to 1e-9 in the whole scored set."""
    assert _differences(both, _scored(both), tuple(f"{name}_{part}" for part in PARTS)) == []


def test_level_agrees(both: Both) -> None:
    """Both choose the same level of the gate."""
    assert both.decision.level == both.level


def test_reasons_agree(both: Both) -> None:
    """Every contract has the same reason in both, or is ranked in both with the same rank."""
    assert _differences(both, list(both.by_hand), ("reason", "rank")) == []


def test_five_agree(both: Both) -> None:
    """The five picks are the same contracts in the same order."""
    by_hand = {row["rank"]: key for key, row in both.by_hand.items() if row.get("rank")}
    product = {row["rank"]: key for key, row in both.product.items() if row["fate"] == "ranked"}
    assert [product[k] for k in range(1, 6)] == [by_hand[k] for k in range(1, 6)]


def test_hour_walks_the_paths_of_missing_data(both: Both) -> None:
    """The hour is worth comparing: values are missing, penalties and boosts are given, a coin is on two venues."""
    rows = [both.by_hand[key] for key in _scored(both)]
    for name in ("mom15m", "ob_imbalance", "oi_change", "market_cap_usd"):
        assert any(row[name] is None for row in rows), name
    assert any(row["penalty"] > 0 for row in rows)
    assert any(row["boost"] > 0 for row in rows)
    assert {row["venue"] for row in rows} == {"binance", "kucoin"}
