"""Who asked what and when: the ledger by which a bench or a test judges its client."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quantscout_local.simulator.clock import SimulatorClock
from quantscout_local.simulator.ledger import Record
from quantscout_local.simulator.limits import Limits
from quantscout_local.simulator.passage import Passage, passage_of
from quantscout_local.simulator.pools import POOLS
from quantscout_local.simulator.stages import stage_of

GRACE_MS = 100
"""A request that comes so soon after a refusal was sent before the client could have read it."""
_TOO_MANY, _BANNED = 429, 418
_BLOCKED = {403, 451}
_ANY_POOL = ""


def _records() -> dict[str, Record]:
    return {venue: Record() for venue in POOLS}


@dataclass
class Usage:
    """The ledger of all venues, and the count of attempts by which latency and faults are drawn."""

    clock: SimulatorClock
    limits: Limits
    records: dict[str, Record] = field(default_factory=_records)
    _attempts: Counter[str] = field(default_factory=Counter)
    _quiet: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)  # (venue, pool): from, until
    _blocked: set[str] = field(default_factory=set)

    def begin(self, passage: Passage) -> None:
        """Note a request that comes in."""
        now_ms, record = self.clock.now_ms(), self.records[passage.venue]
        self._attempts[passage.name] += 1
        passage.attempt = self._attempts[passage.name]
        if record.first_ms is None:
            meters = self.limits.meters[passage.venue]
            record.first_ms = now_ms
            record.used_before = {name: meter.used_at(now_ms) for name, meter in meters.items()}
        record.requests, record.last_ms = record.requests + 1, now_ms
        record.endpoints[passage.endpoint] += 1
        record.in_flight += 1
        record.most_in_flight = max(record.most_in_flight, record.in_flight)
        record.before_retry_after += self._told_to_wait(passage, now_ms)
        record.repeated_after_block += passage.name in self._blocked

    def head(self, passage: Passage, message: Message) -> None:
        """Note the head of an answer."""
        status: int = message["status"]
        self.records[passage.venue].answers[status] += 1
        if status in _BLOCKED:
            self._blocked.add(passage.name)
        if status in (_TOO_MANY, _BANNED) and (wait_ms := _wait_ms(message)):
            self._keep_quiet((passage.venue, passage.charge.pool if status == _TOO_MANY else _ANY_POOL), wait_ms)

    def end(self, passage: Passage, *, answered: bool) -> None:
        """Note that a request is over."""
        record = self.records[passage.venue]
        record.in_flight -= 1
        record.done_ms = self.clock.now_ms()
        record.unanswered += not answered
        if answered and not passage.refused:
            record.stages[stage_of(passage.endpoint, passage.params)].add(passage.latency_s)

    def reset(self, *, forget: bool = False) -> None:
        """Begin the ledger anew; with `forget` the venues' own memory (windows, bans) as well."""
        for venue, record in self.records.items():
            self.records[venue] = Record(in_flight=record.in_flight)
        for meter in (meter for meters in self.limits.meters.values() for meter in meters.values()):
            meter.forget_records()
        if forget:
            self.limits.forget()
            self._quiet.clear()
        self.begin_hour()

    def begin_hour(self) -> None:
        """Count attempts anew: the same hour, played again, draws the same latencies and faults."""
        self._attempts.clear()
        self._blocked.clear()

    def told(self) -> dict[str, Any]:
        """Return the ledger as JSON has it."""
        meters, ban = self.limits.meters, self.limits.ban
        told = {venue: record.told(meters[venue]) for venue, record in self.records.items()}
        told["binance"] |= {"bans": ban.count, "banned_until_ms": ban.until_ms or None}
        return {"now_ms": self.clock.now_ms(), "limits_enforced": self.limits.enforced, "venues": told}

    def _told_to_wait(self, passage: Passage, now_ms: int) -> bool:
        spans = (self._quiet.get((passage.venue, pool), (0, 0)) for pool in (_ANY_POOL, passage.charge.pool))
        return any(begin <= now_ms < until for begin, until in spans)

    def _keep_quiet(self, key: tuple[str, str], wait_ms: int) -> None:
        now_ms = self.clock.now_ms()
        begin, until = self._quiet.get(key, (0, 0))
        self._quiet[key] = (begin if now_ms < until else now_ms + GRACE_MS, max(until, now_ms + wait_ms))


def _wait_ms(message: Message) -> int:
    """Return for how long a refusal asks to be left alone; 0 where it does not say."""
    headers = dict(message["headers"])
    if b"retry-after" in headers:
        return round(float(headers[b"retry-after"]) * 1000)
    return int(headers.get(b"gw-ratelimit-reset", 0))


class UsageLayer:
    """Write each request to a venue into the ledger, as the client sees it: latency and faults included."""

    def __init__(self, app: ASGIApp, usage: Usage) -> None:
        """Stand in front of `app`."""
        self.app, self.usage = app, usage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note its coming, its answer and its end."""
        passage = passage_of(scope)
        if passage is None:
            await self.app(scope, receive, send)
            return
        answered = False

        async def forward(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                self.usage.head(passage, message)
            elif not message.get("more_body"):
                answered = True
            await send(message)

        self.usage.begin(passage)
        try:
            await self.app(scope, receive, forward)
        finally:
            self.usage.end(passage, answered=answered)
