"""What is kept of an evaluation: once, whole, small, and readable later."""

import dynalite
import polars as pl
import pytest
from evaluated import DAY_LATER_MS, evaluate_at, judged, only
from fake_market import NOON_MS
from polars.testing import assert_frame_equal
from world import World

from naive_outcomes import HOUR_MS
from quantscout.clock import hour_key
from quantscout.errors import StateError
from quantscout.evaluation_models import LIVE_HOURS
from quantscout.hours import Block, write_hours
from quantscout.picks import load_evaluated, save_evaluated

DATABASES = dynalite.BOTH


def test_the_hours_row_is_the_reports(lived: World) -> None:
    """Status, level, regime and funnel stand beside the rows."""
    evaluate_at(lived)
    report = lived.store.load_report(NOON_MS)
    assert report is not None
    hours = load_evaluated(lived.store, NOON_MS, NOON_MS)[1]
    assert hours.schema == pl.Schema(LIVE_HOURS)
    row = hours.row(0, named=True)
    assert (row["status"], row["regime"], row["level"]) == (report.status, report.regime.name, 0)
    assert (row["listed"], row["ranked"]) == (report.funnel.listed, report.funnel.ranked)
    assert row["lacking"] == ["social"]  # no CoinGecko in this world
    assert (row["method_version"], row["config_hash"]) == (report.method_version, report.config_hash)


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
    evaluate_at(lived)
    (item,) = lived.store.table.query("judged")
    lived.store.table.put(item | {"data": b"nothing"})
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
    rows = judged(lived)
    newer = only(lived).model_copy(update={"evaluated_ms": DAY_LATER_MS + 9 * HOUR_MS})
    assert save_evaluated(lived.store, newer, rows)
    older = newer.model_copy(update={"evaluated_ms": DAY_LATER_MS})
    assert not save_evaluated(lived.store, older, rows.with_columns(outcome=pl.lit("no_entry")))
    assert only(lived) == newer
    assert_frame_equal(judged(lived), rows, check_exact=True)


def test_rows_of_an_hour_that_had_one_place_for_them_are_read(lived: World) -> None:
    """Items of versions before this one do not name their rows: they stand at the hour's own key."""
    (hour,) = evaluate_at(lived).hours
    rows = judged(lived)
    (item,) = lived.store.table.query("judged")
    lived.store.table.client.delete_item(TableName="state", Key={"pk": "judged", "sk": item["sk"]})
    write_hours(lived.store.table, "judged", [Block(NOON_MS, [item["data"].value])], 400)
    old = lived.store.table.get("evaluated", hour_key(NOON_MS))
    assert old is not None
    lived.store.table.put(old | {"json": hour.model_dump_json(exclude={"rows", "late_s"})})
    assert_frame_equal(judged(lived), rows, check_exact=True)
    assert only(lived).late_s is None


def test_rows_without_an_item_are_nobodys(lived: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An evaluation that dies between rows and item leaves rows that no reader meets without their hour."""
    with monkeypatch.context() as patch:
        patch.setattr(type(lived.store.table), "update", lambda *_: pytest.exit("killed"))
        with pytest.raises(pytest.exit.Exception):
            evaluate_at(lived)
    assert lived.store.table.query("judged")
    rows, hours = load_evaluated(lived.store, NOON_MS, NOON_MS)
    assert (rows.height, hours.height) == (0, 0)


def test_an_hour_written_while_one_reads_is_not_half_there(lived: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the hours and their rows an evaluation stores another: neither or both of it are read."""
    (hour,) = evaluate_at(lived).hours
    rows, query = judged(lived), type(lived.store.table).query
    next_ms = NOON_MS + HOUR_MS

    def meanwhile(table: object, pk: str, *args: object, **more: object) -> object:
        if pk == "judged":
            monkeypatch.setattr(type(lived.store.table), "query", query)
            later = hour.model_copy(update={"hour_ms": next_ms})
            save_evaluated(lived.store, later, rows.with_columns(hour_ms=pl.lit(next_ms)))
        return query(table, pk, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(type(lived.store.table), "query", meanwhile)
    found, hours = load_evaluated(lived.store, NOON_MS, next_ms)
    assert set(found["hour_ms"]) == set(hours["hour_ms"]) == {NOON_MS}
    assert set(load_evaluated(lived.store, NOON_MS, next_ms)[0]["hour_ms"]) == {NOON_MS, next_ms}


def test_an_hour_stays_small(lived: World) -> None:
    """The item that every later evaluation reads is a few KB; the rows are beside it."""
    evaluate_at(lived)
    (item,) = lived.store.table.query("evaluated")
    assert len(str(item["json"])) < 6_000
    assert int(item["expires_at"]) == (NOON_MS // 1000) + 400 * 86_400
