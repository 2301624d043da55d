"""All figures together: their names, that they repeat, what they are made of, and how they are shown."""

import io
import json

import polars as pl
import pytest
from rich.console import Console

from evidence.made_judged import START_MS, Made, Plan, make_judged
from quantscout.errors import InputError
from quantscout.factors import NAMES
from quantscout.frames import HOUR_MS
from quantscout_local.evidence.kpis import build_kpis
from quantscout_local.evidence.kpis_missing import name_missing
from quantscout_local.evidence.kpis_models import Kpi, Kpis
from quantscout_local.evidence.kpis_table import print_kpis, show_interval, show_value, write_json

HEADLINE = {
    "precision_at_5", "base_rate", "scored_set_rate", "lift_over_base", "lift_over_matched", "lift_over_matched_points",
    "mean_net_return_24h", "median_net_return_24h", "expected_shortfall_5pct", "max_drawdown", "turnover",
}  # fmt: skip


@pytest.fixture(scope="module")
def made() -> Made:
    """Return 40 days over two months; in the first ten hours the status is another, in 100 a factor is lacking."""
    made = make_judged(21, Plan(hours=960, contracts=60))
    early, lacking = pl.col("hour_ms") < START_MS + 10 * HOUR_MS, pl.col("hour_ms") < START_MS + 100 * HOUR_MS
    hours = made.hours.with_columns(
        status=pl.when(early).then(pl.lit("low_confidence")).otherwise("status"),
        lacking=pl.when(lacking)
        .then(["order books", "attention", "oi_change"])
        .otherwise(["order books", "attention"]),
    )
    return Made(made.judged, hours)


@pytest.fixture(scope="module")
def kpis(made: Made) -> Kpis:
    """Return its figures."""
    return build_kpis(made.judged, made.hours, seed=5, samples=200)


def test_every_figure_of_the_contract_is_there(kpis: Kpis) -> None:
    """By its name, with a value inside its interval."""
    named = {kpi.name: kpi for kpi in kpis.headline}
    assert named.keys() >= HEADLINE
    for name in HEADLINE:
        value, low, high = named[name].value, named[name].low, named[name].high
        assert value is not None
        assert low is not None
        assert high is not None
        # A drawn history of the same length need not fall as deeply as the one that happened.
        assert low <= value <= high or name == "max_drawdown"


def test_the_same_seed_gives_the_same_figures(made: Made, kpis: Kpis) -> None:
    """To the last digit, from the rows in any order."""
    shuffled = made.judged.sample(fraction=1, shuffle=True, seed=1)
    assert write_json(build_kpis(shuffled, made.hours, seed=5, samples=200)) == write_json(kpis)


def test_plain_figures_are_what_plain_polars_says(made: Made, kpis: Kpis) -> None:
    """Means, median and shares, without hours and sums."""
    picks = made.judged.filter(pl.col("rank") <= 5)
    base, net = made.judged["hit10"].mean(), picks["net_return_24h_ratio"]
    expected = {
        "precision_at_5": picks["hit10"].mean(),
        "base_rate": base,
        "scored_set_rate": made.judged.filter("in_scored_set")["hit10"].mean(),
        "mean_net_return_24h": net.mean(),
        "median_net_return_24h": net.median(),
        "expected_shortfall_5pct": net.sort().head(240).mean(),
    }
    assert picks.height * 0.05 == 240
    assert {name: kpis.find(name).value for name in expected} == pytest.approx(expected)


def test_months_and_statuses_are_told_apart(made: Made, kpis: Kpis) -> None:
    """Each month's and status's picks are its own."""
    picks = made.judged.filter(pl.col("rank") <= 5)
    february = picks.filter(pl.col("hour_ms") >= START_MS + 31 * 24 * HOUR_MS)
    assert [group.name for group in kpis.by_month] == ["2026-01", "2026-02"]
    assert kpis.by_month[1].kpis[0].n == february.height
    assert kpis.by_month[1].kpis[0].value == pytest.approx(february["hit10"].mean())
    assert {group.name: group.kpis[0].n for group in kpis.by_status} == {"low_confidence": 50, "ok": 4750}
    assert kpis.hours_by_status == {"low_confidence": 10, "ok": 950}


