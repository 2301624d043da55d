"""A second DynamoDB, written by others than moto: dynalite in a process of its own, on loopback, in memory."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BOTH = ("moto", "dynalite")
"""What a module says as its `DATABASES` (conftest.py)."""
TOOL = Path(__file__).parents[2] / "tools" / "dynalite"
PROGRAM = TOOL / "node_modules" / "dynalite" / "cli.js"
START_S = 20.0


def why_absent() -> str:
    """Return why dynalite cannot be started here, empty if it can."""
    if shutil.which("node") is None:
        return "there is no node on PATH: dynalite, the second DynamoDB, cannot run"
    return "" if PROGRAM.is_file() else "dynalite is not installed: run `make dynalite`"


@contextmanager
def running() -> Iterator[str]:
    """Start dynalite and return its address; it ends with the context."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    node = shutil.which("node") or "node"
    waits = ["--createTableMs", "0", "--deleteTableMs", "0", "--updateTableMs", "0"]
    command = [node, str(PROGRAM), "--port", str(port), *waits]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    until_s = time.monotonic() + START_S
    while time.monotonic() < until_s and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"dynalite did not listen on port {port} within {START_S:.0f} s")
