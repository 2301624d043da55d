"""How much of the product was measured: from the replay's own rows, hours and settings, in plain words."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.made_judged import START_MS, Plan, make_judged
from quantscout.frames import HOUR_MS
from quantscout.settings import Settings
from quantscout_local.evidence.evidence_doc_measured import Measured, measure, say_measured, say_sent, without_missing
from quantscout_local.evidence.kpis import build_kpis
from quantscout_local.evidence.kpis_models import Kpis

HOURS, LOST_H, QUIET_H = 300, 24, 100
ABOUT = {"settings": {"min_coverage": 0.39, "unknown_passes": ["depth", "spread"]}}
PLAIN = Measured(
    replayed=10,
    hours=10,
    levels={"L0": 10},
    statuses={"ok": 10},
    venues=("binance", "kucoin"),
    coverage=None,
    picks=50,
    unsent_picks=0,
    settings={},
)


def made() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return hours of which the last 24 have no outcome, the first 100 no signal; a pick's coverage is 0.4 or 0.6."""
    judged, hours = make_judged(7, Plan(hours=HOURS, contracts=60))
    late, odd = pl.col("hour_ms") >= START_MS + (HOURS - LOST_H) * HOUR_MS, pl.col("hour_ms") // HOUR_MS % 2 == 1
    quiet = pl.col("hour_ms") < START_MS + QUIET_H * HOUR_MS
    judged = judged.with_columns(
        outcome=pl.when(late).then(pl.lit("incomplete")).otherwise(pl.lit("complete")),
        coverage=pl.when(odd).then(0.6).otherwise(0.4).cast(pl.Float32),
    )
    status = pl.when(quiet).then(pl.lit("no_signal")).otherwise(pl.lit("low_confidence"))
    return judged, hours.with_columns(status=status, level=pl.lit(3, pl.Int8))


@pytest.fixture(scope="module")
def measured() -> tuple[Measured, Kpis]:
    """Return what was measured of them, and the figures."""
    judged, hours = made()
    kpis = build_kpis(judged, hours, 1, samples=100)
    return measure(judged.lazy(), hours, ABOUT, kpis), kpis


def test_it_counts_what_has_an_outcome(measured: tuple[Measured, Kpis]) -> None:
    """Hours, levels, statuses, venues and picks of the measured hours alone; the replayed ones beside them."""
    found, kpis = measured
    left = HOURS - LOST_H
    assert (found.replayed, found.hours, found.levels) == (HOURS, left, {"L3": left})
    assert found.statuses == {"low_confidence": left - QUIET_H, "no_signal": QUIET_H}
    assert (found.picks, found.unsent_picks) == (kpis.picks, 5 * QUIET_H)
    assert found.venues == ("binance", "kucoin")
    assert found.coverage == pytest.approx((0.5, 0.4, 0.6))


def test_it_says_how_little_it_was(measured: tuple[Measured, Kpis]) -> None:
    """Each of the limits with its number, and the defaults beside what was set."""
    said = say_measured(measured[0], ("order books in all hours",))
    share = f"{100 * 5 * QUIET_H / measured[0].picks:.0f} %"
    parts = (
        "276 hours (of 300 replayed",
        "all at level L3, the widest of the gate",
        "none with status ok (176 low_confidence, 100 no_signal)",
        "data for 50 % of the weights on average (40 to 60 %)",
        f"; data for 39 % were enough where the default asks for {100 * Settings().min_coverage:.0f} %",
        "depth, spread passed its gate",
        f"500 of the 1,380 picks ({share}) are of no_signal hours, which are sent to nobody by default",
        "Missing: order books in all hours.",
    )
    assert [part for part in parts if part not in said] == []
    assert "nothing of" not in said


def test_a_venue_without_picks_is_named() -> None:
    """An archive of one venue says nothing of the other."""
    assert "picks of binance alone and nothing of kucoin" in say_measured(PLAIN._replace(venues=("binance",)))


def test_what_was_as_shipped_is_not_called_a_limit() -> None:
    """Two venues, no changed settings, all hours sent."""
    said = say_measured(PLAIN)
    assert "by status 10 ok" in said
    assert [word for word in ("none with", "nothing of", "default", "Missing", "no_signal") if word in said] == []


@given(picks=st.integers(1, 10**6), share=st.floats(0, 1))
def test_unsent_picks_are_told_with_their_share(picks: int, share: float) -> None:
    """Whatever their number; none are not told."""
    unsent = round(share * picks)
    said = say_measured(PLAIN._replace(picks=picks, unsent_picks=unsent))
    assert (f"{unsent:,} of the {picks:,} picks ({100 * unsent / picks:.0f} %)" in said) == (unsent > 0)


def test_hours_that_are_sent_stand_by_themselves(measured: tuple[Measured, Kpis]) -> None:
    """The figures of the group, and nothing of the quiet hours."""
    kpis = measured[1]
    sent = next(group for group in kpis.by_status if group.name == "low_confidence")
    said = say_sent(kpis)
    assert f"low_confidence {sent.kpis[0].n:,} picks" in said
    assert "no_signal" not in said
    quiet = kpis.model_copy(update={"by_status": kpis.by_status[1:]})
    assert say_sent(quiet) == "No hour was measured that is sent by default."


def test_the_sentence_can_stand_without_its_list(measured: tuple[Measured, Kpis]) -> None:
    """What was missing is taken out, nothing else; a sentence without a list stays."""
    kpis = measured[1]
    assert without_missing(kpis) == kpis.verdict.sentence
    judged, hours = made()
    lacking = hours.with_columns(lacking=pl.lit(["order books"]))
    named = build_kpis(judged, lacking, 1, samples=100)
    assert without_missing(named).endswith(").")
    assert "order books" in named.verdict.sentence
    assert "order books" not in without_missing(named)
