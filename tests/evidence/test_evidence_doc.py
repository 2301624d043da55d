"""docs/evidence.md: written from a replay's figures, every one of them, and by nobody's hand."""

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from evidence.made_judged import Plan, make_judged
from quantscout.page.titles import title_of
from quantscout_local.evidence import kpis_table, page
from quantscout_local.evidence.evidence_doc import FOOT, HEAD, Told, evidence_text, list_shown, say_lean
from quantscout_local.evidence.evidence_doc_funding import TITLES, Paid
from quantscout_local.evidence.evidence_doc_measured import measure, say_measured, say_sent, without_missing
from quantscout_local.evidence.kpis import build_kpis
from quantscout_local.evidence.kpis_models import Kpi, Kpis
from quantscout_local.evidence.kpis_table import show_interval, show_value
from quantscout_local.evidence.kpis_verdict import is_comparison, say_chance

ROOT = Path(__file__).parents[2]
ABOUT = {
    "hours": 984,
    "first_hour": "2026-01-01T00:00:00Z",
    "last_hour": "2026-02-10T23:00:00Z",
    "method_version": "1.1.0",
    "settings": {"min_coverage": 0.39},
    "costs": {"taker_fee_ratio": 0.0005, "slippage_ratio": 0.001},
    "notes": ["the archive holds 60 contracts"],
    "series": {
        "bars.parquet": {
            "rows": 1000,
            "contracts": 60,
            "first": "2025-12-01T00:00:00Z",
            "last": "2026-02-10T23:00:00Z",
        },
        "funding.parquet": {"absent": True},
    },
}


PAID = Paid(
    *(
        Kpi(name=name, value=value, low=value - 0.001, high=value + 0.001, unit="return", n=77)
        for name, value in zip(TITLES, (-0.002, -0.017, -0.015), strict=True)
    )
)


@pytest.fixture(scope="module")
def told() -> Told:
    """Return the figures of forty made-up days."""
    made = make_judged(5, Plan(hours=960, contracts=60))
    kpis = build_kpis(made.judged, made.hours, 1, samples=100)
    return Told(ABOUT, kpis, measure(made.judged.lazy(), made.hours, ABOUT, kpis), PAID)


@pytest.fixture(scope="module")
def kpis(told: Told) -> Kpis:
    """Return the figures alone."""
    return told.kpis


@pytest.fixture(scope="module")
def text(told: Told) -> str:
    """Return the page."""
    return evidence_text(told)


def test_the_sentences_stand_whole(text: str, told: Told) -> None:
    """The verdict, its direction, the money and the caution are on the page as they were computed."""
    verdict = told.kpis.verdict
    lines = (without_missing(told.kpis), verdict.direction, verdict.money, verdict.caution, say_sent(told.kpis))
    assert [line for line in lines if line not in text] == []


def test_the_answer_begins_with_how_little_was_measured(text: str, told: Told) -> None:
    """Before any figure of the picks."""
    answer = text.partition("## The answer\n\n")[2]
    assert answer.startswith(say_measured(told.measured, told.kpis.missing))


def test_the_count_of_comparisons_is_that_of_the_page(text: str, told: Told) -> None:
    """Read from the printed tables: cells in points, bare ratios and correlations, and differences of returns."""
    tables = "\n".join(line for line in text.splitlines() if line.startswith("| "))
    levels = ("The rule: Sharpe ratio", "The rule: turnover")
    rows = [line.split(" | ") for line in tables.splitlines() if re.search(r"\d to [+-]?\d", line)]
    compared = 0
    for name, *cells in rows:
        if any("(" in cell for cell in cells):  # a month or a status: value and interval in one cell
            compared += sum(" pt (" in cell for cell in cells if " to " in cell)
            continue
        bare = re.fullmatch(r"[+-]?\d+\.\d+( pt)?", cells[0]) is not None
        compared += (bare and name.removeprefix("| ") not in levels) or name.startswith("| Net return less")
    # "The same, resampled in longer blocks" stands for a difference of returns and for a mean: told by their order.
    headline = [kpi.name for kpi in told.kpis.headline]
    compared += headline.count("net_over_matched_longer_blocks")
    assert f"The intervals of {compared} differences" in text
    assert compared == sum(map(is_comparison, list_shown(told)))


