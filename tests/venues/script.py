"""A scripted source: answers by path over httpx's MockTransport, and the requests that came."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx

from quantscout.http import SourceClient
from quantscout.venues import binance, coinalyze, coingecko, kucoin
from quantscout.venues.binance import Binance
from quantscout.venues.coinalyze import Coinalyze
from quantscout.venues.coingecko import CoinGecko
from quantscout.venues.kucoin import Kucoin

S = TypeVar("S")
T = TypeVar("T")
Reply = Callable[[httpx.QueryParams], Any]


class Script:
    """Answers a path with what was set for it: a value, or what a function makes of the request's parameters."""

    def __init__(self) -> None:
        """Start without any answer: an unexpected path is a 404."""
        self.asked: list[tuple[str, httpx.QueryParams]] = []
        self.replies: dict[str, Any] = {}
        self.transport = httpx.MockTransport(self._reply)

    def _reply(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.url.path, request.url.params))
        if request.url.path not in self.replies:
            return httpx.Response(404, json={"code": 404, "msg": "not scripted"})
        reply = self.replies[request.url.path]
        return httpx.Response(200, content=json.dumps(reply(request.url.params) if callable(reply) else reply))

    def params(self, name: str) -> list[str]:
        """Return what one parameter was in each request."""
        return [params[name] for _, params in self.asked]

    @staticmethod
    def run(client: SourceClient, source: Callable[[SourceClient], S], call: Callable[[S], Awaitable[T]]) -> T:
        """Return what a call of the source returns over this client."""

        async def ask() -> T:
            async with client:
                return await call(source(client))

        return asyncio.run(ask())

    def binance(self, call: Callable[[Binance], Awaitable[T]]) -> T:
        """Return what a call of the venue returns over this script."""
        return self.run(binance.build_client(transport=self.transport, share=1e9), Binance, call)

    def kucoin(self, call: Callable[[Kucoin], Awaitable[T]]) -> T:
        """Return what a call of the venue returns over this script."""
        return self.run(kucoin.build_client(transport=self.transport, share=1e9), Kucoin, call)

    def coinalyze(self, call: Callable[[Coinalyze], Awaitable[T]]) -> T:
        """Return what a call of the source returns over this script."""
        return self.run(coinalyze.build_client("a-key", transport=self.transport, share=1e9), Coinalyze, call)

    def coingecko(self, call: Callable[[CoinGecko], Awaitable[T]]) -> T:
        """Return what a call of the source returns over this script."""
        return self.run(coingecko.build_client("a-key", transport=self.transport, share=1e9), CoinGecko, call)
