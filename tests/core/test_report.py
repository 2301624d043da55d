"""The report of an hour: status, streaks, words, errors, and its published schema."""

import json
from datetime import UTC, datetime

import jsonschema
import polars as pl
import pytest
from pydantic import ValidationError

import market_frames as mf
from quantscout.decide import Decision
from quantscout.errors import Problem
from quantscout.factors import NAMES
from quantscout.justification import reasons
from quantscout.models import Gem, Report, SourceState
from quantscout.regime import Regime, RegimeName
from quantscout.report import Facts, build_report, config_hash, count_errors
from quantscout.settings import Settings

DEFAULTS = Settings()
NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
GOOD_SOURCE = SourceState(ok=True, contracts=70, late=1, errors=[], data_age_s=0, note="")


@pytest.fixture(scope="module")
def decision() -> Decision:
    """Return the decision of a small market."""
    return mf.decide_hour(mf.made_hour(4))


def _report(decision: Decision, regime: RegimeName = "neutral", previous: Report | None = None) -> Report:
    facts = Facts(mf.NOON, NOW, Regime(regime, {}, []), {"binance": GOOD_SOURCE}, ["simulated: book"], previous)
    return build_report(decision, facts, DEFAULTS)


@pytest.mark.parametrize(
    ("level", "regime", "status", "low"),
    [
        (0, "neutral", "ok", False),
        (0, "btc_led", "ok", False),
        (1, "neutral", "low_confidence", True),
        (3, "risk_on", "low_confidence", True),
        (0, "risk_off", "no_signal", False),
        (2, "risk_off", "no_signal", True),
        (None, "neutral", "no_data", True),
        (None, "risk_off", "no_data", True),
    ],
)
def test_status(decision: Decision, level: int | None, regime: RegimeName, status: str, low: bool) -> None:
    """Above the strict level confidence is low, risk_off is no signal, without five coins there is no data."""
    report = _report(decision._replace(level=level), regime)
    assert (report.status, report.low_confidence) == (status, low)
    assert len(report.ranked_gems) == (0 if status == "no_data" else 5)


def test_level_is_named_with_its_reason(decision: Decision) -> None:
    """The report says which level was used and how many coins each level held."""
    report = _report(decision)
    assert report.gate_level == "L1"
    assert report.gate_reason.startswith("L1 is the first level with 5 coins")
    assert "L0 0" in report.gate_reason


def test_no_data_names_no_level(decision: Decision) -> None:
    """Without five coins there is no level, and the reason says so."""
    report = _report(decision._replace(level=None))
    assert report.gate_level is None
    assert report.gate_reason.startswith("no level holds 5 coins")


def test_gems_are_the_first_five(decision: Decision) -> None:
    """The five gems are the universe's first five ranks, in order."""
    ranked = decision.universe.filter(pl.col("fate") == "ranked").sort("rank")
    gems = _report(decision).ranked_gems
    assert [gem.contract for gem in gems] == ranked["contract"][:5].to_list()
    assert [gem.rank for gem in gems] == [1, 2, 3, 4, 5]


def test_first_hour_is_new(decision: Decision) -> None:
    """Without a report before, every pick is new in its first hour."""
    assert {(gem.is_new, gem.hours_in_list) for gem in _report(decision).ranked_gems} == {(True, 1)}


def test_streak_grows_by_one(decision: Decision) -> None:
    """A pick of the hour before is not new, and counts one hour more."""
    before = _report(decision, previous=_report(decision))
    gems = _report(decision, previous=before).ranked_gems
    assert {(gem.is_new, gem.hours_in_list) for gem in gems} == {(False, 3)}


