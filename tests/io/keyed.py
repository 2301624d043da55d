"""The sources that need a key, as scripts: a CoinGecko and a Coinalyze that know the whole small market."""

from typing import Any

from fake_market import COINS, NOON_MS
from world import Computed, World

from quantscout.frames import HOUR_MS
from quantscout.venues import coinalyze
from venues.script import Script

COINGECKO = "/api/v3"
COINALYZE = "/v1"


def markets(world: World, hours: int = 0, **supply_factor: float) -> list[dict[str, Any]]:
    """Return CoinGecko's rows of all coins at Binance's prices so long after noon; a factor changes a coin's supply."""
    rows = []
    for coin in COINS:
        contract = world.binance.contract_of(coin.base)
        bars = world.binance.bars_of(contract)
        price = float(
            bars.filter(bars["open_ms"] == NOON_MS + (hours - 1) * HOUR_MS)["close"][0]
        ) / world.binance.units(coin.base)
        supply = coin.supply_coins * supply_factor.get(coin.base, 1.0)
        rows.append({
            "id": f"id-{coin.base.lower()}", "symbol": coin.base.lower(), "current_price": price,
            "circulating_supply": supply, "market_cap_rank": None, "last_updated": "2026-03-01T11:59:00Z",
        })  # fmt: skip
    return rows


def with_coingecko(world: World, *trending: str, hours: int = 0, **supply_factor: float) -> Script:
    """Give the world a CoinGecko that knows every coin, with these searched for."""
    script = world.coingecko = Script()
    script.replies[f"{COINGECKO}/coins/markets"] = markets(world, hours, **supply_factor)
    script.replies[f"{COINGECKO}/search/trending"] = {
        "coins": [{"item": {"id": f"id-{base.lower()}", "symbol": base}} for base in trending]
    }
    script.replies[f"{COINGECKO}/global"] = {"data": {"market_cap_percentage": {"btc": 55.0, "usdt": 5.0}}}
    return script


def pages(script: Script) -> int:
    """Return how many pages of supply were asked for."""
    return sum(path.endswith("/coins/markets") for path, _ in script.asked)


def missing(done: Computed) -> set[str]:
    """Return everything that a pick had to do without."""
    return {name for gem in done.report.ranked_gems for name in gem.missing}


def with_coinalyze(world: World) -> Script:
    """Give the world a Coinalyze that covers every contract of Binance, with a ratio of 3 for each."""
    script = world.coinalyze = Script()
    script.replies[f"{COINALYZE}/future-markets"] = [
        {"symbol": f"{contract}_PERP.A", "exchange": "A", "symbol_on_exchange": contract, "base_asset": coin.base,
         "quote_asset": "USDT", "is_perpetual": True, "margined": "STABLE", "has_buy_sell_data": True,
         "oi_lq_vol_denominated_in": "BASE_ASSET"} for contract, coin in world.binance.coins.items()
    ]  # fmt: skip
    last_s = NOON_MS // 1000 - 3600
    for path in coinalyze.HISTORIES:
        bucket = {"t": last_s, "c": 1.0, "l": 1.0, "s": 1.0, "r": 3.0, "v": 2.0, "bv": 1.0}
        script.replies[f"{COINALYZE}{path}"] = lambda params, bucket=bucket: [
            {"symbol": symbol, "history": [bucket]} for symbol in params["symbols"].split(",")
        ]
    return script
