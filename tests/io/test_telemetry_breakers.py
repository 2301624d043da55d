"""Sources that banned or refused us: how many, which, until when, and who may say that there is none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

import pytest
from fake_market import NOON_MS
from loaded import Opened, call, load
from test_telemetry_metrics import check
from world import World

from quantscout.errors import SourceError
from quantscout.http import SourceClient
from quantscout.limits import build_budgets
from quantscout.measures import banned_until_of, breaker_of
from quantscout.sources import Sources

Capsys = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


def make_client(source: str) -> SourceClient:
    """Return a client that is never asked."""
    return SourceClient(source, "https://nowhere.invalid", build_budgets({"default": (1, 1)}, 1.0, lambda: 0.0))


@pytest.mark.parametrize("verb", ["screen", "backfill"])
def test_breakers_are_told_also_when_the_run_fails(verb: str, world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """An exception leaves the handler, and the banned source is counted nevertheless."""
    client = make_client("binance")
    client.leave_alone(world.clock.now().timestamp() + 60, "banned")

    @asynccontextmanager
    async def with_ban(*_: object) -> AsyncIterator[Sources]:
        yield Sources(world.venues, clients=(client,))

    module = load(verb, world, monkeypatch, with_ban)
    monkeypatch.setattr(module.STORE, "load_breakers", lambda _: 1 / 0)
    told = call(module, capsys)
    assert isinstance(told.error, ZeroDivisionError)
    assert check(told) == {"OpenBreakers": 1.0}
    assert told.line("run failed")["sources"] == {
        "binance": {"requests": 0, "retried": {}, "breaker": "banned", "until": "2026-03-01T12:01:10Z"}
    }


def banning(world: World, source: str, until_s: float) -> Opened:
    """Return what stands in for `open_sources`: the world's venues, and a client that is left alone."""
    client = make_client(source)
    client.leave_alone(until_s, "418")

    @asynccontextmanager
    async def opened(*_: object) -> AsyncIterator[Sources]:
        yield Sources(world.venues, clients=(client,))

    return opened


def test_a_backfill_does_not_end_the_alarm_of_another_source(world: World, monkeypatch: Patch, capsys: Capsys) -> None:
    """The screen finds CoinGecko banned; the backfill, which never asks it, does not say that all is well."""
    banned = banning(world, "coingecko", world.clock.now().timestamp() + 7_200)
    assert check(call(load("screen", world, monkeypatch, banned), capsys))["OpenBreakers"] == 1.0
    assert "OpenBreakers" not in check(call(load("backfill", world, monkeypatch), capsys))


@pytest.mark.parametrize(
    ("until_s", "until"),
    [(NOON_MS / 1_000 + 7_200, "2026-03-01T14:00:00Z"), (1e15, "9999-12-31T23:59:59Z")],
    ids=["two hours", "for ever"],
)
def test_a_ban_is_told_with_its_end(
    world: World, until_s: float, until: str, monkeypatch: Patch, capsys: Capsys
) -> None:
    """In the warning and in the source's part of the summary: the alarm's first step is to read it."""
    monkeypatch.setattr("quantscout.pipeline.kept_breakers", lambda _: nullcontext())
    told = call(load("screen", world, monkeypatch, banning(world, "binance", until_s)), capsys)
    line = told.line("breaker open")
    assert (line["level"], line["source"], line["breaker"], line["until"]) == ("WARNING", "binance", "banned", until)
    assert told.line("hour done")["sources"]["binance"]["until"] == until


def test_without_a_ban_there_is_no_end() -> None:
    """A refusal of the place has none that is known, and a ban that is over is none."""
    client = make_client("kucoin")
    client.refusal = SourceError("kucoin", "blocked_region", "451")
    assert (breaker_of(client, 0.0), banned_until_of(client, 0.0)) == ("blocked_region", "")
    client.leave_alone(101.0, "418")
    assert (banned_until_of(client, 100.0), banned_until_of(client, 101.0)) == ("1970-01-01T00:01:41Z", "")


def test_a_breaker_is_open_while_nothing_is_sent() -> None:
    """A ban until its time; a refusal of the place for the rest of the run."""
    client = make_client("kucoin")
    assert not breaker_of(client, 100.0)
    client.leave_alone(101.0, "418")
    assert (breaker_of(client, 100.0), breaker_of(client, 101.0)) == ("banned", "")
    client.refusal = SourceError("kucoin", "blocked_region", "451")
    assert breaker_of(client, 101.0) == "blocked_region"
