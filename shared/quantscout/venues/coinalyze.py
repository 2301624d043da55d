"""Coinalyze: futures figures by the hour, for the finalists that it covers (KuCoin is not among its exchanges)."""

import asyncio
from collections.abc import Sequence

import polars as pl

from quantscout.frames import HOUR_MS, stack
from quantscout.http import Endpoint, SourceClient
from quantscout.venues import coinalyze_answers as answers
from quantscout.venues.answers import Answer
from quantscout.venues.keyed import KeyedSource

NAME = answers.NAME
BASE_URL = "https://api.coinalyze.net/v1"
KEY_HEADER = "api_key"

LIMITS = {"default": (40, 60)}  # calls a minute and key; every symbol of a request is a call
SYMBOLS_PER_REQUEST = 20

FUTURE_MARKETS = Endpoint("/future-markets")
PATHS = {
    "open_interest": "/open-interest-history",
    "predicted_funding": "/predicted-funding-rate-history",
    "liquidations": "/liquidation-history",
    "long_short": "/long-short-ratio-history",
    "ohlcv": "/ohlcv-history",
}
"""Per history (aggregates.HISTORIES) where it is."""
HISTORIES = tuple(PATHS.values())
HOUR_S = HOUR_MS // 1_000

build_client = KeyedSource(NAME, BASE_URL, KEY_HEADER, LIMITS).build_client


class Coinalyze:
    """Coinalyze's figures by the hour."""

    name = NAME

    def __init__(self, client: SourceClient) -> None:
        """Ask through this client (`build_client`)."""
        self.client = client

    @property
    def calls_for_histories(self) -> int:
        """Return how many symbol-calls a minute's budget holds besides the market list's one.

        A budget beyond the source's own limit (a simulator without limits) plans no more than that.
        """
        allowed = min(self.client.budgets["default"].weight, LIMITS["default"][0])
        return max(0, int(allowed) - FUTURE_MARKETS.weight)

    async def fetch_markets(self) -> Answer:
        """Return the markets (coinalyze_answers.MARKETS): the only way from a name to a Coinalyze symbol."""
        return answers.parse_markets(await self.client.ask(FUTURE_MARKETS))

    async def fetch_history(self, name: str, symbols: Sequence[str], hour_ms: int) -> pl.DataFrame:
        """Return a history (coinalyze_answers.history_schema) of these symbols in the 24 hours closed by H.

        A symbol that the source does not know is silently absent. Amounts are the market's own, liquidations USD.
        """
        starts = range(0, len(symbols), SYMBOLS_PER_REQUEST)
        batches = [symbols[start : start + SYMBOLS_PER_REQUEST] for start in starts]
        bodies = await asyncio.gather(*(self._fetch_batch(name, batch, hour_ms) for batch in batches))
        frame = stack([answers.parse_history(name, body, hour_ms) for body in bodies], answers.history_schema(name))
        return frame.unique(["coinalyze_symbol", "open_ms"], keep="last", maintain_order=True)

    async def _fetch_batch(self, name: str, symbols: Sequence[str], hour_ms: int) -> bytes:
        hour_s = hour_ms // 1_000  # milliseconds would be answered with an empty list
        params: dict[str, str | int] = {"symbols": ",".join(symbols), "interval": "1hour"}
        params |= {"from": hour_s - answers.DAY_H * HOUR_S, "to": hour_s - HOUR_S}
        if name == "liquidations":
            params["convert_to_usd"] = "true"
        return await self.client.ask(Endpoint(PATHS[name], len(symbols)), params)
