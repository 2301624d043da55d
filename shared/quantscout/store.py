"""The state: column blocks per venue and hour, reports, universes (docs/state.md).

One table. `pk` is what it is ("bars#binance", "report"), `sk` the hour and the part ("2026-03-01T12#00"). A block is
written whole: what a key held is merged with what is new, so that writing twice changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from quantscout.blocks import pack, unpack
from quantscout.clock import hour_key
from quantscout.frames import BARS, DAY_MS, FUNDING, HOUR_MS, KEY, OPEN_INTEREST, SUPPLY, Schema, stack
from quantscout.models import Report
from quantscout.table import StateTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

READERS = 8
EVERYTHING = pl.lit(value=True)
READ_SPAN_H = 24
KEEP_DAYS = 35
"""Blocks live longer than the 30 days that are read, so that a late hour still finds its window."""


class Kind(NamedTuple):
    """A kind of block: the schema of its rows and the columns that make a row unique."""

    name: str
    schema: Schema
    unique: tuple[str, ...]


BAR_BLOCKS = Kind("bars", BARS, (*KEY, "open_ms"))
BACKFILLED_BLOCKS = Kind("backfilled", BARS, (*KEY, "open_ms"))
"""The backfill's own blocks: each writer has its keys, so neither can undo what the other wrote."""
OPEN_INTEREST_BLOCKS = Kind("open_interest", OPEN_INTEREST, (*KEY, "at_ms"))
FUNDING_BLOCKS = Kind("funding", FUNDING, (*KEY, "settled_ms"))
SUPPLY_BLOCKS = Kind("supply", SUPPLY, ("coin", "source", "as_of_ms"))
DOMINANCE: Schema = {"at_ms": pl.Int64, "btc_pct": pl.Float64, "usdt_pct": pl.Float64}
DOMINANCE_BLOCKS = Kind("dominance", DOMINANCE, ("at_ms",))


CONNECTIONS = 50
"""At least as many as can be asked at once: two venues, several kinds, READERS each."""


def open_store(table_name: str) -> "Store":
    """Return the store over a table of this account and region (or of AWS_ENDPOINT_URL)."""
    import boto3  # noqa: PLC0415 - kept out of the import of everything that only names a store
    from botocore.config import Config  # noqa: PLC0415

    config = Config(max_pool_connections=CONNECTIONS)
    return Store(boto3.resource("dynamodb", config=config).Table(table_name))


class Breaker(NamedTuple):
    """Until when a source is left alone, and why."""

    until_ms: int
    reason: str


