"""The client of a source that wants a key: its budgets, and the key in a header that nothing shows."""

import time
from functools import cached_property
from typing import NamedTuple

from quantscout.http import Params, SourceClient, Transport
from quantscout.limits import Clock, Limits, build_sliding_budgets
from quantscout.redaction import HIDDEN, KEYS, long_forms


class KeyedClient(SourceClient):
    """A client that reads no answer with its own key in it: what is read may be reported, kept and sent."""

    async def get(
        self,
        path: str,
        params: Params | None = None,
        weight: int = 1,
        budget: str = "default",
        contract: str | None = None,
    ) -> bytes:
        """Return the body as SourceClient does, the key hidden in it."""
        body = await super().get(path, params, weight, budget, contract)
        for form in self._forms:
            body = body.replace(form, HIDDEN.encode())
        return body

    @cached_property
    def _forms(self) -> list[bytes]:
        """Return what stands for the key in an answer, the longest first."""
        found = {form for key in self._secrets.values() for form in long_forms(key)}
        return [form.encode() for form in sorted(found, key=lambda form: (-len(form), form))]


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
        KEYS.learn(api_key)
        budgets = build_sliding_budgets(self.limits, share, clock)
        headers = {self.key_header: api_key}
        url = base_url or self.base_url
        return KeyedClient(self.name, url, budgets, secret_headers=headers, transport=transport, clock=clock)
