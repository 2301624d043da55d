"""The world of a soak: the strict simulator, the state, the topics and the virtual time, for one hour after another."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

import boto3

from quantscout import store as product_store
from quantscout.backfill import run_backfill
from quantscout.clock import from_ms
from quantscout.models import Report
from quantscout.pipeline import run_hour
from quantscout.publish import publish_report
from quantscout.run import Run
from quantscout.secrets import SourceKeys
from quantscout.settings import Settings
from quantscout.sources import Sources, open_sources
from quantscout.store import Store
from quantscout_local.resources import REGION, load_template, translate
from quantscout_local.simulator.app import create_app
from quantscout_local.simulator.clock import SimulatorClock
from quantscout_local.simulator.conditions import Conditions
from quantscout_local.simulator.faults.plan import Plan
from quantscout_local.simulator.in_process import InProcessTransport
from quantscout_local.simulator.market import Market
from quantscout_local.simulator.virtual import VirtualTime
from quantscout_local.stack import ROOT
from soak.checks import ViolationError
from soak.truth import environment
from soak.watch import Watch

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

    from quantscout_local.simulator.stage import Stage

P = ParamSpec("P")
T = TypeVar("T")

AFTER_MS, LATENCY_MS, BUDGET_SHARE = 2_000, 80, 0.8
RUN_S, BACKFILL_S, TO_WRITE_S = 300.0, 900.0, 20.0
"""What the functions have, and what their handlers keep of it."""
SETTINGS = Settings(history_h=120)
KEYS = SourceKeys.model_validate({"coinalyze_api_key": "a-key", "coingecko_api_key": "a-key"})


class InlineRun(Run):
    """A run whose blocking work is done at once: no virtual time passes in it."""

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do it here."""
        return work(*args, **kwargs)


class Played(NamedTuple):
    """What an hour came to; `took_s` is virtual."""

    report: Report
    is_new: bool
    took_s: float


class World:
    """Plays hours on one state; enter `moto.mock_aws` before."""

    def __init__(self, market: Market, plan: Plan, time: VirtualTime, first_ms: int) -> None:
        """Start with an empty table and two topics."""
        self.time = time
        self.clock = SimulatorClock(first_ms, after_ms=AFTER_MS, source_ms=time.now_ms)
        conditions = Conditions(limits=True, latency_ms=LATENCY_MS, faults=plan)
        app = create_app(market, first_ms, conditions=conditions, clock=self.clock)
        self.stage: Stage = app.state.stage
        self.watch = Watch(InProcessTransport(app), self.clock.now_ms)
        product_store.READ_SPAN_H = 240  # the double has no pages: fewer queries, the same rows
        self.store = Store(_create_table())
        self._sns = boto3.client("sns", region_name=REGION)
        self._topics = {name: self._sns.create_topic(Name=name)["TopicArn"] for name in ("report", "alarm")}
        self.published = 0
        self.retried: Counter[str] = Counter()

    def move(self, hour_ms: int) -> None:
        """Go to an hour; the ledger begins anew, the venues remember."""
        self.stage.move(hour_ms, AFTER_MS)
        self.stage.usage.reset()

    def now(self) -> datetime:
        """Return the simulated time."""
        return from_ms(self.clock.now_ms())

    def play(self, hour_ms: int) -> Played:
        """Run the hour as the screen function does, and publish its report; raises ViolationError past the deadline."""
        outcome, took_s = self._within(hour_ms, RUN_S, run_hour)
        if outcome.is_new:
            self._publish(outcome.report)
        return Played(outcome.report, outcome.is_new, took_s)

    def backfill(self, hour_ms: int) -> float:
        """Run the backfill as its function does, and return how long it took."""
        began_s = self.time.now_s

        def remaining_s() -> float:
            return BACKFILL_S - (self.time.now_s - began_s)

        return self._within(hour_ms, BACKFILL_S, lambda run: run_backfill(run, remaining_s))[1]

    def _within(self, hour_ms: int, limit_s: float, work: Callable[[Run], Awaitable[T]]) -> tuple[T, float]:
        self.watch.begin_run()
        began_s = self.time.now_s

        async def run() -> T:
            async with open_sources(environment(BUDGET_SHARE), KEYS, self._now_s, self.watch) as sources:
                sources.finish_by(self._now_s() + limit_s - TO_WRITE_S)
                try:
                    return await work(self._run(hour_ms, sources))
                finally:
                    for source, faults in sources.retried().items():
                        self.retried.update({f"{source} {fault}": count for fault, count in faults.items()})

        with asyncio.Runner(loop_factory=self.time.new_loop) as runner:
            done = runner.run(run())
        took_s = self.time.now_s - began_s
        if took_s > limit_s - TO_WRITE_S + 1e-3:
            raise ViolationError(
                f"a run outlived its deadline: expected at most {limit_s - TO_WRITE_S} s, took {took_s}"
            )
        return done, took_s

    def _run(self, hour_ms: int, sources: Sources) -> Run:
        return InlineRun(from_ms(hour_ms), sources, self.store, SETTINGS, self.now)

    def _now_s(self) -> float:
        return self.clock.now_ms() / 1000

    def _publish(self, report: Report) -> None:
        """Publish as the screen function does: no data to the alarm, no signal to nobody."""
        if report.status != "no_signal":
            topic = self._topics["alarm" if report.status == "no_data" else "report"]
            self.published += bool(publish_report(self._sns, topic, report))


def _create_table() -> "Table":
    """Return the template's table, empty, in the double."""
    resource = translate(load_template(ROOT / "template.yaml"), {})["Resources"]["Table"]["Properties"]
    wanted: dict[str, Any] = {name: resource[name] for name in ("AttributeDefinitions", "KeySchema", "BillingMode")}
    return boto3.resource("dynamodb", region_name=REGION).create_table(TableName="state", **wanted)
