"""Two fake venues, a clock and the state, and the runs over them."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
from fake_market import NOON
from fake_venue import Clock, FakeVenue, both_venues

from quantscout.backfill import Filled, run_backfill
from quantscout.clock import to_ms
from quantscout.models import Report
from quantscout.pipeline import Outcome, run_hour
from quantscout.run import Run
from quantscout.settings import Settings
from quantscout.sources import Sources
from quantscout.store import Store
from quantscout.venues import coinalyze, coingecko
from quantscout_local.resources import load_template, translate

if TYPE_CHECKING:
    from venues.script import Script

ROOT = Path(__file__).parents[2]


@cache
def table_definition() -> dict[str, Any]:
    """Return what template.yaml says of the table, as SAM translates it, in the words of create_table."""
    resource = translate(load_template(ROOT / "template.yaml"), {})["Resources"]["Table"]
    names = ("AttributeDefinitions", "KeySchema", "BillingMode")
    return {name: resource["Properties"][name] for name in names}


class Computed(NamedTuple):
    """What a run returned, and the universe that the state holds after it."""

    report: Report
    is_new: bool
    universe: pl.DataFrame

    def fate(self, contract: str) -> str:
        """Return `ranked`, or the reason why a contract was rejected."""
        row = self.universe.row(by_predicate=pl.col("contract") == contract, named=True)
        return str(row["reason"] or row["fate"])

    def of(self, contract: str, column: str) -> object:
        """Return a figure of a contract."""
        return self.universe.row(by_predicate=pl.col("contract") == contract, named=True)[column]


class World:
    """Everything that a run needs, for a test to bend."""

    def __init__(self, store: Store) -> None:
        """Start with two sound venues at ten seconds past noon and no key."""
        self.store, self.settings = store, Settings(history_h=120)  # a month would be read in six times as many queries
        self.clock = Clock(NOON + timedelta(seconds=10))
        self.binance, self.kucoin = both_venues(self.clock)
        self.coingecko: Script | None = None
        self.coinalyze: Script | None = None

    @property
    def venues(self) -> tuple[FakeVenue, FakeVenue]:
        """Both venues."""
        return self.binance, self.kucoin

    def forget_calls(self) -> None:
        """Forget what the venues were asked so far."""
        for venue in self.venues:
            venue.asked.clear()

    def screen(self, hour: datetime = NOON) -> Computed:
        """Run the hour."""

        async def work() -> Outcome:
            async with AsyncExitStack() as stack:
                return await run_hour(await self.build_run(hour, stack))

        outcome = asyncio.run(work())
        kept = self.store.load_universe(to_ms(hour))
        assert kept is not None
        return Computed(outcome.report, outcome.is_new, kept if outcome.universe is None else outcome.universe)

    def next_hour(self, hours: int = 1) -> Computed:
        """Move the clock to ten seconds past a later hour than noon and run it."""
        hour = NOON + timedelta(hours=hours)
        self.clock.at = hour + timedelta(seconds=10)
        return self.screen(hour)

    def backfill(self, remaining_s: Callable[[], float] = lambda: 900.0) -> dict[str, Filled]:
        """Run the backfill up to noon."""

        async def work() -> list[Filled]:
            async with AsyncExitStack() as stack:
                return await run_backfill(await self.build_run(NOON, stack), remaining_s)

        return {filled.venue: filled for filled in asyncio.run(work())}

    async def build_run(self, hour: datetime, stack: AsyncExitStack) -> Run:
        """Return a run of the hour; its clients are closed with the stack."""
        supply = aggregates = None
        if self.coingecko:
            client = coingecko.build_client("a-key", transport=self.coingecko.transport, share=1e9)
            supply = coingecko.CoinGecko(await stack.enter_async_context(client))
        if self.coinalyze:
            client = coinalyze.build_client("a-key", transport=self.coinalyze.transport, share=1e9)
            aggregates = coinalyze.Coinalyze(await stack.enter_async_context(client))
        sources = Sources(self.venues, aggregates, supply)
        return Run(hour, sources, self.store, self.settings, self.clock.now, self.clock.sleep)
