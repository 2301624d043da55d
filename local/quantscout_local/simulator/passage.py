"""One request on its way through the layers: whom it asks, for what, for the how-manieth time, and what befell it."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.types import Scope

from quantscout_local.simulator.weights import Charge, charge_of

_KEY = "quantscout.passage"
# First part of the path -> venue, and how much of the path is the base URL.
_VENUES = {
    "binance": ("binance", "/binance"),
    "kucoin": ("kucoin", "/kucoin"),
    "kucoin-unified": ("kucoin", "/kucoin-unified"),
    "coinalyze": ("coinalyze", "/coinalyze/v1"),
    "coingecko": ("coingecko", "/coingecko/api/v3"),
}


@dataclass(slots=True)
class Passage:
    """What the layers know of a request; `endpoint` is the path as the venue has it."""

    venue: str
    endpoint: str
    params: dict[str, str]
    name: str  # path and sorted query: equal for equal requests
    charge: Charge
    attempt: int = 1  # counted from one in every hour that is played
    latency_s: float = 0.0
    refused: bool = False  # by the limits
    bare: bool = False  # the answer comes from before the venue's limiter: without its headers

    @property
    def contract(self) -> str:
        """Return the contract that was named, empty for none."""
        return self.params.get("symbol", "")


def passage_of(scope: Scope) -> Passage | None:
    """Return the request's passage, made at the first call; None for what is not a venue's."""
    if scope["type"] != "http":
        return None
    if _KEY not in scope:
        scope[_KEY] = _read(scope)
    found: Passage | None = scope[_KEY]
    return found


def _read(scope: Scope) -> Passage | None:
    path: str = scope["path"]
    known = _VENUES.get(path.split("/", 2)[1])
    if known is None:
        return None
    venue, base = known
    params = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    endpoint = path.removeprefix(base)
    name = f"{path}?{'&'.join(f'{key}={value}' for key, value in sorted(params.items()))}"
    return Passage(venue, endpoint, params, name, charge_of(venue, endpoint, params))
