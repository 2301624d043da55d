"""Reading a request to Binance, and refusing it in Binance's words."""

from quantscout_local.simulator.answers import Params, RefusalError
from quantscout_local.simulator.market import Contract
from quantscout_local.simulator.view import View


def refusal(code: int, message: str) -> RefusalError:
    """Return a refusal with Binance's error body."""
    return RefusalError(400, {"code": code, "msg": message})


def integer(params: Params, name: str) -> int | None:
    """Return a whole number, None if it was not sent."""
    raw = params.get(name)
    if raw is None:
        return None
    try:
        return int(raw)
    except ValueError:
        raise refusal(-1130, f"Data sent for parameter '{name}' is not valid.") from None


def limit(params: Params, default: int, most: int) -> int:
    """Return the number of rows asked for."""
    rows = integer(params, "limit")
    if rows is None:
        return default
    if not 1 <= rows <= most:
        raise refusal(-1130, "Data sent for parameter 'limit' is not valid.")
    return rows


def contract(view: View, params: Params) -> Contract:
    """Return the contract that was named."""
    name = params.get("symbol")
    if not name:
        raise refusal(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
    found = view.binance.get(name)
    if found is None:
        raise refusal(-1121, "Invalid symbol.")
    return found


def chosen(view: View, params: Params) -> list[Contract]:
    """Return the contract that was named, or all of them."""
    return [contract(view, params)] if params.get("symbol") else list(view.binance.values())
