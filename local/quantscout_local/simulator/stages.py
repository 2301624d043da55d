"""The stages of a run by SPEC section 3: listings first, then bars of all contracts, then what only a few need."""

from collections.abc import Mapping

STAGES = ("listing", "bars", "details")
_LISTING = {
    "/fapi/v1/time",
    "/fapi/v1/exchangeInfo",
    "/fapi/v1/premiumIndex",
    "/fapi/v1/ticker/bookTicker",
    "/fapi/v1/ticker/24hr",
    "/fapi/v1/ticker/price",
    "/fapi/v2/ticker/price",
    "/fapi/v1/fundingInfo",
    "/api/v1/timestamp",
    "/api/v1/contracts/active",
    "/api/v1/allTickers",
}
_BARS = {("/fapi/v1/klines", "interval", "1h"), ("/api/v1/kline/query", "granularity", "60")}


def stage_of(endpoint: str, params: Mapping[str, str]) -> str:
    """Return the stage to which a request belongs."""
    if endpoint in _LISTING and not params.get("symbol"):
        return "listing"
    return (
        "bars"
        if any((endpoint, name, params.get(name)) in _BARS for name in ("interval", "granularity"))
        else "details"
    )
