"""The report on a terminal."""

from io import StringIO

import pytest
from rich.console import Console
from world import Computed

from quantscout.message import NOT_ADVICE
from quantscout.models import Report
from quantscout_local.tables import print_report


def printed(report: Report, width: int = 120, **options: bool) -> str:
    """Return what is printed of a report."""
    text = StringIO()
    print_report(Console(file=text, width=width, **options), report)  # type: ignore[arg-type]
    return text.getvalue()


def test_the_picks_stand_in_their_order(computed: Computed) -> None:
    """Rank, coin and reasons of all five."""
    text, gems = printed(computed.report, 400), computed.report.ranked_gems
    places = [text.index(f"{gem.rank} {gem.symbol}  {gem.justification}") for gem in gems]
    assert places == sorted(places)


def test_the_funnel_names_every_reason_and_its_sum(computed: Computed) -> None:
    """Ranked plus rejected is listed, before the reader's eyes."""
    text, funnel = printed(computed.report), computed.report.funnel
    assert all(code in text for code in funnel.by_reason)
    assert f"= listed ({funnel.listed})" in text


def test_warnings_and_sources_are_shown(computed: Computed) -> None:
    """What a person must know before trusting the numbers stands below them."""
    warned = computed.report.model_copy(update={"warnings": ["kucoin is out: [timeout]"]})
    text = printed(warned)
    assert "note: kucoin is out: [timeout]" in text
    assert "switched off: no key in the secret" in text


def test_a_sources_note_is_shown_as_it_is(computed: Computed) -> None:
    """Brackets of an error's text are no markup."""
    state = computed.report.sources["kucoin"].model_copy(update={"ok": False, "note": "[Errno 111] [/]"})
    report = computed.report.model_copy(update={"sources": computed.report.sources | {"kucoin": state}})
    assert "[Errno 111] [/]" in printed(report)


def test_it_is_no_advice(computed: Computed) -> None:
    """The last line says so."""
    assert printed(computed.report).rstrip().endswith(NOT_ADVICE)


@pytest.mark.parametrize("width", [80, 100, 200])
def test_no_line_of_the_tables_is_cut(computed: Computed, width: int) -> None:
    """At 80 columns every pick's coin and score are whole."""
    text = printed(computed.report, width)
    assert all(
        gem.symbol.removesuffix("-USDT-PERP") in text and f"{gem.score:.1f}" in text
        for gem in computed.report.ranked_gems
    )
    assert "…" not in text


def test_an_hour_without_data_is_printed_too(computed: Computed) -> None:
    """No picks, the funnel and the reason."""
    report = computed.report.model_copy(
        update={"status": "no_data", "ranked_gems": [], "gate_level": None, "gate_reason": "no level holds 5"}
    )
    text = printed(report)
    assert "no data" in text
    assert "no level holds 5" in text


def test_a_terminal_gets_colours_and_a_pipe_does_not(computed: Computed) -> None:
    """Escape codes are for terminals only."""
    assert "\x1b[" in printed(computed.report, force_terminal=True)
    assert "\x1b[" not in printed(computed.report)
