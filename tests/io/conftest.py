"""What the tests around the core share: a table made from the template, a small market, and a run over both.

A module that says `DATABASES = dynalite.BOTH` runs its tests of the table twice: over moto, and over dynalite where it
is installed (`make dynalite`); the others over moto alone.

This folder's name is also that of a module of the standard library, so its helpers are found by their own names.
"""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

sys.path.insert(0, str(Path(__file__).parent))

import dynalite
from evaluated import live_through, screen_noon
from world import World, table_definition

from quantscout.store import Store
from quantscout_local.resources import REGION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of a module over each of its `DATABASES`."""
    names = getattr(metafunc.module, "DATABASES", ())
    if names and "dynamodb" in metafunc.fixturenames:
        metafunc.parametrize("dynamodb", names, indirect=True, scope="module")


@pytest.fixture(scope="session")
def dynalite_url() -> Iterator[str]:
    """Return the address of dynalite, started once; skip what asks for it where it is not installed."""
    if absent := dynalite.why_absent():
        pytest.skip(absent)
    with dynalite.running() as url:
        yield url


@pytest.fixture(scope="module")
def dynamodb(request: pytest.FixtureRequest) -> Iterator["DynamoDBServiceResource"]:
    """Return DynamoDB in memory, for the tests of a module: a client takes longer to make than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
            patch.delenv(name, raising=False)
        if getattr(request, "param", "moto") == "dynalite":
            url = request.getfixturevalue("dynalite_url")
            yield boto3.resource("dynamodb", region_name=REGION, endpoint_url=url)
            return
        with mock_aws():
            yield boto3.resource("dynamodb", region_name=REGION)


def _status(table: "Table") -> str:
    """Return a table's status, empty if there is none."""
    try:
        table.load()
    except table.meta.client.exceptions.ResourceNotFoundException:
        return ""
    return table.table_status


def _wait_until(done: Callable[[], bool]) -> None:
    """Look every 10 ms; boto3's own waiters look every 20 s."""
    until_s = time.monotonic() + 10
    while not done():
        assert time.monotonic() < until_s, "the table did not get there within 10 s"
        time.sleep(0.01)


@pytest.fixture
def table(dynamodb: "DynamoDBServiceResource") -> Iterator["Table"]:
    """Return the template's table, empty."""
    table = dynamodb.create_table(TableName="state", **table_definition())
    _wait_until(lambda: _status(table) == "ACTIVE")
    yield table
    table.delete()
    _wait_until(lambda: not _status(table))


@pytest.fixture
def store(table: "Table") -> Store:
    """Return the state over the empty table."""
    return Store(table)


@pytest.fixture
def world(store: Store, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return two venues at ten seconds past noon, and an empty state, read in few queries: the double has no pages."""
    monkeypatch.setattr("quantscout.store.READ_SPAN_H", 240)
    return World(store)


@pytest.fixture
def lived(world: World) -> World:
    """Return the world a day after noon's run, its bars in the state."""
    screen_noon(world)
    live_through(world)
    return world
