"""An archive that lacks whole series: nothing of it is invented, and a person reads what was missing."""

import os
import subprocess
import sys
from pathlib import Path
from random import Random

import polars as pl
import pytest

import made_market
from market_frames import NOON
from quantscout.models import Report
from quantscout_local.archive_hour import open_archive

PROGRAM = [sys.executable, "-c", "from quantscout_local.cli import main; main()"]
BARS = ("symbol", "open_time", "open", "high", "low", "close", "volume", "quote_volume")
NO_ROWS = {
    "15m": ("symbol", "open_time", "open", "high", "low", "close", "volume"),
    "1h_taker": (*BARS, "trades", "taker_buy_volume", "taker_buy_quote_volume"),
    "funding": ("symbol", "funding_time", "funding_rate"),
    "oi_4h": ("symbol", "timestamp", "sum_open_interest", "sum_open_interest_value"),
}


def write_bars(folder: Path, coins: int) -> Path:
    """Write an archive with five days of hourly bars of BTC, ETH and some coins, and not one row of anything else."""
    folder.mkdir()
    symbols = ("BTCUSDT", "ETHUSDT", *(f"C{k:02d}USDT" for k in range(coins)))
    rows = [bar[1:9] for name in symbols for bar in made_market.walk(Random(name), name, 120, NOON)]
    bars = pl.DataFrame(rows, schema=BARS, orient="row").with_columns(trades=pl.lit(9))
    bars.write_parquet(folder / "binance_um_1h.parquet")
    for name, columns in NO_ROWS.items():
        kinds = {c: pl.String if c == "symbol" else pl.Int64 if "time" in c else pl.Float64 for c in columns}
        pl.DataFrame(schema=kinds).write_parquet(folder / f"binance_um_{name}.parquet")
    return folder


def test_bars_alone_rank_by_what_they_hold(tmp_path: Path) -> None:
    """Of enough coins some are ranked; each says that funding, spread, book and market cap are unknown."""
    archive = open_archive(write_bars(tmp_path / "market", 40))
    ranked = archive.decide(archive.hour(NOON), archive.settings).universe.filter(pl.col("fate") == "ranked")
    assert ranked.height >= 5
    unknown = {f"{name}_unknown" for name in ("funding", "spread", "depth", "market_cap")}
    assert all(unknown <= set(flags) for flags in ranked["flags"].to_list())
    assert ranked["penalty"].unique().to_list() == [0.0]
    assert ranked["funding_z"].null_count() == ranked.height


@pytest.mark.e2e
def test_bars_of_a_few_coins_rank_nothing(tmp_path: Path) -> None:
    """Fewer candidates than a z needs: exit status 3, the cause and the next step, no pick."""
    done = subprocess.run(
        [*PROGRAM, "run", "--market", str(write_bars(tmp_path / "market", 12)), "--real-only", "--out", "out"],
        cwd=tmp_path, env={**os.environ, "COLUMNS": "200"}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    report = Report.model_validate_json((tmp_path / "out/report.json").read_text("utf-8"))
    assert (done.returncode, report.status, report.ranked_gems) == (3, "no_data", [])
    assert report.funnel.scored_set == report.funnel.by_reason["insufficient_coverage"] < 8
    assert "7 of 14 contracts failed because too few of the score's weights have data" in done.stdout
    assert "next step: see the sources and notes for what they did not bring" in done.stdout
    assert "Traceback" not in done.stderr
