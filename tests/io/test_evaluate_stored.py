"""What is kept of an evaluation: once, whole, small, and readable later."""

import dynalite
import polars as pl
import pytest
from evaluated import DAY_LATER_MS, evaluate_at, judged, live_through, only, screen_noon
from fake_market import NOON_MS
from polars.testing import assert_frame_equal
from world import World

from naive_outcomes import HOUR_MS
from quantscout.errors import StateError
from quantscout.evaluation_models import HOURS
from quantscout.hours import Block, write_hours
from quantscout.picks import load_evaluated, save_evaluated

DATABASES = dynalite.BOTH


@pytest.fixture
def lived(world: World) -> World:
    """Return the world a day after noon's run, its bars in the state."""
    screen_noon(world)
    live_through(world)
    return world


def test_the_hours_row_is_the_reports(lived: World) -> None:
    """Status, level, regime and funnel stand beside the rows."""
    evaluate_at(lived)
    report = lived.store.load_report(NOON_MS)
    assert report is not None
    hours = load_evaluated(lived.store, NOON_MS, NOON_MS)[1]
    assert hours.schema == pl.Schema(HOURS)
    row = hours.row(0, named=True)
    assert (row["status"], row["regime"], row["level"]) == (report.status, report.regime.name, 0)
    assert (row["listed"], row["ranked"]) == (report.funnel.listed, report.funnel.ranked)
    assert row["lacking"] == ["social"]  # no CoinGecko in this world


def test_the_same_hour_twice_keeps_the_same(lived: World) -> None:
    """A second delivery finds nothing to do and changes nothing."""
    first = evaluate_at(lived)
    item, rows = only(lived), judged(lived)
    second = evaluate_at(lived)
    assert (len(first.hours), second.hours, second.left) == (1, [], 0)
    assert only(lived) == item
    assert_frame_equal(judged(lived), rows, check_exact=True)


def test_rows_of_an_older_version_are_read(lived: World) -> None:
    """A column that came later is unknown in what was stored before."""
    (hour,) = evaluate_at(lived).hours
    rows = judged(lived)
    save_evaluated(lived.store, hour, rows.drop("boost"))
    assert_frame_equal(judged(lived), rows.with_columns(pl.lit(None, pl.Float32).alias("boost")))


def test_rows_that_cannot_be_read_are_an_error(lived: World) -> None:
    """Bytes that are no Parquet are named, not skipped."""
    write_hours(lived.store.table, "judged", [Block(NOON_MS, [b"nothing"])], 1)
    with pytest.raises(StateError, match="judged rows cannot be read"):
        judged(lived)


def test_rows_that_do_not_fit_are_several_parts(lived: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An item ends at 400 KB: more rows than that come back as they were, in their order."""
    (hour,) = evaluate_at(lived).hours
    rows = judged(lived)
    monkeypatch.setattr("quantscout.picks.PART_LIMIT_BYTES", 9_000)
    save_evaluated(lived.store, hour, rows)
    assert len(lived.store.table.query("judged")) > 1
    assert_frame_equal(judged(lived), rows, check_exact=True)


def test_an_older_look_does_not_undo_a_newer_one(lived: World) -> None:
    """A late delivery of an older evaluation finds the item as it is."""
    evaluate_at(lived)
    newer = only(lived).model_copy(update={"evaluated_ms": DAY_LATER_MS + 9 * HOUR_MS})
    assert save_evaluated(lived.store, newer, judged(lived))
    older = newer.model_copy(update={"evaluated_ms": DAY_LATER_MS})
    assert not save_evaluated(lived.store, older, judged(lived))
    assert only(lived) == newer


def test_an_hour_stays_small(lived: World) -> None:
    """The item that every later evaluation reads is a few KB; the rows are beside it."""
    evaluate_at(lived)
    (item,) = lived.store.table.query("evaluated")
    assert len(str(item["json"])) < 6_000
    assert int(item["expires_at"]) == (NOON_MS // 1000) + 400 * 86_400
