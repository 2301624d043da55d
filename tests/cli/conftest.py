"""What the tests of the command line share: a call of it in this process, and a folder with a run in it.

The run is that of the small market in tests/io, whose helpers are found by their own names.
"""

import sys
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

sys.path.insert(0, str(Path(__file__).parents[1] / "io"))

from world import Computed, World, table_definition

from cli.asked import Command, Said
from quantscout.store import Store
from quantscout_local import cli
from quantscout_local.resources import REGION

WIDTH = "220"


@pytest.fixture
def quantscout(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Return the command line, called as a person would, from an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", WIDTH)

    def call(*arguments: str, called: str = "quantscout") -> Said:
        monkeypatch.setattr(sys, "argv", [called, *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    return call


@pytest.fixture(scope="session")
def computed() -> Computed:
    """Return an hour of the small market."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        table = boto3.resource("dynamodb", region_name=REGION).create_table(TableName="state", **table_definition())
        return World(Store(table)).screen()


@pytest.fixture
def run_folder(computed: Computed, tmp_path: Path) -> Path:
    """Return a folder as `quantscout run` leaves it."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "report.json").write_text(computed.report.to_json(), "utf-8")
    computed.universe.write_parquet(folder / "universe.parquet")
    return folder
