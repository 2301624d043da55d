"""What is told over the hours: a lasting step once, a loss once, a move that was healed late, all by stable keys."""

from collections.abc import Sequence

import pytest

from escalated import LIMITS, N_MS, NEWEST_MS, TABLE, history_of, hour_of
from quantscout.clock import iso
from quantscout.escalation import find, find_scores
from quantscout.escalation_models import Finding, History, name_of
from quantscout.escalation_results import find_drawdown, find_loss, find_moves
from quantscout.evaluation_models import EvaluatedHour, Group
from quantscout.frames import HOUR_MS
from written_reports import gem_of, report_of

CALM = [hour_of(ago) for ago in range(400)]


# What was lost


def lossy(net: float, hours: int = 100) -> list[EvaluatedHour]:
    """Return so many hours of the same return."""
    return [hour_of(ago, net=net) for ago in range(hours)]


def test_a_ruinous_start_is_found_without_hours_to_compare_with() -> None:
    """5 % a day from the first hour: told at the hour that takes it beyond a quarter of the capital."""
    (finding,) = find(history_of(lossy(-0.05, 121)), LIMITS)
    assert (finding.kind, finding.key) == ("loss", "picks")
    assert finding.measure.statistic == pytest.approx(121 * 0.05 / 24)
    assert finding.measure.threshold == LIMITS.loss_ratio
    assert "has lost 25% of the capital" in finding.text
    assert "a pick's mean was -5.0% a day" in finding.text
    assert find(history_of(lossy(-0.05, 120)), LIMITS) == []


def test_a_usual_pace_does_not_excuse_a_loss() -> None:
    """Page-Hinkley takes 1 % a day for granted; the capital is gone all the same."""
    history = history_of(lossy(-0.01, 700))
    assert list(find_drawdown(history, LIMITS)) == []
    assert len(list(find_loss(history, LIMITS))) == 1


def test_what_was_regained_is_no_loss() -> None:
    """The equity is compared with its best at the end of the window, not at its lowest."""
    hours = [hour_of(ago, net=0.05 if ago < 150 else -0.05) for ago in range(300)]
    assert list(find_loss(history_of(hours), LIMITS)) == []


def test_one_absurd_gain_does_not_hide_what_is_lost_after_it() -> None:
    """It lifts the best point, and the fall is counted from there."""
    hours = [hour_of(ago, net=4.0 if ago == 150 else -0.05) for ago in range(200)]
    assert len(list(find_loss(history_of(hours), LIMITS))) == 1


def test_a_loss_that_was_told_is_counted_anew() -> None:
    """What stays lost is told once; as much again is news."""
    hours = lossy(-0.05, 300)
    told = {name_of("loss", "picks"): hours[100].hour_ms}
    assert list(find_loss(history_of(hours, told_ms=told), LIMITS)) == []
    told = {name_of("loss", "picks"): hours[130].hour_ms}
    assert len(list(find_loss(history_of(hours, told_ms=told), LIMITS))) == 1


def test_a_loss_says_what_all_contracts_did() -> None:
    """Whether it is the market is the first question."""
    crash = Group(rows=100, complete=100, hits=0, net_return_sum=-4.0)
    (finding,) = find_loss(history_of([hour_of(ago, net=-0.05, population=crash) for ago in range(150)]), LIMITS)
    assert finding.figures["mean_net_24h_of_all"] == pytest.approx(-0.04)
    (finding,) = find_loss(history_of([hour_of(ago, net=-0.05, population=Group()) for ago in range(150)]), LIMITS)
    assert "mean_net_24h_of_all" not in finding.figures


def test_hours_without_outcomes_lose_nothing() -> None:
    """Capital that was not put in is still there."""
    assert list(find_loss(history_of([hour_of(ago, net=-0.5, picks=[]) for ago in range(300)]), LIMITS)) == []


# Scores that stay elsewhere