def test_every_output_counts_what_it_shows_itself(kpis: Kpis) -> None:
    """The terminal shows other figures than the page: its own sentence has its own number."""
    out = io.StringIO()
    kpis_table.print_kpis(Console(file=out, width=200, color_system=None), kpis)
    assert say_chance(kpis_table.list_shown(kpis)) in out.getvalue()
    assert say_chance(page.list_shown(kpis)) != say_chance(kpis_table.list_shown(kpis))


@given(low=st.floats(-0.9, 0.9), width=st.floats(0, 0.1))
def test_the_rank_correlation_is_told_by_its_interval(low: float, width: float) -> None:
    """Above 0, below 0, or not to be told."""
    high = low + width
    ic = Kpi(name="score_ic", value=(low + high) / 2, low=low, high=high, unit="rank", n=9)
    said = say_lean(ic)
    assert ("a higher score went with a higher return" in said) == (low > 0)
    assert ("a higher score went with a lower return" in said) == (high < 0)
    assert ("cannot be told" in said) == (low <= 0 <= high)


def test_every_figure_has_its_row(text: str, kpis: Kpis) -> None:
    """Value, interval and number of every headline figure, decile and factor are in a table."""
    shown = (*kpis.headline, *PAID, *kpis.hit_rate_by_decile, *kpis.monotonicity, *kpis.factor_lift)
    rows = [
        f"| {TITLES.get(k.name) or title_of(k.name)} | {show_value(k.value, k.unit)} | {show_interval(k)} | {k.n:,} |"
        for k in shown
    ]
    assert [row for row in rows if row not in text] == []


def test_the_blueprints_claim_stands_beside_what_was_seen(text: str, kpis: Kpis) -> None:
    """The top decile's rate and the base are in the sentence that names the claim."""
    sentence = next(line for line in text.splitlines() if "43 % against 18 %" in line and "top decile of" in line)
    top, base = kpis.hit_rate_by_decile[-1], kpis.find("base_rate")
    assert top.name.endswith("10")
    assert show_value(top.value, top.unit) in sentence
    assert show_value(base.value, base.unit) in sentence


def test_a_series_that_is_absent_is_named(text: str) -> None:
    """A file that the archive lacks has its row, and says so."""
    assert "| funding.parquet | - | - | absent | |" in text


def test_the_page_in_the_repository_is_the_commands() -> None:
    """docs/evidence.md begins and ends as the code writes it, with every table's heading between."""
    page = (ROOT / "docs/evidence.md").read_text("utf-8")
    assert page.startswith(HEAD)
    assert page.endswith(FOOT)
    assert [
        h for h in ("The answer", "What it rests on", "Figures", "Factors", "By month") if f"\n## {h}\n" not in page
    ] == []


def test_the_readme_says_what_the_page_says() -> None:
    """Hours, share of the weights and share of the picks that nobody is sent, as in the answer's first paragraph."""
    readme, page = ((ROOT / name).read_text("utf-8") for name in ("README.md", "docs/evidence.md"))
    said = " ".join(readme.partition("**What it is not.**")[2].partition("Three steps")[0].split())
    hours, weights, unsent = re.findall(r"On ([\d,]+) recorded|data for (\d+ %) of|(\d+ %) of the picks", said)
    answer = page.partition("## The answer\n\n")[2].partition("\n")[0]
    assert f"measured: {hours[0]} hours" in answer
    assert f"data for {weights[1]} of the weights" in answer
    assert f"picks ({unsent[2]}) are of no_signal hours" in answer
