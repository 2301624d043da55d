"""Measure and write docs/cost.md (--scale: docs/scale.md); --page: both from the stored figures.

--check: 1 where one of them is not what figures, prices and template make of it.
"""

import argparse
import os
import sys
from collections.abc import Callable

from costing import stored
from costing.page import ROOT, cost_parts, fill_page
from costing.prices import load_prices
from costing.scale import SIZES, scale_parts
from costing.watched import count_template
from quantscout_local.terminal import open_console

Tell = Callable[[str], None]
COST, SCALE = ROOT / "docs/cost.md", ROOT / "docs/scale.md"


def pages() -> dict[str, str]:
    """Return the pages as they must be, by path: stored figures, price table, template, and the text around them."""
    prices = load_prices()
    parts = {
        COST: cost_parts(stored.load_cost(), prices, count_template()),
        SCALE: scale_parts(stored.load_scale(), prices),
    }
    return {str(page): fill_page(page.read_text("utf-8"), found) for page, found in parts.items()}


def stale() -> list[str]:
    """Return the pages that are not as they must be."""
    found = {path: text for path, text in pages().items() if (ROOT / path).read_text("utf-8") != text}
    return [path.removeprefix(f"{ROOT}/") for path in found]


def measure_cost(tell: Tell) -> None:
    """Measure the usual market with its upkeep and store the figures; they are the first column of both pages."""
    from costing.measure import USUAL, measure  # noqa: PLC0415 - the pages need no servers

    found = measure(USUAL, tell, upkeep=True)
    stored.save_cost(found)
    stored.save_scale(found)


def measure_scale(tell: Tell) -> None:
    """Measure every size, or the one of the variable CONTRACTS, and store the figures."""
    from costing.measure import measure  # noqa: PLC0415

    wanted = os.environ.get("CONTRACTS")
    for contracts in [int(wanted)] if wanted else SIZES:
        stored.save_scale(measure(contracts, tell, upkeep=False))


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m costing", description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--scale", action="store_true", help="measure markets of other sizes, too (half an hour)")
    what.add_argument("--page", action="store_true", help="do not measure: write the pages from the stored figures")
    what.add_argument("--check", action="store_true", help="write nothing; 1 where a page is stale")
    asked = parser.parse_args()
    console = open_console(stderr=True)

    def tell(line: str) -> None:
        console.print(line, style="dim")

    if asked.check:
        if found := stale():
            sys.exit(f"{', '.join(found)}: stale; run make cost-page")
        return
    if not asked.page:
        (measure_scale if asked.scale else measure_cost)(tell)
    for path, text in pages().items():
        (ROOT / path).write_text(text, encoding="utf-8")
    console.print("docs/cost.md and docs/scale.md written")


if __name__ == "__main__":
    main()
