"""Why a source was not reached, told apart: an error of the product's client becomes one word and the next step."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Final

import httpx

from quantscout.errors import OVERLOAD_CODE, AnswerError, SourceError, SourceFault
from quantscout_local.doctor_findings import Reach

BY_FAULT: Final[Mapping[SourceFault, Reach]] = {
    "blocked_region": "blocked_region",
    "refused": "firewall",
    "banned": "banned",
    "rate_limited": "rate_limited",
    "timeout": "timeout",
    "deadline": "timeout",
    "bad_request": "unexpected_answer",
}

MEANING: Final[Mapping[Reach, tuple[str, str]]] = {
    "reachable": ("reachable", ""),
    "no_name": ("is not found by its name (DNS)", "check the network, its DNS, and the address"),
    "no_connection": ("takes no connection", "check the network and the way out of it (subnet, firewall)"),
    "tls": ("has no trusted certificate", "something on the way replaces it"),
    "timeout": ("gives no answer in time", "check the way out of this network, or try again later"),
    "blocked_region": ("refuses this region (451)", "deploy in another region"),
    "firewall": ("refuses this address (403, web firewall)", "use another address; asking again makes it worse"),
    "banned": ("has banned this address (418)", "leave it alone until then"),
    "rate_limited": ("has no allowance left for this address (429)", "somebody shares it; try again later"),
    "outage": ("is out of order", "nothing is wrong here; try again later"),
    "unexpected_answer": ("answers with something else", "check the address; if it is right, the source has changed"),
}
"""What each word means, and what a person can do."""


def reach_of(error: SourceError | AnswerError, *, sent: bool = True) -> Reach:
    """Return of which kind a failure is; where a connection failed, the network's own error decides.

    `sent` is False where the client waited for the next window of a used-up allowance instead of asking.
    """
    if isinstance(error, AnswerError):
        return "unexpected_answer"
    if error.fault == "deadline" and not sent:
        return "rate_limited"
    if error.fault == "rate_limited" and error.retry_after_s is None and OVERLOAD_CODE in error.detail:
        return "outage"  # KuCoin says the same of busy servers, without the headers that tell of a quota
    return BY_FAULT.get(error.fault) or _unavailable(error)


def _unavailable(error: SourceError) -> Reach:
    causes = list(_causes(error))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "no_name"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "tls"
    if any(isinstance(cause, httpx.ConnectError | httpx.UnsupportedProtocol | httpx.InvalidURL) for cause in causes):
        return "no_connection"
    return "unexpected_answer" if error.detail.startswith("HTTP 200") else "outage"


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