def test_streak_of_one_pick_is_its_own(decision: Decision) -> None:
    """A pick that was not listed before is new beside others that were."""
    before = _report(decision)
    first = before.ranked_gems[0]
    stranger = first.model_copy(update={"symbol": "OTHER-USDT-PERP", "coin": "OTHER"})
    gems = _report(decision, previous=before.model_copy(update={"ranked_gems": [stranger, *before.ranked_gems[1:]]}))
    assert [gem.hours_in_list for gem in gems.ranked_gems] == [1, 2, 2, 2, 2]


def test_streak_is_the_coins_not_the_symbols(decision: Decision) -> None:
    """Another coin under the same ticker is new; a report that knows only symbols still counts by them."""
    before = _report(decision)
    namesake = before.ranked_gems[0].model_copy(update={"coin": "ANOTHER@kucoin"})
    nameless = before.ranked_gems[1].model_copy(update={"coin": ""})
    earlier = before.model_copy(update={"ranked_gems": [namesake, nameless, *before.ranked_gems[2:]]})
    assert [gem.hours_in_list for gem in _report(decision, previous=earlier).ranked_gems][:2] == [1, 2]


def test_second_contract_is_listed_under_also_on(decision: Decision) -> None:
    """A coin's other contract that passed as well is named with its venue."""
    ranked = decision.universe.filter(pl.col("fate") == "ranked").sort("rank")
    coin, last = ranked["coin"][0], ranked["contract"][-1]
    mine = pl.col("contract") == last
    twin = decision.universe.with_columns(
        pl.when(mine).then(pl.lit(coin)).otherwise("coin").alias("coin"),
        pl.when(mine).then(pl.lit("same_coin")).otherwise("reason").alias("reason"),
        pl.when(mine).then(pl.lit("rejected")).otherwise("fate").alias("fate"),
    )
    gems = _report(decision._replace(universe=twin)).ranked_gems
    assert gems[0].also_on == [f"{ranked['venue'][-1]}:{last}"]
    assert gems[1].also_on == []


def test_data_points_are_null_where_unknown(decision: Decision) -> None:
    """The six figures of the blueprint are there, null where nothing is known."""
    names = ("oi_change_4h_pct", "funding_rate_ratio", "long_short_ratio", "volume_1h_ago_usdt", "close_1h_ago")
    blank = decision.universe.with_columns(pl.lit(None, pl.Float64).alias(name) for name in names)
    points = json.loads(_report(decision._replace(universe=blank)).to_json())["ranked_gems"][0]["data_points"]
    assert points.pop("24h_volume_usdt") > 0
    assert points == dict.fromkeys(
        (
            "oi_velocity_4h_pct",
            "funding_rate",
            "long_short_ratio",
            "volume_acceleration_1h_pct",
            "price_momentum_1h_pct",
        )
    )


def test_a_pick_says_what_its_figures_rest_on(decision: Decision) -> None:
    """Interval of the funding, spread and depth are those of the contract's row, null where unknown."""
    columns = ["funding_interval_h", "spread_ratio", "depth_usdt"]
    rows = decision.universe.filter(pl.col("fate") == "ranked").sort("rank").head(5)
    whole = [tuple(getattr(gem, name) for name in columns) for gem in _report(decision).ranked_gems]
    assert whole == rows.select(columns).rows()
    assert None not in whole[0]
    blank = decision.universe.with_columns(pl.lit(None).alias(name) for name in columns)
    gem = _report(decision._replace(universe=blank)).ranked_gems[0]
    assert (gem.funding_interval_h, gem.spread_ratio, gem.depth_usdt) == (None, None, None)


def test_a_pick_names_what_takes_a_point_or_more_from_it(decision: Decision) -> None:
    """Factors below average and the funding penalty, strongest first; what takes less than a point is left out."""
    rows = decision.universe.filter(pl.col("fate") == "ranked").sort("rank").head(5).to_dicts()
    found = [gem.against for gem in _report(decision).ranked_gems]
    for row, against in zip(rows, found, strict=True):
        taken = [
            100 * row[f"{name}_weight"] * (row[f"{name}_norm"] - 0.5)
            for name in NAMES
            if row[f"{name}_norm"] is not None
        ]
        assert len(against) == sum(points <= -1 for points in [*taken, -100 * row["penalty"]])
        assert against == reasons(row, against=True)[: len(against)]
    assert any(found)


