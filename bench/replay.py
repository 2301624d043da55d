"""make bench-replay: the whole archive replayed in a process of its own, its growth with months, and pandas beside it.

pandas (bench.replay_pandas) computes windows, gates, norms and scores of two weeks with the thirty days before them,
and must find the same scores to 1e-9 and the same five; else there is no ratio. It is compared with the same steps of
ours: from the bars' file to the ranks, without outcomes and files; both take the best of three in a warm process. And
with pandas hour by hour, scaled from three hours.
Times are those of a clock, and of the processors: on a busy machine look at the latter.

python -m bench.replay PYTHON_WITH_PANDAS; `--ours OUT FIRST LAST` is one replay, `--decide OUT` our half of two weeks.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from bench.invoke import peak_mb
from quantscout.clock import to_ms
from quantscout.errors import QuantScoutError
from quantscout.factors import NAMES
from quantscout.frames import HOUR_MS
from quantscout.regime import FACTOR_VALUE
from quantscout.score import weights
from quantscout.settings import parse_settings
from quantscout_local.evidence.columns_board import Span, build_board
from quantscout_local.evidence.columns_details import add_details
from quantscout_local.evidence.columns_funding import add_funding
from quantscout_local.evidence.columns_judge import decide_hours, in_scored_set, score_hours
from quantscout_local.evidence.columns_regime import name_regimes
from quantscout_local.evidence.judged import Judged, open_judged
from quantscout_local.evidence.replay import replay
from quantscout_local.evidence.replay_bars import load_stretch
from quantscout_local.evidence.replay_contracts import load_contracts
from quantscout_local.evidence.replay_month import open_files
from quantscout_local.hour import REAL_ONLY_SETTINGS
from quantscout_local.stack import ROOT

MARKET = ROOT.parent / "shared" / "market"
SETTINGS = parse_settings(REAL_ONLY_SETTINGS)
BAR_S, BAR_MB, BAR_RATIO = 60.0, 3_000.0, 10.0
"""A floor that a busy machine holds; the goals are printed beside the figures."""
GOAL_S, GOAL_MB = 15.0, 2_000.0
SLICE_FROM = datetime(2025, 12, 1, tzinfo=UTC)
SLICE_DAYS = 14
TIMES = 3
MONTHS = {"1 month": "2025-10-15", "2 months": "2025-11-15", "4 months": "2026-01-15"}
"""From the archive's beginning; the whole of it is the longest."""
TOLERANCE = 1e-9
Found = dict[str, Any]


def run_ours(out: Path, first: str, last: str) -> Found:
    """Replay in this process; return what it took."""
    first_ms, last_ms = (None if text == "-" else to_ms(datetime.fromisoformat(text)) for text in (first, last))
    began, used = time.perf_counter(), time.process_time()
    judged = replay(MARKET, first_ms, last_ms, SETTINGS, out)
    took = {"took_s": time.perf_counter() - began, "processor_s": time.process_time() - used, "peak_mb": peak_mb()}
    return took | {"hours": judged.about["hours"]}


def decide_ours() -> Found:
    """Return the best time of the two weeks' decisions: what pandas does, and funding and details besides."""
    span = Span(to_ms(SLICE_FROM), to_ms(SLICE_FROM) + (SLICE_DAYS * 24 - 1) * HOUR_MS)
    opened = open_files(MARKET, SETTINGS, span)
    hours = list(range(span.first_ms, span.last_ms + 1, HOUR_MS))
    regimes = name_regimes(opened.leaders, hours, SETTINGS.history_h)
    first_ms, laps = span.first_ms - (SETTINGS.history_h + 1) * HOUR_MS, []
    for _ in range(TIMES):
        began, used = time.perf_counter(), time.process_time()
        stretch = load_stretch(MARKET, opened.contracts.names, first_ms, span.last_ms - HOUR_MS, span.first_ms)
        board = build_board(stretch, opened.contracts, opened.rates.recorded, span, SETTINGS)
        known = add_funding(add_details(in_scored_set(board, SETTINGS), opened.details), opened.rates, SETTINGS)
        decide_hours(board, score_hours(known, regimes, SETTINGS), SETTINGS)
        laps.append((time.process_time() - used, time.perf_counter() - began))
    return {"processor_s": min(lap[0] for lap in laps), "took_s": min(lap[1] for lap in laps)}


