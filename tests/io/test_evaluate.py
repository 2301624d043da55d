"""An evaluation over the state: what is judged, what is kept, what is named where it cannot be."""

import dynalite
import polars as pl
import pytest
from evaluated import DAY_LATER_MS, evaluate_at, judged, live_through, only, screen_noon
from fake_market import NOON_MS
from polars.testing import assert_frame_equal
from world import World

from naive_outcomes import HOUR_MS, Bar, naive_outcome
from quantscout.evaluation import AGAIN_H, HEAL_H, due_hours, evaluate
from quantscout.evaluation_kpis import live_kpis
from quantscout.evaluation_models import JUDGED
from quantscout.picks import load_evaluated, load_hours

DATABASES = dynalite.BOTH
GONE = "C03USDT"


def test_a_pick_has_the_outcome_of_its_own_bars(lived: World) -> None:
    """Each of the five has what a walk through the 24 bars after noon gives, by the second implementation."""
    report = lived.store.load_report(NOON_MS)
    assert report is not None
    (hour,) = evaluate_at(lived).hours
    assert [(pick.contract, pick.score) for pick in hour.picks] == [(g.contract, g.score) for g in report.ranked_gems]
    venues = {venue.name: venue for venue in lived.venues}
    for pick in hour.picks:
        rows = venues[pick.venue].bars_of(pick.contract).select("open_ms", "open", "high", "low", "close").rows()
        expected = naive_outcome({int(ms): Bar(*prices) for ms, *prices in rows}, NOON_MS, 0.0015)
        assert {name: getattr(pick, name) for name in expected} == pytest.approx(expected)


def test_every_contract_with_percentiles_is_judged(lived: World) -> None:
    """The rows are the population that controls are drawn from, scored or not, each with an outcome."""
    evaluate_at(lived)
    universe = lived.store.load_universe(NOON_MS)
    assert universe is not None
    known = universe.filter(pl.col("adv30_percentile").is_not_null(), pl.col("atr_percentile").is_not_null())
    rows = judged(lived)
    assert rows.schema == pl.Schema(JUDGED)
    assert rows["contract"].to_list() == known.sort("venue", "contract")["contract"].to_list()
    assert set(rows["outcome"]) == {"complete"}
    assert 0 < rows["in_scored_set"].sum() < rows.height


def test_rows_carry_score_rank_and_norms_of_their_hour(lived: World) -> None:
    """What the statistics group by is that of the universe, bit for bit but for the smaller floats."""
    evaluate_at(lived)
    universe = lived.store.load_universe(NOON_MS)
    assert universe is not None
    columns = ["venue", "contract", "score", "adv30_percentile", "atr_percentile", "mom60m_norm", "reason", "coin"]
    mine = judged(lived)
    theirs = universe.join(mine, on=["venue", "contract"], how="semi").select(columns)
    theirs = theirs.with_columns(pl.col("mom60m_norm").cast(pl.Float32)).sort("venue", "contract")
    assert_frame_equal(mine.select(columns), theirs, check_exact=True)
    ranked = universe.filter(pl.col("fate") == "ranked")
    assert sorted(mine["rank"].drop_nulls()) == sorted(ranked["rank"])


def test_no_bar_after_the_day_is_looked_at(lived: World) -> None:
    """Evaluated hours later, with more bars in the state, the outcome is the same."""
    evaluate_at(lived)
    first = only(lived)
    live_through(lived, range(25, 29))
    evaluate(lived.store, DAY_LATER_MS + 4 * HOUR_MS, lambda: 300.0)
    again = evaluate(lived.store, DAY_LATER_MS, lambda: 300.0, force=True)
    assert again.hours[0].model_dump() == first.model_dump()


def test_an_hour_without_a_report_is_named(lived: World) -> None:
    """Noon was published, the hour after it was not: that is kept as such, and said."""
    live_through(lived, range(25, 26))
    summary = evaluate_at(lived, 25).summary()
    assert [hour["excluded"] for hour in summary["evaluated"]] == ["no_report", ""]
    assert [hour.excluded for hour in load_hours(lived.store, NOON_MS, NOON_MS + HOUR_MS)] == ["", "no_report"]
    hours = load_evaluated(lived.store, NOON_MS, NOON_MS + HOUR_MS)[1]
    assert hours["hour_ms"].to_list() == [NOON_MS]


def test_a_stack_that_has_published_nothing_has_nothing_to_judge(world: World) -> None:
    """In its first day no hour is due, and none is called missing."""
    assert evaluate_at(world).summary() == {
        "hour": "2026-03-02T12:00:00Z",
        "evaluated": [],
        "kept": 0,
        "left": 0,
        "complete": True,
    }
    assert load_hours(world.store, NOON_MS - 100 * HOUR_MS, NOON_MS) == []


def test_an_hour_without_its_universe_still_has_its_picks(lived: World) -> None:
    """The universe is kept for 30 days only: without it the picks are judged, the others are not, and it is said."""
    for item in lived.store.table.query("universe"):
        lived.store.table.client.delete_item(TableName="state", Key={"pk": "universe", "sk": item["sk"]})
    (hour,) = evaluate_at(lived).hours
    assert (hour.excluded, hour.population.rows, len(hour.complete_picks)) == ("no_universe", 0, 5)
    assert all(pick.controls == 0 for pick in hour.picks)


def test_an_hour_without_bars_is_named(world: World) -> None:
    """A day without any run leaves no bars: nobody has an outcome, and nothing is made up."""
    screen_noon(world)
    (hour,) = evaluate_at(world).hours
    assert (hour.excluded, hour.settled, hour.complete_picks) == ("no_bars", False, [])
    assert hour.population.no_entry == hour.population.rows > 0


