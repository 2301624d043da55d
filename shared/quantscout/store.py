"""The state: series in column blocks per venue and hour, folded into days (docs/state.md); documents beside them.

One table. `pk` is what it is ("bars#binance", "report"), `sk` the hour and the part ("2026-03-01T12#00"). A block is
written whole: what a key held is merged with what is new, so that writing twice changes nothing.
"""

import time
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from quantscout.blocks import pack, unpack
from quantscout.capacity import write_units
from quantscout.days import TRIES, DayBlocks, Head
from quantscout.documents import Documents
from quantscout.frames import BARS, DAY_MS, FUNDING, HOUR_MS, KEY, OPEN_INTEREST, SUPPLY, Schema, stack
from quantscout.hours import Block, has_hours, read_hours, write_hours

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

READERS = 8
EVERYTHING = pl.lit(value=True)
READ_SPAN_H = 24
KEEP_DAYS = 35
"""Blocks live longer than the 30 days that are read, so that a late hour still finds its window."""
LAYERS_MOST = 4
"""So many times rows are added to a day before it is written anew as one."""
HOUR_OF_DAY = "hour_of_day"
"""In a day's block, the hour whose block a row belongs to: part of a day is read as exactly as its hours."""


class Kind(NamedTuple):
    """A kind of block: the schema of its rows and the columns that make a row unique; `by_day` if it has no hours."""

    name: str
    schema: Schema
    unique: tuple[str, ...]
    by_day: bool = False

    def hours(self, partition: str) -> str:
        """Return the partition key of the hours' blocks."""
        return f"{self.name}#{partition}"

    def days(self, partition: str) -> str:
        """Return the partition key of the days' blocks."""
        return f"{self.name}_days#{partition}"

    @property
    def day_schema(self) -> Schema:
        """The schema of a day's rows."""
        return {**self.schema, HOUR_OF_DAY: pl.Int8}


BAR_BLOCKS = Kind("bars", BARS, (*KEY, "open_ms"))
BACKFILLED_BLOCKS = Kind("backfilled", BARS, (*KEY, "open_ms"), by_day=True)
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


