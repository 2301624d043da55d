"""Which hours are told to whom: the rule itself, without a state."""

from typing import Any

import pytest

from quantscout.alert import CHANGES_BACK_H, WORDS, Alert, Announcement, Topics, alert_of, hour_ms_of, lookback_h
from quantscout.frames import HOUR_MS
from quantscout.models import Report
from quantscout.settings import Settings
from written_reports import EMPTY, report_of

TOPICS = Topics("report", "alarm")
SENT = Alert("report", "sent")


def _of(bases: str, **changes: Any) -> Report:
    return report_of(*bases, **{"status": "ok", "low_confidence": False, "gate_level": "L0"} | changes)


NOON_MS = hour_ms_of(_of("ABCDE"))


def _said(bases: str, hours_ago: int = 1) -> Announcement:
    return Announcement(NOON_MS - hours_ago * HOUR_MS, frozenset(f"{base}-USDT-PERP" for base in bases))


def _reason(report: Report, *history: Announcement, **settings: Any) -> str:
    alert = alert_of(report, history, TOPICS, Settings(**settings))
    assert alert.topic == ("report" if alert.reason == "sent" else None)
    return alert.reason


@pytest.mark.parametrize("status", ["ok", "low_confidence"])
def test_every_hour_is_sent_by_default(status: str) -> None:
    """Also one whose five were sent an hour ago."""
    report = _of("ABCDE", status=status, low_confidence=status != "ok")
    assert alert_of(report, [_said("ABCDE")], TOPICS, Settings()) == SENT


@pytest.mark.parametrize("settings", [{}, {"alert_on": "changes"}, {"alert_on": "high_confidence", "cooldown_h": 9}])
def test_no_data_goes_to_the_alarm_whatever_is_set(settings: dict[str, Any]) -> None:
    """Nobody can switch off that a person hears of a scanner without data."""
    assert alert_of(report_of(**EMPTY), [], TOPICS, Settings(**settings)) == Alert("alarm", "no_data")


def test_a_risk_off_hour_is_sent_only_on_request() -> None:
    """By default it alerts nobody; a setting lets it through."""
    report = _of("ABCDE", status="no_signal")
    assert _reason(report) == "no_signal"
    assert _reason(report, alert_on_no_signal=True) == "sent"


@pytest.mark.parametrize(("low", "reason"), [(True, "low_confidence"), (False, "sent")])
def test_high_confidence_alone(low: bool, reason: str) -> None:
    """An hour above the strict level is kept back where only high confidence is wanted."""
    assert _reason(_of("ABCDE", low_confidence=low), alert_on="high_confidence") == reason


def test_a_risk_off_hour_on_request_still_needs_its_confidence() -> None:
    """The two settings are both asked."""
    report = _of("ABCDE", status="no_signal", low_confidence=True)
    assert _reason(report, alert_on="high_confidence", alert_on_no_signal=True) == "low_confidence"


@pytest.mark.parametrize(
    ("history", "reason"),
    [
        ([], "sent"),
        ([_said("ABCDE")], "unchanged"),
        ([_said("EDCBA")], "unchanged"),
        ([_said("ABCDX")], "sent"),
        ([_said("ABCDE", 5), _said("ABCDX", 2)], "sent"),
        ([_said("ABCDE", 2), _said("ABCDX", 5)], "unchanged"),
        ([_said("ABCDE", 30)], "unchanged"),
    ],
    ids=["first", "same", "other order", "one new", "older was the same", "newest is the same", "silent for a day"],
)
def test_only_changes(history: list[Announcement], reason: str) -> None:
    """The five are compared with those that were sent last, not with those of the hour before; order is no change."""
    assert _reason(_of("ABCDE"), *history, alert_on="changes") == reason


@pytest.mark.parametrize(
    ("history", "cooldown_h", "reason"),
    [
        ([_said("ABCDE")], 0, "sent"),
        ([_said("ABCDE")], 1, "cooling_down"),
        ([_said("ABCDE", 6)], 6, "cooling_down"),
        ([_said("ABCDE", 7)], 6, "sent"),
        ([_said("ABCDX")], 6, "sent"),
        ([_said("ABCXY", 2), _said("DEXYZ", 3)], 6, "cooling_down"),
        ([_said("ABCXY", 2), _said("DEXYZ", 7)], 6, "sent"),
        ([], 6, "sent"),
    ],
    ids=["none set", "an hour ago", "last hour of it", "over", "one is news", "together all", "two are over", "first"],
)
def test_a_coin_once_announced_raises_no_alert_for_a_while(
    history: list[Announcement], cooldown_h: int, reason: str
) -> None:
    """An hour is sent if at least one of its five was not announced within the cool-down."""
    assert _reason(_of("ABCDE"), *history, cooldown_h=cooldown_h) == reason


@pytest.mark.parametrize(
    ("history", "reason"),
    [
        ([_said("ABCDX", 1), _said("ABCDE", 3)], "cooling_down"),
        ([_said("ABCDX", 1), _said("ABCDE", 9)], "sent"),
        ([_said("ABCDE", 1)], "unchanged"),
    ],
    ids=["comes back", "comes back late", "same"],
)
def test_a_coin_that_comes_and_goes_is_told_once(history: list[Announcement], reason: str) -> None:
    """With changes and cool-down only those who entered count; the four who stayed are no news either way."""
    assert _reason(_of("ABCDE"), *history, alert_on="changes", cooldown_h=6) == reason


@pytest.mark.parametrize("hours_ago", [0, -1])
def test_a_repeated_delivery_decides_as_the_first(hours_ago: int) -> None:
    """What was announced at the hour itself, or later, changes nothing."""
    assert _reason(_of("ABCDE"), _said("ABCDE", hours_ago), alert_on="changes", cooldown_h=6) == "sent"


def test_a_coin_is_known_by_its_own_name() -> None:
    """Two coins that share a ticker are two; the same coin on another venue is one."""
    report = _of("ABCDE")
    gems = [gem.model_copy(update={"coin": f"coin-{gem.symbol[0]}"}) for gem in report.ranked_gems]
    named = report.model_copy(update={"ranked_gems": gems})
    assert _reason(named, _said("ABCDE"), alert_on="changes") == "sent"
    same = Announcement(NOON_MS - HOUR_MS, frozenset(f"coin-{base}" for base in "ABCDE"))
    assert _reason(named, same, alert_on="changes") == "unchanged"


@pytest.mark.parametrize(
    ("settings", "hours"),
    [({}, 0), ({"alert_on": "high_confidence"}, 0), ({"cooldown_h": 6}, 6), ({"alert_on": "changes"}, CHANGES_BACK_H)],
)
def test_the_past_is_asked_for_only_where_it_counts(settings: dict[str, Any], hours: int) -> None:
    """By default nothing is read."""
    assert lookback_h(Settings(**settings)) == hours


def test_every_reason_has_its_words() -> None:
    """What a person reads of it."""
    assert all(WORDS.values())