def test_volume_acceleration_of_a_silent_hour_is_unknown(decision: Decision) -> None:
    """No volume in the hour before is nothing to compare with, not an infinite acceleration."""
    silent = decision.universe.with_columns(volume_1h_ago_usdt=0.0)
    gem = _report(decision._replace(universe=silent)).ranked_gems[0]
    assert gem.data_points.volume_acceleration_1h_pct is None


def test_report_validates_against_its_published_schema(decision: Decision) -> None:
    """The JSON that goes out is valid by the JSON Schema of the model, as an outsider would check it."""
    schema = Report.model_json_schema(by_alias=True, mode="serialization")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(_report(decision).to_json()), schema, jsonschema.Draft202012Validator)


def test_report_survives_the_way_to_json_and_back(decision: Decision) -> None:
    """What was published can be read again, field for field."""
    report = _report(decision)
    assert Report.model_validate_json(report.to_json()) == report


def test_same_decision_gives_the_same_bytes(decision: Decision) -> None:
    """But for generated_at the report's bytes depend on the inputs alone."""
    facts = Facts(
        mf.NOON, datetime(2026, 3, 2, tzinfo=UTC), Regime("neutral", {}, []), {"binance": GOOD_SOURCE}, [], None
    )
    one, two = (build_report(decision, facts._replace(generated_at=at), DEFAULTS) for at in (NOW, facts.generated_at))
    assert one.generated_at != two.generated_at
    assert one.model_copy(update={"generated_at": two.generated_at}).to_json() == two.to_json()


@pytest.mark.parametrize("count", [0, 4])
def test_report_with_another_number_of_picks_is_refused(decision: Decision, count: int) -> None:
    """Five picks or, without data, none: picks are never invented and never lost."""
    report = json.loads(_report(decision).to_json())
    with pytest.raises(ValidationError, match="needs 5 gems"):
        Report.model_validate(report | {"ranked_gems": report["ranked_gems"][:count]})


def test_factors_of_a_pick_add_up(decision: Decision) -> None:
    """In the report, too, weights sum to 1 and points minus penalty plus boost give the score."""
    gem: Gem = _report(decision).ranked_gems[0]
    assert sum(factor.weight for factor in gem.factors.values()) == pytest.approx(1)
    points = sum(factor.points or 0 for factor in gem.factors.values())
    assert gem.score == pytest.approx(points - 100 * gem.penalty + 100 * gem.boost)


def test_config_hash_changes_with_a_setting() -> None:
    """A report tells by which rules it was made: another threshold, another hash."""
    assert config_hash(DEFAULTS) == config_hash(Settings())
    assert config_hash(DEFAULTS) != config_hash(Settings(min_coverage=0.61))


def test_config_hash_does_not_depend_on_the_order_of_a_set() -> None:
    """The gates that an unknown value passes are a set: their order is no difference."""
    one = Settings(unknown_passes=frozenset(("spread", "depth", "min_notional")))
    two = Settings(unknown_passes=frozenset(("min_notional", "depth", "spread")))
    assert config_hash(one) == config_hash(two)


def test_errors_are_counted_by_reason_with_examples() -> None:
    """Seven timeouts are one line with five names; a failure without a contract names none."""
    problems = [Problem("binance", f"C{k}", "timeout", "slow") for k in reversed(range(7))]
    counted = count_errors([*problems, Problem("binance", None, "refused", "x" * 300)])
    assert [(e.reason, e.count, e.contracts) for e in counted] == [
        ("refused", 1, []),
        ("timeout", 7, ["C0", "C1", "C2", "C3", "C4"]),
    ]
    assert len(counted[0].detail) == 200
