"""A changed secret is used within five minutes by a function that stays warm; a wrong key is named, never shown."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import boto3
import httpx
import pytest
from aws_lambda_powertools.utilities.parameters import base
from fake_market import NOON
from loaded import call, load, opening
from world import World

from quantscout.redaction import KEYS
from quantscout.secrets import CACHE_S, SourceKeys
from quantscout.venues import coinalyze, coingecko
from quantscout_local.handlers import forget_clients
from quantscout_local.resources import REGION
from venues.script import Script

OLD, NEW = "the-old-key-0001", "the-new-key-0002"
NAME = "rotating-keys"
Capsys = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


class Moved:
    """Powertools' clock, which a test moves."""

    def __init__(self) -> None:
        """Stand at noon."""
        self.at = NOON.replace(tzinfo=None)

    def now(self) -> datetime:
        """Return the time."""
        return self.at


@pytest.fixture
def cache_clock(monkeypatch: Patch) -> Moved:
    """Return the clock by which cached secrets grow old; nothing is cached yet."""
    clock = Moved()
    forget_clients()
    monkeypatch.setattr(base, "datetime", clock)
    return clock


@pytest.fixture
def rotate(world: World, cache_clock: Moved) -> Iterator[Callable[[str], None]]:
    """Return how the secret gets another key for Coinalyze; the first is there."""
    client = boto3.client("secretsmanager", region_name=REGION)
    client.create_secret(Name=NAME, SecretString=json.dumps({"coinalyze_api_key": OLD}))

    def put(key: str) -> None:
        client.put_secret_value(SecretId=NAME, SecretString=json.dumps({"coinalyze_api_key": key}))

    yield put
    client.delete_secret(SecretId=NAME, ForceDeleteWithoutRecovery=True)


def test_a_warm_function_uses_a_new_key_within_five_minutes(
    world: World, rotate: Callable[[str], None], cache_clock: Moved, monkeypatch: Patch, capsys: Capsys
) -> None:
    """The same module, never loaded again: the old key until the cached one is 300 s old, then the new one."""
    seen: list[SourceKeys] = []
    module = load("screen", world, monkeypatch, opening(world, seen), SOURCE_KEYS_SECRET_ID=NAME)
    for hour, after_s in enumerate((0, CACHE_S - 1, CACHE_S + 1)):
        if hour == 1:
            rotate(NEW)
        cache_clock.at = NOON.replace(tzinfo=None) + timedelta(seconds=after_s)
        world.clock.at = NOON + timedelta(hours=hour, seconds=10)
        told = call(module, capsys, {"at": (NOON + timedelta(hours=hour)).isoformat()})
        assert told.error is None
    assert [keys.coinalyze_api_key.get_secret_value() for keys in seen] == [OLD, OLD, NEW]
    assert CACHE_S <= 300


def test_both_keys_stay_hidden_after_a_rotation(
    world: World, rotate: Callable[[str], None], cache_clock: Moved, monkeypatch: Patch, capsys: Capsys
) -> None:
    """A line that holds the old one, or the new one, holds neither."""
    module = load("screen", world, monkeypatch, SOURCE_KEYS_SECRET_ID=NAME)
    call(module, capsys)
    rotate(NEW)
    cache_clock.at += timedelta(seconds=CACHE_S + 1)
    call(module, capsys)
    module.LOG.info("was %s, is %s", OLD, NEW)
    assert json.loads(capsys.readouterr().out)["message"] == "was ***, is ***"
    assert KEYS.text(f"{OLD} {NEW}") == "*** ***"


def test_the_report_names_a_wrong_key(world: World) -> None:
    """Both sources are out with their own words, the hour is there, and no text has the key."""
    world.coinalyze, world.coingecko = Script(), Script()
    for script in (world.coinalyze, world.coingecko):
        script.transport = httpx.MockTransport(lambda _: httpx.Response(401, json={"message": "Invalid API key a-key"}))
    report = world.screen().report
    for name in ("coinalyze", "coingecko"):
        state = report.sources[name]
        assert not state.ok
        assert "HTTP 401" in state.note
        assert "Invalid API key ***" in state.note
        assert any(f"{name} is out" in warning and "401" in warning for warning in report.warnings)
    assert len(report.ranked_gems) == 5


@pytest.mark.parametrize("build", [coinalyze.build_client, coingecko.build_client])
def test_a_key_is_known_as_soon_as_a_client_is_built(build: Callable[..., object]) -> None:
    """The doctor's keys come from the environment and pass no secret."""
    build("a-key-of-the-environment")
    assert KEYS.text("a-key-of-the-environment") == "***"
