"""The page as a file: complete in itself, escaped, the same bytes each time, and readable without eyes or a mouse."""

import re
from itertools import pairwise

import pytest

from page.made_page import HOSTILE, Seen, make_content, read_page
from quantscout.page.render import write_page

PAGE = write_page(make_content())
LOADING = ("src", "srcset", "data", "action", "poster", "background", "ping", "formaction")
EXTERNAL = re.compile(r"url\(|@import|expression\(|javascript:", re.IGNORECASE)
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


@pytest.fixture(scope="module")
def seen() -> Seen:
    """Return the page as a parser sees it: every tag is closed, and in order."""
    return read_page(PAGE)


def test_the_same_content_gives_the_same_bytes() -> None:
    """No date, no random identifier, no order of a set."""
    assert write_page(make_content()) == PAGE


def test_half_a_year_stays_small() -> None:
    """Well below 1.5 MB, with twenty picks and their bars."""
    assert len(PAGE) < 600_000


def test_nothing_is_loaded(seen: Seen) -> None:
    """No element and no style names another file; links lead to places of the page."""
    assert not seen.all("script", "link", "iframe", "object", "embed", "img", "image", "use", "base", "form", "audio")
    assert not [element.tag for element in seen.elements if any(element.get(name) for name in LOADING)]
    links = [element.get("href") for element in seen.elements if "href" in element.attributes]
    assert links
    assert all(link.startswith("#") for link in links)
    assert not EXTERNAL.search(PAGE.decode())


def test_nothing_could_be_loaded_or_run(seen: Seen) -> None:
    """The policy forbids everything but the page's own style, and no element has a handler."""
    policy = [meta.get("content") for meta in seen.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]
    assert not [name for element in seen.elements for name in element.attributes if name.startswith("on")]


def test_language_width_and_title_are_told(seen: Seen) -> None:
    """A phone's browser and a reader know how to show it."""
    assert seen.elements[0].tag == "html"
    assert seen.elements[0].get("lang") == "en"
    viewports = [meta.get("content") for meta in seen.all("meta") if meta.get("name") == "viewport"]
    assert viewports == ["width=device-width, initial-scale=1"]
    assert [title.text for title in seen.all("title") if title.around[-1].tag == "head"] == [
        "QuantScout evidence: replay of recorded hours, 2025-10-13 to 2026-03-28"
    ]


def test_headings_are_in_order(seen: Seen) -> None:
    """One h1, and no level is left out on the way down."""
    levels = [HEADINGS.index(element.tag) for element in seen.all(*HEADINGS)]
    assert levels[0] == 0
    assert levels.count(0) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_ids_are_unique_and_every_reference_has_its_place(seen: Seen) -> None:
    """Links, labels and descriptions point at something that is there, once."""
    ids = [element.get("id") for element in seen.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    named = [element.get("href").removeprefix("#") for element in seen.all("a")]
    named += [name for element in seen.elements for name in element.get("aria-labelledby").split()]
    assert set(named) <= set(ids)


def test_every_table_has_a_caption_and_scopes(seen: Seen) -> None:
    """A cell is understood by its headings alone; a wide table can be scrolled by keyboard."""
    for table in seen.all("table"):
        inside = [element for element in seen.elements if table in element.around]
        assert next(element.text for element in inside if element.tag == "caption").strip()
        headings = [element for element in inside if element.tag == "th"]
        assert headings
        assert all(heading.get("scope") in {"col", "row"} and heading.text.strip() for heading in headings)
        region = table.around[-1]
        assert (region.get("role"), region.get("tabindex"), bool(region.get("aria-label"))) == ("region", "0", True)


def test_every_chart_is_named_described_and_has_its_numbers(seen: Seen) -> None:
    """Eight charts of figures and one per pick; beside each, in its section or card, a table with the same numbers."""
    charts = seen.all("svg")
    assert len(charts) == 8 + 20
    for chart in charts:
        inside = {element.tag: element for element in reversed(seen.elements) if chart in element.around}
        assert chart.get("role") == "img"
        assert inside["title"].text.strip()
        assert inside["desc"].text.strip()
        holder = next(around for around in reversed(chart.around) if around.tag in {"section", "li"})
        assert [table for table in seen.all("table") if holder in table.around]


def test_a_chart_has_no_style_and_no_number_longer_than_is_drawn() -> None:
    """The page's one style sheet colours every chart; a tenth of a pixel is enough."""
    charts = re.findall(rb"<svg.*?</svg>", PAGE, re.DOTALL)
    assert charts
    for chart in charts:
        assert b"<style" not in chart
        assert b"style=" not in chart
        assert b"<!--" not in chart
        assert not re.search(rb'"[^"<>]*\d\.\d{2,}[^"<>]*"', chart)


def test_a_hostile_name_is_text() -> None:
    """The name of a coin comes from a venue: it stands there as it is written, and makes no element."""
    page = write_page(make_content(HOSTILE))
    seen = read_page(page)
    assert not seen.all("script")
    assert b"<script" not in page
    names = [heading.text for heading in seen.all("h4")]
    assert names == [HOSTILE] * 20
    assert HOSTILE in next(element.text for element in seen.all("title") if "best-1" in element.get("id"))


def test_nothing_is_advice(seen: Seen) -> None:
    """It is said on top, in the notes and at the foot."""
    for tag in ("header", "main", "footer"):
        assert "Not financial advice" in seen.all(tag)[0].text
