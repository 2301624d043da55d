"""A day's rows in a few large items: layers of parts that never change, and a head that names them, written last.

A reader goes by the head alone, so it sees all of a layer or nothing of it. A head without layers says that the day's
hours have changed since and are to be read instead. Every head is written on condition that it is still what was read.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from quantscout.blocks import build_of
from quantscout.clock import parse_hour, to_ms
from quantscout.errors import StateError
from quantscout.frames import DAY_MS
from quantscout.hours import day_key
from quantscout.table import Item, StateTable

HEAD = "head#"
TRIES = 5


class Layer(NamedTuple):
    """A block of rows: the name of its content, and how many parts it has."""

    build: str
    parts: int


class Head(NamedTuple):
    """What a day consists of; `seq` counts its versions."""

    day_ms: int
    seq: int
    layers: tuple[Layer, ...]


class Read(NamedTuple):
    """What was found of a day: the parts of its whole layers, and whether that is all of them."""

    parts: list[bytes]
    is_whole: bool


class DayBlocks:
    """The days of all partitions of a table. Every method raises StateError where the table fails."""

    def __init__(self, table: StateTable, keep_days: int) -> None:
        """Take the table, and for how long after its end a day is kept."""
        self._table, self._keep_days = table, keep_days

    def heads(self, pk: str, first_ms: int, last_ms: int, alive_ms: int) -> dict[int, Head]:
        """Return the heads of a span of days by day. A consistent read: parts are found through nothing else."""
        first, last = HEAD + day_key(first_ms), HEAD + day_key(last_ms)
        found = map(_head, self._table.query(pk, first, last, consistent=True, alive_ms=alive_ms))
        return {head.day_ms: head for head in found}

    def head(self, pk: str, day_ms: int) -> Head | None:
        """Return a day's head as it was last written, None if it has none."""
        item = self._table.get(pk, HEAD + day_key(day_ms))
        return None if item is None else _head(item)

    def read(self, pk: str, head: Head, alive_ms: int = 0) -> Read:
        """Return the parts of the layers of which every part is there."""
        found: list[bytes] = []
        is_whole = True
        for build, count in head.layers:
            keys = (f"{day_key(head.day_ms)}#{build}#{number:02}" for number in range(count))
            parts = [part for key in keys if (part := self._part(pk, key, alive_ms)) is not None]
            found += parts if len(parts) == count else []
            is_whole = is_whole and len(parts) == count
        return Read(found, is_whole)

    def _part(self, pk: str, sk: str, alive_ms: int) -> bytes | None:
        """Return a part. It never changes, so half the price will do; only one not seen yet is asked for in full."""
        item = self._table.get(pk, sk, consistent=False, alive_ms=alive_ms)
        item = item or self._table.get(pk, sk, alive_ms=alive_ms)
        return None if item is None else bytes(item["data"].value)

    def write(self, pk: str, day_ms: int, parts: list[bytes], seen: Head | None, kept: Sequence[Layer] = ()) -> bool:
        """Write parts, then the head that names them after the layers `kept`; False if it is not what was seen."""
        layer = Layer(build_of(parts), len(parts))
        self._table.put_all(self._part_item(pk, day_ms, layer, number, data) for number, data in enumerate(parts))
        return self._put_head(pk, day_ms, seen, (*(old for old in kept if old != layer), layer))

    def begin(self, pk: str, day_ms: int) -> Head:
        """Return the day's head, written without layers if it had none: whoever changes an hour from now on is seen."""
        for _ in range(TRIES):
            seen = self.head(pk, day_ms)
            if seen is not None:
                return seen
            self._put_head(pk, day_ms, None, ())
        raise self.unsettled(pk, day_ms)

    def mark_stale(self, pk: str, day_ms: int) -> None:
        """Say that the day's hours are to be read instead, also to one who folds them now (there is a head then)."""
        for _ in range(TRIES):
            seen = self.head(pk, day_ms)
            if seen is None or self._put_head(pk, day_ms, seen, ()):
                return
        raise self.unsettled(pk, day_ms)

    def unsettled(self, pk: str, day_ms: int) -> StateError:
        """Return the error of a head that changed at every attempt to write it."""
        return StateError(
            f"table '{self._table.name}': {pk} {day_key(day_ms)} was changed {TRIES} times while it was being "
            "written; next step: repeat the run"
        )

    def _put_head(self, pk: str, day_ms: int, seen: Head | None, layers: tuple[Layer, ...]) -> bool:
        values: dict[str, Any] = {
            ":seq": 1 if seen is None else seen.seq + 1,
            ":layers": [f"{build}/{parts}" for build, parts in layers],
            ":expires_at": self._expires_at(day_ms),
        }
        condition = "attribute_not_exists(seq)"
        if seen is not None:
            condition, values[":seen"] = "seq = :seen", seen.seq
        expression = "SET seq = :seq, layers = :layers, expires_at = :expires_at"
        return self._table.update(pk, HEAD + day_key(day_ms), expression, condition, values) is not None

    def _part_item(self, pk: str, day_ms: int, layer: Layer, number: int, data: bytes) -> Item:
        sk = f"{day_key(day_ms)}#{layer.build}#{number:02}"
        return {"pk": pk, "sk": sk, "data": data, "expires_at": self._expires_at(day_ms)}

    def _expires_at(self, day_ms: int) -> int:
        return (day_ms + (1 + self._keep_days) * DAY_MS) // 1000


def _head(item: Item) -> Head:
    layers = (text.split("/") for text in item["layers"])
    day_ms = to_ms(parse_hour(str(item["sk"]).removeprefix(HEAD) + "T00:00Z"))
    return Head(day_ms, int(item["seq"]), tuple(Layer(build, int(parts)) for build, parts in layers))
