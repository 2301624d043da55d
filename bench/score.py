"""make bench-score: gate, factors and score of 1,300 contracts with 30 days of 1h bars, on one core, against pandas.

All get the same frames (bench.score_market), run in processes of their own that are bound to one processor, and must
find the same five and the same scores to 1e-9; else there is no ratio. Times are processor times: on one core that is
what a clock shows on a quiet machine, and a busy one changes it little. The bar is about plain pandas; how far a tuned
one is behind is printed, too (score_pandas.py says what they are).

python -m bench.score PYTHON_WITH_PANDAS; `python -m bench.score --ours FOLDER` is our half.
"""

import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

from bench.invoke import peak_mb
from bench.score_market import CONTRACTS, HOUR, REGIME, load_market, make_market
from quantscout.decide import base_board, judge, with_evidence
from quantscout.errors import QuantScoutError
from quantscout.factors import FACTORS
from quantscout.gates import GATES
from quantscout.regime import FACTOR_VALUE
from quantscout.score import weights
from quantscout.settings import Settings
from quantscout.windows import build_windows
from quantscout_local.stack import ROOT
from quantscout_local.terminal import open_console

BAR, GOAL_S, TOLERANCE = 10.0, 0.150, 1e-9
OUR_TIMES, THEIR_TIMES = 25, 5
WAYS = ("plain", "tuned")
STAGES = ("windows", "positions and factors", "gate and score", "total")
Found = dict[str, Any]


def rules(settings: Settings) -> Found:
    """Return the product's tables, for the half that cannot import them."""
    gates = [gate._asdict() | {"limits": settings.limits_of(gate)} for gate in GATES]
    return {
        "hour_ms": HOUR,
        "times": THEIR_TIMES,
        "weights": weights(REGIME.name, settings),
        "direct": [factor.name for factor in FACTORS if factor.kind == "direct"],
        "regime_value": FACTOR_VALUE[REGIME.name],
        "min_values": settings.min_values_for_z,
        "min_settlements": settings.min_settlements,
        "gates": gates,
    }


def decide_ours(folder: Path) -> Found:
    """Return level, picks and scores, and what each stage took, in seconds."""
    market, settings = load_market(folder), Settings()
    laps: dict[str, list[float]] = {stage: [] for stage in STAGES}
    before_mb = peak_mb()
    # On one core the processor's time; of several threads it would be the sum.
    clock = time.process_time if pl.thread_pool_size() == 1 else time.perf_counter
    for _ in range(OUR_TIMES):
        began = clock()
        windows = build_windows(market.bars, HOUR, settings.history_h)
        built = clock()
        board = base_board(market.listing, windows, HOUR)
        full = with_evidence(board, market.evidence, REGIME, HOUR, settings)
        evident = clock()
        decision = judge(full, REGIME, settings)
        ended = clock()
        for stage, took_s in zip(STAGES, (built - began, evident - built, ended - evident, ended - began), strict=True):
            laps[stage].append(took_s)
    named = decision.universe.with_columns(pl.format("{}:{}", "venue", "contract").alias("name"))
    picks = named.filter(pl.col("rank") <= 5).sort("rank")["name"].to_list()
    scores = dict(named.filter("in_scored_set").select("name", "score").rows())
    size = {"bars": market.bars.height, "open_interest": market.evidence.details.open_interest.height}
    memory = {"before_mb": before_mb, "peak_mb": peak_mb(), "threads": pl.thread_pool_size()}
    return {"level": decision.level, "picks": picks, "scores": scores, "laps": laps, **size, **memory}


