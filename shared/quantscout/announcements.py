"""What the subscribers were told before an hour, from what the state holds: run records and reports.

Nothing is written for it: the run record says of an hour whether its message was sent, and the report is in the table
before anybody hears of it. So it survives a restart, and a crash between message and mark is one message more, never a
coin that is silenced without having been announced.
"""

from datetime import datetime

from quantscout import ledger
from quantscout.alert import Announcement, coins_of, lookback_h
from quantscout.clock import hour_key, to_ms
from quantscout.frames import HOUR_MS
from quantscout.settings import Settings
from quantscout.store import Store


def load_announcements(store: Store, hour_ms: int, settings: Settings) -> list[Announcement]:
    """Return what the settings' decision about an hour needs, oldest first (StateError).

    One query of small items, then one report per announcement within the cool-down, or the last one's alone; nothing
    is read where every hour is sent and no cool-down is set.
    """
    if not lookback_h(settings):
        return []
    oldest, cooling_ms = hour_ms - lookback_h(settings) * HOUR_MS, hour_ms - settings.cooldown_h * HOUR_MS
    records = store.table.query(ledger.PK, hour_key(oldest), hour_key(hour_ms - HOUR_MS), consistent=True)
    sent = [_hour_ms(str(record["sk"])) for record in records if record.get("alert") == "sent"]
    wanted = [ms for ms in sent if ms >= cooling_ms] or sent[-1:]
    found = ((ms, store.load_report(ms)) for ms in wanted)
    return [Announcement(ms, coins_of(report)) for ms, report in found if report is not None]


def _hour_ms(key: str) -> int:
    """Return the hour that a state key names."""
    return to_ms(datetime.fromisoformat(f"{key}:00:00Z"))
