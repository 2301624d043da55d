"""Faults that stand in for the answer: errors and pages in the venues' words."""

from collections.abc import Callable

from quantscout_local.simulator.faults.register import Strike
from quantscout_local.simulator.limits import (
    banned,
    binance_refusal,
    coinalyze_refusal,
    coingecko_refusal,
    kucoin_refusal,
)
from quantscout_local.simulator.pools import POOLS
from quantscout_local.simulator.wire import Whole, refusal

_STATUSES = (500, 502, 503, 504)
_BY_A_PROXY = {502, 504}
_PAGE = "text/html; charset=utf-8"


def page(status: int, title: str) -> Whole:
    """Return a page of HTML."""
    body = f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>"
    return Whole(status, body.encode(), media_type=_PAGE)


def _server_error(strike: Strike) -> Whole:
    status = strike.rule.status or _STATUSES[int(strike.chance("status") * len(_STATUSES))]
    if status in _BY_A_PROXY:
        return page(status, {502: "502 Bad Gateway", 504: "504 Gateway Time-out"}[status])
    said = {
        "binance": {"code": -1000, "msg": "An unknown error occurred while processing the request."},
        "kucoin": {"code": "500000", "msg": "Internal Server Error"},
    }
    return refusal(status, said.get(strike.passage.venue, {"message": "Internal Server Error"}))


def _rate_limited(strike: Strike) -> Whole:
    wait_ms = round(strike.rule.length_s * 1000)
    if strike.passage.venue == "binance":
        limit = POOLS["binance"]["weight"].limit
        found = binance_refusal(limit, wait_ms)
        return found._replace(headers={**found.headers, "X-MBX-USED-WEIGHT-1M": str(limit + 1)})
    by_venue = {"kucoin": kucoin_refusal, "coinalyze": coinalyze_refusal, "coingecko": coingecko_refusal}
    return by_venue[strike.passage.venue](wait_ms)


def _overloaded(strike: Strike) -> Whole:
    strike.passage.bare = True
    if strike.passage.venue == "kucoin":
        return refusal(429, {"code": "429000", "msg": "Too many requests"})
    if strike.passage.venue == "binance":
        return refusal(503, {"code": -1008, "msg": "Server is currently overloaded with other requests."})
    return refusal(503, {"message": "Service Unavailable"})


def _banned(strike: Strike) -> Whole:
    now_ms, ban = strike.faults.clock.now_ms(), strike.faults.limits.ban
    ban.begin(now_ms, round(strike.rule.length_s * 1000))
    return banned(ban.until_ms, now_ms)


def _blocked_region(strike: Strike) -> Whole:
    del strike
    return refusal(451, {"code": 0, "msg": "Service unavailable from a restricted location."})


REPLIES: dict[str, Callable[[Strike], Whole]] = {
    "server_error": _server_error,
    "rate_limited": _rate_limited,
    "overloaded": _overloaded,
    "banned": _banned,
    "blocked_region": _blocked_region,
    "refused": lambda _: page(403, "403 Forbidden"),
    "html": lambda _: page(200, "Just a moment..."),
}
