"""An hour of the last 30 days, explained from the table of a stack."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from fake_market import NOON_MS
from moto import mock_aws
from world import Computed, table_definition

from cli.asked import Command
from quantscout.store import Store
from quantscout_local.resources import REGION


@pytest.fixture
def stored(computed: Computed, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Return a table in which the hour is stored, in memory."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        resource = boto3.resource("dynamodb", region_name=REGION)
        store = Store(resource.create_table(TableName="state", **table_definition()))
        store.save_report(computed.report, NOON_MS)
        store.save_universe(computed.universe, NOON_MS)
        yield store


STORED = ("--table", "state", "--at", "2026-03-01T12:00Z")


def test_an_hour_of_a_table_is_explained_like_a_folder(
    quantscout: Command, run_folder: Path, stored: Store, computed: Computed
) -> None:
    """The same words for the same hour."""
    symbol = computed.report.ranked_gems[0].symbol
    assert quantscout("explain", symbol, *STORED) == quantscout("explain", symbol)


def test_an_hour_that_is_not_stored_is_said_to_be_so(quantscout: Command, stored: Store) -> None:
    """Which hour, which table, how long hours are kept, and what to do."""
    said = quantscout("explain", "PEP", "--table", "state", "--at", "2026-03-01T13:00Z")
    assert (said.status, said.out) == (2, "")
    assert "the table 'state' holds no report of 2026-03-01T13:00:00Z: an hour that was run is kept" in said.err


def test_an_hour_whose_fates_have_gone_is_said_to_be_so(quantscout: Command, stored: Store, computed: Computed) -> None:
    """A report outlives its universe; the difference is told."""
    stored.save_report(computed.report, NOON_MS + 3_600_000)
    said = quantscout("explain", "PEP", "--table", "state", "--at", "2026-03-01T13:00Z")
    assert "the report, but no longer every contract's fate" in said.err


def test_an_hour_of_another_version_is_refused(quantscout: Command, stored: Store, computed: Computed) -> None:
    """What its universe lacks is named."""
    stored.save_universe(computed.universe.drop("depth_usdt"), NOON_MS)
    said = quantscout("explain", "PEP", *STORED)
    assert said.status == 2
    assert "was stored by another version: it lacks depth_usdt" in said.err


def test_a_table_that_is_not_there_is_one_line(quantscout: Command, stored: Store) -> None:
    """The name and the next step; it is no fault of the input's form, so the status is 1."""
    said = quantscout("explain", "PEP", "--table", "other", "--at", "2026-03-01T12:00Z")
    assert (said.status, said.err.count("\n")) == (1, 1)
    assert "table 'other'" in said.err


def test_a_table_without_a_region_is_one_line(quantscout: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a region nothing can be asked: status 2, and the variable to set is named."""
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "nowhere")
    said = quantscout("explain", "PEP", *STORED)
    assert (said.status, said.err.count("\n")) == (2, 1)
    assert "no AWS region is set; next step: set AWS_DEFAULT_REGION" in said.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--at", "2026-03-01T12:00Z"], "--at HOUR and --table NAME belong together"),
        (["--table", "state"], "--at HOUR and --table NAME belong together"),
        ([*STORED, "--out", "out"], "--out and --table exclude each other"),
        (["--table", "state", "--at", "noon"], "'noon' is not a time"),
    ],
)
def test_where_the_hour_is_must_be_clear(quantscout: Command, arguments: list[str], said: str) -> None:
    """Options that do not fit together are refused before anything is read."""
    answer = quantscout("explain", "PEP", *arguments)
    assert (answer.status, answer.out) == (2, "")
    assert said in answer.err
