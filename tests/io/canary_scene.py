"""The scene of the canary: AWS, the simulator, hostile sources before it, functions in processes of their own."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

from canary import Places, bucket_places, folder_places, queue_places, table_places
from hostile import Hostile

from quantscout.clock import to_ms
from quantscout.store import Store
from quantscout_local.hour import EMBEDDED_HOUR, write_files
from quantscout_local.resources import session
from quantscout_local.stack import ROOT, SOURCE_PATHS, UNLIMITED_SHARE, LocalStack

KEYS = {
    "coinalyze_api_key": "canary-Cz+9/x=Q&7\"k%41~one'z",
    "coingecko_api_key": "CG-canary/2<w>+b\\u0041=8fQz9Lk",
}
EVENT = {"scheduled_at": "2026-11-01T12:00:00Z"}
AGAIN = {"at": "2026-11-01T12:00:00Z", "force": True}
SETTINGS = '{"alert_on_no_signal": true, "history_h": 120, "late_until_s": 0}'
VENUE_FAULTS: list[dict[str, Any]] = [
    *(
        {"kind": kind, "venue": "binance", "share": 0.01}
        for kind in ("server_error", "truncated", "html", "wrong_types")
    ),
    {"kind": "timeout", "venue": "binance", "share": 0.003, "seconds": 1},
    {"kind": "rate_limited", "venue": "kucoin", "share": 0.01, "seconds": 0.1},
    {"kind": "reset", "share": 0.01},
]
PROCESS = Path(__file__).with_name("canary_process.py")


class Ended(NamedTuple):
    """How a process ended, and its last word: the answer, or what Lambda would tell of the exception."""

    status: int
    said: dict[str, Any]


class Scene:
    """The stack, the simulator behind the hostile sources, and all that the processes printed."""

    def __init__(self, stack: LocalStack, hostile: Hostile, announced: dict[str, Any], folder: Path) -> None:
        """Take what stands."""
        self.stack, self.hostile, self.folder = stack, hostile, folder
        self._simulator, self._offset_s = announced["url"], float(announced["clock_offset_s"])
        sqs = session().client("sqs", endpoint_url=stack.aws_url)
        self.failures = sqs.create_queue(QueueName="failures")["QueueUrl"]
        self._sqs = sqs

    def variables(self, verb: str, **more: str) -> dict[str, str]:
        """Return the function's variables: the keyed sources are the hostile ones."""
        where = {name: self._simulator + path for name, path in SOURCE_PATHS.items()}
        where |= {name: self.hostile.url + SOURCE_PATHS[name] for name in ("COINALYZE_URL", "COINGECKO_URL")}
        own = {"CLOCK_OFFSET_S": repr(self._offset_s), "BUDGET_SHARE": UNLIMITED_SHARE}
        own |= {"POWERTOOLS_LOG_LEVEL": "DEBUG", "POWERTOOLS_METRICS_NAMESPACE": "QuantScout"}
        return {**os.environ, **self.stack.environment(verb), **where, **own, **more}

    def arm(self, rules: list[dict[str, Any]]) -> None:
        """Put these faults of the venues into force."""
        body = json.dumps({"seed": "canary", "rules": rules}).encode()
        urllib.request.urlopen(urllib.request.Request(self._simulator + "/simulator/faults", body), timeout=10).close()

    def invoke(self, name: str, verb: str, event: dict[str, Any], *planted: str, **more: str) -> Ended:
        """Invoke a function in a process of its own; what it prints becomes files, its exception a queue's message."""
        function = self.stack.resources.functions[verb]
        command = [sys.executable, str(PROCESS), str(ROOT / function.folder), json.dumps(event), "300", *planted]
        done = self._run(name, command, self.variables(verb, **more))
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        if done.returncode:
            context = {"requestId": "r", "functionArn": function.name, "condition": "RetriesExhausted"}
            record = {"requestContext": context, "requestPayload": event, "responsePayload": said}
            self.tell_failure(json.dumps(record))
        return Ended(done.returncode, said)

    def doctor(self, name: str, *arguments: str) -> str:
        """Run the doctor against the hostile sources with the keys in the environment."""
        keys = {field.upper(): key for field, key in KEYS.items()}
        main = "from quantscout_local.cli import main; main()"
        done = self._run(name, [sys.executable, "-c", main, "doctor", *arguments], self.variables("screen", **keys))
        return done.stdout

    def _run(self, name: str, command: list[str], variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
        path = os.pathsep.join(str(ROOT / part) for part in (".", "shared", "local"))
        there = {**variables, "PYTHONPATH": path, "NO_COLOR": "1", "COLUMNS": "300"}
        done = subprocess.run(command, env=there, capture_output=True, text=True, check=False, timeout=400)
        (self.folder / f"{name}.stdout").write_text(done.stdout)
        (self.folder / f"{name}.stderr").write_text(done.stderr)
        return done

    def tell_failure(self, body: str) -> None:
        """Put a message into the failure queue."""
        self._sqs.send_message(QueueUrl=self.failures, MessageBody=body)

    def write_out(self) -> None:
        """Write what `quantscout run` leaves in its folder."""
        store = Store(self.stack.table)
        report, universe = (load(to_ms(EMBEDDED_HOUR)) for load in (store.load_report, store.load_universe))
        assert report is not None
        assert universe is not None
        write_files(self.folder / "out", report, universe, self.stack.log)  # type: ignore[arg-type]

    def places(self) -> Places:
        """Return everything that the runs left; the queues are empty then."""
        url, bucket = self.stack.aws_url, self.stack.environment("screen")["TAPE_BUCKET"]
        queues = queue_places(url, *self.stack.resources.queues.values(), self.failures)
        return dict([
            *folder_places(self.folder), *table_places(self.stack.table), *bucket_places(url, bucket), *queues,
        ])  # fmt: skip
