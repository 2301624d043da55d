"""Bans outlive a run: what one run learnt is left in the state for those after it."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest

from quantscout.breakers import kept_breakers
from quantscout.documents import Breaker
from quantscout.errors import SourceError
from quantscout.http import SourceClient
from quantscout.limits import Budget
from quantscout.run import Run
from quantscout.settings import Settings
from quantscout.sources import Sources
from quantscout.store import Store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Asked:
    """A run's client of one source that bans whoever asks, and how often it was asked."""

    def __init__(self, store: Store, at_s: float = 0.0) -> None:
        self.requests = 0
        budgets = {"default": Budget(1e9, 60)}
        self.client = SourceClient(
            "binance",
            "https://venue.test",
            budgets,
            transport=httpx.MockTransport(self.reply),
            clock=lambda: NOON.timestamp() + at_s,
        )
        sources = Sources((), clients=(self.client,))
        now = datetime.fromtimestamp(NOON.timestamp() + at_s, tz=UTC)
        self.run = Run(NOON, sources, store, Settings(), lambda: now)

    def reply(self, _: httpx.Request) -> httpx.Response:
        """Ban for five minutes."""
        self.requests += 1
        return httpx.Response(418, headers={"retry-after": "300"}, content=b"{}")

    def ask(self) -> str:
        """Ask once, within the breakers, and return the fault."""

        async def go() -> str:
            async with kept_breakers(self.run):
                with pytest.raises(SourceError) as caught:
                    await self.client.get("/x")
            return caught.value.fault

        return asyncio.run(go())


def test_a_ban_is_left_in_the_state(store: Store) -> None:
    """The source, until when, and what it said."""
    Asked(store).ask()
    until_ms = round(1000 * NOON.timestamp()) + 300_000
    assert store.load_breakers() == {"binance": Breaker(until_ms, "HTTP 418 at /x: without a message")}


def test_the_next_run_asks_nothing_before_its_time(store: Store) -> None:
    """A later run finds the ban and sends no request."""
    Asked(store).ask()
    later = Asked(store, at_s=299)
    assert later.ask() == "banned"
    assert later.requests == 0


def test_after_its_time_the_source_is_asked_again(store: Store) -> None:
    """The ban is over: one request goes out."""
    Asked(store).ask()
    later = Asked(store, at_s=301)
    later.ask()
    assert later.requests == 1


def test_a_run_that_fails_leaves_the_ban_too(store: Store) -> None:
    """What was learnt is kept even when the run ends with an error."""
    asked = Asked(store)

    async def go() -> None:
        async with kept_breakers(asked.run):
            await asked.client.get("/x")

    with pytest.raises(SourceError):
        asyncio.run(go())
    assert set(store.load_breakers()) == {"binance"}
