"""What the state keeps of evaluated hours (docs/outcomes.md): per hour one small item, and the judged rows in a block.

`evaluated` / hour holds an EvaluatedHour as JSON, `judged` / hour#build#part the rows as Parquet: half of an Arrow
block, as most values are null. The rows are written first, under a key that only they have, and the item names it: who
finds the item finds its rows, whole, and rows that no item names are nobody's. Every function raises StateError where
the table fails.
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from quantscout.blocks import PART_LIMIT_BYTES, build_of
from quantscout.clock import hour_key, parse_hour, to_ms
from quantscout.documents import parse_item
from quantscout.errors import StateError
from quantscout.evaluation_models import JUDGED, LIVE_HOURS, EvaluatedHour
from quantscout.frames import DAY_MS, HOUR_MS, conform, stack
from quantscout.models import Report
from quantscout.store import EVERYTHING, Store
from quantscout.table import Item

EVALUATED, JUDGED_ROWS, REPORTS = "evaluated", "judged", "report"
KEEP_DAYS = 400
"""As long as the reports."""
READ_SPAN_H = 168


def save_evaluated(store: Store, hour: EvaluatedHour, judged: pl.DataFrame | None) -> EvaluatedHour | None:
    """Keep an hour and its rows (without `judged` those that it names), and return it as it is stored.

    None where a later look has written the item: item and rows are as they were.
    """
    expires_at = (hour.hour_ms + KEEP_DAYS * DAY_MS) // 1000
    if judged is not None:
        parts = _pack(judged) if judged.height else []
        hour = hour.model_copy(update={"rows": build_of(parts) if parts else ""})
        store.table.put_all(_part_items(hour, parts, expires_at))
    values: dict[str, Any] = {":json": hour.model_dump_json(), ":at": hour.evaluated_ms, ":expires_at": expires_at}
    expression = "SET json = :json, evaluated_ms = :at, expires_at = :expires_at"
    condition = "attribute_not_exists(evaluated_ms) OR evaluated_ms <= :at"
    return hour if store.table.update(EVALUATED, hour_key(hour.hour_ms), expression, condition, values) else None


def _part_items(hour: EvaluatedHour, parts: Sequence[bytes], expires_at: int) -> Iterator[Item]:
    """Return the items of the rows; an earlier version of the product finds them, too, by their attributes."""
    for number, data in enumerate(parts):
        key = {"pk": JUDGED_ROWS, "sk": f"{hour_key(hour.hour_ms)}#{hour.rows}#{number:02}"}
        told = {"part": number, "parts": len(parts), "build": hour.rows}
        yield {**key, **told, "data": data, "expires_at": expires_at}


def load_hours(store: Store, first_ms: int, last_ms: int, *, consistent: bool = False) -> list[EvaluatedHour]:
    """Return the evaluated hours from the first to the last, in order, those without a judgement included."""
    items = store.table.query(EVALUATED, hour_key(first_ms), hour_key(last_ms), consistent=consistent, alive_ms=last_ms)
    return [parse_item(EvaluatedHour, item) for item in items]


def load_hour(store: Store, hour_ms: int) -> EvaluatedHour | None:
    """Return the evaluated hour as it was last written, None if there is none."""
    item = store.table.get(EVALUATED, hour_key(hour_ms), alive_ms=hour_ms)
    return None if item is None else parse_item(EvaluatedHour, item)


def load_evaluated(store: Store, first_ms: int, last_ms: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return JUDGED and LIVE_HOURS of the hours that may count, from the first to the last, both in order of the hour.

    Hours that have no report, or a late one, are in neither; `load_hours` names them.
    """
    return frames_of(store, load_hours(store, first_ms, last_ms))


