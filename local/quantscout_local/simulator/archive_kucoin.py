"""A KuCoin market beside an archive's Binance contracts: a part of the coins, by the hash of their names."""

from collections.abc import Iterable

from quantscout.frames import DAY_MS
from quantscout_local.simulator.market import Contract, KucoinContract
from quantscout_local.simulator.seeds import draw, draw_normal, exponential_of
from quantscout_local.simulator.series import tick_decimals
from quantscout_local.simulator.units import plain_on_kucoin

_PART = 0.47
_ALWAYS = frozenset({"BTC", "ETH", "SOL", "DOGE", "PEPE", "SHIB", "CAT"})
_LOTS = {"BTC": 0.001, "ETH": 0.01}


def kucoin_beside(contracts: Iterable[Contract]) -> dict[str, KucoinContract]:
    """Return the KuCoin contracts whose coins the hash has chosen, about 250 of 540."""
    coins = [
        c for c in contracts if c.contract_type == "PERPETUAL" and c.underlying_type == "COIN" and c.quote == "USDT"
    ]
    chosen = (c for c in coins if c.coin in _ALWAYS or draw("on kucoin", c.coin) < _PART)
    return {contract.symbol: contract for contract in map(kucoin_contract, chosen)}


def kucoin_contract(source: Contract, *, listed_ms: int | None = None) -> KucoinContract:
    """Return the contract of a coin: listed up to two days after the source, in lots of 0.3 to 4 dollars."""
    base, unit = plain_on_kucoin(source.base)
    scale = unit / source.unit
    late = int(draw("kucoin listing", source.coin) * 3) * DAY_MS
    turns = draw("kucoin interval", source.coin)
    return KucoinContract(
        symbol=f"{base}USDTM",
        coin=source.coin,
        base=base,
        source=source,
        price_scale=scale,
        lot_coins=_LOTS.get(source.coin) or lot_coins(float(source.bars.close[0]) * scale),
        funding_h=4 if turns < 0.35 else 1 if turns < 0.38 else 8,
        share=0.2 * exponential_of(0.6 * draw_normal("kucoin share", source.coin)),
        thin=max(draw("thin", source.coin) - 0.85, 0.0) * 0.4,
        listed_ms=source.first_ms + late if listed_ms is None else listed_ms,
    )


def lot_coins(price: float) -> float:
    """Return the power of ten of coins that is worth 0.3 to 4 dollars or so."""
    return float(f"1e{tick_decimals(price, 1)}") if price < 1 else float(f"1e-{_whole_digits(price)}")


def _whole_digits(price: float) -> int:
    return len(str(int(price))) - 1
