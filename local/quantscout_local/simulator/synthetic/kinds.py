"""The contracts that a screener of coin perpetuals has to leave out, in the numbers of a real venue."""

from typing import Any

import numpy as np

from quantscout.frames import DAY_MS
from quantscout_local.simulator.archive_kucoin import kucoin_contract
from quantscout_local.simulator.market import Contract, KucoinContract
from quantscout_local.simulator.seeds import Floats
from quantscout_local.simulator.series import Bars
from quantscout_local.simulator.synthetic import names
from quantscout_local.simulator.synthetic.coins import Cast

_SETTLED_MS = 1_792_483_200_000  # 2026-10-20T08Z
_LEAVING_MS = 1_793_869_200_000  # 2026-11-05T09Z
_ANNOUNCED_MS = 1_793_264_400_000  # 2026-10-29T09Z
_QUARTERS_MS = {"261225": 1_798_185_600_000, "270326": 1_806_048_000_000}
_USDC = 18
_EARLY_MS = 1_700_000_000_000


def binance_kinds(players: Cast, series: dict[str, Bars], coins: dict[str, Contract]) -> list[Contract]:
    """Return 58: settling, leaving, stocks and metals, indices, before their market, in USDC, and dated ones."""
    settled = [_plain(base, _ended(series[base], _SETTLED_MS), _SETTLED_MS) for base in players.settled]
    leaving = [_plain(base, series[base], _LEAVING_MS) for base in players.leaving]
    tradfi = [
        _other(base, series[base], "TRADIFI_PERPETUAL", "EQUITY" if base in names.STOCKS else "COMMODITY")
        for base in (*names.STOCKS, *names.METALS[:2])
    ]
    indices = [_other(base, series[base], "PERPETUAL", "INDEX") for base in names.INDICES]
    early = [_other(base, series[base], "PERPETUAL", "PREMARKET") for base in names.PREMARKET]
    return [*settled, *leaving, *tradfi, *indices, *early, *_usdc(list(coins.values())), *_dated(coins)]


def _plain(base: str, bars: Bars, delivery_ms: int) -> Contract:
    return Contract(
        symbol=f"{base}USDT",
        base=base,
        coin=base,
        bars=bars,
        onboard_ms=_EARLY_MS,
        delivery_ms=delivery_ms,
        announced_ms=delivery_ms - 7 * DAY_MS if delivery_ms != _LEAVING_MS else _ANNOUNCED_MS,
    )


def _ended(bars: Bars, at_ms: int) -> Bars:
    """Return bars that stand still from a moment on, as the venue shows a settled contract."""
    stop = int(np.searchsorted(bars.open_ms, at_ms))
    price = float(bars.close[stop - 1])
    moving = bars.open_ms < at_ms

    def still(column: Floats, value: float) -> Floats:
        return np.asarray(np.where(moving, column, value))

    return bars._replace(
        open=still(bars.open, price),
        high=still(bars.high, price),
        low=still(bars.low, price),
        close=still(bars.close, price),
        volume=still(bars.volume, 0.0),
        quote_volume=still(bars.quote_volume, 0.0),
        trades=np.where(moving, bars.trades, 0),
    )


def _other(base: str, bars: Bars, contract_type: str, underlying_type: str) -> Contract:
    return Contract(
        symbol=f"{base}USDT",
        base=base,
        coin=base,
        contract_type=contract_type,
        underlying_type=underlying_type,
        bars=bars,
        onboard_ms=_EARLY_MS,
    )


def _thinner(bars: Bars, part: float) -> Bars:
    volume, quote = np.round(bars.volume * part, 3), np.round(bars.quote_volume * part, 4)
    return bars._replace(volume=volume, quote_volume=quote, trades=(bars.trades * part).astype(np.int64))


def _usdc(coins: list[Contract]) -> list[Contract]:
    return [
        Contract(
            symbol=f"{c.base}USDC",
            base=c.base,
            coin=c.coin,
            unit=c.unit,
            quote="USDC",
            bars=_thinner(c.bars, 0.06),
            supply_coins=c.supply_coins,
            onboard_ms=_EARLY_MS,
        )
        for c in coins[:_USDC]
    ]


def _dated(coins: dict[str, Contract]) -> list[Contract]:
    kinds = zip(("CURRENT_QUARTER", "NEXT_QUARTER"), _QUARTERS_MS.items(), strict=True)
    return [
        Contract(
            symbol=f"{base}USDT_{name}",
            base=base,
            coin=base,
            contract_type=kind,
            bars=_thinner(coins[base].bars, 0.02),
            supply_coins=coins[base].supply_coins,
            onboard_ms=_EARLY_MS,
            delivery_ms=delivery_ms,
            announced_ms=0,
        )
        for kind, (name, delivery_ms) in kinds
        for base in ("BTC", "ETH")
    ]


def kucoin_kinds(coins: list[Contract], players: Cast, series: dict[str, Bars]) -> list[KucoinContract]:
    """Return 29: inverse, dated, in USDC, stocks, metals, before their market, and being delisted."""
    by_base = {c.base: c for c in coins}
    inverse = {"isInverse": True, "isQuanto": False, "quoteCurrency": "USD", "rootSymbol": "XBT"}
    found = [
        _kind(by_base[base], f"{name}USDM", inverse | {"rootSymbol": name, "settleCurrency": name})
        for base, name in (("BTC", "XBT"), ("ETH", "ETH"))
    ]
    dates = dict.fromkeys(("expireDate", "settleDate"), _QUARTERS_MS["261225"])
    found.append(_kind(by_base["BTC"], "XBTMZ26", inverse | {"type": "FFICSX", "settleCurrency": "XBT"} | dates))
    usdc = {"quoteCurrency": "USDC", "settleCurrency": "USDC", "rootSymbol": "USDC"}
    found += [_kind(c, f"{'XBT' if c.coin == 'BTC' else c.coin}USDCM", usdc) for c in coins[:5]]
    stock = {"assetClass": "STOCK", "marketType": "NASDAQ"}
    found += [_new(base, series[base], stock) for base in names.STOCKS[:12]]
    found += [_new(base, series[base], {"assetClass": "METAL"}) for base in names.METALS]
    found += [_new(base, series[base], {"marketStage": "PRE_MARKET"}) for base in names.PREMARKET]
    gone = dict.fromkeys(("expireDate", "settleDate"), _LEAVING_MS)
    return found + [_new(base, series[base], gone, _ANNOUNCED_MS) for base in players.leaving[:2]]


def _kind(source: Contract, symbol: str, overrides: dict[str, Any]) -> KucoinContract:
    plain = kucoin_contract(source, listed_ms=source.first_ms)
    return KucoinContract(
        symbol=symbol,
        coin=plain.coin,
        base=plain.base,
        source=source,
        price_scale=plain.price_scale,
        lot_coins=plain.lot_coins,
        share=0.05,
        listed_ms=source.first_ms,
        overrides=overrides,
    )


def _new(base: str, bars: Bars, overrides: dict[str, Any], announced_ms: int = 0) -> KucoinContract:
    source = Contract(
        symbol=f"{base}USDT", base=base, coin=base, bars=bars, underlying_type="OTHER", onboard_ms=_EARLY_MS
    )
    plain = kucoin_contract(source, listed_ms=source.first_ms)
    return KucoinContract(
        symbol=plain.symbol,
        coin=base,
        base=base,
        source=source,
        lot_coins=plain.lot_coins,
        share=plain.share,
        listed_ms=source.first_ms,
        overrides=overrides,
        announced_ms=announced_ms,
    )
