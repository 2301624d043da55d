"""Measure what an hour of a market of so many contracts takes: the real handlers, moto's AWS, the simulated venues.

The venues keep their limits and answer after 80 ms, as in `make bench-sweep`; the history before the hour is filled
without limits. Every function runs in a process of its own, so that each is a cold start, as one an hour is on AWS.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench.sweep import LATENCY_MS, get_json, iso

from costing.evaluation import measure_evaluations
from quantscout.capacity import item_bytes
from quantscout.clock import hour_key, to_ms
from quantscout.folding import FOLDED
from quantscout.frames import DAY_MS, HOUR_MS
from quantscout.outcomes import HORIZON_H
from quantscout.picks import EVALUATED, JUDGED_ROWS
from quantscout.store import BAR_BLOCKS, Store, by_hour
from quantscout_local.hour import EMBEDDED_HOUR
from quantscout_local.servers import Server
from quantscout_local.stack import ROOT, SOURCE_PATHS, STAND_IN_KEYS, UNLIMITED_SHARE, LocalStack

Figures = dict[str, Any]
Tell = Callable[[str], None]
USUAL = 1_289
READY_S = 600.0
"""A market of 10,000 contracts is made before the simulator says that it is ready."""
ITEM_OVERHEAD_BYTES = 100
"""What DynamoDB bills for each stored item beside its own bytes."""
BEFORE = EMBEDDED_HOUR - timedelta(hours=1)
EVALUATED_HOUR = EMBEDDED_HOUR - timedelta(hours=HORIZON_H)
"""The hour that the measured evaluation judges."""
EVALUATION_S = 1_200
"""So long after its hour an evaluation is started."""


@contextmanager
def venues(folder: Path, hour: datetime, contracts: int, *, strict: bool) -> Iterator[Figures]:
    """Serve a market of this size at the hour, with limits and latency if strict; yield what it announced."""
    size = [] if contracts == USUAL else ["--contracts", str(contracts)]
    conditions = ["--limits", "--latency-ms", str(LATENCY_MS), "--after-s", "5.5"] if strict else []
    command = ["quantscout_local.simulator", "--at", iso(hour), "--exit-with-stdin", *size, *conditions]
    with Server(f"venues-{'strict' if strict else 'free'}", command, folder) as server:
        yield {**server.wait_ready(READY_S), "strict": strict}


def invoke(stack: LocalStack, verb: str, hour: datetime, said: Figures) -> Figures:
    """Return answer and figures of a function called as Lambda would, in a process of its own."""
    function = stack.resources.functions[verb]
    where = {name: said["url"] + path for name, path in SOURCE_PATHS.items()}
    there = stack.environment(verb) | where | {"CLOCK_OFFSET_S": repr(said["clock_offset_s"])}
    if not said["strict"]:
        there["BUDGET_SHARE"] = UNLIMITED_SHARE
    path = os.pathsep.join(str(ROOT / name) for name in (".", "shared", "local"))
    command = [sys.executable, "-m", "costing.invoke", str(ROOT / function.folder), json.dumps({"at": iso(hour)})]
    done = subprocess.run(
        [*command, str(function.timeout_s), str(function.memory_mb)],
        env={**os.environ, **there, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{verb} of {iso(hour)} failed: {done.stderr[-2_000:]}")
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    figures: Figures = found["figures"] | {"answer": found["answer"], "memory_mb": function.memory_mb}
    return figures


def fill(stack: LocalStack, folder: Path, contracts: int, tell: Tell) -> Figures:
    """Load the history and run the hour before; return the first load's figures, and the hour's."""
    with venues(folder, BEFORE, contracts, strict=False) as said:
        tell(f"{contracts} contracts: simulator up, loading the history")
        loads = [invoke(stack, "backfill", BEFORE, said)]
        while not loads[-1]["answer"]["complete"]:
            if len(loads) > 9:  # noqa: PLR2004 - four at 10,000 contracts
                sys.exit(f"the history is not complete after {len(loads)} calls: {loads[-1]['answer']}")
            loads.append(invoke(stack, "backfill", BEFORE, said))
        tell(f"history loaded in {len(loads)} calls, {sum(load['handler_s'] for load in loads):.0f} s; the hour before")
        return {"loads": loads, "before": invoke(stack, "screen", BEFORE, said)}


def measure_hour(stack: LocalStack, folder: Path, contracts: int) -> Figures:
    """Return the figures of the hour under limits and latency, with what the venues say of it."""
    with venues(folder, EMBEDDED_HOUR, contracts, strict=True) as said:
        done = invoke(stack, "screen", EMBEDDED_HOUR, said)
        bound = get_json(f"{said['url']}/simulator/bound?concurrency=100")
        usage = get_json(f"{said['url']}/simulator/usage")
    return done | {"bound": bound, "usage": usage, "report": told(stack)}


def told(stack: LocalStack) -> Figures:
    """Return what the hour's report says of its own completeness."""
    report = Store(stack.table).load_report(to_ms(EMBEDDED_HOUR))
    if report is None:
        sys.exit("the hour left no report: its function ended before")
    sources = {name: part.model_dump(mode="json") for name, part in report.sources.items()}
    return {"status": report.status, "funnel": report.funnel.model_dump(mode="json"), "sources": sources}


