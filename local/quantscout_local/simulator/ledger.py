"""What one venue was asked: the records of the ledger, and how they are told."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from quantscout_local.simulator.pools import Meter
from quantscout_local.simulator.stages import STAGES


@dataclass
class Latencies:
    """How long the answers of one stage were made to wait."""

    count: int = 0
    sum_s: float = 0.0
    longest_s: float = 0.0

    def add(self, latency_s: float) -> None:
        """Count one answer."""
        self.count, self.sum_s = self.count + 1, self.sum_s + latency_s
        self.longest_s = max(self.longest_s, latency_s)


def _stages() -> dict[str, Latencies]:
    return {name: Latencies() for name in STAGES}


@dataclass
class Record:
    """What one venue was asked since the last reset; times are the simulator's."""

    requests: int = 0
    first_ms: int | None = None
    last_ms: int | None = None  # when the last request came
    done_ms: int | None = None  # when the last answer was out
    in_flight: int = 0
    most_in_flight: int = 0
    answers: Counter[int] = field(default_factory=Counter)  # by status
    unanswered: int = 0
    endpoints: Counter[str] = field(default_factory=Counter)
    before_retry_after: int = 0  # requests in a time for which a refusal had told the client to wait
    repeated_after_block: int = 0  # requests asked again, in the same hour, after a 451 or 403
    stages: dict[str, Latencies] = field(default_factory=_stages)
    used_before: dict[str, int] = field(default_factory=dict)  # of each pool's window, when the first request came

    def told(self, meters: dict[str, Meter]) -> dict[str, Any]:
        """Return the record as JSON has it, with what the venue's pools counted."""
        return {
            "requests": self.requests,
            "first_request_ms": self.first_ms,
            "last_request_ms": self.last_ms,
            "last_answer_ms": self.done_ms,
            "most_in_flight": self.most_in_flight,
            "answers": {str(status): count for status, count in sorted(self.answers.items())},
            "unanswered": self.unanswered,
            "refused_429": self.answers[429],
            "refused_418": self.answers[418],
            "before_retry_after": self.before_retry_after,
            "repeated_after_block": self.repeated_after_block,
            "endpoints": dict(self.endpoints.most_common()),
            "pools": {name: told_pool(meter) for name, meter in meters.items()},
        }


def told_pool(meter: Meter) -> dict[str, Any]:
    """Return a pool and its windows as JSON has them."""
    return {
        "limit": meter.pool.limit,
        "window_s": meter.pool.window_ms // 1000,
        "window_starts": meter.pool.start,
        "weight": sum(window.weight for window in meter.windows),
        "requests": sum(window.requests for window in meter.windows),
        "refused": sum(window.refused for window in meter.windows),
        "peak": meter.peak,
        "windows": [vars(window) for window in meter.windows],
    }
