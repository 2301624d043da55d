"""The simulator as a process: ready line, clean stop, errors for a person."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import orjson
import pytest

pytestmark = pytest.mark.e2e

COMMAND = [sys.executable, "-W", "error", "-m", "quantscout_local.simulator"]


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, object]]]:
    """Start the simulator, wait for its ready line, and see that it ends."""
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        yield process, orjson.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def test_ready_line_names_a_server_that_stops_on_the_signal() -> None:
    """The ready line's address answers, and SIGTERM ends the process with 0."""
    with started() as (process, ready):
        assert httpx.get(f"{ready['url']}/binance/fapi/v1/time", trust_env=False).status_code == 200
        assert isinstance(ready["clock_offset_s"], float)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_end_of_standard_input_stops_it() -> None:
    """With --exit-with-stdin it ends when its parent does."""
    with started("--exit-with-stdin") as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0
        process.stdin = None


def test_it_ends_when_its_parent_dies_while_it_starts() -> None:
    """Nobody is left to read the ready line or to write: it is gone all the same, and not an orphan for ever."""
    process = subprocess.Popen(
        [*COMMAND, "--exit-with-stdin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        for end in (process.stdin, process.stdout, process.stderr):
            assert end is not None
            end.close()
        process.wait(60)
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["--market", "nowhere", "--at", "2026-03-01T12:00Z"], "binance_um_1h.parquet is not there"),
        (["--market", "nowhere"], "add --at"),
        (["--at", "2020-01-01T00:00Z"], "does not cover the hour"),
        (["--real-only"], "add --market"),
        (["--faults", "nowhere.json"], "the plan of faults nowhere.json cannot be read"),
        (["--latency-ms", "-1"], "--latency-ms -1.0 is not a latency"),
        (["--contracts", "100"], "--contracts 100 is not a market"),
        (
            ["--contracts", "5000", "--market", "nowhere", "--at", "2026-03-01T12:00Z"],
            "--contracts is for the embedded market",
        ),
        (["--after-s", "4000"], "--after-s 4000.0 does not lie within the hour"),
    ],
)
def test_unusable_input_is_one_line_and_exit_code_two(tmp_path: Path, arguments: list[str], cause: str) -> None:
    """What cannot be used is named in one line on standard error."""
    ended = subprocess.run([*COMMAND, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert cause in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_signal_ends_it_cleanly_while_it_watches_standard_input() -> None:
    """With --exit-with-stdin, SIGTERM alone ends it with 0 and nothing on standard error."""
    with started("--exit-with-stdin") as (process, _):
        assert process.stderr is not None
        process.send_signal(signal.SIGTERM)
        assert (process.wait(10), process.stderr.read()) == (0, b"")


def test_conditions_are_options() -> None:
    """Limits, latency and the start of the clock are set by the command line, and told by the facts."""
    with started("--limits", "--latency-ms", "20", "--after-s", "5") as (_, ready):
        facts = httpx.get(f"{ready['url']}/simulator/facts", trust_env=False).json()
        answer = httpx.get(f"{ready['url']}/binance/fapi/v1/time", trust_env=False)
    assert facts["conditions"] == {"limits": True, "latency_ms": 20.0, "faults": 0}
    assert answer.json()["serverTime"] % 3_600_000 < 60_000
    assert answer.elapsed.total_seconds() > 0.002


def test_a_connection_is_cut_over_a_socket(tmp_path: Path) -> None:
    """By a plan of faults a real connection is reset, at once or after a time; the server goes on."""
    plan = tmp_path / "plan.json"
    rules = [{"kind": "reset", "endpoint": "/fapi/v1/time"}, {"kind": "timeout", "venue": "kucoin", "seconds": 0.2}]
    plan.write_bytes(orjson.dumps({"rules": rules}))
    with (
        started("--faults", str(plan)) as (_, ready),
        httpx.Client(base_url=str(ready["url"]), trust_env=False) as client,
    ):
        for path in ("/binance/fapi/v1/time", "/kucoin/api/v1/timestamp"):
            with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
                client.get(path)
        assert client.get("/binance/fapi/v1/openInterest", params={"symbol": "BTCUSDT"}).status_code == 200
        assert client.get("/simulator/faults/log").json()["total"] == 2
