"""What a report knows of the hour before: who left, and what a source that is out would have shown."""

from datetime import UTC, datetime

import pytest

import market_frames as mf
from quantscout.decide import Decision
from quantscout.models import Report, SourceState
from quantscout.regime import Regime
from quantscout.report import Facts, build_report
from quantscout.settings import Settings
from written_reports import EMPTY, report_of

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
THERE = SourceState(ok=True, contracts=500, late=0, errors=[], data_age_s=0, note="")
OUT = SourceState(ok=False, contracts=0, late=0, errors=[], data_age_s=None, note="451")


@pytest.fixture(scope="module")
def decision() -> Decision:
    """Return the decision of a small market."""
    return mf.decide_hour(mf.made_hour(4))


def _report(decision: Decision, previous: Report | None, **sources: SourceState) -> Report:
    facts = Facts(mf.NOON, NOW, Regime("neutral", {}, []), sources, [], previous)
    return build_report(decision, facts, Settings())


def test_who_left_is_named(decision: Decision) -> None:
    """Coins of the hour before that are no longer in the list, in their order of then."""
    before = _report(decision, None)
    gone = [gem.model_copy(update={"symbol": f"{name}-USDT-PERP", "coin": name})
            for name, gem in zip(("OLD", "OLDER"), before.ranked_gems, strict=False)]  # fmt: skip
    previous = before.model_copy(update={"ranked_gems": [*gone, *before.ranked_gems[:3]]})
    assert _report(decision, previous).left == ["OLD-USDT-PERP", "OLDER-USDT-PERP"]


def test_a_report_of_an_older_version_is_read_by_its_symbols(decision: Decision) -> None:
    """Before `coin` was in a report, the symbol was the coin."""
    before = _report(decision, None)
    gems = [gem.model_copy(update={"coin": ""}) for gem in before.ranked_gems]
    previous = before.model_copy(update={"ranked_gems": gems})
    assert _report(decision, previous).left == []


def test_nobody_leaves_where_nothing_can_be_compared(decision: Decision) -> None:
    """The first hour has no past; an hour without a list says nothing of it."""
    assert _report(decision, None).left == []
    assert _report(decision._replace(level=None), report_of(*"VWXYZ")).left == []
    assert _report(decision, report_of(**EMPTY)).left == []


def test_what_a_lost_source_would_have_shown_is_handed_on(decision: Decision) -> None:
    """The count of the last hour in which it answered stays known, however long it is out."""
    first = _report(decision, None, binance=THERE, kucoin=THERE)
    second = _report(decision, first, binance=THERE, kucoin=OUT)
    third = _report(decision, second, binance=THERE, kucoin=OUT)
    back = _report(decision, third, binance=THERE, kucoin=THERE)
    assert [report.unseen for report in (first, second, third, back)] == [{}, {"kucoin": 500}, {"kucoin": 500}, {}]


def test_a_source_that_never_answered_has_no_count(decision: Decision) -> None:
    """Unknown is not zero."""
    assert _report(decision, None, kucoin=OUT).unseen == {}
    assert _report(decision, _report(decision, None, kucoin=OUT), kucoin=OUT).unseen == {}