def test_an_hour_without_data_has_rows_and_no_picks(world: World) -> None:
    """With both venues out there is nothing to judge; the report says no_data and so does the hour."""
    for venue in world.venues:
        venue.change_listing = lambda frame: frame.head(0)
    world.screen()
    live_through(world)
    (hour,) = evaluate_at(world).hours
    assert (hour.status, hour.excluded, hour.picks) == ("no_data", "no_contracts", [])


def test_a_delisted_contract_is_incomplete_and_counted(world: World) -> None:
    """Its bars end: no outcome, but a row, and the others have theirs."""
    screen_noon(world)
    live_through(world, range(1, 11))
    live_through(world, range(11, 25), without=[GONE])
    (hour,) = evaluate_at(world).hours
    row = judged(world).row(by_predicate=pl.col("contract") == GONE, named=True)
    assert (row["outcome"], row["hit10"], row["entry_price"] is None) == ("incomplete", None, False)
    assert (hour.population.incomplete, hour.population.complete) == (1, hour.population.rows - 1)
    assert not hour.settled


def test_missing_bars_that_were_healed_are_taken_once(world: World) -> None:
    """Hours later the bars are there: the hour is looked at again, judged whole, and settled."""
    screen_noon(world)
    live_through(world, range(1, 11))
    live_through(world, range(11, 25), without=[GONE])
    evaluate_at(world)
    live_through(world, range(11, 25))
    live_through(world, range(25, 25 + AGAIN_H))
    for later in range(1, AGAIN_H):
        assert NOON_MS not in due_hours(world.store, DAY_LATER_MS + later * HOUR_MS)
    evaluate_at(world, 24 + AGAIN_H)
    (hour,) = (hour for hour in load_hours(world.store, NOON_MS, NOON_MS))
    assert (hour.settled, hour.population.incomplete) == (True, 0)
    assert NOON_MS not in due_hours(world.store, DAY_LATER_MS + 20 * HOUR_MS)


def test_what_stays_missing_is_settled_at_the_second_look(world: World) -> None:
    """A contract that is gone for good is not asked about for ever."""
    screen_noon(world)
    live_through(world, range(1, 25 + AGAIN_H), without=[GONE])
    evaluate_at(world)
    evaluate_at(world, 24 + AGAIN_H)
    (hour,) = load_hours(world.store, NOON_MS, NOON_MS)
    assert (hour.settled, hour.population.no_entry, hour.evaluated_ms) == (
        True,
        1,
        DAY_LATER_MS + AGAIN_H * HOUR_MS,
    )


def test_an_evaluation_that_was_missed_is_made_good(lived: World) -> None:
    """An hour whose own evaluation never ran is judged by a later one; hours after it without a report are named."""
    live_through(lived, range(25, 30))
    evaluation = evaluate_at(lived, 29)
    found = {(hour.hour_ms - NOON_MS) // HOUR_MS: hour.excluded for hour in evaluation.hours}
    assert found == {5: "no_report", 4: "no_report", 3: "no_report", 2: "no_report", 1: "no_report", 0: ""}


def test_hours_before_the_first_report_are_not_due(lived: World) -> None:
    """A stack that was deployed at noon has omitted nothing before."""
    assert list(due_hours(lived.store, DAY_LATER_MS)) == [NOON_MS]


def test_what_is_too_old_is_not_due(lived: World) -> None:
    """Beyond three days nothing is made good."""
    last_ms = DAY_LATER_MS + HEAL_H * HOUR_MS
    assert NOON_MS in due_hours(lived.store, last_ms)
    assert NOON_MS not in due_hours(lived.store, last_ms + HOUR_MS)


def test_without_time_nothing_is_begun_and_the_next_call_goes_on(lived: World) -> None:
    """What is left is said."""
    stopped = evaluate(lived.store, DAY_LATER_MS, lambda: 5.0)
    assert (stopped.hours, stopped.left, stopped.summary()["complete"]) == ([], 1, False)
    assert len(evaluate_at(lived).hours) == 1


def test_controls_are_of_the_same_venue_and_quintiles(lived: World) -> None:
    """A pick's controls are counted by hand from the rows."""
    (hour,) = evaluate_at(lived).hours
    rows = judged(lived).to_dicts()

    def stratum(row: dict[str, float]) -> tuple[object, int, int]:
        return row["venue"], min(4, int(5 * row["adv30_percentile"])), min(4, int(5 * row["atr_percentile"]))

    for pick in hour.picks:
        (own,) = (row for row in rows if (row["venue"], row["contract"]) == (pick.venue, pick.contract))
        free = [row for row in rows if row["rank"] is None or row["rank"] > 5]
        controls = [row for row in free if stratum(row) == stratum(own)]
        assert (pick.controls, pick.controls_hit) == (len(controls), sum(row["hit10"] for row in controls))
    assert any(pick.controls for pick in hour.picks)


def test_kpis_are_those_of_the_rows(lived: World) -> None:
    """Precision, base rate and returns are what the stored rows give."""
    (hour,) = evaluate_at(lived).hours
    kpis, rows = live_kpis([hour]), judged(lived)
    picks = rows.filter(pl.col("rank") <= 5)
    assert kpis.precision_at_5 == (picks["hit10"].mean(), 5)
    assert kpis.base_rate == (rows["hit10"].mean(), rows.height)
    assert kpis.scored_set_rate.value == rows.filter("in_scored_set")["hit10"].mean()
    assert kpis.mean_net_return_24h.value == pytest.approx(picks["net_return_24h_ratio"].mean(), rel=1e-6)
    assert (kpis.hours, kpis.without_outcome, kpis.excluded) == (1, 0, {})
