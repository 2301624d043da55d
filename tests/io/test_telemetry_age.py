"""How old the data of an hour is: of the worst venue, of one that is out, and of one of which most is not seen."""

import polars as pl
import pytest
from fake_market import NOON_MS
from loaded import call, load
from test_telemetry_metrics import check
from world import World

from quantscout.delivery import Delivered, Ending
from quantscout.frames import HOUR_MS
from quantscout.ledger import Record
from quantscout.measures import LOOK_BACK_H, measure_delivery
from quantscout.models import Report

AT_ONCE = '{"history_h": 120, "late_until_s": 0}'
"""Settings of a run that waits for no late bar."""
Capsys = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


def _report(world: World) -> Report:
    world.screen()
    report = world.store.load_report(NOON_MS)
    assert report is not None
    return report


def _with_age(report: Report, **ages_s: int | None) -> Report:
    """Return the report with other ages; a venue without one is out."""
    sources = {
        name: state.model_copy(update={"data_age_s": ages_s[name], "ok": ages_s[name] is not None})
        if name in ages_s
        else state
        for name, state in report.sources.items()
    }
    return report.model_copy(update={"sources": sources})


def _delivered(report: Report, ending: Ending = "published") -> Delivered:
    record = Record(NOON_MS, "published", 1, "me", 0, 0, {"claimed": 0}, report.status, None, "sent", "")
    return Delivered(ending, record, report)


@pytest.mark.parametrize(
    ("now", "before", "age_s"),
    [
        ({"binance": 0, "kucoin": 3_600}, [], 3_600),
        ({"binance": 0, "kucoin": None}, [], 0),
        ({"binance": 0, "kucoin": None}, [0], 3_600),
        ({"binance": 0, "kucoin": None}, [None, 7_200], 14_400),
        ({"binance": 0, "kucoin": None}, [None, None], 7_200),
        ({"binance": 0, "kucoin": None}, [None] * 50, LOOK_BACK_H * 3_600),
        ({"binance": None, "kucoin": None}, [], None),
    ],
)
def test_the_worst_venue_gives_the_age(
    world: World, now: dict[str, int | None], before: list[int | None], age_s: int | None
) -> None:
    """One that is out ages from report to report; where no report knows it, it is left out, and never zero."""
    report = _report(world)
    past = {NOON_MS - (n + 1) * HOUR_MS: _with_age(report, kucoin=age) for n, age in enumerate(before)}
    asked: list[int] = []

    def load_report(hour_ms: int) -> Report | None:
        asked.append(hour_ms)
        return past.get(hour_ms)

    values = measure_delivery(_delivered(_with_age(report, **now)), load_report)
    assert values.get("DataAgeSeconds") == age_s
    assert len(asked) <= 2 * LOOK_BACK_H


def _seen(world: World, late: dict[str, int], age_s: int | None = 0) -> Report:
    """Return the report with so many late contracts per venue; Binance's newest bar is so old."""
    report = _with_age(_report(world), binance=age_s)
    late_of = {name: report.sources[name].model_copy(update={"late": count}) for name, count in late.items()}
    return report.model_copy(update={"sources": report.sources | late_of})


def _universe(**eligible: int) -> pl.DataFrame:
    """Return so many eligible contracts per venue, and as many again that are not."""
    rows = [(name, reason) for name, count in eligible.items() for reason in (None, "quote") for _ in range(count)]
    return pl.DataFrame(rows, schema={"venue": pl.String, "ineligible": pl.String}, orient="row")


@pytest.mark.parametrize(
    ("late", "age_s"),
    [
        ({"binance": 49, "kucoin": 0}, 0),
        ({"binance": 50, "kucoin": 0}, 0),
        ({"binance": 51, "kucoin": 0}, 3_600),
        ({"binance": 0, "kucoin": 25}, 0),
        ({"binance": 0, "kucoin": 26}, 3_600),
        ({"binance": 93, "kucoin": 47}, 3_600),
    ],
)
def test_a_venue_of_which_most_is_not_seen_is_a_bar_old(world: World, late: dict[str, int], age_s: int) -> None:
    """One fresh contract makes no venue young: more than half of the eligible ones without the hour's bar ring."""
    done = _delivered(_seen(world, late))._replace(universe=_universe(binance=100, kucoin=50))
    assert measure_delivery(done, lambda _: None)["DataAgeSeconds"] == age_s


@pytest.mark.parametrize(("newest_s", "age_s"), [(None, 3_600), (0, 3_600), (7_200, 7_200)])
def test_a_blind_venue_is_as_old_as_it_is(world: World, newest_s: int | None, age_s: int) -> None:
    """Also one whose contracts gave no bar at all, ever; older bars stay older."""
    done = _delivered(_seen(world, {"binance": 90}, newest_s))._replace(universe=_universe(binance=100, kucoin=50))
    assert measure_delivery(done, lambda _: None)["DataAgeSeconds"] == age_s


def test_a_blind_hour_rings_also_where_another_attempt_made_its_report(world: World) -> None:
    """Its universe is not at hand then: the listed contracts stand for the eligible ones."""
    listed = _report(world).sources["binance"].contracts
    for late, age_s in ((listed // 2, 0), (listed // 2 + 1, 3_600)):
        done = _delivered(_seen(world, {"binance": late}))
        assert measure_delivery(done, lambda _: None)["DataAgeSeconds"] == age_s


def test_a_blind_run_measures_old_data(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """From the venue to the metric: most of Binance's bars are missing, and Binance is no venue that is out."""
    held = sorted(world.binance.coins)
    world.binance.late_until_ms |= dict.fromkeys(held[: len(held) // 2 + 2], NOON_MS + HOUR_MS)
    told = call(load("screen", world, monkeypatch, QUANTSCOUT_SETTINGS=AT_ONCE), capsys)
    assert told.line("hour done")["sources"]["binance"].items() >= {"ok": True, "age_s": 0}.items()
    assert check(told)["DataAgeSeconds"] == 3_600.0


@pytest.mark.parametrize("ending", ["finished", "stood_back"])
def test_who_did_not_finish_the_hour_measures_nothing(world: World, ending: Ending) -> None:
    """The one who did has told it, of an hour that is past."""
    assert measure_delivery(_delivered(_report(world), ending=ending), lambda _: None) == {}
