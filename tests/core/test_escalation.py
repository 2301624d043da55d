"""What a person is told of: each finding on a planted history, and silence on an unchanged one."""

from typing import Any

import pytest

from escalated import FLAT, N_MS, history_of, hour_of
from quantscout.clock import iso
from quantscout.errors import InputError
from quantscout.escalation import DRIFTING, find
from quantscout.escalation_models import Finding, History, Thresholds, parse_thresholds
from quantscout.evaluation_models import EvaluatedHour, Group, Pick
from quantscout.factors import NAMES
from quantscout.frames import HOUR_MS
from quantscout.models import Report
from written_reports import EMPTY, gem_of, report_of

LIMITS = Thresholds()
CALM = [hour_of(ago, hits=(2, 1, 3, 2)[ago % 4]) for ago in range(400)]


def found(history: History, limits: Thresholds = LIMITS) -> list[tuple[str, str]]:
    """Return kind and key of what is found."""
    return [(finding.kind, finding.key) for finding in find(history, limits)]


def the(history: History) -> Finding:
    """Return the one thing that is found."""
    (finding,) = find(history, LIMITS)
    return finding


def reports(*lists: tuple[str, ...], **changes: Any) -> list[Report]:
    """Return the reports of the last hours up to N, one per list."""
    times = [N_MS - ago * HOUR_MS for ago in range(len(lists) - 1, -1, -1)]
    return [report_of(*bases, hour=iso(ms), **changes) for ms, bases in zip(times, lists, strict=True)]


def with_pick(hour: EvaluatedHour, **changes: Any) -> EvaluatedHour:
    """Return the hour with its first pick changed."""
    first: Pick = hour.picks[0].model_copy(update=changes)
    return hour.model_copy(update={"picks": [first, *hour.picks[1:]]})


# Nothing to tell


def test_a_history_that_stays_as_it_is_says_nothing() -> None:
    """400 hours of the same worth, inputs and scores raise nothing."""
    assert found(history_of(CALM)) == []


def test_an_empty_state_says_nothing() -> None:
    """The first hours of a deployment have nothing to compare with."""
    assert found(history_of([])) == []
    assert found(history_of([hour_of(ago, hits=0) for ago in range(20)])) == []


def test_hours_without_outcomes_say_nothing() -> None:
    """Excluded hours and incomplete picks are no losses."""
    blank = EvaluatedHour(hour_ms=0, evaluated_ms=0, settled=True, excluded="no_report")
    gap = [blank.model_copy(update={"hour_ms": hour.hour_ms}) for hour in CALM[:100]]
    assert found(history_of([*gap, *CALM[100:]])) == []


# Results


def test_a_fall_of_precision_is_found() -> None:
    """From three of five to none for a week, while all contracts hit as ever."""
    history = history_of([hour_of(ago, hits=0 if ago < 168 else 3) for ago in range(500)])
    finding = the(history)
    assert (finding.kind, finding.key) == ("precision", "picks")
    assert finding.figures["precision_7d"] == 0
    assert finding.figures["precision"] == pytest.approx(0.6 * 332 / 500)
    assert finding.measure.statistic > finding.measure.threshold == LIMITS.precision_sum
    assert "Of the picks 0% rose by 10 %" in finding.text
    assert "(all contracts: 18%)" in finding.text


def test_a_quiet_market_is_no_fall_of_precision() -> None:
    """Where all contracts stop hitting, the picks may, too."""
    quiet = Group(rows=100, complete=100, hits=0)
    loud = Group(rows=100, complete=100, hits=60)
    hours = [hour_of(ago, hits=0, population=quiet) for ago in range(168)]
    hours += [hour_of(ago, hits=3, population=loud) for ago in range(168, 500)]
    assert found(history_of(hours)) == []


def test_what_was_told_is_judged_from_there_on() -> None:
    """After a message Page-Hinkley begins anew: the same fall is not found a second time."""
    hours = [hour_of(ago, hits=0 if ago < 168 else 3) for ago in range(500)]
    assert found(history_of(hours, told_ms={"precision#picks": hours[20].hour_ms})) == []
    assert found(history_of(hours, told_ms={"drawdown#picks": hours[20].hour_ms})) == [("precision", "picks")]


def test_losses_beyond_their_pace_are_found() -> None:
    """A rule that earned nothing loses 10 % a day for a week."""
    finding, loss = find(history_of([hour_of(ago, net=-0.10 if ago < 168 else 0.0) for ago in range(500)]), LIMITS)
    assert (finding.kind, loss.kind) == ("drawdown", "loss")
    assert finding.figures["drawdown"] == pytest.approx(0.70)
    assert finding.figures["mean_net_24h_7d"] == pytest.approx(-0.10)
    assert "lost 70% of the capital" in finding.text


def test_losses_at_their_usual_pace_are_no_news() -> None:
    """A rule that always lost 1 % a day goes on to: no drawdown, though what it lost is told (test_escalation_told)."""
    assert found(history_of([hour_of(ago, net=-0.01) for ago in range(700)])) == [("loss", "picks")]


def test_one_absurd_return_is_not_a_change() -> None:
    """A pick that rose twentyfold lifts the mean; the days after it are not losses by comparison."""
    hours = [with_pick(hour, net_return_24h_ratio=20.0) if k == 300 else hour for k, hour in enumerate(CALM)]
    assert found(history_of(hours)) == []


# Inputs