def test_what_the_hours_lacked_is_named(made: Made, kpis: Kpis) -> None:
    """In how many hours, in the sentence as well."""
    assert kpis.missing == ("attention, order books in all hours", "oi_change in 100 of 960 hours")
    assert "missing: attention, order books in all hours, oi_change in 100 of 960 hours" in kpis.verdict.sentence
    assert name_missing(made.hours.drop("lacking")) == ()


def test_every_factor_has_its_lift(kpis: Kpis) -> None:
    """Those of the archive and those that no archive has."""
    named = {kpi.name for kpi in kpis.factor_lift}
    assert named >= {f"{name}_{figure}" for name in NAMES for figure in ("lift", "lift_points", "ic")}


def test_json_can_be_read_back(kpis: Kpis) -> None:
    """Strict JSON, without NaN; the same figures."""
    text = write_json(kpis)
    assert Kpis.model_validate_json(text) == kpis
    assert "NaN" not in text
    assert json.loads(text)["headline"][0]["name"] == "precision_at_5"


def test_the_table_shows_the_figures_and_the_sentence(kpis: Kpis) -> None:
    """For a person, at any width, without markup."""
    out = io.StringIO()
    print_kpis(Console(file=out, width=140, markup=False, highlight=False, color_system=None), kpis)
    text = out.getvalue()
    assert kpis.verdict.sentence in text
    assert "precision at 5" in text
    assert show_interval(kpis.find("precision_at_5")) in text
    assert "2026-02" in text
    assert "Not financial advice" in text


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.4321, "share", "43.2 %"), (-0.0123, "return", "-1.23 %"), (2.0, "points", "+2.00 pt"),
        (1.234, "times", "1.23"), (-0.0123, "rank", "-0.012"), (3.0, "count", "3"), (None, "share", "-"),
    ],
)  # fmt: skip
def test_a_value_is_shown_in_its_unit(value: float | None, unit: str, shown: str) -> None:
    """Shares and returns in percent, differences in points with their sign."""
    kpi = Kpi.model_validate({"name": "any", "value": value, "unit": unit, "n": 1})
    assert show_value(kpi.value, kpi.unit) == shown
    assert show_interval(kpi) == "-"


def test_picks_that_never_hit_have_no_interval_that_pretends(made: Made) -> None:
    """Nobody hits: ratios over nothing are unknown, and JSON has nulls."""
    none = build_kpis(made.judged.with_columns(hit10=pl.lit(value=False)), made.hours, seed=5, samples=200)
    assert none.find("lift_over_base").value is None
    assert none.find("lift_over_matched").value is None
    assert none.find("precision_at_5").value == 0.0
    assert Kpis.model_validate_json(write_json(none)) == none


def test_hours_without_any_pick_are_measured_without_picks(made: Made) -> None:
    """No list, no precision; the base rate stands, and the sentence says that nothing can be told."""
    judged = made.judged.with_columns(rank=pl.lit(None, pl.Int32))
    none = build_kpis(judged, made.hours, seed=5, samples=200)
    assert (none.picks, none.find("precision_at_5").value) == (0, None)
    assert none.find("base_rate").value is not None
    assert none.verdict.answer == "cannot_be_told"


def test_figures_on_disk_in_single_precision_are_the_same(made: Made, kpis: Kpis) -> None:
    """A replay keeps norms and outcomes in 32 bits."""
    small = made.judged.with_columns(pl.col("return_24h_ratio", "net_return_24h_ratio", "mom60m_norm").cast(pl.Float32))
    single = build_kpis(small, made.hours, seed=5, samples=200)
    values = [[kpi.value for kpi in each.headline] for each in (kpis, single)]
    assert values[0] == pytest.approx(values[1], rel=1e-4, abs=1e-6)


def test_less_than_a_day_is_refused(made: Made) -> None:
    """Ten hours hold no block of 24 h."""
    judged = made.judged.filter(pl.col("hour_ms") < START_MS + 10 * HOUR_MS)
    with pytest.raises(InputError, match="blocks of 24 h do not fit into 10 hours"):
        build_kpis(judged, made.hours, seed=5)
