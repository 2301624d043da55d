"""The half of `make bench-ccxt` that runs in ccxt's own environment: fetch the bars, say how long it took.

python bench/ccxt_side.py ORDER_JSON ROWS_JSON: reads {url, contracts, since_ms, until_ms, limit, offset_ms}, writes
{contract: rows} of [open_ms, open, high, low, close, volume], prints one JSON line with the times.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import ccxt.async_support as ccxt  # type: ignore[import-not-found]  # not in the environment that is checked
from ccxt import __version__

HOUR = "1h"
Order = dict[str, Any]
Rows = dict[str, list[list[float]]]


def build_exchange(order: Order) -> Any:
    """Return ccxt's Binance USD-M client with its default limiter, pointed at the simulator."""
    exchange = ccxt.binanceusdm({"enableRateLimit": True, "options": {"fetchMarkets": {"types": ["linear"]}}})
    urls = exchange.urls["api"]
    fapi = {name: address for name, address in urls.items() if name.startswith("fapi") and isinstance(address, str)}
    urls |= {name: address.replace("https://fapi.binance.com", order["url"]) for name, address in fapi.items()}
    return exchange


async def fetch(exchange: Any, order: Order, symbols: dict[str, str]) -> Rows:
    """Return the rows of all contracts, all asked for at once: what is then sent is the limiter's matter."""

    async def one(contract: str) -> list[list[float]]:
        more = {"endTime": order["until_ms"] - 1}
        rows: list[list[float]] = await exchange.fetch_ohlcv(
            symbols[contract], HOUR, order["since_ms"], order["limit"], more
        )
        return rows

    found = await asyncio.gather(*(one(contract) for contract in order["contracts"]))
    return dict(zip(order["contracts"], found, strict=True))


async def measure(order: Order) -> tuple[Rows, dict[str, Any]]:
    """Return the rows, and how long markets and bars took."""
    exchange = build_exchange(order)
    try:
        began = time.perf_counter()
        markets = await exchange.load_markets()
        loaded = time.perf_counter()
        symbols = {market["id"]: symbol for symbol, market in markets.items()}
        rows = await fetch(exchange, order, symbols)
        ended = time.perf_counter()
    finally:
        await exchange.close()
    return rows, {"version": __version__, "markets_s": loaded - began, "bars_s": ended - loaded}


def main() -> None:
    """Read the order, fetch, write the rows."""
    order = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    rows, times = asyncio.run(measure(order))
    Path(sys.argv[2]).write_text(json.dumps(rows), "utf-8")
    print(json.dumps(times))


if __name__ == "__main__":
    main()
