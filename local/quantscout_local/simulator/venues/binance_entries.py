"""Entries of Binance's exchangeInfo: the captured one where there is one, else built from the contract."""

from typing import Any

from quantscout_local.simulator.answers import text
from quantscout_local.simulator.market import NEVER_MS, Contract
from quantscout_local.simulator.series import tick_decimals
from quantscout_local.simulator.view import View

_MIN_NOTIONAL = {"BTC": "50", "ETH": "20", "BCH": "20", "LTC": "20", "ETC": "20", "LINK": "20"}
_ORDER_TYPES = ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"]


def entry(view: View, contract: Contract) -> dict[str, Any]:
    """Return the contract's entry as of the view's hour."""
    base = dict(contract.captured) if contract.captured is not None else _built(contract)
    onboard = contract.onboard_ms
    announced = contract.delivery_ms is not None and (contract.announced_ms or 0) <= view.hour_ms
    return base | {
        "status": "TRADING" if view.trading(contract) else "SETTLING",
        "deliveryDate": contract.delivery_ms if announced else NEVER_MS,
        "onboardDate": onboard if onboard is not None and onboard <= contract.first_ms else contract.first_ms,
    }


def _built(contract: Contract) -> dict[str, Any]:
    decimals = tick_decimals(float(contract.bars.close[0]))
    return {
        "symbol": contract.symbol,
        "pair": contract.base + contract.quote,
        "contractType": contract.contract_type,
        "deliveryDate": NEVER_MS,
        "onboardDate": contract.first_ms,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": contract.base,
        "quoteAsset": contract.quote,
        "marginAsset": contract.quote,
        "pricePrecision": decimals,
        "quantityPrecision": 3 if decimals < 4 else 0,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": contract.underlying_type,
        "underlyingSubType": [],
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10000,
        "filters": _filters(contract, decimals),
        "orderTypes": _ORDER_TYPES,
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
        "permissionSets": ["GRID", "COPY"],
    }


def _filters(contract: Contract, decimals: int) -> list[dict[str, Any]]:
    tick, price = text(float(f"1e-{decimals}")), float(contract.bars.close[0])
    step = "0.001" if decimals < 4 else "1"
    size = {"stepSize": step, "minQty": step}
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": tick,
            "maxPrice": text(round(price * 100, decimals)),
            "tickSize": tick,
        },
        {"filterType": "LOT_SIZE", "maxQty": "10000000", **size},
        {"filterType": "MARKET_LOT_SIZE", "maxQty": "1000000", **size},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MIN_NOTIONAL", "notional": _MIN_NOTIONAL.get(contract.coin, "5")},
        {"filterType": "PERCENT_PRICE", "multiplierUp": "1.0500", "multiplierDown": "0.9500", "multiplierDecimal": "4"},
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
    ]
