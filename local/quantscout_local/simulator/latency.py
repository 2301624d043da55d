"""Latency: every answer waits, most of them about the median, a few several times as long."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import NormalDist

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quantscout_local.simulator.passage import Passage, passage_of
from quantscout_local.simulator.seeds import draw_once

Sleep = Callable[[float], Awaitable[None]]

TAIL_RATIO = 5.0
"""99th percentile over median: 400 ms over 80 ms."""
_SPREAD = math.log(TAIL_RATIO) / NormalDist().inv_cdf(0.99)
_inverse_normal = NormalDist().inv_cdf


@dataclass
class Latency:
    """The times that answers take: log-normal around a median, drawn by request and attempt so that runs repeat."""

    median_ms: float = 0.0
    seed: str = "latency"
    sleep: Sleep = asyncio.sleep

    def seconds(self, name: str, attempt: int) -> float:
        """Return how long the answer to an attempt of a request takes."""
        if not self.median_ms:
            return 0.0
        return self.median_ms / 1000 * math.exp(_SPREAD * _inverse_normal(draw_once(self.seed, name, str(attempt))))


class LatencyLayer:
    """Delay requests and answers, half of the time each: a request counts when it has arrived."""

    def __init__(self, app: ASGIApp, latency: Latency) -> None:
        """Stand in front of `app`."""
        self.app, self.latency = app, latency

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on after half of its latency, and its answer after the other half."""
        passage = passage_of(scope)
        if passage is None or not self.latency.median_ms:
            await self.app(scope, receive, send)
            return
        passage.latency_s = self.latency.seconds(passage.name, passage.attempt)
        await self.latency.sleep(passage.latency_s / 2)
        await self.app(scope, receive, self._delayed(send, passage))

    def _delayed(self, send: Send, passage: Passage) -> Send:
        async def forward(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self.latency.sleep(passage.latency_s / 2)
            await send(message)

        return forward
