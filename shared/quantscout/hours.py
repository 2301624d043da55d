"""An hour's block in the table: written whole or not there.

Its first part, `<hour>#00`, names the build and how many parts there are, and is written when the others stand. The
others carry the build in their key, so that a block that is rewritten never mixes with what it was.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from quantscout.blocks import build_of
from quantscout.clock import from_ms, hour_key, parse_hour, to_ms
from quantscout.frames import DAY_MS
from quantscout.table import Item, StateTable


class Block(NamedTuple):
    """The parts of an hour's block."""

    hour_ms: int
    parts: list[bytes]


def write_hours(table: StateTable, pk: str, blocks: Iterable[Block], keep_days: int) -> None:
    """Write blocks, each over what its hour held: later parts first, then the first parts, which make them count."""
    items = [item for block in blocks for item in _items(pk, block, keep_days)]
    table.put_all(item for item in items if item["part"])
    table.put_all(item for item in items if not item["part"])


def read_hours(
    table: StateTable, pk: str, span: tuple[int, int], alive_ms: int, *, consistent: bool = False
) -> list[Block]:
    """Return the whole blocks from the first to the last hour, in order; one of which a part is missing is not there.

    What expired by `alive_ms` is not there either.
    """
    first, last = (hour_key(at_ms) for at_ms in span)
    items = table.query(pk, first, last + "#~", alive_ms=alive_ms, consistent=consistent)
    firsts = {_hour(item): item for item in items if not int(item["part"])}
    found = {(_hour(item), str(item.get("build", "")), int(item["part"])): item for item in items}
    blocks = []
    for hour, top in firsts.items():
        keys = [(hour, str(top.get("build", "")), number) for number in range(int(top["parts"]))]
        if all(key in found for key in keys):
            blocks.append(Block(_hour_ms(hour), [bytes(found[key]["data"].value) for key in keys]))
    return blocks


def has_hours(table: StateTable, pk: str, span: tuple[int, int]) -> bool:
    """Tell whether anything is stored from the first to the last hour, at the price of its first item."""
    first, last = (hour_key(at_ms) for at_ms in span)
    return table.has(pk, first, last + "#~")


def _hour(item: Mapping[str, Any]) -> str:
    return str(item["sk"]).partition("#")[0]


def _hour_ms(hour: str) -> int:
    return to_ms(parse_hour(f"{hour}:00Z"))


def _items(pk: str, block: Block, keep_days: int) -> list[Item]:
    build, hour = build_of(block.parts), hour_key(block.hour_ms)
    return [
        {
            "pk": pk,
            "sk": f"{hour}#{number:02}" + (f"#{build}" if number else ""),
            "part": number,
            "parts": len(block.parts),
            "build": build,
            "data": data,
            "expires_at": (block.hour_ms + keep_days * DAY_MS) // 1000,
        }
        for number, data in enumerate(block.parts)
    ]


def day_key(ms: int) -> str:
    """Return the sortable name of a day, as state keys use it."""
    return from_ms(ms).strftime("%Y-%m-%d")
