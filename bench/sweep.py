"""make bench-sweep: one full-scale hour against the simulator with the venues' limits and 80 ms of latency.

Prints the time from the handler's start to the published report, its ratio to the lower bound that the simulator
computes from the limits and the latencies of those very requests, the weight used, and the peak memory of the function.
"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from quantscout_local.hour import EMBEDDED_HOUR
from quantscout_local.servers import Server
from quantscout_local.stack import ROOT, LocalStack
from quantscout_local.terminal import open_console

LATENCY_MS, CONCURRENCY, BAR, GOAL, MEMORY_MB = 80, 100, 1.3, 1.15, 512
SIMULATOR = "quantscout_local.simulator"


def iso(hour: datetime) -> str:
    """Return an hour as events and options write it."""
    return hour.strftime("%Y-%m-%dT%H:%M:%SZ")


def get_json(url: str) -> dict[str, Any]:
    """Return what the simulator says of itself."""
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - loopback, our own server
        said: dict[str, Any] = json.load(answer)
    return said


def start_strict(folder: Path, hour: datetime, latency_ms: int = LATENCY_MS) -> Server:
    """Return a simulator with limits and latency whose clock stands just after the hour."""
    command = [SIMULATOR, "--at", iso(hour), "--limits", "--latency-ms", str(latency_ms), "--after-s", "5.5"]
    return Server("strict", [*command, "--exit-with-stdin"], folder)


def invoke_strict(stack: LocalStack, hour: datetime, said: dict[str, Any]) -> dict[str, Any]:
    """Return answer and figures of the screen function in a process of its own, with the product's own budgets."""
    there = stack.environment("screen")
    moved = {name: value.replace(stack.venues_url, said["url"]) for name, value in there.items()}
    del moved["BUDGET_SHARE"]
    moved |= {"CLOCK_OFFSET_S": repr(said["clock_offset_s"]), "TAPE_BUCKET": ""}
    path = os.pathsep.join(str(ROOT / name) for name in (".", "shared", "local"))
    command = [sys.executable, "-m", "bench.invoke", str(ROOT / "functions/screen"), json.dumps({"at": iso(hour)})]
    environment = {**os.environ, **moved, "PYTHONPATH": path}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        sys.exit(done.stderr[-2_000:])
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def measure() -> dict[str, Any]:
    """Return the figures of one hour after an hour that filled the state, as production runs."""
    before = EMBEDDED_HOUR - timedelta(hours=1)
    with LocalStack(before) as stack, tempfile.TemporaryDirectory() as folder:
        stack.invoke("backfill", {"at": iso(before)})
        stack.invoke("screen", {"at": iso(before)})
        strict = start_strict(Path(folder), EMBEDDED_HOUR)
        with strict:
            said = strict.wait_ready()
            done = invoke_strict(stack, EMBEDDED_HOUR, said)
            bound = get_json(f"{said['url']}/simulator/bound?concurrency={CONCURRENCY}")
            usage = get_json(f"{said['url']}/simulator/usage")
    return {**done, "bound": bound, "usage": usage}


def main() -> None:
    """Print the figures; exit 1 where a bar is missed."""
    console = open_console()
    found = measure()
    figures, bound = found["figures"], found["bound"]
    ratio = figures["handler_s"] / bound["bound_s"]
    console.print(f"status {found['answer']['status']}, picks {', '.join(found['answer']['picks'])}")
    console.print(f"import of the handler {figures['import_s']:.2f} s, then to the report {figures['handler_s']:.2f} s")
    for venue, part in bound["venues"].items():
        parts = ", ".join(
            f"{name.removesuffix('_s')} {part[name]:.2f}" for name in ("limits_s", "latency_s", "chain_s")
        )
        console.print(f"  {venue}: {part['requests']} requests, bound {part['bound_s']:.2f} s ({parts})")
    console.print(f"lower bound {bound['bound_s']:.2f} s; ratio {ratio:.2f} (goal {GOAL}, bar {BAR})")
    for venue, used in found["usage"]["venues"].items():
        console.print(f"  {venue}: {_weights(used)}; 429 {used['refused_429']}, 418 {used['refused_418']}")
    console.print(f"peak memory of the function {figures['peak_mb']:.0f} MB (bar {MEMORY_MB})")
    if (
        ratio > BAR
        or figures["peak_mb"] > MEMORY_MB
        or any(v["refused_429"] for v in found["usage"]["venues"].values())
    ):
        sys.exit("a bar is missed")


def _weights(used: dict[str, Any]) -> str:
    """Return the weight per window of every pool of a venue."""
    pools = used["pools"].items()
    return ", ".join(f"{name} {'+'.join(str(w['weight']) for w in p['windows'])} of {p['limit']}" for name, p in pools)


if __name__ == "__main__":
    main()