def frames_of(store: Store, known: Iterable[EvaluatedHour]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return JUDGED and LIVE_HOURS of those of these hours that may count: no row without its hour."""
    measured = [hour for hour in known if hour.is_measured]
    hours = pl.DataFrame([hour.row() for hour in measured], schema=dict(LIVE_HOURS))
    return load_rows(store, measured), hours


def load_judged(store: Store, first_ms: int, last_ms: int, keep: pl.Expr = EVERYTHING) -> pl.DataFrame:
    """Return JUDGED of the evaluated hours from the first to the last; `keep` is applied to each hour as it comes."""
    return load_rows(store, load_hours(store, first_ms, last_ms), keep)


def load_rows(store: Store, hours: Iterable[EvaluatedHour], keep: pl.Expr = EVERYTHING) -> pl.DataFrame:
    """Return JUDGED of these hours, in their order; `keep` is applied to each hour as it comes."""
    named = {hour.hour_ms: hour.rows for hour in hours if hour.population.rows}
    frames = []
    for first_ms in range(min(named, default=0), max(named, default=-1) + 1, READ_SPAN_H * HOUR_MS):
        span = range(first_ms, first_ms + READ_SPAN_H * HOUR_MS, HOUR_MS)
        keys = {hour_key(ms): named[ms] for ms in span if ms in named}
        items = store.table.query(JUDGED_ROWS, min(keys), max(keys) + "#~") if keys else []
        frames += [_unpack(part).filter(keep) for part in _parts_of(items, keys)]
    return stack(frames, JUDGED)


def _parts_of(items: Iterable[Item], named: Mapping[str, str]) -> Iterator[bytes]:
    """Return the parts of the build that each hour names; one of which a part is missing is not there."""
    found: dict[tuple[str, str], dict[int, Item]] = {}
    only: dict[str, str] = {}
    for item in items:
        hour, _, rest = str(item["sk"]).partition("#")
        build = str(item.get("build", ""))
        found.setdefault((hour, build), {})[int(item["part"])] = item
        if rest == "00":  # the one place of an hour's rows, when items did not name them
            only[hour] = build
    for hour, build in sorted(named.items()):
        parts = found.get((hour, build or only.get(hour, "")), {})
        if parts and len(parts) == int(next(iter(parts.values()))["parts"]):
            yield from (bytes(parts[number]["data"].value) for number in sorted(parts))


def _pack(rows: pl.DataFrame) -> list[bytes]:
    """Return the rows in parts that fit into an item each; an hour of 1,100 contracts is 62 KB."""
    buffer = io.BytesIO()
    rows.write_parquet(buffer, compression="zstd", statistics=False)
    if buffer.tell() <= PART_LIMIT_BYTES or rows.height <= 1:
        return [buffer.getvalue()]
    half = rows.height // 2
    return _pack(rows[:half]) + _pack(rows[half:])


def _unpack(part: bytes) -> pl.DataFrame:
    try:
        rows = pl.read_parquet(io.BytesIO(part))
        # An older version's rows lack what came later: unknown, as null says.
        absent = [pl.lit(None, kind).alias(name) for name, kind in JUDGED.items() if name not in rows.columns]
        return conform(rows.with_columns(absent), JUDGED)
    except (pl.exceptions.PolarsError, OSError) as cause:
        raise StateError(f"stored judged rows cannot be read: {cause}") from cause


def load_reports(store: Store, first_ms: int, last_ms: int) -> list[Report]:
    """Return the stored reports from the first to the last hour, in order."""
    items = store.table.query(REPORTS, hour_key(first_ms), hour_key(last_ms), alive_ms=last_ms)
    return [parse_item(Report, item) for item in items]


def load_unjudged(store: Store, known: Iterable[EvaluatedHour], first_ms: int, last_ms: int) -> list[int]:
    """Return the hours from the first to the last that have a report and are not among the evaluated ones, in order.

    Only where hours are missing reports are read, so that it costs nothing while all is well.
    """
    seen = {hour.hour_ms for hour in known}
    spans: list[tuple[int, int]] = []
    for hour_ms in (ms for ms in range(first_ms, last_ms + 1, HOUR_MS) if ms not in seen):
        if spans and spans[-1][1] == hour_ms - HOUR_MS:
            spans[-1] = spans[-1][0], hour_ms
        else:
            spans.append((hour_ms, hour_ms))
    keys = [(hour_key(first), hour_key(last)) for first, last in spans]
    items = [item for first, last in keys for item in store.table.query(REPORTS, first, last, alive_ms=last_ms)]
    return [to_ms(parse_hour(f"{item['sk']}:00Z")) for item in items]
