"""What outages leave: reports that came too late, hours that nobody judged, second looks that never were."""

from collections.abc import Sequence
from datetime import timedelta

import dynalite
import pytest
from evaluated import DAY_LATER_MS, evaluate_at, judged, live_through, only, screen_noon
from fake_market import NOON, NOON_MS
from world import World

from naive_outcomes import HOUR_MS
from quantscout.clock import iso
from quantscout.evaluation import AGAIN_H, HEAL_H, Gaps, mend_gaps
from quantscout.evaluation_kpis import live_kpis
from quantscout.evaluation_models import LATE_MOST_S
from quantscout.picks import load_evaluated, load_hours

DATABASES = dynalite.BOTH
GONE = "C03USDT"
FIRST_MS = NOON_MS - 200 * HOUR_MS


def stamp_report(world: World, late: timedelta) -> None:
    """Let noon's report be made so long after noon."""
    report = world.store.load_report(NOON_MS)
    assert report is not None
    made = (NOON + late).strftime("%Y-%m-%dT%H:%M:%SZ")
    world.store.save_report(report.model_copy(update={"generated_at": made}), NOON_MS)


def publish(world: World, hours: Sequence[int]) -> None:
    """Store noon's report as that of these hours after noon."""
    report = world.store.load_report(NOON_MS)
    assert report is not None
    for hour in hours:
        hour_ms = NOON_MS + hour * HOUR_MS
        told = {"hour": iso(hour_ms), "generated_at": iso(hour_ms + 90_000)}
        world.store.save_report(report.model_copy(update=told), hour_ms)


def mend(world: World, later_h: int) -> Gaps:
    """Mend what is out of reach so many hours after noon."""
    at_ms = NOON_MS + later_h * HOUR_MS
    return mend_gaps(world.store, load_hours(world.store, FIRST_MS, at_ms), FIRST_MS, at_ms, lambda: 300.0)


def test_a_report_that_came_late_is_credited_with_nothing(world: World) -> None:
    """Screened at 12:55, it could not have been bought at the open of 12:00: named, and in no figure."""
    screen_noon(world)
    live_through(world)
    stamp_report(world, timedelta(minutes=55))
    (hour,) = evaluate_at(world).hours
    assert (hour.excluded, hour.late_s, len(hour.picks), hour.complete_picks) == ("late", 3300, 5, [])
    assert hour.settled
    kpis = live_kpis([hour])
    assert (kpis.hours, kpis.excluded, kpis.base_rate.n, kpis.precision_at_5.n) == (0, {"late": 1}, 0, 0)
    assert [frame.height for frame in load_evaluated(world.store, NOON_MS, NOON_MS)] == [0, 0]


@pytest.mark.parametrize(("beyond_s", "excluded"), [(0, ""), (1, "late")])
def test_the_limit_is_the_last_moment_that_counts(world: World, beyond_s: int, excluded: str) -> None:
    """Ten minutes are in time, a second more is not; how late it was stands in the item."""
    screen_noon(world)
    live_through(world)
    stamp_report(world, timedelta(seconds=LATE_MOST_S + beyond_s))
    evaluate_at(world)
    hour = only(world)
    assert (hour.excluded, hour.late_s, bool(hour.complete_picks)) == (excluded, LATE_MOST_S + beyond_s, not beyond_s)


def test_a_list_that_was_published_anew_does_not_undo_one_in_time(world: World) -> None:
    """Days later somebody has the hour computed again: what was judged of the list in time stands."""
    screen_noon(world)
    live_through(world)
    evaluate_at(world)
    before = only(world)
    stamp_report(world, timedelta(days=2))
    assert evaluate_at(world, force=True).kept == {NOON_MS: "fewer_outcomes"}
    assert only(world) == before


def test_hours_that_nobody_will_judge_are_named(world: World) -> None:
    """Evaluate was out for a week: what is older than its reach has a report, no item, and a name."""
    screen_noon(world)
    publish(world, range(110))
    evaluate_at(world, 24 + 109)
    gaps = mend(world, 24 + 109)
    lost = [NOON_MS + hour * HOUR_MS for hour in range(109 - HEAL_H)]
    assert gaps.not_evaluated == lost
    said = gaps.summary()
    assert (said["not_evaluated"], said["not_evaluated_first"]) == (37, [iso(hour_ms) for hour_ms in lost[:5]])


def test_lost_hours_are_judged_by_hand(world: World) -> None:
    """The event of the day after one of them judges it and those before it; then nothing is lost."""
    screen_noon(world)
    publish(world, range(110))
    evaluate_at(world, 24 + 109)
    assert len(evaluate_at(world, 24 + 36).hours) == 37
    assert mend(world, 24 + 109).not_evaluated == []


def test_a_hole_between_judged_hours_is_named(world: World) -> None:
    """Only where an hour is missing the reports are asked; one without a report is nobody's omission."""
    screen_noon(world)
    publish(world, [0, 2, 120])
    evaluate_at(world)
    evaluate_at(world, 24 + 120)
    assert mend(world, 24 + 120).not_evaluated == [NOON_MS + 2 * HOUR_MS]


def test_what_is_within_reach_is_not_lost(world: World) -> None:
    """The next evaluation makes it good: it is not called lost."""
    screen_noon(world)
    assert mend(world, 24 + HEAL_H).not_evaluated == []
    assert mend(world, 24 + HEAL_H + 1).not_evaluated == [NOON_MS]


def test_a_second_look_that_an_outage_took_is_made_good(world: World) -> None:
    """Looked at with a bar missing, then three days of silence: healed bars are taken, and the hour is settled."""
    screen_noon(world)
    live_through(world, range(1, 11))
    live_through(world, range(11, 25), without=[GONE])
    evaluate_at(world)
    live_through(world, range(11, 25))
    assert mend(world, 24 + HEAL_H).settled == []
    assert mend(world, 24 + HEAL_H + 1).settled == [NOON_MS]
    hour = only(world)
    assert (hour.settled, hour.population.incomplete) == (True, 0)
    assert hour.evaluated_ms == DAY_LATER_MS + AGAIN_H * HOUR_MS
    assert mend(world, 24 + HEAL_H + 2).settled == []


def test_an_hour_out_of_reach_whose_bars_are_gone_is_settled_as_it_was(world: World) -> None:
    """A month later nothing can be healed: what was seen stays, marked as final."""
    screen_noon(world)
    live_through(world, range(1, 11))
    live_through(world, range(11, 25), without=[GONE])
    evaluate_at(world)
    before = only(world)
    for item in world.store.table.query("bars#binance"):
        world.store.table.client.delete_item(TableName="state", Key={"pk": "bars#binance", "sk": item["sk"]})
    mend(world, 200)
    after = only(world)
    assert (after.settled, after.population) == (True, before.population)
    assert judged(world).height == before.population.rows
