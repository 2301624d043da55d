"""What is not known: said with its reason, never drawn or written as 0."""

from dataclasses import replace

import pytest

from page.made_page import make_basis, make_content, make_figure, make_weeks, read_page
from quantscout.page.charts import chart_bars, chart_funnel
from quantscout.page.content import HEADLINE, Basis, Figure, PageContent, Verdict
from quantscout.page.render import build_charts, write_page
from quantscout.page.svg import Words

WORDS = Words("x", "Title", "Description")
EMPTY = PageContent(
    kind="live",
    basis=Basis(
        source="none", first_hour_ms=None, last_hour_ms=None, method_version="1", config_hash="x", hours_by_status={},
        picks=0, complete_picks=0, survivorship="none",
    ),
    verdict=Verdict("cannot_be_told", "Nothing is known yet."),
    absent={"equity": "No curve: no pick."},
)  # fmt: skip


def text_of(content: PageContent) -> str:
    """Return the words of a page."""
    return " ".join(read_page(write_page(content)).all("body")[0].text.split())


def test_a_page_of_nothing_is_a_page() -> None:
    """Without hours and figures it has its parts, no chart, and a reason in each."""
    seen = read_page(write_page(EMPTY))
    assert not seen.all("svg")
    text = text_of(EMPTY)
    assert text.count("Not known yet.") == 3 + 6
    assert "No curve: no pick." in text
    assert "No hour is known yet." in text
    assert "0.0" not in text


def test_its_costs_are_not_known_either() -> None:
    """Nothing is filled in for what nobody gave."""
    assert "Costsnot known" in text_of(EMPTY)


@pytest.mark.parametrize("name", HEADLINE)
def test_a_missing_headline_is_said_with_its_reason(name: str) -> None:
    """The reason of the figure stands in the tile."""
    content = make_content()
    kpis = tuple(
        replace(kpi, value=None, low=None, high=None, note="because of this")
        for kpi in content.kpis
        if kpi.name == name
    )
    text = text_of(replace(content, kpis=kpis))
    assert text.count("because of this") == 2  # the tile and the table
    assert "not known" in text


def test_a_figure_without_interval_says_so() -> None:
    """And where to find one, on the page of the live picks."""
    content = replace(
        make_content(), kpis=(make_figure("precision_at_5", "share", 0.2),), without_interval="look there"
    )
    assert text_of(content).count("look there") == 2


def test_a_missing_bar_is_no_bar() -> None:
    """Nine bars of ten figures, and the description counts the tenth."""
    content = make_content()
    figures = (replace(content.deciles[0], value=None, low=None, high=None), *content.deciles[1:])
    chart = build_charts(replace(content, deciles=figures))["deciles"]
    assert chart.count("<rect") == 9
    assert "Not known: 1." in chart


def test_an_interval_that_is_not_known_has_no_whisker() -> None:
    """The bar stands alone."""
    known = chart_bars([make_figure("a", "share", 0.2, 0.1)], ["1"], WORDS)
    alone = chart_bars([make_figure("a", "share", 0.2)], ["1"], WORDS)
    assert (known.count('class="ci"'), alone.count('class="ci"')) == (1, 0)


def test_figures_that_are_all_missing_have_no_chart() -> None:
    """The part says why instead."""
    content = make_content()
    unknown = tuple(Figure(name=figure.name, title=figure.title, unit="share") for figure in content.deciles)
    gone = replace(content, deciles=unknown, absent={"deciles": "too few contracts"})
    assert "deciles" not in build_charts(gone)
    assert "too few contracts" in text_of(gone)


def test_a_median_of_zero_breaks_the_line() -> None:
    """On an axis of magnitudes 0 has no place: the line of `passed` is in two parts, the others in one."""
    chart = chart_funnel(make_weeks(8), WORDS)
    assert chart.count('class="line"') == chart.count('class="axis y"') + 5
    whole = chart_funnel(make_weeks(2), WORDS)
    assert whole.count('class="line"') == whole.count('class="axis y"') + 4


def test_a_pick_without_bars_has_no_chart() -> None:
    """It is listed with its figures."""
    content = make_content()
    bare = replace(content, best=tuple(replace(pick, bars=()) for pick in content.best))
    assert text_of(bare).count("Its bars are not at hand") == 10


def test_lost_picks_are_counted() -> None:
    """Those without an outcome are named beside those with one."""
    text = text_of(replace(make_content(), basis=make_basis()))
    assert "17,500, of which 17,400 have a complete outcome; 90 incomplete; 10 no_entry" in text
