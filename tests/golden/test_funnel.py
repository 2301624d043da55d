"""The arithmetic of the funnel's tables on a few made-up hours, and the page around them."""

import pytest
from golden.funnel import BEGIN, END, HOURS, PAGE, SINCE, SMALL_USD, choose_hours, with_text
from golden.tally import Tally, tables

from quantscout.clock import parse_hour, to_ms
from quantscout.errors import InputError
from quantscout.frames import HOUR_MS
from quantscout.gates import LEVELS
from quantscout.settings import Settings


def tally(listed: int, level: str, status: str, reasons: dict[str, int], lacking: list[str]) -> Tally:
    """Return the tally of an hour in which ten contracts are scored, three coins pass L3, seven if small."""
    return Tally(
        stages={"listed": listed, "eligible": listed - 1, "with_data": listed - 2, "scored_set": 10},
        passed={"L0": 0, "L1": 0, "L2": 0, "L3": 3},
        passed_if_small={"L0": 5, "L1": 6, "L2": 6, "L3": 7},
        level=level,
        level_if_small="L0",
        status=status,
        reasons=reasons,
        lacking=lacking,
    )


THREE = [
    tally(20, "L3", "low_confidence", {"volume_24h_low": 8, "late": 1}, ["order books"]),
    tally(30, "L3", "no_signal", {"volume_24h_low": 6}, ["order books"]),
    tally(70, "none", "no_data", {"volume_24h_low": 4, "late": 1}, ["order books", "funding"]),
]


@pytest.mark.parametrize(
    "row",
    [
        "| `listed` | 30 | 20 | 70 |",
        "| `eligible` | 29 | 19 | 69 |",
        "| passed L3 | 3 | 3 | 3 |",
        "| passed L0, if small | 5 | 5 | 5 |",
        "| L0 | 0.0 % | 100.0 % |",
        "| L3 | 66.7 % | 0.0 % |",
        "| none | 33.3 % | 0.0 % |",
        "| `no_data` | 33.3 % |",
        "| `volume_24h_low` | it trades too little in 24 h to be bought and sold (USDT) | 90.0 % | 6 | 100.0 % |",
        "| funding | 33.3 % |",
        "| order books | 100.0 % |",
    ],
)
def test_a_row_of_the_tables(row: str) -> None:
    """Medians, extremes and shares of three hours are what one counts by hand."""
    assert row in tables(THREE).splitlines()


def test_a_reason_that_an_hour_lacks_counts_as_none_there() -> None:
    """Two of three hours have a late contract: the median is 1, the share 66.7 %."""
    [row] = [line for line in tables(THREE).splitlines() if line.startswith("| `late` |")]
    assert row.endswith("| 10.0 % | 1 | 66.7 % |")


def test_the_page_keeps_what_stands_around_the_tables() -> None:
    """Only the text between the markers is replaced."""
    assert with_text(f"a\n{BEGIN}\nold\n{END}\nz\n", "new") == f"a\n{BEGIN}\nnew\n{END}\nz\n"


def test_a_page_without_markers_is_refused() -> None:
    """The sentence says which lines are missing."""
    with pytest.raises(InputError, match="has no line <!-- funnel:begin -->"):
        with_text("a page", "new")


def test_the_hours_are_those_of_all_contracts() -> None:
    """A hundred, evenly spread, none before the recording of all contracts begins."""
    since_ms = to_ms(parse_hour(SINCE))
    hours = choose_hours(range(since_ms - 500 * HOUR_MS, since_ms + 991 * HOUR_MS, HOUR_MS))
    assert hours == [since_ms + 10 * k * HOUR_MS for k in range(HOURS)]


def test_an_archive_that_ended_before_is_refused() -> None:
    """The sentence says from when on hours are needed."""
    with pytest.raises(InputError, match="has no hour from 2025-09-20T00:00Z on"):
        choose_hours([0])


def test_the_page_has_its_tables() -> None:
    """The page in the repository is written, names its command, and has a row for every level."""
    page = PAGE.read_text(encoding="utf-8")
    assert "Written by `make funnel` in" in page
    assert all(f"| passed {level} |" in page for level in LEVELS)


def test_the_what_if_cap_is_below_every_limit() -> None:
    """The small cap passes the market-cap gate at every level."""
    limits = Settings().gate_limits["market_cap"]
    assert isinstance(limits, tuple)
    assert min(limits) > SMALL_USD
