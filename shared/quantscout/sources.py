"""The registry of sources: one line per venue, and the two that need a key (a missing key switches one off)."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from quantscout.environment import Environment
from quantscout.http import SourceClient
from quantscout.secrets import SourceKeys
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

    def simulated(self) -> dict[str, list[str]]:
        """Return per source the names of what its answers declared as simulated, sorted."""
        return {client.source: sorted(client.simulated) for client in self.clients if client.simulated}


@asynccontextmanager
async def open_sources(environment: Environment, keys: SourceKeys) -> AsyncIterator[Sources]:
    """Open one client per source and close them all at the end."""
    share = environment.budget_share
    async with AsyncExitStack() as stack:

        async def opened(client: SourceClient) -> SourceClient:
            clients.append(await stack.enter_async_context(client))
            return client

        clients: list[SourceClient] = []
        venues: tuple[Venue, ...] = (
            binance.Binance(await opened(binance.build_client(base_url=environment.binance_url, share=share))),
            kucoin.Kucoin(
                await opened(kucoin.build_client(base_url=environment.kucoin_url, share=share)),
                unified_url=environment.kucoin_unified_url,
            ),
        )
        aggregates = supply = None
        if key := keys.coinalyze_api_key.get_secret_value():
            client = coinalyze.build_client(key, base_url=environment.coinalyze_url, share=share)
            aggregates = Coinalyze(await opened(client))
        if key := keys.coingecko_api_key.get_secret_value():
            client = coingecko.build_client(key, base_url=environment.coingecko_url, share=share)
            supply = CoinGecko(await opened(client))
        yield Sources(venues, aggregates, supply, tuple(clients))
