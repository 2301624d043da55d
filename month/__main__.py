"""make state: a month of real hours on the state; exit 1 where it does not equal the archive or exceeds its budget.

HOURS is read from the environment.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import boto3
import polars as pl
from moto import mock_aws
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table
from rich.console import Console

from month.story import Month, Played, fill, play
from month.table import print_played
from month.venue import ArchiveVenue
from quantscout.frames import BARS, HOUR_MS, conform
from quantscout.store import Store
from quantscout_local.resources import REGION, load_template, translate

ROOT = Path(__file__).parents[1]
MARKET = Path(os.environ.get("MARKET") or ROOT.parent / "shared" / "market") / "binance_um_1h.parquet"
HOURS, HISTORY_H = 720, 720
READ_UNITS_MOST, WRITE_UNITS_MOST = 5_000, 400
FEW, MANY, DAY_H = {"binance": 70, "twin": 60}, {"binance": 700, "twin": 600}, 24
"""The archive is Binance's alone: a second venue of the same bars stands in for the other's size, 1,300 in all."""


@contextmanager
def doubles() -> Iterator[None]:
    """Stand DynamoDB's double up in this process, whatever account the shell is set to."""
    kept = {name: os.environ.pop(name, None) for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL")}
    os.environ |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    try:
        with mock_aws(), patch.object(Table, "all_items", _all_items):
            yield
    finally:
        os.environ.update({name: value for name, value in kept.items() if value is not None})


def _all_items(table: Table) -> list[Item]:
    """Return what the double's own method does but for the order: it sorts the whole table for every query."""
    return [item for items in table.items.values() for item in items.values()]


def create_store() -> Store:
    """Return the state over the template's table, empty, in the double."""
    resource = translate(load_template(ROOT / "template.yaml"), {})["Resources"]["Table"]["Properties"]
    wanted = {name: resource[name] for name in ("AttributeDefinitions", "KeySchema", "BillingMode")}
    return Store(boto3.resource("dynamodb", region_name=REGION).create_table(TableName="state", **wanted))


def read_market(path: Path) -> pl.DataFrame:
    """Return the archive's 1h bars; the taker volume, which it lacks, is made of the volume with as many digits."""
    raw = pl.read_parquet(path).rename({"symbol": "contract", "open_time": "open_ms", "volume": "volume_coins"})
    share = 0.3 + (pl.col("open_ms") // HOUR_MS * 7 % 41) / 100
    taker = (pl.col("quote_volume") * share).round(4)
    named = raw.with_columns(
        venue=pl.lit("binance"), volume_usdt="quote_volume", taker_buy_usdt=taker, filled=pl.lit(value=False)
    )
    return conform(named, BARS)


def main() -> None:
    """Play the month with a tenth of the contracts, then a day at the end of one with all of them."""
    hours = int(os.environ.get("HOURS") or HOURS)
    if not MARKET.is_file():
        sys.exit(f"make state needs recorded bars, {MARKET}: there are none; say MARKET=DIR (docs/archive.md)")
    bars, console = read_market(MARKET), Console()
    last_ms = int(bars["open_ms"].max()) + HOUR_MS  # type: ignore[arg-type] # of an integer column
    wrong = []
    for title, counts, brought, played_h in (
        ("A month of hours, one after the other", FEW, 0, hours),
        ("A day at the end of a month, at full size", MANY, hours, DAY_H),
    ):
        with doubles():
            month = Month(create_store(), [ArchiveVenue(name, _some(bars, n)) for name, n in counts.items()], HISTORY_H)
            first_ms = last_ms - (played_h - 1) * HOUR_MS
            fill(month, first_ms - brought * HOUR_MS, brought, lambda line: console.print(line, style="dim"))
            played = play(month, first_ms, played_h, lambda line: console.print(line, style="dim"))
        print_played(console, f"{title}: {' + '.join(map(str, counts.values()))} contracts", played)
        wrong.append(broken(played))
    if any(wrong):
        sys.exit(f"state: broken: {'; '.join(filter(None, wrong))}")


def _some(bars: pl.DataFrame, count: int) -> pl.DataFrame:
    """Return the bars of so many contracts; beyond the archive's they are repeated under other names."""
    names = bars["contract"].unique().sort().to_list()
    again = [name for name in names if f"X{name}" not in set(names)][: max(0, count - len(names))]
    more = bars.filter(pl.col("contract").is_in(again)).with_columns(contract="X" + pl.col("contract"))
    return pl.concat([bars.filter(pl.col("contract").is_in(names[:count])), more])


def broken(played: Played) -> str:
    """Return what is not as it must be, empty if all is."""
    # The first hour fills an empty state, and the one after the gap brings 30: no hours of every day.
    usual = sorted(spent["computed_write_units"] for spent in played.hours.spent)[:-2]
    reads = [spent["computed_read_units"] for spent in played.hours.spent]
    if played.differences:
        return f"{played.differences} of {played.rows} rows differ from the archive"
    if max(reads) > READ_UNITS_MOST or (usual and usual[-1] > WRITE_UNITS_MOST):
        return f"{max(reads):.0f} read units and {usual[-1]:.0f} write units in an hour"
    return "the gap did not heal" if played.has_gap and played.healed_after_h is None else ""


if __name__ == "__main__":
    main()
