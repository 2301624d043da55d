"""Point figures by hand, and what is counted of an hour beside its outcomes."""

import json
from collections.abc import Mapping

import polars as pl
import pytest

from escalated import hour_of
from quantscout.evaluation_kpis import Figure, live_kpis
from quantscout.evaluation_models import BINS, JUDGED, EvaluatedHour, Group
from quantscout.evaluation_rows import controls_of, evaluated_hour, judge
from quantscout.factors import NAMES
from quantscout.frames import HOUR_MS
from quantscout.outcomes import OUTCOMES
from written_reports import gem_of, report_of

H = 1_772_366_400_000
PLAIN = {
    "coin": "X", "fate": "rejected", "rank": None, "reason": "spread_wide", "score": None, "coverage": 1.0,
    "in_scored_set": False, "adv30_percentile": 0.1, "atr_percentile": 0.9, "volume_24h_usdt": 1e6, "penalty": 0.0,
    "boost": 0.0,
}  # fmt: skip


def universe_of(**contracts: Mapping[str, object]) -> pl.DataFrame:
    """Return a universe of these Binance contracts, with all norms unknown but those that are given."""
    norms = {f"{name}_norm": None for name in NAMES}
    rows = [{"venue": "binance", "contract": name, **PLAIN, **norms, **own} for name, own in contracts.items()]
    kinds = {name: kind for name, kind in JUDGED.items() if name in rows[0]} | {"fate": pl.String}
    return pl.DataFrame(rows, schema=kinds)


def outcomes_of(**changes: float | None) -> pl.DataFrame:
    """Return the outcomes of contracts by their 24h return; None is an incomplete day."""
    rows = [
        {
            "venue": "binance",
            "contract": name,
            "hour_ms": H,
            "entry_price": 1.0,
            "return_24h_ratio": change,
            "net_return_24h_ratio": None if change is None else change - 0.003,
            "hit10": None if change is None else change >= 0.1,
            "outcome": "incomplete" if change is None else "complete",
        }
        for name, change in changes.items()
    ]
    return pl.DataFrame(rows, schema=dict(OUTCOMES))


def test_figures_by_hand() -> None:
    """Two hours: one hit of five, then three of five; all contracts 18 %, the scored ones 25 %."""
    scored = Group(rows=20, complete=20, hits=5)
    kpis = live_kpis([hour_of(1, hits=1, net=-0.01, scored=scored), hour_of(0, hits=3, net=0.03, scored=scored)])
    assert kpis.precision_at_5 == Figure(0.4, 10)
    assert (kpis.base_rate, kpis.scored_set_rate) == (Figure(0.18, 200), Figure(0.25, 40))
    assert kpis.lift_over_base == pytest.approx((0.4 / 0.18, 10))
    assert kpis.mean_net_return_24h == pytest.approx((0.01, 10))
    assert (kpis.without_controls, kpis.lift_over_matched) == (10, Figure(None, 0))


def test_the_matched_lift_weighs_every_pick_the_same() -> None:
    """A pick with two controls and one with twenty count alike; one without is left out, and counted."""
    hour = hour_of(0, hits=2)
    controls = [(2, 1), (20, 5), (0, 0), (0, 0), (0, 0)]
    picks = [
        pick.model_copy(update={"controls": n, "controls_hit": hits})
        for pick, (n, hits) in zip(hour.picks, controls, strict=True)
    ]
    kpis = live_kpis([hour.model_copy(update={"picks": picks})])
    assert kpis.lift_over_matched == pytest.approx((1 / 0.375, 2))
    assert kpis.without_controls == 3


def test_nothing_gives_no_figures() -> None:
    """Without hours every figure is unknown, not 0."""
    kpis = live_kpis([])
    assert (kpis.precision_at_5, kpis.median_net_return_24h, kpis.hours) == (Figure(None, 0), Figure(None, 0), 0)
    assert json.loads(json.dumps(kpis.plain()))["base_rate"] == {"value": None, "n": 0}


def test_hours_without_a_judgement_are_counted_by_reason() -> None:
    """They are in no figure and not forgotten."""
    missing = EvaluatedHour(hour_ms=H, evaluated_ms=H, settled=True, excluded="no_report")
    kpis = live_kpis([missing, missing, hour_of(0)])
    assert (kpis.hours, kpis.excluded) == (1, {"no_report": 2})