class Store:
    """The state in one DynamoDB table. Every method raises StateError, which names the table and the cause."""

    def __init__(self, table: "Table") -> None:
        """Take a boto3 Table resource; nothing is asked yet."""
        self.table = StateTable(table)

    @property
    def client(self) -> Any:
        """The DynamoDB client, for those who listen to what is read and written."""
        return self.table.client

    def load(
        self, kind: Kind, partition: str, since_ms: int, until_ms: int, keep: pl.Expr = EVERYTHING
    ) -> pl.DataFrame:
        """Return the rows of all blocks whose hour lies in `since <= hour <= until`, unique, in no set order.

        `keep` is applied to each block as it comes: what is not wanted never adds up.
        """
        spans = range(since_ms, until_ms + 1, READ_SPAN_H * HOUR_MS)
        ends = (min(start + (READ_SPAN_H - 1) * HOUR_MS, until_ms) for start in spans)

        def read(first_ms: int, last_ms: int) -> list[pl.DataFrame]:
            items = self._query(f"{kind.name}#{partition}", first_ms, last_ms)
            return [unpack(bytes(item["data"].value), kind.schema).filter(keep) for item in items]

        with ThreadPoolExecutor(READERS) as readers:
            frames = [frame for found in readers.map(read, spans, ends) for frame in found]
        return _once(stack(frames, kind.schema), kind)

    def load_bars(self, venue: str, since_ms: int, until_ms: int, keep: pl.Expr = EVERYTHING) -> pl.DataFrame:
        """Return the verified 1h bars of a venue, whoever wrote them, from blocks of `since <= hour <= until`."""
        both = [self.load(kind, venue, since_ms, until_ms, keep) for kind in (BAR_BLOCKS, BACKFILLED_BLOCKS)]
        return _once(pl.concat(both), BAR_BLOCKS)

    def save(self, kind: Kind, partition: str, frames_by_hour: Iterable[tuple[int, pl.DataFrame]]) -> None:
        """Merge frames into the blocks of their hours. Rows that a block already holds stay as they are."""
        for hour_ms, frame in frames_by_hour:
            if frame.height:
                held = self.load(kind, partition, hour_ms, hour_ms)
                merged = (
                    pl.concat([held, frame]).unique(kind.unique, keep="first", maintain_order=True).sort(kind.unique)
                )
                self.replace(kind, partition, [(hour_ms, merged)])

    def replace(self, kind: Kind, partition: str, frames_by_hour: Iterable[tuple[int, pl.DataFrame]]) -> None:
        """Write blocks as they are, in batches; for callers that have merged already (the backfill)."""
        pk = f"{kind.name}#{partition}"
        self.table.put_all(
            item for hour_ms, frame in frames_by_hour for item in _items(pk, hour_ms, pack(frame), KEEP_DAYS)
        )

    def load_breakers(self) -> dict[str, Breaker]:
        """Return the sources that are to be left alone, as earlier runs left word."""
        items = self.table.query("breaker", consistent=True)
        return {str(i["sk"]): Breaker(int(i["until_ms"]), str(i["reason"])) for i in items}

    def save_breakers(self, breakers: Mapping[str, Breaker]) -> None:
        """Leave word for later runs until when a source is to be left alone, and why."""
        self.table.put_all(
            {
                "pk": "breaker",
                "sk": source,
                "until_ms": until_ms,
                "reason": reason,
                "expires_at": (until_ms + DAY_MS) // 1000,
            }
            for source, (until_ms, reason) in breakers.items()
        )

    def save_report(self, report: Report, hour_ms: int) -> None:
        """Keep the hour's report (400 days)."""
        item: dict[str, Any] = {
            "pk": "report",
            "sk": hour_key(hour_ms),
            "json": report.to_json(),
            "expires_at": _expiry(hour_ms, 400),
        }
        self.table.put(item)

    def load_report(self, hour_ms: int) -> Report | None:
        """Return the report of an hour, None if there is none."""
        item = self.table.get("report", hour_key(hour_ms))
        return None if item is None else Report.model_validate_json(str(item["json"]))

    def save_universe(self, universe: pl.DataFrame, hour_ms: int) -> None:
        """Keep every listed contract's fate and figures of the hour (30 days)."""
        self.table.put_all(_items("universe", hour_ms, pack(universe), 30))

    def load_universe(self, hour_ms: int) -> pl.DataFrame | None:
        """Return the universe of an hour, None if there is none."""
        frames = [unpack(bytes(item["data"].value)) for item in self._query("universe", hour_ms, hour_ms)]
        return pl.concat(frames) if frames else None

    def _query(self, pk: str, first_ms: int, last_ms: int) -> Sequence[dict[str, Any]]:
        """Return the current parts of the blocks of a span of hours."""
        return _current_parts(self.table.query(pk, hour_key(first_ms), hour_key(last_ms) + "#~"))


def _once(frame: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    """Return each row once, the first of equal keys. Names are compared as numbers: a month of bars has a million."""
    texts = {name for name in kind.unique if kind.schema[name] == pl.String}
    key = [pl.col(n).cast(pl.Categorical).to_physical() if n in texts else pl.col(n) for n in kind.unique]
    first = frame.select(pl.struct(key).is_first_distinct()).to_series()
    return frame if first.all() else frame.filter(first)


def _current_parts(items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the parts that an older, longer version of a block left behind: part 00 says how many there are."""
    counts = {item["sk"].partition("#")[0]: int(item["parts"]) for item in items if int(item["part"]) == 0}
    return [item for item in items if int(item["part"]) < counts.get(item["sk"].partition("#")[0], 0)]


def _expiry(hour_ms: int, days: int) -> int:
    return (hour_ms + days * DAY_MS) // 1000


def _items(pk: str, hour_ms: int, parts: list[bytes], days: int) -> Iterator[dict[str, Any]]:
    for number, data in enumerate(parts):
        sk = f"{hour_key(hour_ms)}#{number:02}"
        yield {
            "pk": pk,
            "sk": sk,
            "part": number,
            "parts": len(parts),
            "data": data,
            "expires_at": _expiry(hour_ms, days),
        }


def by_hour(frame: pl.DataFrame, column: str, offset_ms: int = 0) -> list[tuple[int, pl.DataFrame]]:
    """Split a frame by the hour of a time column, rounded up to the full hour (after adding `offset_ms`), in order."""
    hour = ((pl.col(column) + offset_ms + HOUR_MS - 1) // HOUR_MS * HOUR_MS).alias("_hour")
    parts = frame.with_columns(hour).partition_by("_hour", as_dict=True, include_key=False)
    return [(int(key[0]), part) for key, part in sorted(parts.items())]
