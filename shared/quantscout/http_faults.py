"""What an answer's status means, in the words of this package: fault, the source's own words, when to ask again."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from quantscout.errors import OVERLOAD_CODE, SourceFault

FAULTS: Mapping[int, SourceFault] = {403: "refused", 418: "banned", 429: "rate_limited", 451: "blocked_region"}
SHORT_BODY_BYTES = 1_000  # a refusal is short; longer bodies are data and not looked into here
KUCOIN_RESET_HEADER = "gw-ratelimit-reset"
LONGEST_WAIT_S = 3 * 86_400.0
"""As long as the venues' longest ban; who says more is asked again then."""
SPACE = b" \t\r\n"


def fault_of(response: httpx.Response) -> SourceFault | None:
    """Return the fault of an answer, None for one that can be read.

    A 200 whose body does not begin and end like JSON is a server in trouble (a page, a cut answer): unavailable.
    """
    status = response.status_code
    if str(_refusal_of(response).get("code")) == OVERLOAD_CODE:
        return "rate_limited"
    if status == httpx.codes.OK:
        return None if _looks_whole(response.content) else "unavailable"
    return FAULTS.get(status, "bad_request" if httpx.codes.is_client_error(status) else "unavailable")


def _looks_whole(body: bytes) -> bool:
    text = body.strip(SPACE)
    return text[:1] in (b"[", b"{") and text[-1:] in (b"]", b"}")


def retry_after_of(response: httpx.Response, now: datetime) -> float | None:
    """Return after how many seconds the source wants to be asked again, None where it does not say.

    `Retry-After` is a number of seconds (Coinalyze sends fractions) or a date. KuCoin says in a header of its own how
    many milliseconds are left of the quota's window: on answers that have another fault it tells nothing about that.
    """
    reset = response.headers.get(KUCOIN_RESET_HEADER)
    if reset and fault_of(response) == "rate_limited":
        return _number(reset, 1_000)
    said = response.headers.get("retry-after")
    if said is None:
        return None
    return _number(said, 1) if _number(said, 1) is not None else _until(said, now)


def _number(text: str, per_second: float) -> float | None:
    try:
        seconds = float(text) / per_second
    except ValueError:
        return None
    return min(seconds, LONGEST_WAIT_S) if 0 <= seconds < float("inf") else None


def _until(text: str, now: datetime) -> float | None:
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return min(max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()), LONGEST_WAIT_S)


def message_of(response: httpx.Response) -> str:
    """Return the source's code and message for a person; never a whole body, which may be a page of HTML."""
    if response.status_code == httpx.codes.OK and not _refusal_of(response):
        return f"{len(response.content)} bytes that are no whole JSON"
    said = _refusal_of(response)
    words = [str(value) for value in (said.get("code"), said.get("msg")) if value is not None]
    return ": ".join(words) or "without a message"


def _refusal_of(response: httpx.Response) -> dict[str, Any]:
    """Return the source's own words as `code` and `msg`, from a short JSON object; nested in CoinGecko's case."""
    if len(response.content) > SHORT_BODY_BYTES:
        return {}
    try:
        said = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(said, dict):
        return {}
    for wrapper in ("error", "status"):
        said = said.get(wrapper, said) if isinstance(said, dict) else said
    if not isinstance(said, dict):
        return {"msg": said}
    return {"code": said.get("code", said.get("error_code")), "msg": _first(said, "msg", "message", "error_message")}


def _first(said: Mapping[str, Any], *names: str) -> Any:
    return next((said[name] for name in names if name in said), None)
