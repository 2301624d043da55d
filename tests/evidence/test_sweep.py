"""Trials on Ray equal trials one after the other: on this machine's cores, and on a cluster by its address."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from evidence.made_rescore import Plan, make_hours_to_rescore, save_replay
from quantscout.errors import InputError
from quantscout.settings import Settings
from quantscout_local.evidence.rescore import Sheet, build_sheet
from quantscout_local.evidence.sweep import (
    REFUSED,
    Workers,
    build_work,
    check_objective,
    rate_settings,
)
from quantscout_local.evidence.sweep_workers import open_workers
from quantscout_local.sensitivity_changes import scale_weights

BOUND_S = 240
RAY = Path(sys.executable).with_name("ray")


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    """Return a few hours."""
    made = make_hours_to_rescore(51, Plan(hours=30))
    return build_sheet(made.judged, made.hours).sheet


@pytest.mark.parametrize("objective", ["lift", "precision", "net", "sharpe"])
def test_every_objective_rates_a_trial(sheet: Sheet, objective: str) -> None:
    """The value is a number, the returns are one per hour, and serial workers keep the order."""
    work = build_work(sheet, Settings(), check_objective(objective))
    batch = [Settings(), scale_weights(Settings(), {"mom15m": 3.0})]
    with open_workers(work, Workers(1)) as rate:
        found = rate(batch)
    assert [each.value for each in found] == [rate_settings(work, settings).value for settings in batch]
    assert np.isfinite(found[0].value)
    assert found[0].returns.size == 30


def test_weights_that_rank_only_the_easy_hours_are_refused() -> None:
    """With too few picks a trial has no value, however good they are."""
    made = make_hours_to_rescore(53, Plan(hours=30, missing=0.9))
    sheet = build_sheet(made.judged, made.hours).sheet
    work = build_work(sheet, Settings(), "precision")
    assert rate_settings(work, Settings(min_coverage=1.0)).value == REFUSED


def test_settings_without_any_pick_are_refused(sheet: Sheet) -> None:
    """A baseline without picks cannot be compared with."""
    with pytest.raises(InputError, match="no pick of the fitting hours"):
        build_work(sheet._replace(complete=sheet.complete & False), Settings(), "net")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a replay that is long enough to be tuned on."""
    plan = Plan(hours=610, coins=15, driver="breakout", absent=("social",))
    return save_replay(tmp_path_factory.mktemp("sweep") / "replay", make_hours_to_rescore(52, plan))


def _tune(folder: Path, out: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from quantscout_local import cli; cli.main()", "tune", "--replay", str(folder)]
    command += ["--trials", "16", "--samples", "200", "--out", str(out), *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")} | variables
    return subprocess.run(command, capture_output=True, text=True, timeout=BOUND_S, check=False, env=environment)


@pytest.fixture(scope="module")
def serial(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the result of the sweep without Ray."""
    out = tmp_path_factory.mktemp("serial")
    said = _tune(folder, out, "--jobs", "1")
    assert said.returncode == 0, said.stderr
    return (out / "result.json").read_text()


@pytest.mark.e2e
@pytest.mark.long
def test_two_local_workers_find_what_one_does(folder: Path, serial: str, tmp_path: Path) -> None:
    """The same command with two workers: the same file to the last byte, nothing left behind, no token at home."""
    home = tmp_path / "home"
    home.mkdir()
    said = _tune(folder, tmp_path / "out", "--jobs", "2", HOME=str(home))
    assert said.returncode == 0, said.stderr
    assert (tmp_path / "out" / "result.json").read_text() == serial
    assert not list(home.iterdir())


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
    return port


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the address of a cluster of one node that asks for a token, and the variables that have it."""
    folder, port = tmp_path_factory.mktemp("r"), _free_port()
    variables = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_USAGE_STATS_ENABLED": "0"}
    command = [str(RAY), "start", "--head", "--block", "--num-cpus=2", f"--port={port}", "--include-dashboard=false",
               "--disable-usage-stats", f"--temp-dir={folder}"]  # fmt: skip
    log = folder / "log"
    with (
        log.open("w") as file,
        subprocess.Popen(
            command, stdout=file, stderr=file, env=os.environ | variables, start_new_session=True
        ) as process,
    ):
        try:
            _await(log, "Ray runtime started", process)
            yield f"127.0.0.1:{port}", variables
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def _await(log: Path, text: str, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + BOUND_S / 2
    while text not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < ends, log.read_text()
        time.sleep(0.5)


@pytest.mark.e2e
@pytest.mark.long
def test_a_cluster_by_its_address_finds_the_same(
    folder: Path, serial: str, cluster: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    """With its token the cluster gives the same file; without, it is said that one is asked for."""
    address, variables = cluster
    said = _tune(folder, tmp_path / "out", "--address", address, **variables)
    assert said.returncode == 0, said.stderr
    assert (tmp_path / "out" / "result.json").read_text() == serial
    said = _tune(folder, tmp_path / "other", "--address", address, HOME=str(tmp_path))
    assert said.returncode == 2
    assert f"no cluster can be joined at {address}" in said.stderr
    assert "it wants a token: set RAY_AUTH_MODE=token" in said.stderr


def test_ray_leaves_our_log_records_as_they_are() -> None:
    """Its import has every record of a process carry a field of its own: that is taken back."""
    script = (
        "import logging, sys\nfrom quantscout.errors import InputError\n"
        "from quantscout_local.evidence.sweep import Workers\n"
        "from quantscout_local.evidence.sweep_workers import open_workers\n"
        "try:\n  open_workers(None, Workers(2, '127.0.0.1:1')).__enter__()\nexcept InputError: pass\n"
        "print('ray' in sys.modules, [n for n in vars(logging.makeLogRecord({})) if 'ray' in n])"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=BOUND_S, check=True)
    assert said.stdout.split() == ["True", "[]"]


@pytest.mark.e2e
@pytest.mark.long
@pytest.mark.parametrize("listens", [False, True], ids=["nobody", "somebody_else"])
def test_an_address_of_no_cluster_is_refused_in_bounded_time(folder: Path, tmp_path: Path, *, listens: bool) -> None:
    """Where nobody answers, or not a cluster, it is said within two minutes, with what to do."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        if listens:
            other.listen()
        began = time.monotonic()
        said = _tune(folder, tmp_path / "out", "--address", f"127.0.0.1:{other.getsockname()[1]}")
    assert time.monotonic() - began < (150 if listens else 60)
    assert said.returncode == 2
    assert ("no answer within 90 s" if listens else "nothing listens there") in said.stderr
    assert "leave --address out" in said.stderr
