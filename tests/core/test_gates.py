"""The table of gates: limits, order, unknown values, percentiles and flags."""

from typing import Any, get_args

import polars as pl
import pytest

from quantscout.gates import GATES, LEVELS, REASONS, WIDEST, Gate, Unknowable
from quantscout.gating import first_failure, flags, percentiles, venues_differ
from quantscout.settings import Settings

GOOD: dict[str, Any] = {
    "bar_age_h": 0.0, "history_h": 721, "bars_4h": 180, "volume_24h_usdt": 1e6, "funding_8h_ratio": 1e-4,
    "spread_ratio": 0.001, "adv30_percentile": 0.1, "atr_percentile": 0.9, "market_cap_usd": 5e7,
    "min_notional_usdt": 5.0, "depth_usdt": 2e4,
}  # fmt: skip
DEFAULTS = Settings()
KINDS = {name: pl.Int64 if name in {"history_h", "bars_4h"} else pl.Float64 for name in GOOD}


def _judge(level: int = 0, settings: Settings = DEFAULTS, **changes: Any) -> tuple[Any, ...]:
    board = pl.DataFrame([GOOD | changes], schema=KINDS)
    return board.select(first_failure(level, settings)).row(0)


def _one(column: str, value: float | None) -> dict[str, Any]:
    return {column: value}


def test_sound_micro_cap_passes_the_strict_level() -> None:
    """A contract within every limit has no reason."""
    assert _judge() == (None, None, None)


@pytest.mark.parametrize(
    ("column", "passing", "failing", "reason"),
    [
        ("bar_age_h", 0.0, 1.0, "late"),
        ("history_h", 60, 59, "short_history"),
        ("bars_4h", 15, 14, "short_history"),
        ("volume_24h_usdt", 100_000.0, 99_999.0, "volume_24h_low"),
        ("volume_24h_usdt", 49_999_999.0, 50_000_000.0, "volume_24h_high"),
        ("funding_8h_ratio", 0.003, 0.0030001, "funding_high"),
        ("spread_ratio", 0.01, 0.0100001, "spread_wide"),
    ],
)
def test_guardrail_holds_at_every_level(column: str, passing: float, failing: float, reason: str) -> None:
    """A guardrail has its exact limit, the same at every level."""
    for level in range(len(LEVELS)):
        assert _judge(level, **_one(column, passing))[0] is None
        assert _judge(level, **_one(column, failing))[:2] == (reason, failing)


@pytest.mark.parametrize(
    ("column", "passing", "failing", "reason"),
    [
        ("market_cap_usd", (99e6, 149e6, 299e6, 299e6), (100e6, 150e6, 300e6, 300e6), "market_cap_high"),
        ("adv30_percentile", (0.20, 0.30, 0.50, 0.60), (0.201, 0.301, 0.501, 0.601), "adv30_percentile_high"),
        ("atr_percentile", (0.75, 0.65, 0.50, 0.40), (0.749, 0.649, 0.499, 0.399), "atr_percentile_low"),
        ("depth_usdt", (49e3, 99e3, 249e3, 499e3), (50e3, 100e3, 250e3, 500e3), "depth_high"),
        ("min_notional_usdt", (5.0, 10.0, 20.0, 50.0), (5.1, 10.1, 20.1, 50.1), "min_notional_high"),
    ],
)
def test_gate_widens_by_level(column: str, passing: tuple[float, ...], failing: tuple[float, ...], reason: str) -> None:
    """A gate has its exact limit at each of the four levels."""
    for level in range(len(LEVELS)):
        assert _judge(level, **_one(column, passing[level]))[0] is None
        assert _judge(level, **_one(column, failing[level]))[0] == reason


@pytest.mark.parametrize("column", GOOD)
def test_unknown_value_passes_no_strict_gate(column: str) -> None:
    """Nothing that is not known passes a gate, and the reason's value is empty."""
    reason, value, _ = _judge(0, **_one(column, None))
    assert reason is not None
    assert value is None


@pytest.mark.parametrize("column", GOOD)
def test_only_an_unknown_market_cap_passes_the_widest_level(column: str) -> None:
    """At L3 the market cap may be unknown, nothing else."""
    assert (_judge(WIDEST, **_one(column, None))[0] is None) is (column == "market_cap_usd")


@pytest.mark.parametrize("gate", [gate for gate in GATES if gate.setting], ids=lambda gate: gate.name)
def test_setting_lets_an_unknown_value_pass(gate: Gate) -> None:
    """What a setting names passes when it is unknown, not when it is too large, and excuses no other gate."""
    allowed = Settings.model_validate({"unknown_passes": [gate.setting]})
    assert _judge(0, allowed, **_one(gate.column, None))[0] is None
    assert _judge(0, allowed, **_one(gate.column, 1e9))[0] == gate.reason
    others = (other for other in GATES if other.setting not in {None, gate.setting})
    assert all(_judge(0, allowed, **_one(other.column, None))[0] == other.unknown_reason for other in others)


def test_four_gates_may_be_excused() -> None:
    """Funding, spread, smallest order and depth: every gate that may be excused is named as it is called."""
    assert [gate.name for gate in GATES if gate.setting == gate.name] == ["funding", "spread", "min_notional", "depth"]
    assert {gate.setting for gate in GATES} - {None} == set(get_args(Unknowable))


def test_first_failure_is_the_reason() -> None:
    """The order of the table decides, with that gate's value and limit."""
    assert _judge(1, market_cap_usd=1e9, depth_usdt=1e9, volume_24h_usdt=5.0) == ("volume_24h_low", 5.0, 100_000.0)