def test_a_factor_that_goes_missing_is_found() -> None:
    """A source that stops telling leaves the norms of a day empty: the share of missing ones is told."""
    gone = {**dict.fromkeys(NAMES, FLAT), "oi_change": [0] * 10 + [sum(FLAT)]}
    finding = the(history_of([hour_of(ago, norms=gone) if ago < 24 else hour_of(ago) for ago in range(400)]))
    assert (finding.kind, finding.key) == ("input_drift", "oi_change")
    assert finding.figures["missing_day"] == 1.0
    assert "quantscout doctor" in finding.first_step


def test_a_factor_that_stops_moving_is_found() -> None:
    """A frozen feed gives every contract the same norm."""
    frozen = {**dict.fromkeys(NAMES, FLAT), "vol_spike": [0, 0, 0, 0, 0, sum(FLAT), 0, 0, 0, 0, 0]}
    history = history_of([hour_of(ago, norms=frozen) if ago < 24 else hour_of(ago) for ago in range(400)])
    assert found(history) == [("input_drift", "vol_spike")]


def test_a_drift_that_was_told_is_the_new_usual() -> None:
    """A source that stays away is told once; when it comes back a week later, that is told, too."""
    gone = {**dict.fromkeys(NAMES, FLAT), "oi_change": [0] * 10 + [sum(FLAT)]}
    away = [hour_of(ago, norms=gone) if ago < 24 * 9 else hour_of(ago) for ago in range(600)]
    told = {"input_drift#oi_change": away[24 * 8].hour_ms}
    assert found(history_of(away)) == [("input_drift", "oi_change")]
    assert found(history_of(away, told_ms=told)) == []
    back = [hour_of(ago) if ago < 24 else hour for ago, hour in enumerate(away)]
    assert found(history_of(back, told_ms=told)) == [("input_drift", "oi_change")]


def test_one_bad_hour_is_no_drift() -> None:
    """An outage of an hour stands in its report; a day is what is compared."""
    gone = {**dict.fromkeys(NAMES, FLAT), "oi_change": [0] * 10 + [sum(FLAT)]}
    assert found(history_of([hour_of(0, norms=gone), *CALM[1:]])) == []


def test_the_regime_is_not_an_input_that_drifts() -> None:
    """It is one value for all contracts and stays for days."""
    calm = {**dict.fromkeys(NAMES, FLAT), "regime": [0] * 9 + [152, 0]}
    assert found(history_of([hour_of(ago, norms=calm) if ago < 24 else hour_of(ago) for ago in range(400)])) == []
    assert set(NAMES) - set(DRIFTING) == {"regime"}


# Lists and scores


def test_a_coin_in_twelve_of_24_hours_is_found() -> None:
    """Twelve are told, eleven are not."""
    others = [tuple(f"X{k}{j}" for j in range(5)) for k in range(24)]
    lists = [("SAME", *others[k][1:]) if k % 2 else others[k] for k in range(24)]
    assert found(history_of([], reports(*lists))) == [("repeated_coin", "SAME-USDT-PERP")]
    assert found(history_of([], reports(*lists[:-1]))) == []


def test_hours_without_data_repeat_nobody() -> None:
    """An empty list has no coin."""
    assert found(history_of([], reports(*[()] * 24, **EMPTY))) == []


@pytest.mark.parametrize(("score", "where"), [(99.0, "above"), (30.0, "below")])
def test_a_score_far_from_the_usual_is_found(score: float, where: str) -> None:
    """The best of an hour, compared with the best of hours that have been evaluated; the key is the direction."""
    wild = report_of("A", "B", "C", "D", "E", hour=iso(N_MS - HOUR_MS), ranked_gems=[
        gem_of(k, base, score=score + 1 - k) for k, base in enumerate("ABCDE", 1)
    ])  # fmt: skip
    usual = report_of("A", "B", "C", "D", "E", hour=iso(N_MS), ranked_gems=[
        gem_of(k, base, score=64.0) for k, base in enumerate("ABCDE", 1)
    ])  # fmt: skip
    finding = the(history_of(CALM, [wild, usual]))
    assert (finding.kind, finding.key) == ("improbable_score", where)
    assert f"A-USDT-PERP (binance) led the list of {iso(N_MS - HOUR_MS)} with {score:.1f}" in finding.text
    assert f"robust deviations {where} the usual best" in finding.text
    assert found(history_of(CALM[:100], [wild])) == []


@pytest.mark.parametrize("z", [80.0, -80.0])
def test_a_move_far_from_all_others_is_found_once(z: float) -> None:
    """Up or down; a coin that was picked in two hours is one finding."""
    hours = [with_pick(hour, move_z=z, return_24h_ratio=z / 100) if k < 2 else hour for k, hour in enumerate(CALM)]
    finding = the(history_of(hours))
    assert (finding.kind, finding.key) == ("improbable_move", "binance:C1USDT")
    assert "80 robust deviations" in finding.text


# Thresholds


def test_thresholds_change_what_is_told() -> None:
    """A person who wants less asks for less."""
    hours = history_of([hour_of(ago, hits=0 if ago < 168 else 3) for ago in range(500)])
    assert found(hours, parse_thresholds('{"precision_sum": 400}')) == []


def test_no_text_means_the_defaults() -> None:
    """An empty variable changes nothing."""
    assert parse_thresholds("") == LIMITS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"drift_psi": 0.01}', "drift_psi: .*greater than or equal to 0.1"),
        ('{"drift": 1}', "drift: Extra inputs"),
        ("{", "the text: "),
        ('{"move_z": NaN}', "QUANTSCOUT_ESCALATION: "),
    ],
)
def test_thresholds_out_of_bounds_are_refused_by_name(text: str, said: str) -> None:
    """The variable, the field and what is allowed."""
    with pytest.raises(InputError, match=f"QUANTSCOUT_ESCALATION: .*{said}|{said}"):
        parse_thresholds(text)