def told_over(scores: Sequence[float], start: int) -> list[tuple[int, str]]:
    """Return when and what find_scores tells, hour by hour from the one at `start` on; one best score per hour.

    As the function does: hours are known as evaluated a day later, and nothing is told again within its cool-down.
    """
    told_ms: dict[str, int] = {}
    found = []
    gems = {score: [gem_of(k, f"X{k}", score=score - k + 1) for k in range(1, 6)] for score in set(scores)}
    reports = [report_of(hour=iso(hour * HOUR_MS), ranked_gems=gems[score]) for hour, score in enumerate(scores)]
    hours = [_evaluated(hour, score) for hour, score in enumerate(scores)]
    for now in range(start, len(scores)):
        known = hours[max(0, now - 24 - LIMITS.history_h + 1) : now - 24 + 1]
        history = History(now * HOUR_MS, known, reports[now - 23 : now + 1], told_ms, TABLE)
        for finding in find_scores(history, LIMITS):
            name = name_of(finding.kind, finding.key)
            if told_ms.get(name, -(10**15)) <= history.at_ms - LIMITS.cooldown_h * HOUR_MS:
                told_ms[name] = history.at_ms
                found.append((now, finding.key))
    return found


def _evaluated(hour: int, score: float) -> EvaluatedHour:
    picks = [pick.model_copy(update={"score": score}) for pick in hour_of(0).picks[:1]]
    return hour_of(0, hour_ms=hour * HOUR_MS, evaluated_ms=(hour + 24) * HOUR_MS, picks=picks)


def test_a_lasting_step_of_the_best_score_is_told_once() -> None:
    """Fourteen points up for two weeks: the first hour is told, then the new height is the usual."""
    step = 200
    assert told_over([66.0] * step + [80.0] * 336, step - 5) == [(step, "above")]


def test_a_step_there_and_back_is_told_twice() -> None:
    """Up, and down again when the height has become the usual."""
    scores = [66.0] * 200 + [80.0] * 300 + [66.0] * 50
    assert told_over(scores, 195) == [(200, "above"), (500, "below")]


def test_a_single_wild_hour_is_told_once() -> None:
    """It stands in the last day for 24 evaluations."""
    scores = [66.0] * 500
    scores[200], scores[210] = 90.0, 95.0
    assert told_over(scores, 195) == [(200, "above")]


def test_two_directions_do_not_silence_each_other() -> None:
    """A low hour right after a high one is another finding."""
    scores = [66.0] * 230
    scores[200], scores[205] = 90.0, 40.0
    assert told_over(scores, 195) == [(200, "above"), (205, "below")]


def test_what_an_earlier_version_told_by_the_hour_does_not_disturb() -> None:
    """Its items have the hour as their key and stay for 400 days."""
    wild = report_of(hour=iso(N_MS), ranked_gems=[gem_of(k, f"X{k}", score=100.0 - k) for k in range(1, 6)])
    told = {name_of("improbable_score", iso(N_MS)): N_MS}
    (finding,) = find_scores(history_of(CALM, [wild], told), LIMITS)
    assert finding.key == "above"


# Moves


def moved(hour: EvaluatedHour, evaluated_ms: int, contract: str = "C1USDT") -> EvaluatedHour:
    """Return the hour with an improbable move of its first pick, evaluated at this time."""
    first = hour.picks[0].model_copy(update={"move_z": 900.0, "return_24h_ratio": 9.0, "contract": contract})
    return hour.model_copy(update={"picks": [first, *hour.picks[1:]], "evaluated_ms": evaluated_ms})


def keys(hours: Sequence[EvaluatedHour]) -> list[str]:
    """Return which moves are found."""
    findings: list[Finding] = list(find_moves(history_of(hours), LIMITS))
    return [finding.key for finding in findings]


@pytest.mark.parametrize("ago", [0, 24, 40, 72])
def test_a_move_of_an_hour_that_was_healed_late_is_found(ago: int) -> None:
    """After a gap of days its hours are evaluated at once: each of them is looked at, the oldest, too."""
    assert keys([moved(hour, N_MS) if k == ago else hour for k, hour in enumerate(CALM)]) == ["binance:C1USDT"]


def test_a_gap_that_was_healed_tells_each_contract_once() -> None:
    """Fifty hours, all evaluated now, in each of which one of two contracts moved."""
    healed = [moved(hour, N_MS, f"C{k % 2}USDT") for k, hour in enumerate(CALM[:50])]
    assert sorted(keys([*healed, *CALM[50:]])) == ["binance:C0USDT", "binance:C1USDT"]


def test_a_move_is_looked_at_for_24_hours_after_its_evaluation() -> None:
    """What was evaluated 23 h ago is, 24 h ago is not; what a later call evaluated is that call's matter."""
    for hours, expected in ((23, ["binance:C1USDT"]), (24, []), (-1, [])):
        assert keys([moved(CALM[0], N_MS - hours * HOUR_MS), *CALM[1:]]) == expected
    assert CALM[0].hour_ms == NEWEST_MS
