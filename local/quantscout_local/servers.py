"""The child processes of the local stack: started on loopback, waited for, and never left behind.

A child says that it is ready with one JSON line on its standard output, `{"url": ..., ...}`, takes a port that the
system chose (two stacks never meet), and exits when its standard input ends: it dies with its parent, even if the
parent is killed. Run as a module, this file is such a child: moto's AWS services.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from quantscout.errors import InputError, QuantScoutError

READY_TIMEOUT_S = 60.0  # a market archive of two million bars is read before the simulator is ready
STOP_TIMEOUT_S = 5.0
POLL_S = 0.01
BAD_INPUT = 2  # exit status of a child that was asked for something impossible; its last line says what
SHOWN_LINES = 15
SOURCES = (Path(__file__).parents[1], Path(__file__).parents[2] / "shared")

AWS = ("quantscout_local.servers",)


class Server:
    """One child process, `python -m <module and arguments>`; its output goes to files in `folder`."""

    def __init__(self, name: str, module: Sequence[str], folder: Path) -> None:
        """Start the child; it is not ready yet."""
        self.name = name
        self._out, self._log = folder / f"{name}.out", folder / f"{name}.log"
        with self._out.open("wb") as out, self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *module], stdin=subprocess.PIPE, stdout=out, stderr=log, env=_environment()
            )

    @property
    def pid(self) -> int:
        """Return the child's process id."""
        return self._process.pid

    def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> dict[str, Any]:
        """Return what the child announced, at least `url`.

        Raises InputError with the child's own sentence if it refused its arguments, QuantScoutError with the end of its
        log if it died or said nothing in time.
        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            status = self._process.poll()
            if (line := self._announcement()) and status is None:
                return _parse(self.name, line)
            if status is not None:
                raise self._failure(status)
            time.sleep(POLL_S)
        raise QuantScoutError(f"{self.name} was not ready after {timeout_s:g} s; its log ends:\n{self.tail()}")

    def _announcement(self) -> str | None:
        """Return the first line of the output once it is whole."""
        line, newline, _ = self._out.read_text("utf-8", errors="replace").partition("\n")
        return line if newline else None

    def _failure(self, status: int) -> QuantScoutError:
        if status == BAD_INPUT:
            sentence = self.tail(1).removeprefix("error: ")
            return InputError(sentence or f"{self.name} refused its arguments and did not say why")
        return QuantScoutError(f"{self.name} ended with status {status}; its log ends:\n{self.tail()}")

    def tail(self, lines: int = SHOWN_LINES) -> str:
        """Return the last lines of the child's log."""
        return "\n".join(self._log.read_text("utf-8", errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        """End the child: politely by closing its input, then by signals to its own process id."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        for insist in (self._process.terminate, self._process.kill):
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                insist()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.stop()


def _environment() -> dict[str, str]:
    """Return this process's environment, able to import what this process can, without anybody's AWS account."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    path = [*map(str, SOURCES), *filter(None, [kept.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(path), "PYTHONUNBUFFERED": "1"}


def _parse(name: str, line: str) -> dict[str, Any]:
    try:
        announced: dict[str, Any] = json.loads(line)
        announced["url"] = str(announced["url"]).rstrip("/")
    except (ValueError, KeyError, TypeError) as error:
        raise QuantScoutError(f"{name} announced {line!r} instead of a JSON object with its url") from error
    return announced


def serve_aws() -> None:
    """Serve moto on loopback until the standard input ends; print `{"url": ...}` when ready."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 (only the child pays for it)

    server: Any = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(json.dumps({"url": f"http://{host}:{port}"}), flush=True)
    sys.stdin.buffer.read()


if __name__ == "__main__":
    serve_aws()
