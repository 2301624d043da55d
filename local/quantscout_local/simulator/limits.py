"""The venues' limits: what is counted, the headers that tell of it, and the refusals of those who ask too much."""

from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quantscout_local.simulator.clock import SimulatorClock
from quantscout_local.simulator.passage import Passage, passage_of
from quantscout_local.simulator.pools import POOLS, Meter
from quantscout_local.simulator.wire import Headers, Whole, refusal, send_whole, with_headers

BAN_AFTER = 10
"""So many refusals with 429 in one clock minute; the next one bans."""
FIRST_BAN_MS = 120_000
LONGEST_BAN_MS = 3 * 86_400_000
_MINUTE_MS = 60_000


@dataclass
class Ban:
    """Binance's memory of an address: refusals of this minute, bans so far, and until when the last one lasts."""

    from_ms: int = 0
    until_ms: int = 0
    count: int = 0
    _minute: int = -1
    _refusals: int = 0

    def begin(self, now_ms: int, length_ms: int | None = None) -> None:
        """Ban from now on, each time for twice as long."""
        self.from_ms = now_ms
        self.until_ms = now_ms + (length_ms or min(FIRST_BAN_MS << min(self.count, 20), LONGEST_BAN_MS))
        self.count += 1

    def note_refusal(self, now_ms: int) -> None:
        """Count a 429; the one after the tenth within a minute bans."""
        minute = now_ms // _MINUTE_MS
        self._refusals = self._refusals + 1 if minute == self._minute else 1
        self._minute = minute
        if self._refusals > BAN_AFTER:
            self._refusals = 0
            self.begin(now_ms)

    def holds(self, now_ms: int) -> bool:
        """Return whether the address is banned; a clock that is set back to before the ban knows nothing of it."""
        return self.from_ms <= now_ms < self.until_ms


def _all_meters() -> dict[str, dict[str, Meter]]:
    return {venue: {name: Meter(pool) for name, pool in pools.items()} for venue, pools in POOLS.items()}


@dataclass
class Limits:
    """What the venues have counted of one address; without `enforced` it is counted and shown, but never refused."""

    clock: SimulatorClock
    enforced: bool = False
    meters: dict[str, dict[str, Meter]] = field(default_factory=_all_meters)
    ban: Ban = field(default_factory=Ban)

    def admit(self, passage: Passage) -> tuple[Headers, Whole | None]:
        """Count a request; return the headers of its answer and, if it goes too far, the refusal."""
        now_ms = self.clock.now_ms()
        meter = self.meters[passage.venue][passage.charge.pool]
        banned = passage.venue == "binance" and self.ban.holds(now_ms)
        if banned:
            meter.turn_away(now_ms)
        fits = not banned and meter.take(now_ms, passage.charge.weight, enforced=self.enforced)
        headers = self._headers(passage, now_ms, meter)
        if fits:
            return headers, None
        passage.refused = True
        if passage.venue == "binance" and not banned:
            self.ban.note_refusal(now_ms)
        return headers, self._refusal(passage, meter, now_ms)

    def forget(self) -> None:
        """Return to an address of which the venues know nothing."""
        self.meters, self.ban = _all_meters(), Ban()

    def _headers(self, passage: Passage, now_ms: int, meter: Meter) -> Headers:
        if passage.venue == "binance":
            return {"X-MBX-USED-WEIGHT-1M": str(self._used_weight(now_ms))}
        if passage.venue == "kucoin":
            return kucoin_headers(meter.remaining(), meter.reset_ms(now_ms))
        return {}

    def _used_weight(self, now_ms: int) -> int:
        return self.meters["binance"]["weight"].used_at(now_ms)

    def _refusal(self, passage: Passage, meter: Meter, now_ms: int) -> Whole:
        if passage.venue == "binance":
            if self.ban.holds(now_ms):
                return banned(self.ban.until_ms, now_ms)
            return binance_refusal(meter.pool.limit, meter.reset_ms(now_ms))
        wait_ms = meter.reset_ms(now_ms, passage.charge.weight)
        return {"kucoin": kucoin_refusal, "coinalyze": coinalyze_refusal, "coingecko": coingecko_refusal}[
            passage.venue
        ](wait_ms)


def seconds(wait_ms: int) -> str:
    """Return a time to wait in whole seconds, rounded up."""
    return str(max(-(-wait_ms // 1000), 1))


def binance_refusal(limit: int, wait_ms: int) -> Whole:
    """Return Binance's 429."""
    said = f"Too many requests; current limit of IP(127.0.0.1) is {limit} requests per minute."
    return refusal(429, {"code": -1003, "msg": said}, {"Retry-After": seconds(wait_ms)})


def banned(until_ms: int, now_ms: int) -> Whole:
    """Return Binance's 418."""
    said = f"Way too many requests; IP(127.0.0.1) banned until {until_ms}."
    return refusal(418, {"code": -1003, "msg": said}, {"Retry-After": seconds(until_ms - now_ms)})


def kucoin_headers(remaining: int, reset_ms: int) -> Headers:
    """Return the headers of KuCoin's limiter; the reset is a countdown in ms."""
    names = ("gw-ratelimit-limit", "gw-ratelimit-remaining", "gw-ratelimit-reset")
    return dict(zip(names, map(str, (POOLS["kucoin"]["public"].limit, remaining, reset_ms)), strict=True))


def kucoin_refusal(wait_ms: int) -> Whole:
    """Return KuCoin's 429 for a used-up pool; overload has the same body without these headers."""
    return refusal(429, {"code": "429000", "msg": "Too many requests"}, kucoin_headers(0, wait_ms))


def coinalyze_refusal(wait_ms: int) -> Whole:
    """Return Coinalyze's 429; its time to wait may be fractional."""
    return refusal(429, {"message": "Too Many Requests"}, {"Retry-After": f"{wait_ms / 1000:.3f}"})


def coingecko_refusal(wait_ms: int) -> Whole:
    """Return CoinGecko's 429."""
    said = {"status": {"error_code": 429, "error_message": "You've exceeded the Rate Limit."}}
    return refusal(429, said, {"Retry-After": seconds(wait_ms)})


class LimitsLayer:
    """Count each request to a venue, and refuse the one that goes too far."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        """Stand in front of `app`."""
        self.app, self.limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through with the limits' headers on its answer, or refuse it."""
        passage = passage_of(scope)
        if passage is None:
            await self.app(scope, receive, send)
            return
        headers, refused = self.limits.admit(passage)
        if refused is not None:
            await send_whole(with_headers(send, headers), refused)
            return
        await self.app(scope, receive, with_unless_bare(send, headers, passage))


def with_unless_bare(send: Send, headers: Headers, passage: Passage) -> Send:
    """Return a `send` that adds the headers unless the answer turns out not to come through the limiter."""
    adding = with_headers(send, headers)

    async def forward(message: Message) -> None:
        await (send if passage.bare else adding)(message)

    return forward
