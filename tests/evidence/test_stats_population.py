"""Who is measured: picks, strata, the span of hours; and what is refused."""

import polars as pl
import pytest

from evidence.made_judged import START_MS, Made, Plan, make_judged
from quantscout.errors import InputError
from quantscout.frames import HOUR_MS
from quantscout_local.evidence.stats_population import build_population


@pytest.fixture
def made() -> Made:
    """Return 30 hours of 40 contracts."""
    return make_judged(1, Plan(hours=30, contracts=40))


def test_picks_are_the_five_of_an_hour(made: Made) -> None:
    """Rank 1 to 5, in every hour that has a list."""
    rows = build_population(made.judged, made.hours).rows
    assert rows.filter("picked")["rank"].max() == 5
    assert rows.filter(~pl.col("picked"))["rank"].min() == 6


def test_an_hour_without_data_has_no_picks(made: Made) -> None:
    """What was ranked in it was never published."""
    status = pl.when(pl.col("hour_ms") == START_MS).then(pl.lit("no_data")).otherwise("status")
    rows = build_population(made.judged, made.hours.with_columns(status=status)).rows
    assert rows.filter("picked")["hour_ms"].min() == START_MS + HOUR_MS


def test_a_pick_without_outcome_is_counted_and_left_out(made: Made) -> None:
    """It is named by its reason."""
    gone = (pl.col("hour_ms") == START_MS) & (pl.col("rank") == 2)
    judged = made.judged.with_columns(outcome=pl.when(gone).then(pl.lit("incomplete")).otherwise("outcome"))
    population = build_population(judged, made.hours)
    assert population.lost_picks == {"incomplete": 1}
    assert population.complete.height == population.rows.height - 1


def test_hours_before_the_first_and_after_the_last_outcome_are_left_out(made: Made) -> None:
    """The last day of an archive has no outcome yet; it is no evidence of anything."""
    late = pl.col("hour_ms") >= START_MS + 20 * HOUR_MS
    judged = made.judged.with_columns(outcome=pl.when(late).then(pl.lit("incomplete")).otherwise("outcome"))
    assert build_population(judged, made.hours).hours.height == 20


def test_lazy_rows_give_the_same(made: Made) -> None:
    """A scan of files is read only as far as it is needed."""
    eager, lazy = (build_population(rows, made.hours).rows for rows in (made.judged, made.judged.lazy()))
    assert eager.equals(lazy)


def test_the_order_of_the_rows_does_not_matter(made: Made) -> None:
    """Rows and hours in any order give the same population."""
    shuffled = build_population(made.judged.sample(fraction=1, shuffle=True, seed=1), made.hours.reverse())
    assert shuffled.rows.equals(build_population(made.judged, made.hours).rows)


def test_what_cannot_be_measured_is_refused(made: Made) -> None:
    """Nothing complete, an hour twice, a row twice, an hour without its row, a missing column."""
    none = made.judged.with_columns(outcome=pl.lit("incomplete"))
    cases = [
        (none, made.hours, "no judged row has a complete outcome"),
        (made.judged, pl.concat([made.hours, made.hours[:1]]), "lists an hour twice"),
        (pl.concat([made.judged, made.judged[:1]]), made.hours, "is judged twice at 2026-01-01T00:00:00Z"),
        (made.judged, made.hours[1:], "2026-01-01T00:00:00Z has judged rows and no row"),
        (made.judged.drop("hit10"), made.hours, "no column hit10"),
    ]
    for judged, hours, message in cases:
        with pytest.raises(InputError, match=message):
            build_population(judged, hours)