def run(command: list[str]) -> None:
    """Run a part in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in (".", "shared", "local"))}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode:
        raise QuantScoutError(f"{command[2]} ended with {done.returncode}:\n{done.stderr[-2_000:]}")


def ours(folder: Path, first: str, last: str) -> Found:
    """Return what a replay took that nothing else shares its process with."""
    run([sys.executable, "-m", "bench.replay", "--ours", str(folder), first, last])
    found: Found = json.loads((folder / "took.json").read_text("utf-8"))
    return found


def write_slice(folder: Path, judged: Judged) -> None:
    """Write for pandas the bars of the eligible contracts, and the product's tables and regimes."""
    hours = judged.hours()["hour_ms"].to_list()
    first_ms, last_ms = hours[0], hours[-1]
    listed = load_contracts(MARKET, SETTINGS).listed.filter(pl.col("ineligible").is_null())
    own = listed.select(pl.col("contract").cast(pl.String), "listed_ms", "notional_usdt", "least_coins")
    inside = pl.col("open_time").is_between(first_ms - (SETTINGS.history_h + 1) * HOUR_MS, last_ms - HOUR_MS)
    bars = pl.scan_parquet(MARKET / "binance_um_1h.parquet").filter(inside).select(
        pl.col("symbol").alias("contract"), pl.col("open_time").alias("open_ms"), "high", "low", "close",
        pl.col("quote_volume").alias("volume"),
    )  # fmt: skip
    bars.collect().join(own, on="contract").write_parquet(folder / "bars.parquet")
    regimes = dict(judged.hours().select("hour_ms", "regime").rows())
    rules = {
        "first_ms": first_ms,
        "last_ms": last_ms,
        "regimes": regimes,
        "names": [name for name in NAMES if name in {"mom60m", "vol_spike", "breakout", "regime"}],
        "weights": {name: weights(name, SETTINGS) for name in set(regimes.values())},
        "values": FACTOR_VALUE,
        "min_coverage": SETTINGS.min_coverage,
    }
    (folder / "rules.json").write_text(json.dumps(rules), "utf-8")


def check_same(folder: Path, judged: Judged) -> int:
    """Return how many scores agree; end the run where one does not, or where an hour's five are others."""
    theirs = pl.read_parquet(folder / "pandas.parquet")
    mine = judged.scan().filter("in_scored_set").select("hour_ms", "contract", "score", "rank").collect()
    both = mine.join(theirs, on=["hour_ms", "contract"], how="full", suffix="_pandas", coalesce=True)
    off = both.filter(~((pl.col("score") - pl.col("score_pandas")).abs() <= TOLERANCE * 100).fill_null(value=False))
    five = both.filter((pl.col("rank") <= 5) != (pl.col("rank_pandas") <= 5))
    if off.height or five.height:
        sys.exit(f"pandas and ours do not agree, so there is no ratio: {off.height} scores, {five.height} picks")
    return both.height


def say(name: str, took: Found) -> None:
    """Print a replay's figures."""
    per_hour = 1000 * took["processor_s"] / took["hours"]
    print(
        f"{name:<10} {took['hours']:>5} hours: {took['took_s']:5.1f} s ({took['processor_s']:5.1f} s of processors, "
        f"{per_hour:.1f} ms an hour), peak memory {took['peak_mb']:,.0f} MB"
    )


def main(python: str) -> int:
    """Measure, print, and return the exit code."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for label, until in MONTHS.items():
            say(label, ours(folder / label, "-", f"{until}T00:00+00:00"))
        whole = ours(folder / "whole", "-", "-")
        say("whole", whole)
        last = SLICE_FROM + timedelta(days=SLICE_DAYS, hours=-1)
        part = ours(folder / "slice", SLICE_FROM.isoformat(), last.isoformat())
        say("two weeks", part)
        run([sys.executable, "-m", "bench.replay", "--decide", name])
        ours_s: Found = json.loads((folder / "decide.json").read_text("utf-8"))
        judged = open_judged(folder / "slice")
        write_slice(folder, judged)
        run([python, "-m", "bench.replay_pandas", name])
        theirs: Found = json.loads((folder / "pandas.json").read_text("utf-8"))
        agreed = check_same(folder, judged)
    return conclude(whole, ours_s, theirs, agreed)


def conclude(whole: Found, mine: Found, theirs: Found, agreed: int) -> int:
    """Print the ratio and the goals; return 1 where the floor is missed."""
    print(f"the decisions of {SLICE_DAYS} days from {SLICE_FROM:%Y-%m-%d}, the same five and {agreed:,} scores:")
    for name, took in (("ours", mine), ("pandas", theirs)):
        print(f"  {name:<6} {took['processor_s']:5.2f} s of processors, {took['took_s']:5.2f} s by the clock")
    ratio, clock = theirs["processor_s"] / mine["processor_s"], theirs["took_s"] / mine["took_s"]
    hourly = SLICE_DAYS * 24 * theirs["hour_s"] / mine["processor_s"]
    print(f"  ours is {ratio:.1f} times as fast as pandas by the processors, {clock:.1f} by the clock; pandas takes")
    print("  all hours at once here, too, by the same closed form of Wilder's average and grouped rolling windows in C")
    print(f"  pandas hour by hour takes {theirs['hour_s']:.2f} s of processors an hour for the windows alone (the")
    print(f"  least of three); scaled to {SLICE_DAYS} days, ours is {hourly:,.0f} times as fast")
    goals = {f"under {GOAL_S:.0f} s": whole["took_s"] < GOAL_S, f"under {GOAL_MB:,.0f} MB": whole["peak_mb"] < GOAL_MB}
    print("goals: " + ", ".join(f"{goal}: {'met' if met else 'missed'}" for goal, met in goals.items()))
    return int(whole["took_s"] > BAR_S or whole["peak_mb"] > BAR_MB or hourly < BAR_RATIO)


if __name__ == "__main__":
    if sys.argv[1] == "--ours":
        target = Path(sys.argv[2])
        result = run_ours(target, *sys.argv[3:5])
        (target / "took.json").write_text(json.dumps(result), "utf-8")
    elif sys.argv[1] == "--decide":
        (Path(sys.argv[2]) / "decide.json").write_text(json.dumps(decide_ours()), "utf-8")
    else:
        sys.exit(main(sys.argv[1]))
