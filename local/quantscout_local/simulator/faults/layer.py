"""The layer of faults: around the honest market, behind the limits (a faulty answer costs as much as a good one)."""

from starlette.types import ASGIApp, Receive, Scope, Send

from quantscout_local.simulator.faults import delivery
from quantscout_local.simulator.faults.answers import mangled
from quantscout_local.simulator.faults.kinds import BREAKING, REFUSING
from quantscout_local.simulator.faults.naming import renamed_request
from quantscout_local.simulator.faults.register import Faults, Strike
from quantscout_local.simulator.faults.replies import REPLIES
from quantscout_local.simulator.passage import passage_of
from quantscout_local.simulator.wire import captured, send_whole


class FaultsLayer:
    """Strike requests and answers by the plan."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        """Stand in front of `app`."""
        self.app, self.faults = app, faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer instead of the market, break the connection, or change the market's answer."""
        passage = passage_of(scope)
        strikes = self.faults.possible(passage) if passage is not None and self.faults.plan.rules else []
        if not strikes:
            await self.app(scope, receive, send)
            return
        first = next((s for s in strikes if s.rule.kind in REFUSING | BREAKING), None)
        if first is None:
            await self._change(strikes, scope, receive, send)
            return
        first.note()
        if first.rule.kind in BREAKING:
            await delivery.broken(first, scope, receive)
        else:
            await send_whole(send, REPLIES[first.rule.kind](first))

    async def _change(self, strikes: list[Strike], scope: Scope, receive: Receive, send: Send) -> None:
        scope, unknown = renamed_request(strikes, scope)
        found = unknown or mangled(strikes, await captured(self.app, scope, receive))
        await delivery.send_struck(strikes, send, found)
