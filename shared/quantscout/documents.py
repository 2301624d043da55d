"""What the state keeps beside series: reports, universes, and the word that is left about banned sources."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import polars as pl
from pydantic import BaseModel, ValidationError

from quantscout.blocks import pack, unpack
from quantscout.capacity import Spent
from quantscout.clock import hour_key
from quantscout.errors import StateError, first_fault
from quantscout.factors import NAMES
from quantscout.frames import DAY_MS, KEY
from quantscout.gates import GATES
from quantscout.hours import Block, read_hours, write_hours
from quantscout.models import Report
from quantscout.table import Item, StateTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

KEEP_REPORTS_DAYS, KEEP_UNIVERSES_DAYS = 400, 30
SCORE_PARTS = tuple(f"{name}_{part}" for name in NAMES for part in ("z", "norm", "weight"))
EXPLAINING = (
    *KEY, "symbol", "coin", "base", "ineligible", "fate", "rank", "reason", "reason_value", "reason_limit", "score",
    "coverage", "penalty", "boost", "in_scored_set", "flags", "funding_z", "funding_change_z", "listed_days",
    "long_short_ratio", "multiplier", "identity_status", "coin_id", "market_cap_source", "supply_age_h",
    "supply_difference_pct", "supply_binance_coins", "supply_coingecko_coins",
    *dict.fromkeys(gate.column for gate in GATES), *NAMES, *SCORE_PARTS,
)  # fmt: skip
"""The columns of a universe that answer why a contract was picked or not. All of them would cost more to write than
everything else of an hour together; they go beside the tape (tape.store_universe).
"""


Kept = TypeVar("Kept", bound=BaseModel)


def parse_item(model: type[Kept], item: Item) -> Kept:
    """Return what an item holds as JSON; what a later version added to it is left out (StateError if unreadable)."""
    try:
        return model.model_validate_json(str(item["json"]), extra="ignore")
    except ValidationError as cause:
        said = first_fault(cause)
        raise StateError(f"the stored {item['pk']} of {item['sk']} cannot be read by this version: {said}") from cause


class Breaker(NamedTuple):
    """Until when a source is left alone, and why."""

    until_ms: int
    reason: str


class Documents:
    """Single items of the table. Every method raises StateError, which names the table and the cause."""

    def __init__(self, table: "Table") -> None:
        """Take a boto3 Table resource; nothing is asked yet."""
        self.table = StateTable(table)

    @property
    def client(self) -> Any:
        """The DynamoDB client, for those who listen to what is read and written."""
        return self.table.client

    def spent(self) -> Spent:
        """Return what the state cost since this was last asked: capacity units, items, the largest, time to load."""
        return self.table.meter.take()

    def load_breakers(self, hour_ms: int = 0) -> dict[str, Breaker]:
        """Return the sources that are to be left alone, as earlier runs left word; what expired by the hour is gone."""
        items = self.table.query("breaker", consistent=True, alive_ms=hour_ms)
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

    def save_report(self, report: Report, hour_ms: int, attempt: int | None = None) -> None:
        """Keep the hour's report (400 days).

        Of a run with a record, `attempt` is its number: a report that a later attempt has stored stands (StateError).
        """
        expires_at = (hour_ms + KEEP_REPORTS_DAYS * DAY_MS) // 1000
        item: dict[str, Any] = {"json": report.to_json(), "expires_at": expires_at}
        if attempt is None:
            self.table.put({"pk": "report", "sk": hour_key(hour_ms), **item})
            return
        kept = self.table.update(
            "report",
            hour_key(hour_ms),
            "SET json = :json, expires_at = :expires_at, attempt = :attempt",
            "attribute_not_exists(attempt) OR attempt <= :attempt",
            {f":{name}": value for name, value in item.items()} | {":attempt": attempt},
        )
        if kept is None:
            raise StateError(
                f"table '{self.table.name}': a later attempt than {attempt} has stored the report of {report.hour}"
            )

    def load_report(self, hour_ms: int) -> Report | None:
        """Return the report of an hour as it was last written, None if there is none."""
        item = self.table.get("report", hour_key(hour_ms), alive_ms=hour_ms)
        return None if item is None else parse_item(Report, item)

    def save_universe(self, universe: pl.DataFrame, hour_ms: int) -> None:
        """Keep every listed contract's fate of the hour with the figures that explain it (`EXPLAINING`, 30 days)."""
        parts = pack(universe.select(name for name in EXPLAINING if name in universe.columns), computed=True)
        write_hours(self.table, "universe", [Block(hour_ms, parts)], KEEP_UNIVERSES_DAYS)

    def load_universe(self, hour_ms: int) -> pl.DataFrame | None:
        """Return what is kept of an hour's universe, None if there is none."""
        blocks = read_hours(self.table, "universe", (hour_ms, hour_ms), hour_ms, consistent=True)
        frames = [unpack(part) for block in blocks for part in block.parts]
        return pl.concat(frames) if frames else None
