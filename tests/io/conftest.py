"""What the tests around the core share: a table made from the template, a small market, and a run over both.

This folder's name is also that of a module of the standard library, so its helpers are found by their own names.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

sys.path.insert(0, str(Path(__file__).parent))

from world import World, table_definition

from quantscout.store import Store
from quantscout_local.resources import REGION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table


@pytest.fixture(scope="module")
def dynamodb() -> Iterator["DynamoDBServiceResource"]:
    """Return DynamoDB in memory, for the tests of a module: a client takes longer to make than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
            patch.delenv(name, raising=False)
        with mock_aws():
            yield boto3.resource("dynamodb", region_name=REGION)


@pytest.fixture
def table(dynamodb: "DynamoDBServiceResource") -> Iterator["Table"]:
    """Return the template's table, empty."""
    table = dynamodb.create_table(TableName="state", **table_definition())
    yield table
    table.delete()


@pytest.fixture
def store(table: "Table") -> Store:
    """Return the state over the empty table."""
    return Store(table)


@pytest.fixture
def world(store: Store, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return two venues at ten seconds past noon, and an empty state, read in few queries: the double has no pages."""
    monkeypatch.setattr("quantscout.store.READ_SPAN_H", 240)
    return World(store)
