"""The handlers' own decisions, in memory: what is published where, what is answered, what a second delivery does."""

import importlib.util
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import polars as pl
import pytest
from fake_market import NOON, NOON_MS
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends
from world import World

from quantscout.errors import DeliveryError, SourceError
from quantscout.frames import HOUR_MS
from quantscout.sources import Sources
from quantscout_local.handlers import LambdaContext
from quantscout_local.resources import REGION

FUNCTIONS = Path(__file__).parents[2] / "functions"
EVENT = {"scheduled_at": "2026-03-01T12:00:03Z"}
OUTAGE = SourceError("binance", "unavailable", "connection refused")

Load = Callable[..., ModuleType]


@pytest.fixture
def topics(world: World) -> Iterator[dict[str, str]]:
    """Return the addresses of both topics, on which nothing was published yet."""
    sns = boto3.client("sns", region_name=REGION)
    topics = {name: sns.create_topic(Name=name)["TopicArn"] for name in ("report", "alarm")}
    yield topics
    for topic_arn in topics.values():
        sns.delete_topic(TopicArn=topic_arn)


@pytest.fixture
def load(world: World, topics: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Load:
    """Return how a function's file is imported: with the template's variables, over the two venues in memory."""

    @asynccontextmanager
    async def sources(*_: object) -> AsyncIterator[Sources]:
        yield Sources(world.venues)

    def imported(verb: str, **variables: str) -> ModuleType:
        own = {"AWS_DEFAULT_REGION": REGION, "TABLE_NAME": "state", "POWERTOOLS_SERVICE_NAME": "in-memory"}
        own |= {"REPORT_TOPIC_ARN": topics["report"], "ALARM_TOPIC_ARN": topics["alarm"]}
        for name, value in (own | {"QUANTSCOUT_SETTINGS": '{"history_h": 120}'} | variables).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        spec = importlib.util.spec_from_file_location(f"function_{verb}", FUNCTIONS / verb / "app.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr(module, "open_sources", sources)
        monkeypatch.setattr(module, "now", world.clock.now)
        return module

    return imported


def call(module: ModuleType, event: dict[str, Any] | None = None, timeout_s: float = 300) -> dict[str, Any]:
    """Return the handler's answer, as JSON brings it."""
    answer: dict[str, Any] = json.loads(
        json.dumps(module.handler(event or EVENT, LambdaContext("f", 128, timeout_s, REGION)))
    )
    return answer


def published(topic_arn: str) -> list[str | None]:
    """Return the subjects of what was published on a topic."""
    topic = sns_backends[DEFAULT_ACCOUNT_ID][REGION].topics[topic_arn]
    return [subject for _, _, subject, *_ in topic.sent_notifications]


def risk_off(world: World) -> None:
    """Let BTC lose a twentieth in the hour."""
    crash = (pl.col("contract") == "BTCUSDT") & (pl.col("open_ms") == NOON_MS - HOUR_MS)
    low = pl.when(crash).then(pl.col("open") * 0.95)
    world.binance.change_bars = lambda bars: bars.with_columns(close=low.otherwise("close"), low=low.otherwise("low"))


def test_the_five_go_to_the_subscribers(load: Load, topics: dict[str, str]) -> None:
    """One message on the report's topic, none on the alarm's; the answer names hour, picks and message."""
    answer = call(load("screen"))
    assert (len(published(topics["report"])), published(topics["alarm"])) == (1, [])
    assert (answer["hour"], answer["status"], len(answer["picks"])) == ("2026-03-01T12:00:00Z", "ok", 5)
    assert answer["message_id"]


def test_an_hour_without_data_is_for_the_alarm_only(load: Load, topics: dict[str, str], world: World) -> None:
    """Subscribers hear of picks; that there are none is told to who runs it."""
    for venue in world.venues:
        venue.out = OUTAGE
    answer = call(load("screen"))
    assert (published(topics["report"]), published(topics["alarm"])) == (
        [],
        ["QuantScout 2026-03-01 12:00 UTC: no data"],
    )
    assert (answer["status"], answer["picks"]) == ("no_data", [])


def test_a_risk_off_hour_alerts_nobody_and_is_kept(load: Load, topics: dict[str, str], world: World) -> None:
    """The ranking is computed and stored, the status is no_signal, and no message goes out."""
    risk_off(world)
    answer = call(load("screen"))
    assert (answer["status"], answer["regime"], answer["message_id"]) == ("no_signal", "risk_off", None)
    assert (published(topics["report"]), published(topics["alarm"])) == ([], [])
    stored = world.store.load_report(NOON_MS)
    assert stored is not None
    assert len(stored.ranked_gems) == 5


def test_a_risk_off_hour_is_published_where_a_setting_says_so(load: Load, topics: dict[str, str], world: World) -> None:
    """Who wants them gets them."""
    risk_off(world)
    call(load("screen", QUANTSCOUT_SETTINGS='{"history_h": 120, "alert_on_no_signal": true}'))
    assert len(published(topics["report"])) == 1


def test_a_run_that_comes_too_late_publishes_nothing(load: Load, topics: dict[str, str], world: World) -> None:
    """A delivery hours later finds the hour's report, leaves it, and returns it with the message that went out then."""
    module = load("screen")
    first = call(module)
    world.clock.at = NOON + timedelta(hours=5)
    second = call(module)
    assert (second["is_new"], second["message_id"], second["picks"]) == (False, first["message_id"], first["picks"])
    assert (len(published(topics["report"])), published(topics["alarm"])) == (1, [])


def test_an_hour_that_failed_is_made_good_by_its_retry(load: Load, topics: dict[str, str], world: World) -> None:
    """After an outage a second delivery within the hour replaces the empty report and publishes the five."""
    for venue in world.venues:
        venue.out = OUTAGE
    module = load("screen")
    call(module)
    for venue in world.venues:
        venue.out = None
    assert call(module)["status"] == "ok"
    assert (len(published(topics["report"])), len(published(topics["alarm"]))) == (1, 1)


def test_a_message_that_fails_leaves_the_report_for_the_retry(load: Load, topics: dict[str, str], world: World) -> None:
    """What could not be delivered is an error, the report is stored, and the retry delivers it."""
    module = load("screen")
    boto3.client("sns", region_name=REGION).delete_topic(TopicArn=topics["report"])
    with pytest.raises(DeliveryError):
        call(module)
    assert world.store.load_report(NOON_MS) is not None
    boto3.client("sns", region_name=REGION).create_topic(Name="report")
    assert call(module)["message_id"]


def test_a_backfill_says_that_it_is_complete(load: Load, world: World) -> None:
    """All venues whole, nothing remains."""
    answer = call(load("backfill"))
    assert (answer["complete"], [venue["remaining"] for venue in answer["venues"]]) == (True, [0, 0])


def test_a_backfill_without_time_says_what_remains(load: Load, world: World) -> None:
    """Within half a minute of its end the function begins nothing; a later call goes on."""
    module = load("backfill")
    answer = call(module, timeout_s=20)
    assert not answer["complete"]
    assert all(venue["remaining"] > 0 for venue in answer["venues"])
    assert call(module)["complete"]


def test_a_backfill_with_a_venue_out_is_not_complete(load: Load, world: World) -> None:
    """What could not even be listed cannot be called whole."""
    world.kucoin.out = SourceError("kucoin", "blocked_region", "451")
    assert not call(load("backfill"))["complete"]
