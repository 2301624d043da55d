"""The deliveries' processes: fresh for each delivery, started ahead of time because imports take longer than a run."""

import json
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[1]


class Process:
    """One child that delivers; it ends with its input, whoever closes that."""

    def __init__(self, log: Path) -> None:
        """Start it; it imports everything and waits for orders."""
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "crash.child"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True,
            )  # fmt: skip
        self._log, self._is_ready = log, False

    def order(self, order: dict[str, Any]) -> None:
        """Send an order, and return when the handler is about to be called."""
        self._is_ready = self._is_ready or self.wait("ready")
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        self.wait("begun")

    def wait(self, key: str) -> Any:
        """Return what the child says under this key, None if it ended before."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        return json.loads(line)[key] if line else None

    def result(self) -> dict[str, Any] | None:
        """Return the answer with its time, None if the child was killed before it could give one."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        if line:
            found: dict[str, Any] = json.loads(line)
            return found
        if (status := self._process.wait()) >= 0:
            raise RuntimeError(f"a delivery ended with status {status}:\n{self._log.read_text('utf-8')[-3000:]}")
        return None

    def kill(self) -> None:
        """Kill it, wherever it is (SIGKILL, by its own id)."""
        self._process.kill()
        self._process.wait()

    def kill_after(self, seconds: float) -> None:
        """Kill it so long from now."""
        time.sleep(seconds)
        self.kill()

    def stop(self) -> None:
        """End it and close its pipes."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.stop()


class Nursery:
    """A few processes that are ready ahead of time; those that are left are ended when the context is."""

    def __init__(self, log: Path, ahead: int = 2) -> None:
        """Start the first ones."""
        self._log, self._waiting = log, deque(Process(log) for _ in range(ahead))

    def take(self) -> Process:
        """Return a fresh process, the caller's to end, and start another one for later."""
        self._waiting.append(Process(self._log))
        return self._waiting.popleft()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for process in self._waiting:
            process.stop()
