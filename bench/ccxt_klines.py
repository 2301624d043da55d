"""make bench-ccxt: the last 99 hourly bars of every eligible Binance contract, by ccxt's async client and by ours.

Each asks a fresh simulator with the venue's limits and 80 ms of latency; ccxt with its default limiter, ours with its
default budgets. Only the bars are timed (both know the contracts by then), and their rows must be the same.

python -m bench.ccxt_klines PYTHON_WITH_CCXT
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

from bench.sweep import LATENCY_MS, get_json, start_strict
from quantscout.clock import to_ms
from quantscout.errors import QuantScoutError
from quantscout.frames import HOUR_MS
from quantscout.venues import binance
from quantscout.venues.base import Contract
from quantscout_local.hour import EMBEDDED_HOUR
from quantscout_local.stack import ROOT
from quantscout_local.terminal import open_console

BARS, BAR = binance.KLINES[0].rows, 10.0
UNTIL_MS = to_ms(EMBEDDED_HOUR)
SINCE_MS = UNTIL_MS - BARS * HOUR_MS
COLUMNS = ("open_ms", "open", "high", "low", "close", "volume_coins")
Rows = dict[str, list[list[float]]]


async def fetch_ours(url: str, offset_s: float) -> tuple[Rows, float]:
    """Return the bars of every eligible contract, and how long they took."""
    async with binance.build_client(base_url=f"{url}/binance", clock=lambda: time.time() + offset_s) as client:
        venue = binance.Binance(client)
        listed = (await venue.fetch_listing()).frame
        names = listed.filter(pl.col("ineligible").is_null())["contract"].to_list()
        began = time.perf_counter()
        frames = await asyncio.gather(*(venue.fetch_bars(Contract(n), HOUR_MS, SINCE_MS, UNTIL_MS) for n in names))
        took_s = time.perf_counter() - began
    rows = (frame.filter(~pl.col("filled")).select(COLUMNS).rows() for frame in frames)
    return {name: [list(row) for row in own] for name, own in zip(names, rows, strict=True)}, took_s


def fetch_theirs(python: str, url: str, contracts: list[str], folder: Path) -> tuple[Rows, dict[str, Any]]:
    """Return ccxt's rows and times, from a process of its own environment."""
    order, found = folder / "order.json", folder / "rows.json"
    asked = {"url": f"{url}/binance", "contracts": contracts, "since_ms": SINCE_MS, "until_ms": UNTIL_MS, "limit": BARS}
    order.write_text(json.dumps(asked), "utf-8")
    command = [python, str(ROOT / "bench" / "ccxt_side.py"), str(order), str(found)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own file
    if done.returncode:
        raise QuantScoutError(f"ccxt's side ended with {done.returncode}:\n{done.stderr[-2_000:]}")
    times: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return json.loads(found.read_text("utf-8")), times


def differing(ours: Rows, theirs: Rows) -> list[str]:
    """Return the contracts whose rows are not the same, to the last digit."""
    return sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))


def used(url: str) -> str:
    """Return what the venue counted, in words."""
    said = get_json(f"{url}/simulator/usage")["venues"]["binance"]
    weights = "+".join(str(window["weight"]) for window in said["pools"]["weight"]["windows"])
    return (
        f"weight {weights} of {said['pools']['weight']['limit']}, 429 {said['refused_429']}, 418 {said['refused_418']}"
    )


def main() -> None:
    """Print times and ratio; exit 1 where the bar is missed or rows differ."""
    console, python = open_console(), sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with start_strict(folder, EMBEDDED_HOUR) as server:
            said = server.wait_ready()
            ours, ours_s = asyncio.run(fetch_ours(said["url"], said["clock_offset_s"]))
            console.print(f"ours: {len(ours)} contracts in {ours_s:.2f} s; {used(said['url'])}")
        with start_strict(folder, EMBEDDED_HOUR) as server:
            url = server.wait_ready()["url"]
            theirs, times = fetch_theirs(python, url, list(ours), folder)
            console.print(f"ccxt {times['version']}: {len(theirs)} contracts in {times['bars_s']:.2f} s; {used(url)}")
    ratio, others = times["bars_s"] / ours_s, differing(ours, theirs)
    same = f"all {sum(map(len, ours.values()))} rows equal" if not others else f"rows differ: {', '.join(others[:5])}"
    console.print(f"ours is {ratio:.1f} times faster (bar {BAR:g}, {LATENCY_MS} ms of latency); {same}")
    if ratio < BAR or others:
        sys.exit("a bar is missed")


if __name__ == "__main__":
    main()
