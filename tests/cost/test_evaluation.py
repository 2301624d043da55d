"""The month of judged hours that an evaluation is measured on, and the bill's part of it."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from costing.evaluation import Plan, call_for, copies

from quantscout.clock import iso, to_ms
from quantscout.evaluation import HEAL_H
from quantscout.evaluation_models import JUDGED, EvaluatedHour, Pick
from quantscout.frames import HOUR_MS

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = 24 * HOUR_MS
COINS = ("A", "B", "C")


def judged() -> pl.DataFrame:
    """Return the rows of an hour with three scored contracts and one that is not."""
    rows = [{"venue": "binance", "contract": f"{coin}USDT", "coin": coin, "in_scored_set": True} for coin in COINS]
    other = {"venue": "binance", "contract": "DUSDT", "coin": "D", "in_scored_set": False}
    return pl.DataFrame([row | {"hour_ms": 0} for row in (*rows, other)], schema=dict(JUDGED))


def seen(picks: int = 2) -> EvaluatedHour:
    """Return an hour with so many picks."""
    own = [
        Pick(rank=rank, venue="kucoin", contract="X", symbol="X", coin="X", score=9.0, outcome="complete")
        for rank in range(1, picks + 1)
    ]
    return EvaluatedHour(hour_ms=0, evaluated_ms=DAY, settled=False, picks=own)


def answer(*hours: tuple[str, str]) -> dict[str, Any]:
    """Return the figures of an evaluation that says that it judged these hours."""
    return {"answer": {"evaluated": [{"hour": hour, "excluded": excluded} for hour, excluded in hours]}}


def test_the_page_is_that_of_the_same_day() -> None:
    """The page is written after midnight, and the evaluation before it is not measured."""
    plan = Plan.of(NOON)
    assert [iso(ms) for ms in plan] == ["2026-11-01T12:00:00Z", "2026-11-01T00:00:00Z", "2026-10-31T23:00:00Z"]


def test_what_is_due_is_not_known_before() -> None:
    """Every hour that could be due is known but the one of 24 h ago: one evaluation judges one hour."""
    plan = Plan.of(NOON)
    known = set(plan.past())
    reach = set(range(plan.usual_ms - DAY - HEAL_H * HOUR_MS, plan.usual_ms - DAY + 1, HOUR_MS))
    assert reach - known == set(plan.due)


@pytest.mark.parametrize("of", ["usual_ms", "page_ms"])
def test_the_month_before_is_whole(of: str) -> None:
    """720 hours are looked back on; none of them is missing but those that the evaluations themselves bring."""
    plan = Plan.of(NOON)
    newest_ms = getattr(plan, of) - DAY
    span = set(range(newest_ms - 719 * HOUR_MS, newest_ms + 1, HOUR_MS))
    assert span <= {*plan.past(), *plan.due}


def test_a_copy_is_of_its_hour() -> None:
    """Item and rows carry the hour; it was judged a day later, and is not looked at again."""
    [(hour, rows)] = copies(seen(), judged(), [DAY])
    assert (hour.hour_ms, hour.evaluated_ms, hour.settled) == (DAY, 2 * DAY, True)
    assert rows["hour_ms"].to_list() == [DAY] * 4
    assert rows.schema == pl.Schema(JUDGED)


def test_copies_have_other_picks() -> None:
    """The page draws ten contracts, not the same five: picks go round among the scored ones."""
    found = [[pick.coin for pick in hour.picks] for hour, _ in copies(seen(), judged(), [DAY, 2 * DAY])]
    assert found == [["A", "B"], ["C", "A"]]


def test_an_hour_without_picks_is_refused() -> None:
    """What has nothing to look back on would be measured too small."""
    with pytest.raises(SystemExit, match="no picks"):
        list(copies(seen(picks=0), judged(), [DAY]))


def test_an_evaluation_of_one_hour_is_measured() -> None:
    """It judged the hour of 24 h ago."""
    found = answer(("2026-10-31T12:00:00Z", ""))
    assert call_for(lambda _: found, to_ms(NOON)) is found


@pytest.mark.parametrize(
    "hours",
    [[], [("2026-10-31T12:00:00Z", "no_bars")], [("2026-10-31T12:00:00Z", ""), ("2026-10-31T11:00:00Z", "")]],
)
def test_an_evaluation_of_anything_else_is_refused(hours: list[tuple[str, str]]) -> None:
    """None, one without outcomes, two."""
    with pytest.raises(SystemExit, match="was to judge the hour 24 h before"):
        call_for(lambda _: answer(*hours), to_ms(NOON))
