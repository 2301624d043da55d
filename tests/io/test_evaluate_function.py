"""The evaluate function in memory: event in, hours kept, a person told, summary out."""

import importlib.util
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from evaluated import DAY_LATER_MS, live_through, screen_noon
from fake_market import NOON, NOON_MS
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends
from world import World

from quantscout.clock import iso
from quantscout.errors import DeliveryError, InputError
from quantscout.frames import HOUR_MS
from quantscout.picks import load_hours
from quantscout_local.handlers import LambdaContext
from quantscout_local.resources import REGION
from written_reports import gem_of, report_of

APP = Path(__file__).parents[2] / "functions" / "evaluate" / "app.py"
EVENT = {"scheduled_at": "2026-03-02T12:20:00Z"}
Load = Callable[..., ModuleType]


@pytest.fixture
def topics(world: World) -> Iterator[dict[str, str]]:
    """Return the addresses of the alarm topic and of another one."""
    sns = boto3.client("sns", region_name=REGION)
    topics = {name: sns.create_topic(Name=name)["TopicArn"] for name in ("alarm", "another")}
    yield topics
    for topic_arn in topics.values():
        sns.delete_topic(TopicArn=topic_arn)


@pytest.fixture
def load(world: World, topics: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Load:
    """Return how the function's file is imported, with the template's variables, a day after noon."""
    world.clock.at = NOON + timedelta(days=1, minutes=20)

    def imported(**variables: str) -> ModuleType:
        own = {"AWS_DEFAULT_REGION": REGION, "TABLE_NAME": "state", "POWERTOOLS_SERVICE_NAME": "in-memory"}
        for name, value in (own | {"ALARM_TOPIC_ARN": topics["alarm"]} | variables).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        spec = importlib.util.spec_from_file_location("function_evaluate", APP)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr(module, "now", world.clock.now)
        return module

    return imported


def call(module: ModuleType, event: dict[str, Any] | None = None, timeout_s: float = 120) -> dict[str, Any]:
    """Return the handler's answer, as JSON brings it."""
    answer = module.handler(event or EVENT, LambdaContext("f", 128, timeout_s, REGION))
    parsed: dict[str, Any] = json.loads(json.dumps(answer, allow_nan=False))
    return parsed


def published(topic_arn: str) -> list[str | None]:
    """Return the subjects of what was published on a topic."""
    topic = sns_backends[DEFAULT_ACCOUNT_ID][REGION].topics[topic_arn]
    return [subject for _, _, subject, *_ in topic.sent_notifications]


def repeat_a_coin(world: World) -> None:
    """Let one coin be in the list of each of the last twelve hours."""
    for ago in range(12):
        hour_ms = DAY_LATER_MS - ago * HOUR_MS
        gems = [gem_of(k, f"X{ago}{k}", coin=f"X{ago}{k}" if k > 1 else "SAME") for k in range(1, 6)]
        world.store.save_report(report_of(hour=iso(hour_ms), ranked_gems=gems), hour_ms)


def test_the_hour_of_a_day_ago_is_judged_and_told(load: Load, world: World, topics: dict[str, str]) -> None:
    """The answer names the hour, its hits and the figures; nobody is disturbed."""
    screen_noon(world)
    live_through(world)
    answer = call(load())
    (told,) = answer["evaluated"]
    assert (answer["hour"], told["hour"], answer["complete"]) == (iso(DAY_LATER_MS), iso(NOON_MS), True)
    assert (told["picks"], told["picks_complete"]) == (5, 5)
    assert answer["kpis"]["precision_at_5"] == {"value": told["hits"] / 5, "n": 5}
    assert (answer["escalated"], published(topics["alarm"])) == ([], [])
    assert answer["state"]["computed_read_units"] > 0


def test_a_person_hears_of_a_repeated_coin_once(load: Load, world: World, topics: dict[str, str]) -> None:
    """Delivered three times, it is one message on the alarm topic."""
    repeat_a_coin(world)
    module = load()
    answers = [call(module) for _ in range(3)]
    assert [len(answer["escalated"]) for answer in answers] == [1, 0, 0]
    assert answers[2]["found"] == ["repeated_coin SAME"]
    assert published(topics["alarm"]) == ["QuantScout 2026-03-02 12:00 UTC: same coin in the list, SAME"]


def test_another_topic_is_taken_where_one_is_asked_for(load: Load, world: World, topics: dict[str, str]) -> None:
    """A parameter may send escalations elsewhere."""
    repeat_a_coin(world)
    call(load(ESCALATION_TOPIC_ARN=topics["another"]))
    assert (len(published(topics["another"])), published(topics["alarm"])) == (1, [])


def test_a_topic_that_is_gone_fails_aloud_and_keeps_the_hours(load: Load, world: World, topics: dict[str, str]) -> None:
    """The hours are stored before anybody is told; the retry tells when the topic is there again."""
    screen_noon(world)
    live_through(world)
    repeat_a_coin(world)
    sns, module = boto3.client("sns", region_name=REGION), load()
    sns.delete_topic(TopicArn=topics["alarm"])
    with pytest.raises(DeliveryError, match="SNS did not take the escalation repeated_coin"):
        call(module)
    assert len(load_hours(world.store, NOON_MS, NOON_MS)) == 1
    sns.create_topic(Name="alarm")
    assert len(call(module)["escalated"]) == 1


def test_thresholds_come_from_the_environment(load: Load, world: World, topics: dict[str, str]) -> None:
    """A person who wants to hear less sets a limit."""
    repeat_a_coin(world)
    call(load(QUANTSCOUT_ESCALATION='{"repeated_h": 13}'))
    assert published(topics["alarm"]) == []


def test_thresholds_that_cannot_be_used_stop_the_function(load: Load) -> None:
    """A mistake is refused when the function starts, by name."""
    with pytest.raises(InputError, match="QUANTSCOUT_ESCALATION: repeated_h"):
        load(QUANTSCOUT_ESCALATION='{"repeated_h": 25}')


def test_an_hour_that_has_not_come_is_refused(load: Load) -> None:
    """The evaluation looks at closed hours only."""
    with pytest.raises(InputError, match="has not closed yet"):
        call(load(), {"at": "2026-03-02T13:00:00Z"})


def test_without_time_the_rest_is_left_and_said(load: Load, world: World) -> None:
    """A call that runs out of time is not complete; the next one goes on."""
    screen_noon(world)
    live_through(world)
    module = load()
    first = call(module, timeout_s=10)
    assert (first["complete"], first["left"], first["evaluated"]) == (False, 1, [])
    assert call(module)["complete"]


def test_the_page_of_the_live_picks_is_written_once_a_day(load: Load, world: World, topics: dict[str, str]) -> None:
    """After midnight it is in the bucket, with the figures of the hours so far; at other hours it is not written."""
    screen_noon(world)
    live_through(world, range(1, 37))
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="evidence-here")
    module = load(TAPE_BUCKET="evidence-here")
    world.clock.at = NOON + timedelta(hours=36, minutes=20)
    assert call(module)["page"] is None
    answer = call(module, {"scheduled_at": "2026-03-03T00:20:00Z"})
    assert (answer["page"], answer["page_problem"]) == ("evidence/index.html", "")
    stored = s3.get_object(Bucket="evidence-here", Key="evidence/index.html")
    page = stored["Body"].read().decode()
    (hour,) = (hour for hour in load_hours(world.store, NOON_MS, NOON_MS))
    assert stored["ContentType"] == "text/html; charset=utf-8"
    assert all(pick.coin in page for pick in hour.picks)
    assert page.count("<svg") > 5


