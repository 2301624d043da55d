"""The renamed contract: listed under a new name, asked for by it, and unknown by the old one."""

import re
from typing import Any
from urllib.parse import urlencode

from starlette.types import Scope

from quantscout_local.simulator.faults.register import Strike
from quantscout_local.simulator.faults.shapes import records_of, rows_of
from quantscout_local.simulator.wire import Whole, refusal

MARK = "NEW"
_QUOTE = re.compile(r"(USDTM|USDCM|USDM|USDT|USDC)$")
_MARKED = re.compile(MARK + r"(?=(USDTM|USDCM|USDM|USDT|USDC)$)")
_NAMES = ("symbol", "displaySymbol", "pair", "baseAsset", "baseCurrency", "displayBaseCurrency")
_VENUES = {"binance", "kucoin"}


def new_name(name: str) -> str:
    """Return a contract's or a coin's new name: the mark behind the coin."""
    return _QUOTE.sub(MARK + r"\1", name) if _QUOTE.search(name) else name + MARK


def renamed_request(strikes: list[Strike], scope: Scope) -> tuple[Scope, Whole | None]:
    """Return the request as the market knows the contract, and a refusal where it names one by its old name."""
    passage = strikes[0].passage
    asked = passage.contract
    if not asked or passage.venue not in _VENUES:
        return scope, None
    old = _MARKED.sub("", asked)
    for strike in strikes:
        if strike.rule.kind != "renamed_contract":
            continue
        if strike.meets(asked):
            strike.note()
            return scope, _unknown(passage.venue)
        if old != asked and strike.meets(old):
            strike.note()
            passage.params["symbol"] = old
            return {**scope, "query_string": urlencode(passage.params).encode()}, None
    return scope, None


def renamed_answer(strike: Strike, value: Any) -> bool:
    """Write the new name into the rows of a renamed contract."""
    passage = strike.passage
    if passage.venue not in _VENUES or rows_of(value) == []:
        return False
    rows = [row for row in records_of(value) if strike.meets(str(row.get("symbol", "")))]
    for row in rows:
        row.update({name: new_name(row[name]) for name in _NAMES if isinstance(row.get(name), str)})
    return bool(rows)


def _unknown(venue: str) -> Whole:
    if venue == "binance":
        return refusal(400, {"code": -1121, "msg": "Invalid symbol."})
    return refusal(200, {"code": "100001", "msg": "symbol not exists"})