def test_unknown_first_failure_hides_no_later_value() -> None:
    """The value that is told belongs to the first gate, even if it is unknown and a later gate fails too."""
    assert _judge(0, funding_8h_ratio=None, depth_usdt=1e9) == ("funding_unknown", None, 0.003)


def test_every_reason_has_its_line() -> None:
    """Each code of the gates is explained to a person."""
    codes = {gate.reason for gate in GATES} | {gate.unknown_reason for gate in GATES}
    assert codes <= REASONS.keys()


def _percentiles(adv: list[float | None], **changes: list[Any]) -> list[float | None]:
    n = len(adv)
    columns: dict[str, list[Any]] = {
        "venue": ["v"] * n, "ineligible": [None] * n, "history_h": [700] * n, "bars_4h": [170] * n, "atr_pct": adv,
    }  # fmt: skip
    board = pl.DataFrame(columns | {"adv30_usdt": adv} | changes, schema_overrides={"ineligible": pl.String})
    return board.select(percentiles())["adv30_percentile"].to_list()


def test_percentile_is_the_middle_of_the_rank() -> None:
    """Of four values they are 1/8, 3/8, 5/8, 7/8."""
    assert _percentiles([4.0, 1.0, 3.0, 2.0]) == [0.875, 0.125, 0.625, 0.375]


def test_equal_values_share_their_rank() -> None:
    """Ties stand in the middle of the places they take."""
    assert _percentiles([1.0, 2.0, 2.0, 3.0]) == [0.125, 0.5, 0.5, 0.875]


@pytest.mark.parametrize(
    "change", [{"ineligible": [None, None, "delisting"]}, {"history_h": [70, 70, 59]}, {"bars_4h": [15, 15, 14]}]
)
def test_percentile_counts_eligible_contracts_with_history(change: dict[str, list[Any]]) -> None:
    """Who is outside the universe or too young has no percentile and moves nobody's."""
    assert _percentiles([1.0, 2.0, 0.5], **change) == [0.25, 0.75, None]


def test_percentile_is_within_the_venue() -> None:
    """Each venue has its own ranks."""
    assert _percentiles([1.0, 2.0, 100.0, 200.0], venue=["a", "a", "b", "b"]) == [0.25, 0.75, 0.25, 0.75]


CALM: dict[str, Any] = {
    "close": 100.0, "close_7d_ago": 100.0, "fullest_bar_ratio": 0.1, "fullest_bar_move_ratio": 0.02,
    "funding_8h_ratio": 1e-4, "oi_change_24h_pct": 1.0, "oi_change_4h_pct": 1.0, "oi_change_4h_std_pct": 2.0,
    "change_4h_ratio": 0.0, "change_4h_std_ratio": 0.01, "volume_24h_usdt": 1e6, "spot_volume_24h_usdt": 1e6,
    "listed_days": 100.0, "funding_interval_changed": False, "venues_differ_ratio": 0.001, "market_cap_usd": 1e7,
    "depth_usdt": 1e4,
    "spread_ratio": 0.001, "reaches_band": True, "mid": 100.0,
}  # fmt: skip


def _flags(**changes: Any) -> list[str]:
    kinds = {n: pl.Boolean if isinstance(v, bool) else pl.Float64 for n, v in CALM.items()}
    found = pl.DataFrame([CALM | changes], schema=kinds).select(flags()).item()
    return list(found)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"close": 130.1}, ["late"]),
        ({"fullest_bar_ratio": 0.61, "fullest_bar_move_ratio": 0.004}, ["wash_like"]),
        ({"fullest_bar_ratio": 0.61}, []),
        ({"funding_8h_ratio": 0.0006, "oi_change_24h_pct": 21.0}, ["crowded_longs"]),
        ({"funding_8h_ratio": 0.0006}, []),
        ({"oi_change_4h_pct": 2.1, "change_4h_ratio": -0.011}, ["trapped_longs"]),
        ({"oi_change_4h_pct": 2.1, "change_4h_ratio": 0.011}, []),
        ({"spot_volume_24h_usdt": 2e5}, ["perp_led"]),
        ({"listed_days": 7.0}, ["new_listing"]),
        ({"funding_interval_changed": True}, ["funding_interval_changed"]),
        ({"venues_differ_ratio": 0.021}, ["venues_disagree"]),
        ({"close_7d_ago": None, "spot_volume_24h_usdt": None, "oi_change_24h_pct": None}, []),
        ({"market_cap_usd": None, "depth_usdt": None}, ["market_cap_unknown", "depth_unknown"]),
        ({"spread_ratio": None, "funding_8h_ratio": None}, ["spread_unknown", "funding_unknown"]),
        ({"reaches_band": False}, ["book_not_whole"]),
        ({"reaches_band": False, "mid": None}, []),
    ],
)
def test_flags_are_raised_by_their_rules(changes: dict[str, Any], expected: list[str]) -> None:
    """Each flag by its rule; an unknown input raises none, but is named where it matters."""
    assert _flags(**changes) == expected


def test_venues_differ_by_their_4h_returns() -> None:
    """A coin's contracts are compared between venues; one venue alone has nothing to compare with, also with two."""
    board = pl.DataFrame(
        {
            "coin": ["A", "A", "B", "C", "C"],
            "venue": ["binance", "kucoin", "binance", "binance", "binance"],
            "ineligible": pl.Series([None] * 5, dtype=pl.String),
            "change_4h_ratio": [0.01, -0.02, 0.5, 0.1, 0.2],
        }
    )
    apart = pytest.approx(0.03)
    assert board.select(venues_differ()).to_series().to_list() == [apart, apart, None, None, None]
