"""Reading the emulator's log, moving events, and judging answers and figures."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from runtime.events import load_event
from runtime.figures import Figures, Measured, find_excess, read_figures, table_of
from runtime.story import check_message, in_order

from quantscout.errors import InputError, QuantScoutError

HOUR = datetime(2026, 11, 1, 12, tzinfo=UTC)
LOG = """\
START RequestId: a Version: $LATEST
20 Nov 2026 09:31:55,578 [INFO] (rapid) INIT START(type: on-demand, phase: init)
20 Nov 2026 09:31:56,758 [INFO] (rapid) INIT REPORT(durationMs: 1179.892000)
{"level":"INFO","message":"hour done"}
END RequestId: a
REPORT RequestId: a\tInit Duration: 0.02 ms\tDuration: 20403.19 ms\tBilled Duration: 20404 ms\tMemory Size: 1769 MB\t
REPORT RequestId: b\tDuration: 29.12 ms\tBilled Duration: 30 ms\tMemory Size: 1769 MB\tMax Memory Used: 1769 MB\t
"""
FIGURES = Figures(1179.892, (20403.19, 29.12), (20404, 30))
ROW = Measured("ScreenFunction", 1.0, FIGURES, (512.0, 600.0))
PICKS = ["A", "B", "C", "D", "E"]
FIRST = {"status": "ok", "picks": PICKS, "is_new": True, "message_id": "m"}
AGAIN = FIRST | {"is_new": False}
MESSAGE = {"subject": "QuantScout", "body": {"ranked_gems": [{"symbol": pick} for pick in PICKS]}}


# ---------------------------------------------------------------- figures


def test_the_init_phase_is_the_emulators_own_figure() -> None:
    """Not the "Init Duration" of the first REPORT line, which only says how long asking for the start took."""
    assert read_figures(LOG) == FIGURES


def test_a_log_of_another_shape_is_an_error() -> None:
    """A newer emulator may speak otherwise; silence would look like a fast start."""
    with pytest.raises(QuantScoutError, match="INIT REPORT"):
        read_figures(LOG.replace("INIT REPORT", "INIT TOLD"))


def test_the_limits_themselves_are_allowed() -> None:
    """A second and 512 MB; what a second invocation adds is shown, and not judged."""
    assert find_excess([ROW]) == []


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (ROW._replace(import_s=1.01), "import takes 1.01 s"),
        (ROW._replace(peak_mb=(513.0, 513.0)), "513 MB at the peak"),
    ],
)
def test_what_is_above_a_limit_is_named(row: Measured, words: str) -> None:
    """The function, the figure and the limit."""
    (sentence,) = find_excess([row])
    assert sentence.startswith("ScreenFunction: ")
    assert words in sentence


def test_the_table_has_a_line_per_function() -> None:
    """Import, init phase, billed ms and peak of the first invocation, and of the second."""
    assert table_of([ROW]).splitlines()[1].split() == ["ScreenFunction", "1.00", "1180", "20,404", "512", "30", "600"]


# ---------------------------------------------------------------- events


def test_what_the_schedule_sends_stands_first(tmp_path: Path) -> None:
    """Its minutes are kept, its hour is the simulator's."""
    for name, event in {
        "x_at": {"at": "2026-03-01T12:00:00Z"},
        "x_scheduled": {"scheduled_at": "2026-03-01T12:25:00Z"},
    }.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(event), "utf-8")
    assert load_event(tmp_path, "x", HOUR) == {"scheduled_at": "2026-11-01T12:25:00Z"}


def test_what_is_no_time_is_left_as_it_is(tmp_path: Path) -> None:
    """An event of another function may hold more."""
    (tmp_path / "x_at.json").write_text('{"at": "2026-03-01T09:00:00Z", "force": true}', "utf-8")
    assert load_event(tmp_path, "x", HOUR) == {"at": "2026-11-01T12:00:00Z", "force": True}


def test_a_function_without_an_event_is_named(tmp_path: Path) -> None:
    """A new function comes with an example event; the message says which file is missing."""
    with pytest.raises(InputError, match=r"x_scheduled\.json"):
        load_event(tmp_path, "x", HOUR)


# ---------------------------------------------------------------- the story


def test_the_state_comes_first_then_the_hour_then_the_rest() -> None:
    """Whatever order the template has, and whatever functions it may get."""
    assert in_order(["screen", "outcome", "backfill", "watch"]) == ["backfill", "screen", "outcome", "watch"]


def test_one_message_about_the_answers_picks_is_right() -> None:
    """Both deliveries name it, and it arrived once."""
    assert check_message([FIRST, AGAIN], [MESSAGE], []) == "QuantScout"


@pytest.mark.parametrize(
    ("answers", "told", "alarms", "words"),
    [
        ([FIRST | {"status": "no_data", "picks": []}, AGAIN], [MESSAGE], [], "five picks"),
        ([FIRST, AGAIN | {"is_new": True}], [MESSAGE], [], "delivered again"),
        ([FIRST, AGAIN], [MESSAGE, MESSAGE], [], "one message"),
        ([FIRST, AGAIN], [], [], "one message"),
        ([FIRST, AGAIN], [MESSAGE], [MESSAGE], "no alarm"),
        ([FIRST, AGAIN], [MESSAGE | {"body": {"ranked_gems": [{"symbol": "Z"}]}}], [], "a message about"),
    ],
)
def test_another_story_is_broken(
    answers: list[dict[str, Any]], told: list[dict[str, Any]], alarms: list[dict[str, Any]], words: str
) -> None:
    """No picks, computed twice, told twice, not told, an alarm, other picks."""
    with pytest.raises(QuantScoutError, match=words):
        check_message(answers, told, alarms)
