"""Six kills around SNS and the first stages, two crowds, and that the checks of the crashes bite."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from crash.__main__ import read_cases
from crash.checks import ViolationError, check_asked, check_finished, check_messages, compare, may_repeat
from crash.plan import EXACT, SNS, Kill, plan_kills
from crash.story import Tally, play

from quantscout.errors import InputError
from quantscout.ledger import STAGES, Record, Stage
from quantscout.models import Funnel, Report

CASES = 6
REST = ("listed", "with_data", "scored_set", "passed", "ranked")
DONE = Record(0, "published", 1, "a", 0, 0, {}, "ok", "m", "sent", "")


def at(stage: Stage) -> Record:
    """Return a record that was left in a stage, its lease running."""
    return DONE._replace(stage=stage, lease_until_ms=60_000, told="")


@pytest.fixture(scope="module")
def tally() -> Tally:
    """Return what six kills and two crowds came to; a rule that is broken ends them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))  # of the processes that it starts
        return replace(play("short", CASES, lambda _: None))


@pytest.mark.e2e
def test_every_killed_hour_ends_published_once_but_for_the_window(tally: Tally) -> None:
    """Report, state and messages were compared on the way; two of six kills lie between SNS and the mark."""
    assert tally.died == {"publishing": 3, "published": 1, "claimed": 1, "fetched": 1}
    assert +tally.repeats == {"after SNS took the message": 1, "before 'published' is written": 1}
    assert tally.messages == tally.hours + 2
    assert tally.rows > 5_000


@pytest.mark.e2e
def test_what_was_stored_was_published_without_a_run(tally: Tally) -> None:
    """Three deaths in stage publishing, one after the mark, two before the report."""
    assert tally.endings == {"published what was stored": 3, "finished already": 1, "computed again": 2}


def test_every_stage_write_has_its_two_kills() -> None:
    """Before and after each of the six, and before and after SNS."""
    assert {(kill.when, kill.what) for kill in EXACT} == {
        (when, what) for when in ("before", "after") for what in (*STAGES, SNS)
    }
    assert {*plan_kills("a", 64)} > {*EXACT}


def test_moments_depend_on_the_seed_alone() -> None:
    """The same seed kills at the same shares of a run, another one at others."""
    assert [*plan_kills("a", 30)] == [*plan_kills("a", 30)] != [*plan_kills("b", 30)]


@pytest.mark.parametrize("record", [None, at("publishing"), DONE._replace(lease_until_ms=1)])
def test_an_hour_that_is_not_over_is_a_violation(record: Record | None) -> None:
    """No record, an earlier stage, a lease that was not given back."""
    with pytest.raises(ViolationError, match="expected a published hour"):
        check_finished(record)


def test_a_second_message_outside_the_window_is_a_violation() -> None:
    """None, a second one after another kill, and a third one at all."""
    window, other = Kill("after", SNS), Kill("after", "stored")
    check_messages(2, window, at("publishing"))
    check_messages(1, other, at("stored"))
    for count, kill in ((0, window), (2, other), (3, window)):
        with pytest.raises(ViolationError, match=f"found {count}"):
            check_messages(count, kill, at("publishing"))


@pytest.mark.parametrize("stage", STAGES)
def test_a_random_kill_may_repeat_only_in_stage_publishing(stage: Stage) -> None:
    """What the record said when the process died decides."""
    assert may_repeat(Kill(None, None, 0.5), at(stage)) == (stage == "publishing")


def test_a_row_that_differs_is_a_violation() -> None:
    """And a universe that is on one side only."""
    one = pl.DataFrame({"a": [1.0, 2.0]})
    compare("bars", one, one)
    for other in (one + 1e-15, one.head(1), None):
        with pytest.raises(ViolationError, match="bars"):
            compare("bars", one, other)


def test_a_request_for_what_was_stored_is_a_violation() -> None:
    """None after the report; after the bars those of other intervals alone."""
    construct: Any = Report.model_construct
    report = construct(sources={}, funnel=Funnel(**dict.fromkeys(REST, 0), eligible=40, by_reason={}))
    usual = {"/fapi/v1/klines": 50, "/fapi/v1/time": 1}
    check_asked(at("claimed"), usual, usual, report)
    check_asked(at("fetched"), {"/fapi/v1/klines": 10, "/fapi/v1/time": 1}, usual, report)
    check_asked(at("stored"), {}, usual, report)
    for stage, again in (("fetched", {"/fapi/v1/klines": 11}), ("stored", {"/fapi/v1/time": 1})):
        with pytest.raises(ViolationError, match="found"):
            check_asked(at(stage), again, usual, report)  # type: ignore[arg-type] # a stage


@pytest.mark.parametrize("text", ["0", "301", "many"])
def test_kills_that_cannot_be_played_are_refused(text: str) -> None:
    """The market covers some hundred hours; anything else is refused by name."""
    with pytest.raises(InputError, match=f"CASES={text}"):
        read_cases(text)