def test_a_page_that_cannot_be_written_undoes_nothing(load: Load, world: World, topics: dict[str, str]) -> None:
    """The outcomes stand, the answer says why there is no page, and nothing is repeated for it."""
    screen_noon(world)
    live_through(world, range(1, 37))
    module = load(TAPE_BUCKET="nowhere")
    world.clock.at = NOON + timedelta(hours=36, minutes=20)
    answer = call(module, {"scheduled_at": "2026-03-03T00:20:00Z"})
    assert (answer["page"], answer["complete"]) == (None, True)
    assert answer["page_problem"].startswith("DeliveryError: S3 did not take evidence/index.html for nowhere")


def test_a_page_that_cannot_be_written_is_told_once(load: Load, world: World, topics: dict[str, str]) -> None:
    """A person hears of it on the alarm topic, with the first step; not again by a retry or on the next day."""
    screen_noon(world)
    live_through(world, range(1, 37))
    module = load(TAPE_BUCKET="nowhere")
    for day, times in ((3, 2), (4, 1)):
        world.clock.at = datetime(2026, 3, day, 0, 20, tzinfo=UTC)
        for _ in range(times):
            assert call(module, {"scheduled_at": f"2026-03-0{day}T00:20:00Z"})["page_problem"]
    assert published(topics["alarm"]) == ["QuantScout 2026-03-03 00:00 UTC: page not written"]


def test_a_page_of_which_nobody_can_be_told_fails_aloud(load: Load, world: World, topics: dict[str, str]) -> None:
    """Neither S3 nor SNS takes anything: the invocation fails, which an alarm sees, and is tried again."""
    screen_noon(world)
    live_through(world, range(1, 37))
    module = load(TAPE_BUCKET="nowhere")
    world.clock.at = NOON + timedelta(hours=36, minutes=20)
    boto3.client("sns", region_name=REGION).delete_topic(TopicArn=topics["alarm"])
    with pytest.raises(DeliveryError, match="SNS did not take the escalation page"):
        call(module, {"scheduled_at": "2026-03-03T00:20:00Z"})
    assert len(load_hours(world.store, NOON_MS, NOON_MS)) == 1


def test_an_older_midnight_does_not_take_the_page_back(load: Load, world: World, topics: dict[str, str]) -> None:
    """An event that comes again a day later leaves the newer page; until the next midnight it may be repeated."""
    screen_noon(world)
    live_through(world, range(1, 37))
    boto3.client("s3", region_name=REGION).create_bucket(Bucket="evidence-again")
    module = load(TAPE_BUCKET="evidence-again")
    written = []
    for now in ("2026-03-03T00:20:00Z", "2026-03-03T23:59:59Z", "2026-03-04T00:00:00Z"):
        world.clock.at = datetime.fromisoformat(now)
        written.append(call(module, {"scheduled_at": "2026-03-03T00:20:00Z"})["page"])
    assert written == ["evidence/index.html", "evidence/index.html", None]
    assert published(topics["alarm"]) == []


def test_hours_that_were_never_judged_are_in_the_answer(load: Load, world: World, topics: dict[str, str]) -> None:
    """Noon was published, then nothing ran for a week: it is out of reach, and said with its name."""
    screen_noon(world)
    world.clock.at = NOON + timedelta(days=8)
    answer = call(load(), {"at": "2026-03-09T12:00:00Z"})
    assert (answer["not_evaluated"], answer["not_evaluated_first"]) == (1, [iso(NOON_MS)])
    assert (answer["settled_late"], answer["evaluated"]) == ([], [])
