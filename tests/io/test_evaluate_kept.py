"""What is stored of an hour is not given up for less: an evaluation that is repeated when its bars are gone."""

import dynalite
import polars as pl
import pytest
from evaluated import DAY_LATER_MS, evaluate_at, judged, live_through, only, screen_noon
from fake_market import NOON_MS
from polars.testing import assert_frame_equal
from world import World

from naive_outcomes import HOUR_MS
from quantscout.clock import iso
from quantscout.evaluation import AGAIN_H
from quantscout.picks import save_evaluated

DATABASES = dynalite.BOTH
LATER_H = 24 + AGAIN_H
GONE = "C03USDT"


def forget_bars(world: World) -> None:
    """Let the bars expire, as after 35 days."""
    for pk in ("bars#binance", "bars#kucoin"):
        for item in world.store.table.query(pk):
            world.store.table.client.delete_item(TableName="state", Key={"pk": pk, "sk": item["sk"]})


def test_an_hour_whose_bars_have_expired_keeps_its_outcomes(lived: World) -> None:
    """Forced again, it would have nobody's outcome: item and rows stay, and the answer says so."""
    evaluate_at(lived)
    item, rows = only(lived), judged(lived)
    forget_bars(lived)
    summary = evaluate_at(lived, force=True).summary()
    (told,) = summary["evaluated"]
    assert (summary["kept"], told["kept"], told["contracts"]) == (1, "fewer_outcomes", item.population.rows)
    assert (told["picks_complete"], told["no_entry"]) == (5, 0)
    assert only(lived) == item
    assert_frame_equal(judged(lived), rows, check_exact=True)


def test_an_hour_whose_universe_has_expired_keeps_its_rows(lived: World) -> None:
    """Forced after 30 days there is no population any more; the picks alone would be left."""
    evaluate_at(lived)
    item = only(lived)
    for stored in lived.store.table.query("universe"):
        lived.store.table.client.delete_item(TableName="state", Key={"pk": "universe", "sk": stored["sk"]})
    assert evaluate_at(lived, force=True).kept == {NOON_MS: "fewer_outcomes"}
    assert only(lived) == item


def test_what_a_second_look_would_lose_is_kept_and_settled(world: World) -> None:
    """One bar was missing at the first look, all of them at the second: the first stands, and is settled."""
    screen_noon(world)
    live_through(world, range(1, 11))
    live_through(world, range(11, 25), without=[GONE])
    evaluate_at(world)
    first = only(world)
    forget_bars(world)
    evaluation = evaluate_at(world, LATER_H)
    assert evaluation.kept == {NOON_MS: "fewer_outcomes"}
    expected = {"settled": True, "evaluated_ms": NOON_MS + LATER_H * HOUR_MS}
    assert evaluation.hours[-1] == first.model_copy(update=expected)
    assert judged(world).filter(pl.col("outcome") == "complete").height == first.population.complete


def test_bars_that_came_after_the_second_look_are_taken_by_hand(world: World) -> None:
    """Forced at its own hour, after a later look had settled it: item, rows and answer are the new ones, all three."""
    screen_noon(world)
    live_through(world, range(1, 11))
    live_through(world, range(11, 25), without=[GONE])
    live_through(world, range(25, 1 + LATER_H))
    evaluate_at(world)
    evaluate_at(world, LATER_H)
    live_through(world, range(11, 25))
    (told,) = evaluate_at(world, force=True).summary()["evaluated"]
    (row,) = judged(world).filter(pl.col("contract") == GONE)["outcome"]
    from_item = evaluate_at(world, force=True).hours[0]
    assert (told["incomplete"], from_item.population.incomplete, row, told["kept"]) == (0, 0, "complete", "")
    assert (from_item.settled, from_item.evaluated_ms) == (True, NOON_MS + LATER_H * HOUR_MS)


def test_of_two_looks_at_once_the_later_stands_with_its_rows(lived: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another evaluation stores the hour after this one has judged it: its item and rows stand, and are told."""
    evaluate_at(lived)
    later = only(lived).model_copy(update={"evaluated_ms": DAY_LATER_MS + HOUR_MS})
    rows = judged(lived).with_columns(coverage=pl.lit(0.5, pl.Float32))
    update = type(lived.store.table).update

    def meanwhile(table: object, *args: object) -> object:
        monkeypatch.setattr(type(lived.store.table), "update", update)
        assert save_evaluated(lived.store, later, rows)
        return update(table, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(type(lived.store.table), "update", meanwhile)
    evaluation = evaluate_at(lived, force=True)
    assert evaluation.kept == {NOON_MS: "later_look"}
    assert evaluation.summary()["evaluated"][0]["hour"] == iso(NOON_MS)
    assert evaluation.hours == [only(lived)]
    assert only(lived).evaluated_ms == DAY_LATER_MS + HOUR_MS
    assert_frame_equal(judged(lived), rows, check_exact=True)
