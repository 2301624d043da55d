"""What the state's calls cost: DynamoDB's capacity units, as it answers them and as they follow from the items' sizes.

The rules (AWS, "Read and write operations"): reading costs one unit per 4 KB, half of it where an old answer will do; a
query adds its items up first, a single item is rounded up by itself. Writing costs one unit per 1 KB and item.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from threading import Lock
from typing import Any, TypedDict

READ_UNIT_BYTES, WRITE_UNIT_BYTES = 4_096, 1_024
ELEMENT_BYTES, CONTAINER_BYTES = 1, 3
NUMBER_BYTES = 21
"""Of a number at most: DynamoDB keeps up to 38 digits, two in a byte."""


@dataclass
class Cost:
    """What one kind of item cost; `computed_*` follow from sizes, the others are the answers' where they had any."""

    read_units: float = 0.0
    write_units: float = 0.0
    computed_read_units: float = 0.0
    computed_write_units: float = 0.0
    items_read: int = 0
    items_written: int = 0
    max_item_bytes: int = 0

    def add(self, other: "Cost") -> None:
        """Add another cost to this one."""
        for name in vars(self):
            if name != "max_item_bytes":
                setattr(self, name, getattr(self, name) + getattr(other, name))
        self.max_item_bytes = max(self.max_item_bytes, other.max_item_bytes)


class Spent(TypedDict):
    """What a run's state cost. `computed` says that some answer told no units, so that they follow from sizes."""

    read_units: float
    write_units: float
    computed_read_units: float
    computed_write_units: float
    computed: bool
    items: int
    max_item_bytes: int
    load_s: float
    by_kind: dict[str, dict[str, float]]


class Meter:
    """Adds up what is read and written, by kind of item (its partition up to the first #); for several threads."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self._lock = Lock()
        self._begin()

    def _begin(self) -> None:
        self._kinds: dict[str, Cost] = {}
        self._silent, self._load_s = False, 0.0

    def note_read(self, pk: str, items: Iterable[Mapping[str, Any]], told: object, *, consistent: bool) -> None:
        """Note the answer of a query, or of a single item; `told` is its ConsumedCapacity."""
        sizes = [item_bytes(item) for item in items]
        computed = read_units(sum(sizes), consistent=consistent)
        given = _told(told)
        cost = Cost(computed if given is None else given, 0.0, computed, 0.0, len(sizes), 0, max(sizes, default=0))
        self._note(pk, cost, silent=given is None)

    def note_write(self, items: Iterable[Mapping[str, Any]], told: object) -> None:
        """Note the items that a call wrote, whatever their kinds; the call's units are shared out by computed ones."""
        sizes = [(str(item["pk"]), item_bytes(item)) for item in items]
        computed = [write_units(size) for _, size in sizes]
        given = _told(told)
        share = 1.0 if given is None or not computed else given / sum(computed)
        for (pk, size), units in zip(sizes, computed, strict=True):
            self._note(pk, Cost(0.0, share * units, 0.0, units, 0, 1, size), silent=given is None)

    def note_load(self, seconds: float) -> None:
        """Note how long a load took."""
        with self._lock:
            self._load_s += seconds

    def _note(self, pk: str, cost: Cost, *, silent: bool) -> None:
        with self._lock:
            self._kinds.setdefault(pk.partition("#")[0], Cost()).add(cost)
            self._silent = self._silent or silent

    def take(self) -> Spent:
        """Return what was noted since the last time, and begin anew: a process that stays warm has many runs."""
        with self._lock:
            kinds, silent, load_s = self._kinds, self._silent, self._load_s
            self._begin()
        total = Cost()
        for cost in kinds.values():
            total.add(cost)
        return Spent(
            read_units=round(total.read_units, 1),
            write_units=round(total.write_units, 1),
            computed_read_units=total.computed_read_units,
            computed_write_units=total.computed_write_units,
            computed=silent,
            items=total.items_read + total.items_written,
            max_item_bytes=total.max_item_bytes,
            load_s=round(load_s, 3),
            by_kind={name: _rounded(cost) for name, cost in sorted(kinds.items())},
        )


def _rounded(cost: Cost) -> dict[str, float]:
    return {name: round(value, 1) for name, value in vars(cost).items() if value}


def read_units(size_bytes: int, *, consistent: bool) -> float:
    """Return what reading so many bytes costs; an item that is not there costs as much as the smallest."""
    return max(1, math.ceil(size_bytes / READ_UNIT_BYTES)) * (1.0 if consistent else 0.5)


def write_units(size_bytes: int) -> float:
    """Return what writing an item of this size costs."""
    return float(max(1, math.ceil(size_bytes / WRITE_UNIT_BYTES)))


def _told(answer: object) -> float | None:
    """Return the units of a ConsumedCapacity: one of a call, a list of a batch's tables, or nothing."""
    parts = answer if isinstance(answer, list) else [answer]
    units = [part["CapacityUnits"] for part in parts if isinstance(part, Mapping) and "CapacityUnits" in part]
    return sum(float(each) for each in units) if units else None


def item_bytes(item: Mapping[str, Any]) -> int:
    """Return an item's size by AWS's rules, in boto3's types: names and values, UTF-8."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, int | float | Decimal):
        digits = len(Decimal(str(value)).normalize().as_tuple().digits)
        return min(NUMBER_BYTES, (digits + 1) // 2 + 1 + (value < 0))
    if isinstance(value, Mapping):
        return CONTAINER_BYTES + item_bytes(value) + ELEMENT_BYTES * len(value)
    if isinstance(value, list | tuple | set):
        return CONTAINER_BYTES + sum(_value_bytes(part) + ELEMENT_BYTES for part in value)
    return len(bytes(getattr(value, "value", value)))
