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


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["--market", "nowhere", "--at", "2026-03-01T12:00Z"], "binance_um_1h.parquet is not there"),
        (["--market", "nowhere"], "add --at"),
        (["--at", "2020-01-01T00:00Z"], "does not cover the hour"),
        (["--real-only"], "add --market"),
    ],
)
def test_unusable_input_is_one_line_and_exit_code_two(tmp_path: Path, arguments: list[str], cause: str) -> None:
    """What cannot be used is named in one line on standard error."""
    ended = subprocess.run([*COMMAND, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert cause in ended.stderr
    assert ended.stderr.count("\n") == 1
