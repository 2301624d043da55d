"""One execution environment: the emulator, the function's process below it, and the figures that they leave."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from quantscout.errors import QuantScoutError
from quantscout_local.resources import Function
from runtime.figures import Figures, read_figures
from runtime.layout import Layout, function_environment

INVOCATIONS = "2015-03-31/functions/function/invocations"
START_TIMEOUT_S, STOP_TIMEOUT_S, POLL_S = 20.0, 10.0, 0.05
SHOWN_LINES = 15
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Emulator:
    """A context manager; the first invocation is a cold start, each further one finds the process warm."""

    def __init__(self, layout: Layout, function: Function, variables: dict[str, str], log: Path) -> None:
        """Say what to start; nothing is started yet."""
        self._layout, self._function, self._log = layout, function, log
        self._environment = function_environment(layout, function, variables)
        self._port, self._api_port = free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        addresses = [
            *("--runtime-interface-emulator-address", f"127.0.0.1:{self._port}"),
            *("--runtime-api-address", f"127.0.0.1:{self._api_port}"),
        ]
        runtime = [str(self._layout.python), "-m", "awslambdaric", self._function.handler]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(self._layout.emulator), *addresses, *runtime],
                cwd=self._layout.parts.functions[self._function.name].folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self._wait_ready()
        except QuantScoutError:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.stop()

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self._process and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(POLL_S)
        raise self._failure("the emulator did not come up")

    def invoke(self, event: dict[str, Any]) -> Any:
        """Return the function's answer (QuantScoutError with its own words if it failed, with the log if it died)."""
        url = f"http://127.0.0.1:{self._port}/{INVOCATIONS}"
        request = urllib.request.Request(url, json.dumps(event).encode(), method="POST")
        try:
            with DIRECT.open(request, timeout=self._function.timeout_s + START_TIMEOUT_S) as response:
                answer = json.loads(response.read())
        except (OSError, ValueError) as error:  # urllib's errors are OSErrors; "Task timed out" is no JSON
            raise self._failure(f"no answer ({error})") from error
        if isinstance(answer, dict) and "errorType" in answer:
            raise self._failure(f"{answer['errorType']}: {answer.get('errorMessage')}")
        return answer

    def peak_mb(self) -> float:
        """Return the most memory that the function's process had resident until now, in MB as Lambda counts them."""
        status = Path(f"/proc/{self._runtime_pid()}/status").read_text("ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def _runtime_pid(self) -> int:
        """Return the process id of the function's process, the only child of the emulator."""
        assert self._process
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text("utf-8", errors="replace").rpartition(")")[2].split()[1])
            except OSError:  # it has just ended
                continue
            if parent == self._process.pid:
                return int(stat.parent.name)
        raise self._failure("the function's process is gone")

    def stop(self) -> None:
        """End the emulator, which ends its child, by signals to its own process id."""
        assert self._process
        for insist in (self._process.terminate, self._process.kill):
            insist()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_TIMEOUT_S)

    def figures(self) -> Figures:
        """Return what the emulator reported until now."""
        return read_figures(self._log.read_text("utf-8", errors="replace"))

    def _failure(self, what: str) -> QuantScoutError:
        tail = "\n".join(self._log.read_text("utf-8", errors="replace").splitlines()[-SHOWN_LINES:])
        return QuantScoutError(f"{self._function.name}: {what}; {self._log} ends:\n{tail}")


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
