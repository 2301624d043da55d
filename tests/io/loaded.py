"""A function's real file in memory: the template's variables, moto's AWS, two made-up venues; and what it wrote."""

import importlib.util
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import boto3
import pytest
from world import World

from quantscout.secrets import SourceKeys
from quantscout.sources import Sources
from quantscout_local.handlers import LambdaContext
from quantscout_local.resources import REGION

FUNCTIONS = Path(__file__).parents[2] / "functions"
EVENT = {"scheduled_at": "2026-03-01T12:00:03Z"}
NAMESPACE = "QuantScout"
Opened = Callable[..., AbstractAsyncContextManager[Sources]]


def opening(world: World, keys_seen: list[SourceKeys] | None = None) -> Opened:
    """Return what stands in for `open_sources`: the world's venues; it notes the keys that it was given."""

    @asynccontextmanager
    async def sources(_: object, keys: SourceKeys, *__: object) -> AsyncIterator[Sources]:
        if keys_seen is not None:
            keys_seen.append(keys)
        yield Sources(world.venues)

    return sources


def load(
    verb: str, world: World, monkeypatch: pytest.MonkeyPatch, sources: Opened | None = None, **variables: str
) -> ModuleType:
    """Return the function's module, imported anew; its service name is its own, for loggers live as long as Python."""
    sns = boto3.client("sns", region_name=REGION)
    topics = {f"{name.upper()}_TOPIC_ARN": sns.create_topic(Name=name)["TopicArn"] for name in ("report", "alarm")}
    own = {"AWS_DEFAULT_REGION": REGION, "TABLE_NAME": "state", "QUANTSCOUT_SETTINGS": '{"history_h": 120}'}
    own |= {"POWERTOOLS_SERVICE_NAME": f"stack-{uuid.uuid4()}", "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE}
    for name, value in (own | topics | variables).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    spec = importlib.util.spec_from_file_location(f"function_{verb}", FUNCTIONS / verb / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "open_sources", sources or opening(world))
    monkeypatch.setattr(module, "now", world.clock.now)
    return module


class Told(NamedTuple):
    """What an invocation wrote: its lines, its metrics, and what it returned or raised."""

    lines: list[dict[str, Any]]
    metrics: list[dict[str, Any]]
    answer: dict[str, Any]
    error: BaseException | None
    request_id: str
    text: str

    def line(self, message: str) -> dict[str, Any]:
        """Return the one line with this message."""
        (found,) = (line for line in self.lines if line["message"] == message)
        return found

    def values(self) -> dict[str, float]:
        """Return the metrics' values, of the one line that they are in."""
        (found,) = self.metrics or [{"_aws": {"CloudWatchMetrics": [{"Metrics": []}]}}]
        return {each["Name"]: found[each["Name"]][0] for each in found["_aws"]["CloudWatchMetrics"][0]["Metrics"]}


def call(
    module: ModuleType, capsys: pytest.CaptureFixture[str], event: object = EVENT, timeout_s: float = 300.0
) -> Told:
    """Invoke the handler and return all that it told; an exception is part of it."""
    context, answer, caught = LambdaContext("f", 128, timeout_s, REGION), {}, None
    capsys.readouterr()
    try:
        answer = module.handler(event, context)
    except Exception as error:  # noqa: BLE001 - whatever it is
        caught = error
    text = capsys.readouterr().out
    rows = [json.loads(line) for line in text.splitlines()]
    lines, metrics = [row for row in rows if "_aws" not in row], [row for row in rows if "_aws" in row]
    return Told(lines, metrics, answer, caught, context.aws_request_id, text)
