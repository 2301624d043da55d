"""Why a source was not reached, told apart: an error of the product's client becomes one word and the next step."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Final

import httpx

from quantscout.errors import AnswerError, SourceError, SourceFault
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
    "no_name": ("its name is not known here", "check the network, DNS, and the address"),
    "no_connection": ("no connection", "check the network and the way out (subnet, firewall)"),
    "tls": ("no trusted connection", "something on the way replaces the certificate"),
    "timeout": ("no answer in time", "check the way out of this network; else try again later"),
    "blocked_region": ("refuses this region (451)", "deploy in another region"),
    "firewall": ("its web firewall refuses this address (403)", "use another address; asking again makes it worse"),
    "banned": ("has banned this address (418)", "leave it alone until the time it names"),
    "rate_limited": ("its limit is used up (429)", "somebody shares this address; try again later"),
    "outage": ("is out of order", "nothing is wrong here; try again later"),
    "unexpected_answer": ("answers with something else", "check the address; if it is right, the source has changed"),
}
"""What each word means, and what a person can do."""


def reach_of(error: SourceError | AnswerError) -> Reach:
    """Return of which kind a failure is; where a connection failed, the network's own error decides."""
    if isinstance(error, AnswerError):
        return "unexpected_answer"
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
