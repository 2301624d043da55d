"""Two stacks on one simulator: on one the hours run undisturbed, on the other they are killed and delivered again."""

import json
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from crash.plan import Kill
from crash.processes import ROOT, Nursery, Process
from quantscout.clock import iso
from quantscout.store import Store
from quantscout_local import stack as stack_module
from quantscout_local.servers import Server
from quantscout_local.stack import SOURCE_PATHS, STAND_IN_KEYS, UNLIMITED_SHARE, LocalStack

LEASE_S = 1.5
SETTINGS = json.dumps({"history_h": 120, "alert_on_no_signal": True, "late_until_s": 0})
"""A month is more than is needed here, and every hour is to send a message that can be counted."""


class Side(NamedTuple):
    """One stack: where the state is, and the variables of its screen function."""

    stack: LocalStack
    store: Store
    variables: dict[str, str]


class World:
    """The servers, the two sides, and the processes that deliver."""

    def __init__(
        self, stacks: tuple[LocalStack, LocalStack], simulator: dict[str, Any], nursery: Nursery, calm: Process
    ) -> None:
        """Take what is running; `calm` is the process of the undisturbed runs."""
        self.url, self.nursery, self._calm = simulator["url"], nursery, calm
        self.plain, self.struck = (_side(stack, self.url) for stack in stacks)
        self._offset_s = float(simulator["clock_offset_s"])

    def move(self, hour_ms: int) -> None:
        """Go to an hour, 95 s past it, and begin the simulator's ledger anew."""
        self._offset_s = float(self._post(f"hour?at={iso(hour_ms)}")["clock_offset_s"])
        self.forget_usage()

    def forget_usage(self) -> None:
        """Begin the simulator's ledger anew."""
        self._post("usage/reset")

    def asked(self) -> dict[str, int]:
        """Return the requests per endpoint since then."""
        with urllib.request.urlopen(f"{self.url}/simulator/usage", timeout=60) as answer:  # noqa: S310 - loopback
            venues = json.load(answer)["venues"]
        return {path: count for venue in venues.values() for path, count in venue["endpoints"].items()}

    def _post(self, path: str) -> Any:
        request = urllib.request.Request(f"{self.url}/simulator/{path}", method="POST")  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.load(answer)

    def run_undisturbed(self, hour_ms: int) -> dict[str, Any]:
        """Deliver the hour on the plain side and return the answer with its time."""
        self._calm.order(self._order(self.plain, hour_ms, None))
        done = self._calm.result()
        assert done is not None
        return done

    def deliver(self, hour_ms: int, kill: Kill | None = None, usual_s: float = 0.0) -> dict[str, Any] | None:
        """Deliver the hour on the struck side by a fresh process; None if it was killed."""
        with self.nursery.take() as process:
            process.order(self._order(self.struck, hour_ms, kill))
            if kill and kill.share is not None:
                process.kill_after(kill.share * usual_s)
            return process.result()

    def deliver_at_once(self, hour_ms: int, crowd: int) -> list[dict[str, Any] | None]:
        """Deliver the hour on the struck side by so many fresh processes that begin together."""
        with ExitStack() as started:
            processes = [started.enter_context(self.nursery.take()) for _ in range(crowd)]
            for process in processes:
                process.order(self._order(self.struck, hour_ms, None))
            return [process.result() for process in processes]

    def _order(self, side: Side, hour_ms: int, kill: Kill | None) -> dict[str, Any]:
        where = {"when": kill.when, "what": kill.what} if kill else {}
        return where | {
            "variables": side.variables | {"CLOCK_OFFSET_S": repr(self._offset_s)},
            "event": {"scheduled_at": iso(hour_ms)},
            "folder": str(ROOT / "functions" / "screen"),
            "lease_s": LEASE_S,
        }


def _side(stack: LocalStack, url: str) -> Side:
    sources = {name: url + path for name, path in SOURCE_PATHS.items()}
    own = {"BUDGET_SHARE": UNLIMITED_SHARE, "TAPE_BUCKET": "", "POWERTOOLS_LOG_LEVEL": "CRITICAL"}
    return Side(stack, Store(stack.table), stack.environment("screen") | sources | own)


@contextmanager
def open_world(first_ms: int) -> Iterator[World]:
    """Start everything, and stop what was started."""
    setattr(stack_module, "AWS", ("crash.aws",))  # noqa: B010 - the name that a stack starts its doubles by
    stacks = (LocalStack(live=True, keys=STAND_IN_KEYS, settings_json=SETTINGS) for _ in range(2))
    command = ["crash.simulator", "--at", iso(first_ms), "--port", "0", "--exit-with-stdin"]
    with (
        tempfile.TemporaryDirectory(prefix="quantscout-crash-") as folder,
        Server("simulator", command, Path(folder)) as simulator,
        next(stacks) as plain,
        next(stacks) as struck,
        Process(Path(folder) / "undisturbed.log") as calm,
        Nursery(Path(folder) / "deliveries.log") as nursery,
    ):
        yield World((plain, struck), simulator.wait_ready(), nursery, calm)
