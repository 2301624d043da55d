"""One row of KuCoin's contracts/active."""

from typing import Any

import numpy as np

from quantscout.frames import HOUR_MS
from quantscout_local.simulator.clock import START_AFTER_HOUR_MS
from quantscout_local.simulator.market import KucoinContract
from quantscout_local.simulator.series import row_total, tick_decimals
from quantscout_local.simulator.venues.kucoin_numbers import interest_lots, settled_rates
from quantscout_local.simulator.view import View

_FIXED: dict[str, Any] = {
    "type": "FFWCSX", "expireDate": None, "settleDate": None, "maxOrderQty": 1000000, "marketMaxOrderQty": 1000000,
    "maxPrice": 1000000.0, "lotSize": 1, "initialMargin": 0.034, "maintainMargin": 0.02, "maxRiskLimit": 5000,
    "minRiskLimit": 5000, "riskStep": 2500, "makerFeeRate": 2.0e-4, "takerFeeRate": 6.0e-4, "takerFixFee": 0.0,
    "makerFixFee": 0.0, "settlementFee": None, "isDeleverage": True, "isQuanto": False, "isInverse": False,
    "markMethod": "FairPrice", "fairMethod": "FundingRate", "settlementSymbol": "", "status": "Open",
    "predictedFundingFeeRate": None, "dailyInterestRate": 3.0e-4, "fundingRateCap": 0.02, "fundingRateFloor": -0.02,
    "period": 1, "effectiveFundingRateCycleStartTime": None, "maxLeverage": 30,
    "sourceExchanges": ["okex", "binance", "kucoin", "bybit", "gateio"], "k": 530220.0, "m": 328200.0, "f": 1.3,
    "mmrLimit": 0.3, "mmrLevConstant": 30.0, "supportCross": True, "adjustK": None, "adjustM": None,
    "adjustMmrLevConstant": None, "adjustActiveTime": None, "crossRiskLimit": 2000000.0, "marketStage": "NORMAL",
    "preMarketToPerpDate": None, "orderPriceRange": 0.1, "marketType": "CRYPTO", "assetClass": "CRYPTO",
    "subMarketType": None,
}  # fmt: skip
_ONLY_PERPETUAL = (
    "fundingFeeRate", "dailyInterestRate", "fundingRateGranularity", "currentFundingRateGranularity", "fundingRateCap",
    "fundingRateFloor", "period", "nextFundingRateTime", "nextFundingRateDateTime", "lastTimeFundingRate",
    "fundingBaseSymbol", "fundingQuoteSymbol", "fundingRateSymbol", "fundingBaseSymbol1M", "fundingQuoteSymbol1M",
    "fairMethod",
)  # fmt: skip


def entry(view: View, contract: KucoinContract) -> dict[str, Any]:
    """Return the contract's row as of the view's hour."""
    overrides = dict(contract.overrides)
    if contract.announced_ms > view.hour_ms:  # its delisting is not known yet
        overrides = {k: v for k, v in overrides.items() if k not in {"expireDate", "settleDate"}}
    row = _FIXED | _names(contract) | _prices(view, contract) | _funding(view, contract) | overrides
    return row | dict.fromkeys(_ONLY_PERPETUAL) if row["type"] != "FFWCSX" else row


def _names(contract: KucoinContract) -> dict[str, Any]:
    base, name = contract.base, contract.symbol
    return {
        "symbol": name,
        "displaySymbol": name,
        "rootSymbol": "USDT",
        "baseCurrency": base,
        "displayBaseCurrency": base,
        "quoteCurrency": "USDT",
        "settleCurrency": "USDT",
        "multiplier": -1.0 if contract.inverse else contract.lot_coins,
        "firstOpenDate": max(contract.listed_ms, contract.source.onboard_ms or contract.source.first_ms),
        "fundingBaseSymbol": f".{base}INT8H",
        "fundingQuoteSymbol": ".USDTINT8H",
        "fundingRateSymbol": f".{name}FPI8H",
        "indexSymbol": f".K{base}USDT",
        "premiumsSymbol1M": f".{name}PI",
        "premiumsSymbol8H": f".{name}PI8H",
        "fundingBaseSymbol1M": f".{base}INT",
        "fundingQuoteSymbol1M": ".USDTINT",
    }


def _prices(view: View, contract: KucoinContract) -> dict[str, Any]:
    day = view.last_day(contract)
    first, last = float(day.open[0]), float(day.close[-1])
    tick = float(f"1e-{tick_decimals(last)}")
    lots = row_total(day.volume)
    return {
        "tickSize": tick,
        "indexPriceTickSize": tick,
        "openInterest": str(interest_lots(view, contract)),
        "turnoverOf24h": round(row_total(day.quote_volume), 4),
        "volumeOf24h": float(f"{lots if contract.inverse else lots * contract.lot_coins:.12g}"),
        "markPrice": last,
        "indexPrice": float(f"{last * 1.0002:.7g}"),
        "lastTradePrice": last,
        "lowPrice": float(np.min(day.low)),
        "highPrice": float(np.max(day.high)),
        "priceChgPct": round(last / first - 1, 4),
        "priceChg": float(f"{last - first:.6g}"),
        "buyLimit": float(f"{last * 1.1:.6g}"),
        "sellLimit": float(f"{last * 0.9:.6g}"),
    }


def _funding(view: View, contract: KucoinContract) -> dict[str, Any]:
    step = contract.funding_h * HOUR_MS
    following = (view.hour_ms // step + 1) * step
    # The running rate is what would settle now; at the next settlement it would read bars that have not closed.
    running, last = settled_rates(contract, np.array([view.hour_ms, following - step])).tolist()
    return {
        "fundingFeeRate": running,
        "lastTimeFundingRate": last,
        "fundingRateGranularity": step,
        # The venue leaves it empty for some contracts.
        "currentFundingRateGranularity": None if contract.share > 0.4 else step,
        "nextFundingRateTime": following - view.hour_ms - START_AFTER_HOUR_MS,
        "nextFundingRateDateTime": following,
    }
