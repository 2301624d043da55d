"""The client of a source that wants a key: its budgets, and the key in a header that nothing shows."""

import time
from typing import NamedTuple

from quantscout.http import SourceClient, Transport
from quantscout.limits import Clock, Limits, build_sliding_budgets


class KeyedSource(NamedTuple):
    """What sets such a source apart; `limits` are its allowances in its own units."""

    name: str
    base_url: str
    key_header: str
    limits: Limits

    def build_client(
        self,
        api_key: str,
        *,
        base_url: str = "",
        share: float = 0.8,
        transport: Transport | None = None,
        clock: Clock = time.time,
    ) -> SourceClient:
        """Return the client with the source's budgets, of which it uses at most this share."""
        budgets = build_sliding_budgets(self.limits, share, clock)
        headers = {self.key_header: api_key}
        url = base_url or self.base_url
        return SourceClient(self.name, url, budgets, secret_headers=headers, transport=transport, clock=clock)
