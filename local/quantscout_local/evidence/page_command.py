"""`quantscout evidence`: the page of a replay, written to a file."""

from pathlib import Path
from typing import NamedTuple

import polars as pl

from quantscout.errors import InputError
from quantscout.frames import HOUR_MS
from quantscout.outcomes import HORIZON_H
from quantscout.page.picks import Chosen, choose, list_picks
from quantscout.page.render import write_page
from quantscout_local.evidence.judged import open_judged
from quantscout_local.evidence.kpis import build_kpis
from quantscout_local.evidence.page import Replayed, build_replay_content
from quantscout_local.evidence.replay_files import HOURS_1H, collect, scan
from quantscout_local.terminal import open_console

VENUE = "binance"
"""An archive's only venue."""
PRICES = ("open", "high", "low", "close")


class Ask(NamedTuple):
    """What a person asked for; without a market folder the picks have no charts."""

    replay: Path
    market: Path | None
    out: Path
    seed: int
    samples: int
    blocks_h: int
    trials: int


def write_evidence(ask: Ask) -> int:
    """Write the page and return its size in bytes.

    Raises InputError where there is no finished replay, nothing to measure, another archive, or no place to write.
    """
    with open_console(stderr=True).status("drawing hours again"):
        page = write_page(build_replay_content(*_read(ask)))
    try:
        ask.out.parent.mkdir(parents=True, exist_ok=True)
        ask.out.write_bytes(page)
    except OSError as cause:
        raise InputError(f"{ask.out} cannot be written ({cause.strerror}): choose another --out") from cause
    return len(page)


def _read(ask: Ask) -> tuple[Replayed, pl.DataFrame, pl.DataFrame | None]:
    """Return the replay with its figures, its picks, and the bars after those that are shown."""
    judged = open_judged(ask.replay)
    hours = judged.hours()
    kpis = build_kpis(judged.scan(), hours, ask.seed, ask.blocks_h, ask.samples, trials=ask.trials)
    picks = list_picks(judged.scan(), hours)
    bars = None if ask.market is None else load_bars(ask.market, choose(picks))
    return Replayed(judged.scan(), hours, judged.about, kpis), picks, bars


def load_bars(market: Path, chosen: Chosen) -> pl.DataFrame:
    """Return venue, contract, open_ms and prices of the 24 hours after each chosen pick.

    Raises InputError where the archive cannot be read, or does not hold them: another one than was replayed.
    """
    shown = pl.concat([chosen.best, chosen.worst]).select("contract", "hour_ms").cast({"contract": pl.String})
    rows = scan(market, HOURS_1H)
    assert rows is not None, "without 1h bars an archive is refused"
    ages = pl.DataFrame({"age_ms": [hour * HOUR_MS for hour in range(HORIZON_H)]})
    wanted = shown.join(ages, how="cross").select("contract", (pl.col("hour_ms") + pl.col("age_ms")).alias("open_ms"))
    named = rows.select(
        pl.lit(VENUE).alias("venue"), pl.col("symbol").cast(pl.String).alias("contract"),
        pl.col("open_time").alias("open_ms"), *PRICES,
    )  # fmt: skip
    bars = collect(market / HOURS_1H, named.join(wanted.unique().lazy(), on=["contract", "open_ms"], how="semi"))
    if bars.unique(["contract", "open_ms"]).height < wanted.unique().height:
        raise InputError(f"{market} lacks bars of the picks: give with --market the archive that was replayed")
    return bars.unique(["contract", "open_ms"], keep="first", maintain_order=True)
