"""docs/evidence.md: written from a replay's figures, every one of them, and by nobody's hand."""

from pathlib import Path

import pytest

from evidence.made_judged import Plan, make_judged
from quantscout.page.titles import title_of
from quantscout_local.evidence.evidence_doc import FOOT, HEAD, evidence_text
from quantscout_local.evidence.kpis import build_kpis
from quantscout_local.evidence.kpis_models import Kpis
from quantscout_local.evidence.kpis_table import show_interval, show_value

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


@pytest.fixture(scope="module")
def kpis() -> Kpis:
    """Return the figures of forty made-up days."""
    made = make_judged(5, Plan(hours=960, contracts=60))
    return build_kpis(made.judged, made.hours, 1, samples=100)


@pytest.fixture(scope="module")
def text(kpis: Kpis) -> str:
    """Return the page."""
    return evidence_text(ABOUT, kpis)


def test_the_sentences_stand_whole(text: str, kpis: Kpis) -> None:
    """The verdict, its direction, the money and the caution are on the page as they were computed."""
    verdict = kpis.verdict
    assert all(line in text for line in (verdict.sentence, verdict.direction, verdict.money, verdict.caution))


def test_every_figure_has_its_row(text: str, kpis: Kpis) -> None:
    """Value, interval and number of every headline figure, decile and factor are in a table."""
    shown = (*kpis.headline, *kpis.hit_rate_by_decile, *kpis.monotonicity, *kpis.factor_lift)
    rows = [f"| {title_of(k.name)} | {show_value(k.value, k.unit)} | {show_interval(k)} | {k.n:,} |" for k in shown]
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