class Store(Documents):
    """The state in one DynamoDB table. Every method raises StateError, which names the table and the cause."""

    def __init__(self, table: "Table") -> None:
        """Take a boto3 Table resource; nothing is asked yet."""
        super().__init__(table)
        self._days = DayBlocks(self.table, KEEP_DAYS)

    def load(
        self, kind: Kind, partition: str, since_ms: int, until_ms: int, keep: pl.Expr = EVERYTHING
    ) -> pl.DataFrame:
        """Return the rows of all blocks whose hour lies in `since <= hour <= until`, unique, in no set order.

        `keep` is applied to each block as it comes: what is not wanted never adds up.
        """
        return _once(self._load(kind, partition, since_ms, until_ms, keep), kind)

    def _load(self, kind: Kind, partition: str, since_ms: int, until_ms: int, keep: pl.Expr) -> pl.DataFrame:
        """Return the rows, some of them perhaps twice."""
        began_s = time.perf_counter()
        heads = self._days.heads(kind.days(partition), since_ms, until_ms, until_ms)
        whole = {day_ms: head for day_ms, head in heads.items() if head.layers}
        spans = [] if kind.by_day else _spans(since_ms, until_ms, whole)

        def read_day(head: Head) -> list[pl.DataFrame]:
            found = self._days.read(kind.days(partition), head, until_ms)
            span = max(since_ms, head.day_ms), min(until_ms, head.day_ms + DAY_MS - HOUR_MS)
            if not found.is_whole and not kind.by_day:
                return read_span(span)
            of_day = [(at_ms - head.day_ms) // HOUR_MS for at_ms in span]
            return [_of_hours(part, kind, *of_day).filter(keep) for part in found.parts]

        def read_span(span: tuple[int, int]) -> list[pl.DataFrame]:
            blocks = read_hours(self.table, kind.hours(partition), span, until_ms)
            return [unpack(part, kind.schema).filter(keep) for block in blocks for part in block.parts]

        with ThreadPoolExecutor(READERS) as readers:
            of_days, of_hours = readers.map(read_day, whole.values()), readers.map(read_span, spans)
            frames = [frame for found in (*of_days, *of_hours) for frame in found]
        rows = stack(frames, kind.schema)
        self.table.meter.note_load(time.perf_counter() - began_s)
        return rows

    def load_bars(self, venue: str, since_ms: int, until_ms: int, keep: pl.Expr = EVERYTHING) -> pl.DataFrame:
        """Return the verified 1h bars of a venue, whoever wrote them, from blocks of `since <= hour <= until`."""
        both = [self._load(kind, venue, since_ms, until_ms, keep) for kind in (BAR_BLOCKS, BACKFILLED_BLOCKS)]
        return _once(pl.concat(both), BAR_BLOCKS)

    def save(self, kind: Kind, partition: str, frames_by_hour: Iterable[tuple[int, pl.DataFrame]]) -> None:
        """Merge frames into the blocks of their hours. Rows that a block already holds stay as they are."""
        for hour_ms, frame in frames_by_hour:
            if frame.height:
                span = hour_ms, hour_ms
                blocks = read_hours(self.table, kind.hours(partition), span, hour_ms, consistent=True)
                held = stack([unpack(part, kind.schema) for block in blocks for part in block.parts], kind.schema)
                merged = (
                    pl.concat([held, frame]).unique(kind.unique, keep="first", maintain_order=True).sort(kind.unique)
                )
                if merged.height > held.height:
                    self.replace(kind, partition, [(hour_ms, merged)])

    def replace(self, kind: Kind, partition: str, frames_by_hour: Iterable[tuple[int, pl.DataFrame]]) -> None:
        """Write the blocks of hours as they are. A day that was folded is read by its hours again."""
        blocks = [Block(hour_ms, pack(frame)) for hour_ms, frame in frames_by_hour]
        days = sorted({block.hour_ms // DAY_MS * DAY_MS for block in blocks})
        for look in ("before", "after"):  # after, too: it may be folded while the hours are being written
            if look == "after":
                write_hours(self.table, kind.hours(partition), blocks, KEEP_DAYS)
            for day_ms in days:
                self._days.mark_stale(kind.days(partition), day_ms)

    def append(self, kind: Kind, partition: str, frames_by_hour: Iterable[tuple[int, pl.DataFrame]]) -> None:
        """Add rows to the days of their hours, for a kind that has only days; what is stored is not written again."""
        by_day: dict[int, list[pl.DataFrame]] = {}
        for hour_ms, frame in frames_by_hour:
            by_day.setdefault(hour_ms // DAY_MS * DAY_MS, []).append(_with_hour(frame, hour_ms))
        for day_ms, frames in by_day.items():
            self._append_day(kind, partition, day_ms, pl.concat(frames))

    def _append_day(self, kind: Kind, partition: str, day_ms: int, new: pl.DataFrame) -> None:
        pk = kind.days(partition)
        for _ in range(TRIES):
            seen, rows = self._days.head(pk, day_ms), new
            layers = () if seen is None else seen.layers
            if seen is not None and len(layers) >= LAYERS_MOST:
                old = [unpack(part, kind.day_schema) for part in self._days.read(pk, seen).parts]
                rows, layers = pl.concat([*old, new]).unique(kind.unique, keep="first", maintain_order=True), ()
            if self._days.write(pk, day_ms, pack(rows.sort(kind.unique)), seen, layers):
                return
        raise self._days.unsettled(pk, day_ms)

    def folded(self, kind: Kind, partition: str, first_ms: int, last_ms: int) -> set[int]:
        """Return the days of the span, by their first ms, that are read as one block."""
        heads = self._days.heads(kind.days(partition), first_ms, last_ms, last_ms)
        return {day_ms for day_ms, head in heads.items() if head.layers}

    def fold(self, kind: Kind, partition: str, day_ms: int, units_most: float) -> float:
        """Write the blocks of a day's hours as one of the day, and return the write units that it took.

        0 where there is nothing to fold, it was done before, changed meanwhile, or would take more than `units_most`.
        """
        span = day_ms, day_ms + DAY_MS - HOUR_MS
        if not has_hours(self.table, kind.hours(partition), span):
            return 0.0
        seen = self._days.begin(kind.days(partition), day_ms)
        if seen.layers:
            return 0.0
        blocks = read_hours(self.table, kind.hours(partition), span, day_ms, consistent=True)
        frames = [_with_hour(unpack(part, kind.schema), block.hour_ms) for block in blocks for part in block.parts]
        if not frames:
            return 0.0
        parts = pack(pl.concat(frames).sort(*kind.unique, HOUR_OF_DAY))
        units = sum(write_units(len(part)) for part in parts) + 2  # of the head
        fits = units <= units_most
        return units if fits and self._days.write(kind.days(partition), day_ms, parts, seen) else 0.0


def _spans(since_ms: int, until_ms: int, whole: Collection[int]) -> list[tuple[int, int]]:
    """Return the spans of hours, none longer than is read at once, that are not part of a whole day."""
    spans: list[tuple[int, int]] = []
    for hour_ms in range(since_ms, until_ms + 1, HOUR_MS):
        if hour_ms // DAY_MS * DAY_MS in whole:
            continue
        follows = spans and spans[-1][1] == hour_ms - HOUR_MS
        if follows and hour_ms - spans[-1][0] < READ_SPAN_H * HOUR_MS:
            spans[-1] = spans[-1][0], hour_ms
        else:
            spans.append((hour_ms, hour_ms))
    return spans


def _with_hour(frame: pl.DataFrame, hour_ms: int) -> pl.DataFrame:
    return frame.with_columns(pl.lit(hour_ms % DAY_MS // HOUR_MS, pl.Int8).alias(HOUR_OF_DAY))


def _of_hours(part: bytes, kind: Kind, first_h: int, last_h: int) -> pl.DataFrame:
    """Return the rows of a day's block that belong to these hours of it."""
    rows = unpack(part, kind.day_schema)
    if (first_h, last_h) != (0, 23):
        rows = rows.filter(pl.col(HOUR_OF_DAY).is_between(first_h, last_h))
    return rows.drop(HOUR_OF_DAY)


def _once(frame: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    """Return each row once, the first of equal keys. Names are compared as numbers: a month of bars has a million."""
    texts = {name for name in kind.unique if kind.schema[name] == pl.String}
    key = [pl.col(n).cast(pl.Categorical).to_physical() if n in texts else pl.col(n) for n in kind.unique]
    first = frame.select(pl.struct(key).is_first_distinct()).to_series()
    return frame if first.all() else frame.filter(first)


def by_hour(frame: pl.DataFrame, column: str, offset_ms: int = 0) -> list[tuple[int, pl.DataFrame]]:
    """Split a frame by the hour of a time column, rounded up to the full hour (after adding `offset_ms`), in order."""
    hour = ((pl.col(column) + offset_ms + HOUR_MS - 1) // HOUR_MS * HOUR_MS).alias("_hour")
    parts = frame.with_columns(hour).partition_by("_hour", as_dict=True, include_key=False)
    return [(int(key[0]), part) for key, part in sorted(parts.items())]