def test_an_item_of_a_later_version_is_read() -> None:
    """Fields that came later are passed over."""
    text = json.loads(hour_of(0).model_dump_json()) | {"invented_later": 1}
    assert EvaluatedHour.model_validate_json(json.dumps(text)) == hour_of(0)


def test_a_contract_without_percentiles_is_not_judged() -> None:
    """It could not have been chosen: it is part of no population."""
    universe = universe_of(A={}, B={"atr_percentile": None}, C={"adv30_percentile": None})
    assert judge(universe, outcomes_of(A=0.1, B=0.1, C=0.1), H)["contract"].to_list() == ["A"]


def test_a_contract_without_a_bar_at_the_hour_had_no_entry() -> None:
    """It is judged, and its outcome is named."""
    assert judge(universe_of(A={}), outcomes_of(), H)["outcome"].to_list() == ["no_entry"]


def test_a_rank_is_that_of_a_ranked_contract() -> None:
    """The second contract of a coin carries the coin's rank in the universe; it was not ranked itself."""
    universe = universe_of(A={"fate": "ranked", "rank": 1}, B={"fate": "rejected", "rank": 1, "reason": "same_coin"})
    assert judge(universe, outcomes_of(A=0.1, B=0.1), H)["rank"].to_list() == [1, None]


def test_an_older_universe_lacks_columns_and_is_judged() -> None:
    """What it does not have is unknown."""
    rows = judge(universe_of(A={}).drop("penalty", "mom15m_norm"), outcomes_of(A=0.1), H)
    assert rows.schema == pl.Schema(JUDGED)
    assert rows.select("penalty", "mom15m_norm").row(0) == (None, None)


def test_controls_by_hand() -> None:
    """Same fifths of both percentiles, not picked, complete: one of six others is a control."""
    universe = universe_of(
        PICK={"fate": "ranked", "rank": 2, "adv30_percentile": 0.19, "atr_percentile": 1.0},
        SAME={"adv30_percentile": 0.0, "atr_percentile": 0.8},
        SIXTH={"fate": "ranked", "rank": 6, "adv30_percentile": 0.1, "atr_percentile": 0.9},
        OTHER={"adv30_percentile": 0.2, "atr_percentile": 0.9},
        CALM={"adv30_percentile": 0.1, "atr_percentile": 0.79},
        FIRST={"fate": "ranked", "rank": 1},
        HOLE={},
    )
    outcomes = outcomes_of(PICK=0.2, SAME=0.3, SIXTH=0.0, OTHER=0.3, CALM=0.3, FIRST=0.3, HOLE=None)
    judged = judge(universe, outcomes, H)
    assert controls_of(judged, "binance", "PICK")["contract"].to_list() == ["SAME", "SIXTH"]
    assert controls_of(judged, "kucoin", "PICK").height == 0


def test_an_hours_item_by_hand() -> None:
    """Groups, the pick's move among the others, and the histogram of a factor's norms."""
    norms = [0.0, 0.05, 0.1, 0.55, 1.0, None, *[0.5] * 19]
    names = [f"C{k}" for k in range(25)]
    scored: dict[str, object] = {"in_scored_set": True, "score": 50.0}
    universe = universe_of(**{n: scored | {"mom60m_norm": v} for n, v in zip(names, norms, strict=True)})
    outcomes = outcomes_of(**{name: k / 100 for k, name in enumerate(names)})
    judged = judge(universe, outcomes, H)
    report = report_of(ranked_gems=[gem_of(k + 1, name, contract=name) for k, name in enumerate(reversed(names[-5:]))])
    hour = evaluated_hour(report, judged, outcomes, H, H + 24 * HOUR_MS)
    whole = Group(rows=25, complete=25, hits=15, net_return_sum=hour.population.net_return_sum)
    assert hour.population == hour.scored == whole
    assert whole.net_return_sum == pytest.approx(3.0 - 25 * 0.003)
    assert hour.norms["mom60m"] == [2, 1, 0, 0, 0, 20, 0, 0, 0, 1, 1]
    assert len(hour.norms["mom60m"]) == BINS + 1
    assert hour.lacking == [name for name in NAMES if name != "mom60m"]
    assert hour.picks[0].move_z == pytest.approx(0.12 / (1.4826 * 0.06))
    assert (hour.level, hour.top_score, hour.regime) == (1, 79.04, "risk_on")
