"""docs/cost.md and docs/scale.md are what the stored figures, the prices and the template make of them."""

import pytest
from costing.__main__ import stale
from costing.page import fill_page

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
