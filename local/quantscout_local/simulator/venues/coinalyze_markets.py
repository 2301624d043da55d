"""Which markets Coinalyze lists: Binance's, and for part of the coins those of four other exchanges. KuCoin is none."""

from typing import Any, NamedTuple

from quantscout_local.simulator.market import Contract
from quantscout_local.simulator.seeds import draw, draw_normal
from quantscout_local.simulator.view import View

_COLLISION = 0.01
_IN_QUOTE = 0.3


class Exchange(NamedTuple):
    """How an exchange names its perpetuals, which part of the coins it has, and how large it is beside Binance."""

    code: str
    symbol: str
    symbol_there: str
    quote: str
    part: float
    size: float
    by_unit: bool = False  # it takes over the unit in Binance's names (1000PEPE)
    may_count_in_quote: bool = False
    has_long_short: bool = False


EXCHANGES = (
    Exchange("6", "{base}USDT.6", "{base}USDT", "USDT", 0.7, 0.5, by_unit=True, has_long_short=True),
    Exchange("3", "{base}USDT_PERP.3", "{base}-USDT-SWAP", "USDT", 0.45, 0.3),
    Exchange("Y", "{base}_USDT.Y", "{base}_USDT", "USDT", 0.8, 0.15, may_count_in_quote=True),
    Exchange("H", "{base}.H", "{base}", "USD", 0.35, 0.2),
)


class Listed(NamedTuple):
    """A market: the contract whose hours it is made from, and how its figures differ from that one's."""

    symbol: str
    exchange: str
    symbol_there: str
    contract: Contract
    base: str
    quote: str
    price: float = 1.0  # its price / the contract's
    amount: float = 1.0  # its amounts in base units / the contract's
    in_quote: bool = False
    has_long_short: bool = True


def listed(view: View) -> dict[str, Listed]:
    """Return the markets as of the hour by symbol, Binance's first."""
    return view.once("coinalyze", lambda: {one.symbol: one for one in (*_on_binance(view), *_elsewhere(view))})


def _on_binance(view: View) -> list[Listed]:
    contracts = [c for c in view.binance.values() if c.contract_type == "PERPETUAL" and view.trading(c)]
    return [Listed(f"{c.symbol}_PERP.A", "A", c.symbol, c, c.base, c.quote) for c in contracts]


def _elsewhere(view: View) -> list[Listed]:
    """Return the other exchanges' markets, of coins that only KuCoin has besides them, too."""
    sources = [*view.binance.values(), *(k.source for k in view.kucoin.values() if k.source.symbol not in view.binance)]
    coins = {
        c.symbol: c
        for c in sources
        if (c.contract_type, c.quote, c.underlying_type) == ("PERPETUAL", "USDT", "COIN") and view.trading(c)
    }
    pairs = [(exchange, c) for exchange in EXCHANGES for c in coins.values()]
    return [_market(exchange, c) for exchange, c in pairs if draw("listed", exchange.code, c.symbol) < exchange.part]


def _market(exchange: Exchange, contract: Contract) -> Listed:
    """Return the market; some bear the ticker of another coin, which only the price tells."""
    code, symbol = exchange.code, contract.symbol
    base, unit = (contract.base, 1) if exchange.by_unit else (contract.coin, contract.unit)
    price = (1 + 0.001 * draw_normal("price there", code, symbol)) / unit
    if draw("collision", code, symbol) < _COLLISION:
        price *= 3 + 20 * draw("collision price", code, symbol)
    size = exchange.size * (0.5 + draw("size there", code, symbol))
    in_quote = exchange.may_count_in_quote and draw("in quote", code, symbol) < _IN_QUOTE
    names = (name.format(base=base) for name in (exchange.symbol, exchange.symbol_there))
    return Listed(
        *(next(names), code, next(names), contract, base, exchange.quote),
        price=price,
        amount=size * unit,
        in_quote=in_quote,
        has_long_short=exchange.has_long_short,
    )


def row_of(market: Listed) -> dict[str, Any]:
    """Return the market as the list shows it."""
    return {
        "symbol": market.symbol,
        "exchange": market.exchange,
        "symbol_on_exchange": market.symbol_there,
        "base_asset": market.base,
        "quote_asset": market.quote,
        "expire_at": None,
        "has_buy_sell_data": True,
        "is_perpetual": True,
        "margined": "STABLE",
        "oi_lq_vol_denominated_in": "QUOTE_ASSET" if market.in_quote else "BASE_ASSET",
        "has_long_short_ratio_data": market.has_long_short,
        "has_ohlcv_data": True,
    }
