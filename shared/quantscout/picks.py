"""What the state keeps of evaluated hours (docs/outcomes.md): per hour one small item, and the judged rows in a block.

`evaluated` / hour holds an EvaluatedHour as JSON, `judged` / hour#part the rows as Parquet: half of an Arrow block, as
most values are null. The rows are written first: who finds the item finds its rows, whole. Every function raises
StateError where the table fails.
"""

import io
from typing import Any

import polars as pl

from quantscout.blocks import PART_LIMIT_BYTES
from quantscout.clock import hour_key
from quantscout.documents import parse_item
from quantscout.errors import StateError
from quantscout.evaluation_models import HOURS, JUDGED, EvaluatedHour
from quantscout.frames import DAY_MS, HOUR_MS, conform, stack
from quantscout.hours import Block, read_hours, write_hours
from quantscout.models import Report
from quantscout.store import EVERYTHING, Store

EVALUATED, JUDGED_ROWS, REPORTS = "evaluated", "judged", "report"
KEEP_DAYS = 400
"""As long as the reports."""
READ_SPAN_H = 168


def save_evaluated(store: Store, hour: EvaluatedHour, judged: pl.DataFrame) -> bool:
    """Keep an hour and its rows; False, and the item as it was, where a later look has written it."""
    if judged.height:
        write_hours(store.table, JUDGED_ROWS, [Block(hour.hour_ms, _pack(judged))], KEEP_DAYS)
    values: dict[str, Any] = {
        ":json": hour.model_dump_json(),
        ":at": hour.evaluated_ms,
        ":expires_at": (hour.hour_ms + KEEP_DAYS * DAY_MS) // 1000,
    }
    expression = "SET json = :json, evaluated_ms = :at, expires_at = :expires_at"
    condition = "attribute_not_exists(evaluated_ms) OR evaluated_ms <= :at"
    return store.table.update(EVALUATED, hour_key(hour.hour_ms), expression, condition, values) is not None


def load_hours(store: Store, first_ms: int, last_ms: int, *, consistent: bool = False) -> list[EvaluatedHour]:
    """Return the evaluated hours from the first to the last, in order, those without a judgement included."""
    items = store.table.query(EVALUATED, hour_key(first_ms), hour_key(last_ms), consistent=consistent, alive_ms=last_ms)
    return [parse_item(EvaluatedHour, item) for item in items]


def load_evaluated(store: Store, first_ms: int, last_ms: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return JUDGED and HOURS of the evaluated hours from the first to the last, both in order of the hour.

    Hours that have no report are in neither; `load_hours` names them.
    """
    known = [hour for hour in load_hours(store, first_ms, last_ms) if hour.excluded != "no_report"]
    hours = pl.DataFrame([hour.row() for hour in known], schema=dict(HOURS))
    return load_judged(store, first_ms, last_ms), hours


def load_judged(store: Store, first_ms: int, last_ms: int, keep: pl.Expr = EVERYTHING) -> pl.DataFrame:
    """Return JUDGED of the hours from the first to the last; `keep` is applied to each hour as it comes."""
    span_ms = (READ_SPAN_H - 1) * HOUR_MS
    spans = ((ms, min(ms + span_ms, last_ms)) for ms in range(first_ms, last_ms + 1, READ_SPAN_H * HOUR_MS))
    blocks = [block for span in spans for block in read_hours(store.table, JUDGED_ROWS, span, last_ms)]
    return stack([_unpack(part).filter(keep) for block in blocks for part in block.parts], JUDGED)


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
