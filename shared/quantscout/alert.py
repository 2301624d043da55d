"""Which hours are told to whom, and why the others are not (docs/decisions/0004-alerts.md). Pure.

An hour without data goes to the alarm topic, every time. Of the others an hour goes to the subscribers if something in
it is news, by the settings: `alert_on`, `alert_on_no_signal`, `cooldown_h`. What was announced before H is given; an
announcement of H itself or later changes nothing, so a repeated delivery decides as the first one did.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, NamedTuple

from quantscout.clock import to_ms
from quantscout.frames import HOUR_MS
from quantscout.models import Report
from quantscout.settings import Settings

Reason = Literal["sent", "unchanged", "cooling_down", "low_confidence", "no_signal", "no_data"]
"""What became of an hour's message; `no_data` is told to the alarm topic, `sent` to the subscribers."""

WORDS: dict[Reason, str] = {
    "sent": "sent to the subscribers",
    "unchanged": "the five are those of the last message",
    "cooling_down": "every coin that is news was announced within cooldown_h",
    "low_confidence": "only hours at gate L0 are sent (AlertOn=high_confidence)",
    "no_signal": "a risk-off hour alerts nobody by default",
    "no_data": "told to the alarm topic only",
}
CHANGES_BACK_H = 168
"""With alert_on = changes, how far back the last message is looked for: after a silent week the five are sent anew."""


class Topics(NamedTuple):
    """The ARNs of the two topics: the subscribers', and the one for what needs a person."""

    report: str
    alarm: str


class Alert(NamedTuple):
    """Who is to hear of a report (None: nobody), and why."""

    topic: str | None
    reason: Reason


class Announcement(NamedTuple):
    """The coins of an hour whose message went out to the subscribers."""

    hour_ms: int
    coins: frozenset[str]


def coins_of(report: Report) -> frozenset[str]:
    """Return the coins of a report's list."""
    return frozenset(gem.coin or gem.symbol for gem in report.ranked_gems)


def hour_ms_of(report: Report) -> int:
    """Return a report's hour as epoch ms."""
    return to_ms(datetime.fromisoformat(report.hour))


def lookback_h(settings: Settings) -> int:
    """Return of how many hours before H the announcements are needed; 0 for none."""
    return max(settings.cooldown_h, CHANGES_BACK_H if settings.alert_on == "changes" else 0)


def alert_of(report: Report, history: Iterable[Announcement], topics: Topics, settings: Settings) -> Alert:
    """Return which topic hears of a report, if any, and why; `history` is what was announced, in any order."""
    if report.status == "no_data":
        return Alert(topics.alarm, "no_data")
    before = [said for said in history if said.hour_ms < hour_ms_of(report)]
    reason = _reason(report, before, settings)
    return Alert(topics.report if reason == "sent" else None, reason)


def _reason(report: Report, before: list[Announcement], settings: Settings) -> Reason:
    if report.status == "no_signal" and not settings.alert_on_no_signal:
        return "no_signal"
    if settings.alert_on == "high_confidence" and report.low_confidence:
        return "low_confidence"
    news = coins_of(report)
    if settings.alert_on == "changes" and before:
        last = max(before, key=lambda said: said.hour_ms).coins
        if news == last:
            return "unchanged"
        news -= last
    since_ms = hour_ms_of(report) - settings.cooldown_h * HOUR_MS
    cooling = {coin for said in before if said.hour_ms >= since_ms for coin in said.coins}
    return "cooling_down" if settings.cooldown_h and news <= cooling else "sent"
