"""docs/cost.md and docs/scale.md are what the stored figures, the prices and the template make of them."""

import pytest
from costing.__main__ import stale
from costing.page import fill_page, stored_part

from quantscout.errors import InputError


def test_the_pages_are_not_stale() -> None:
    """A changed price, template or figure shows: `make cost-page` writes the pages anew."""
    assert stale() == []


def test_a_part_takes_the_place_between_its_markers() -> None:
    """What a person wrote around it stays."""
    page = "above\n<!-- generated: bill -->\nold\n<!-- end -->\nbelow\n<!-- generated: sms -->\nkept\n<!-- end -->\n"
    assert fill_page(page, {"bill": "new"}) == page.replace("old", "new")


def test_a_page_without_the_markers_is_refused() -> None:
    """A part that has no place is not lost silently."""
    with pytest.raises(InputError, match="no markers for the part 'bill'"):
        fill_page("nothing", {"bill": "new"})


def test_what_is_kept_long_is_not_there_after_a_month() -> None:
    """Reports are kept for 400 days, bars for a month: 1,000 MB in the end, 30 and 600 after the first month."""
    said = stored_part({"stored": {"bars": 600_000_000, "report": 400_000_000}})
    assert said.endswith("Together 1,000 MB, of which 630 MB are there after the first month.")
