"""What the table keeps as JSON, written by another version of the product: an update, or the way back from one."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from evaluated import screen_noon
from fake_market import NOON_MS
from world import World

from quantscout.clock import hour_key
from quantscout.errors import StateError
from quantscout.frames import HOUR_MS
from quantscout.picks import load_reports

Body = dict[str, Any]


@pytest.fixture
def noon(world: World) -> World:
    """Return the world after noon's run."""
    screen_noon(world)
    return world


def rewrite(world: World, change: Callable[[Body], object]) -> None:
    """Change noon's report where it lies."""
    item = world.store.table.get("report", hour_key(NOON_MS))
    assert item is not None
    body = json.loads(str(item["json"]))
    change(body)
    world.store.table.put(item | {"json": json.dumps(body)})


def add_everywhere(body: Body) -> None:
    """Give every kind of object in a report a property that this version does not know."""
    (first, *_), sources = body["ranked_gems"], body["sources"]
    closed = [
        body["funnel"],
        body["regime"],
        sources["binance"],
        first,
        first["data_points"],
        *first["factors"].values(),
    ]
    for part in [body, *closed]:
        part["of_a_later_version"] = {"x": [1.5, None]}


def test_what_a_later_version_added_is_left_out(noon: World) -> None:
    """A report with properties that this version does not know is read as if they were not there."""
    before = noon.store.load_report(NOON_MS)
    rewrite(noon, add_everywhere)
    assert before is not None
    assert noon.store.load_report(NOON_MS) == before
    assert load_reports(noon.store, NOON_MS, NOON_MS + HOUR_MS) == [before]


def test_the_hour_after_the_way_back_goes_on(noon: World) -> None:
    """The next run looks back at a later version's report, and the streaks of its picks go on."""
    rewrite(noon, add_everywhere)
    report = noon.next_hour().report
    stayed = [gem.hours_in_list for gem in report.ranked_gems if not gem.is_new]
    assert stayed == [2] * len(stayed)
    assert stayed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda body: body.pop("funnel"), "funnel: Field required"),
        (lambda body: body["ranked_gems"][1].update(rank=9), "ranked_gems.1.rank: Input should be less than"),
    ],
)
def test_what_cannot_be_read_is_named(noon: World, change: Callable[[Body], object], said: str) -> None:
    """A report that lacks what every version has, or is damaged, is an error with its hour and its field."""
    rewrite(noon, change)
    with pytest.raises(StateError, match=f"the stored report of 2026-03-01T12.*{said}"):
        noon.store.load_report(NOON_MS)
