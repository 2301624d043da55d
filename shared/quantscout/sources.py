"""The registry of sources: one line per venue, and the two that need a key (a missing key switches one off)."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from quantscout.environment import Environment
from quantscout.http import SourceClient, Transport
from quantscout.limits import Clock
from quantscout.secrets import SourceKeys
from quantscout.tape import Listener
from quantscout.venues import binance, coinalyze, coingecko, kucoin
from quantscout.venues.base import Venue
from quantscout.venues.coinalyze import Coinalyze
from quantscout.venues.coingecko import CoinGecko

NO_KEY = "switched off: no key in the secret"


@dataclass(frozen=True)
class Sources:
    """What a run may ask. `clients` tell afterwards what was simulated and how much was asked."""

    venues: tuple[Venue, ...]
    coinalyze: Coinalyze | None = None
    coingecko: CoinGecko | None = None
    clients: tuple[SourceClient, ...] = field(default=())
    no_key: str = NO_KEY
    """Why a source that wants a key is not asked."""

    def follow_clock(self, source: str, drift_s: float) -> None:
        """Align a source's budgets to its own clock, which is so far ahead of ours."""
        for client in self.clients:
            if client.source == source:
                client.follow_clock(drift_s)

    def finish_by(self, deadline_s: float) -> None:
        """Let no request, retry or wait of any source outlive this time (by the clients' clock)."""
        for client in self.clients:
            client.deadline_s = deadline_s

    def retried(self) -> dict[str, dict[str, int]]:
        """Return per source how many requests were tried again, by the fault that made it necessary."""
        return {client.source: dict(sorted(client.retried.items())) for client in self.clients if client.retried}

    def simulated(self) -> dict[str, list[str]]:
        """Return per source the names of what its answers declared as simulated, sorted."""
        return {client.source: sorted(client.simulated) for client in self.clients if client.simulated}


@asynccontextmanager
async def open_sources(
    environment: Environment, keys: SourceKeys, clock: Clock = time.time, listener: Listener | None = None
) -> AsyncIterator[Sources]:
    """Open one client per source and close them all at the end; a listener stands between them and the network.

    `clock` is the run's, in seconds.
    """
    share = environment.budget_share
    async with AsyncExitStack() as stack:

        async def opened(client: SourceClient) -> SourceClient:
            clients.append(await stack.enter_async_context(client))
            if listener is not None:
                listener.listen(client)
            return client

        def over(source: str) -> Transport | None:
            return None if listener is None else listener.transport(source)

        clients: list[SourceClient] = []
        venues: tuple[Venue, ...] = (
            binance.Binance(
                await opened(
                    binance.build_client(
                        base_url=environment.binance_url, share=share, clock=clock, transport=over("binance")
                    )
                )
            ),
            kucoin.Kucoin(
                await opened(
                    kucoin.build_client(
                        base_url=environment.kucoin_url, share=share, clock=clock, transport=over("kucoin")
                    )
                ),
                unified_url=environment.kucoin_unified_url,
            ),
        )
        aggregates = supply = None
        if key := keys.coinalyze_api_key.get_secret_value():
            client = coinalyze.build_client(
                key, base_url=environment.coinalyze_url, share=share, clock=clock, transport=over("coinalyze")
            )
            aggregates = Coinalyze(await opened(client))
        if key := keys.coingecko_api_key.get_secret_value():
            client = coingecko.build_client(
                key, base_url=environment.coingecko_url, share=share, clock=clock, transport=over("coingecko")
            )
            supply = CoinGecko(await opened(client))
        yield Sources(venues, aggregates, supply, tuple(clients))