def run_bound(command: list[str], cores: set[int], threads: int | None = None) -> None:
    """Run a half in a process of its own that may use these processors alone."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in (".", "shared", "local"))}
    if threads:
        environment |= {"POLARS_MAX_THREADS": str(threads)}
    bound = ["taskset", "--cpu-list", ",".join(map(str, sorted(cores))), *command]
    done = subprocess.run(bound, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode:
        raise QuantScoutError(f"{command[2]} ended with {done.returncode}:\n{done.stderr[-2_000:]}")


def differing(ours: Found, theirs: Found) -> list[str]:
    """Return what the halves do not agree on."""
    found = [name for name in ("level", "picks") if ours[name] != theirs[name]]
    one, other = ours["scores"], theirs["scores"]
    if one.keys() != other.keys():
        return [*found, f"scored sets: {len(one)} and {len(other)}, {sorted(one.keys() ^ other.keys())[:5]}"]
    off = [name for name, score in one.items() if not math.isclose(score, other[name], rel_tol=0, abs_tol=TOLERANCE)]
    return found + [f"{name}: {one[name]} and {other[name]}" for name in off]


def line(who: str, found: Found) -> str:
    """Return best and median of a half, and the median of its stages, in words."""
    laps = {stage: [1000 * s for s in took] for stage, took in found["laps"].items()}
    parts = ", ".join(f"{stage} {statistics.median(laps[stage]):.0f}" for stage in STAGES[:-1])
    total = laps["total"]
    return (
        f"{who}: best {min(total):.0f} ms, median {statistics.median(total):.0f} ms of {len(total)} (medians: {parts})"
    )


def measure(python: str) -> tuple[Found, Found, dict[str, Found]]:
    """Return ours on one core, ours on all, and pandas' two ways on one."""
    core, everywhere = {min(os.sched_getaffinity(0))}, os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_market().save(folder)
        (folder / "rules.json").write_text(json.dumps(rules(Settings())), "utf-8")
        found = []
        for cores, threads in ((core, 1), (everywhere, None)):
            run_bound([sys.executable, "-m", "bench.score", "--ours", name], cores, threads)
            found.append(json.loads((folder / "ours.json").read_text("utf-8")))
        for way in WAYS:
            run_bound([python, "-m", "bench.score_pandas", name, way], core)
        return found[0], found[1], {way: json.loads((folder / f"{way}.json").read_text("utf-8")) for way in WAYS}


def compare(ours: Found, pandas: dict[str, Found]) -> list[str]:
    """Return how many times faster ours is than each way of pandas; end the run where one disagrees."""
    said = []
    for way, theirs in pandas.items():
        if others := differing(ours, theirs):
            sys.exit(f"{way} pandas and ours do not agree, so there is no ratio: {'; '.join(others[:5])}")
        middle = statistics.median(theirs["laps"]["total"]) / statistics.median(ours["laps"]["total"])
        said.append(f"than {way} pandas {ratio(ours, theirs):.1f} times (by the medians {middle:.1f})")
    return said


def ratio(ours: Found, theirs: Found) -> float:
    """Return how many times faster ours is, by the best of each."""
    return float(min(theirs["laps"]["total"]) / min(ours["laps"]["total"]))


def main() -> None:
    """Print times and ratios; exit 1 where the bar is missed or results differ."""
    if sys.argv[1] == "--ours":
        folder = Path(sys.argv[2])
        (folder / "ours.json").write_text(json.dumps(decide_ours(folder)), "utf-8")
        return
    console = open_console()
    ours, on_all, pandas = measure(sys.argv[1])
    console.print(describe(ours))
    console.print(line("ours, one core", ours))
    console.print(line(f"ours, {on_all['threads']} threads, by the clock", on_all))
    for way, theirs in pandas.items():
        console.print(line(f"{way} pandas, one core", theirs))
    console.print(f"peak memory of ours {ours['peak_mb']:.0f} MB, {ours['before_mb']:.0f} MB when the input was read")
    versions = f"pandas {pandas['plain']['version']}, numpy {pandas['plain']['numpy']}; {os.cpu_count()} cores"
    console.print(f"Python {platform.python_version()}, polars {pl.__version__}, {versions}")
    faster = compare(ours, pandas)
    console.print(f"the same five, {len(ours['scores'])} scores equal to {TOLERANCE:g}: {', '.join(ours['picks'])}")
    console.print(f"ours is faster: {'; '.join(faster)}. The bar is {BAR:g} for plain")
    best = min(ours["laps"]["total"])
    console.print(f"goal {1000 * GOAL_S:.0f} ms on one core: {'reached' if best < GOAL_S else 'missed'} by the best")
    if ratio(ours, pandas["plain"]) < BAR:
        sys.exit("a bar is missed")


def describe(ours: Found) -> str:
    """Return the size of the hour in words."""
    return (
        f"{sum(CONTRACTS.values())} contracts, {ours['bars']:,} bars, {ours['open_interest']:,} rows of open interest; "
        f"{len(ours['scores'])} in the scored set, level L{ours['level']}"
    )


if __name__ == "__main__":
    main()