def measure_upkeep(stack: LocalStack, folder: Path, contracts: int) -> tuple[Figures, Figures]:
    """Return the figures of a backfill that folds a finished day, and of one that finds nothing to do."""
    _spread_day(stack)
    with venues(folder, BEFORE, contracts, strict=False) as said:
        return invoke(stack, "backfill", BEFORE, said), invoke(stack, "backfill", BEFORE, said)


def measure_evaluation(stack: LocalStack) -> dict[str, Figures]:
    """Return the figures of the usual evaluation and of the one that writes the page."""
    offset_s = EMBEDDED_HOUR.timestamp() + EVALUATION_S - time.time()
    said = {"url": stack.aws_url, "clock_offset_s": offset_s, "strict": True}  # no venue: it asks none
    return measure_evaluations(Store(stack.table), lambda hour: invoke(stack, "evaluate", hour, said), EMBEDDED_HOUR)


def _spread_day(stack: LocalStack) -> None:
    """Store the bars of the last finished day as 24 runs would have: here the history came in days."""
    store, day_ms = Store(stack.table), (to_ms(BEFORE) // DAY_MS - 1) * DAY_MS
    for venue in ("binance", "kucoin"):
        bars = store.load_bars(venue, day_ms, day_ms + DAY_MS)
        hours = by_hour(bars, "open_ms", HOUR_MS)
        day = [(at_ms, rows) for at_ms, rows in hours if day_ms <= at_ms < day_ms + DAY_MS]
        store.save(BAR_BLOCKS, venue, day)


def stored(stack: LocalStack) -> Figures:
    """Return what such hours leave in the table in the end: bytes by kind, each for as long as it is kept.

    Every item of the measured hour, and of the hour that its evaluation judged, stands for those of all hours for which
    DynamoDB keeps it; a folded day, for one of each day.
    """
    hour_s, found = EMBEDDED_HOUR.timestamp(), Counter[str]()
    late = dict.fromkeys((EVALUATED, JUDGED_ROWS), EVALUATED_HOUR)
    folded = {f"{kind.name}_days" for kind in FOLDED}
    client = stack.table.meta.client
    for page in client.get_paginator("scan").paginate(TableName=stack.table.name):
        for item in page["Items"]:
            kind, size = str(item["pk"]).partition("#")[0], item_bytes(item) + ITEM_OVERHEAD_BYTES
            own = late.get(kind, EMBEDDED_HOUR)
            kept_h = (float(str(item.get("expires_at", hour_s))) - own.timestamp()) / 3600
            if str(item["sk"]).startswith(hour_key(to_ms(own))):
                found[kind] += round(size * kept_h)
            elif kind in folded:
                found[kind] += round(size * kept_h / 24)
    return dict(sorted(found.items()))


def measure(contracts: int, tell: Tell, *, upkeep: bool) -> Figures:
    """Return all figures of a market of this size; `upkeep` adds evaluations, backfills and what is stored."""
    began, loadavg = time.perf_counter(), os.getloadavg()
    with LocalStack(live=True, keys=STAND_IN_KEYS) as stack, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found: Figures = {"contracts": contracts} | fill(stack, folder, contracts, tell)
        if upkeep:
            found["fold"], found["idle"] = measure_upkeep(stack, folder, contracts)
        tell("the hour, under limits and latency")
        found["hour"] = measure_hour(stack, folder, contracts)
        if upkeep:
            tell("a month of judged hours, and two evaluations")
            found |= measure_evaluation(stack)
            found["stored"] = stored(stack)
    took = {"took_s": round(time.perf_counter() - began), "load": round((loadavg[0] + os.getloadavg()[0]) / 2, 1)}
    return found | {"machine": {"processors": os.cpu_count(), **took}}
