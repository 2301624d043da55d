"""What the state held before a run: every item that the run read, as it was before the run wrote it."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any

import polars as pl

from quantscout.spool import Spool, Stored
from quantscout.store import Store
from quantscout.tape import STATE

Item = dict[str, dict[str, Any]]
"""In DynamoDB's own form: {"pk": {"S": "report"}, ...}."""
READ = "after-call.dynamodb"
WRITTEN = "before-parameter-build.dynamodb"
BASE64 = "base64"  # no type of DynamoDB's has this name
ITEMS_PER_BLOCK = 100


class HeldItems:
    """Listens at the DynamoDB client itself, so that it hears whatever the store reads, now and in later versions."""

    def __init__(self, spool: Spool) -> None:
        """Keep the blocks in this spool."""
        self._items: dict[tuple[str, str], tuple[str, Stored | None] | None] = {}
        """By key the item's JSON and its block; None where the run wrote before it ever read."""
        self._spool = spool
        self._lock = Lock()  # the store asks from several threads

    @contextmanager
    def listening(self, store: Store) -> Iterator[None]:
        """Hear the store as long as the context lasts."""
        events = store.client.meta.events
        events.register_first(READ, self._read)  # before boto3 turns the items into its own types
        events.register_first(WRITTEN, self._written)
        try:
            yield
        finally:
            events.unregister(READ, self._read)
            events.unregister(WRITTEN, self._written)

    def _read(self, parsed: Mapping[str, Any], **_: Any) -> None:
        found = [*parsed.get("Items", ()), *filter(None, [parsed.get("Item")])]
        with self._lock:
            for item in found:
                key = item["pk"]["S"], item["sk"]["S"]
                if key not in self._items:
                    self._items[key] = self._kept(item)

    def _written(self, params: Mapping[str, Any], **_: Any) -> None:
        with self._lock:
            for item in _items_of(params):
                self._items.setdefault((_text(item["pk"]), _text(item["sk"])), None)

    def _kept(self, item: Item) -> tuple[str, Stored | None]:
        """Return the item with its block beside the JSON, which has no bytes."""
        rest = dict(item)
        block = rest.pop("data")["B"] if "B" in item.get("data", {}) else None
        text = json.dumps(rest, default=lambda value: {BASE64: b64encode(value).decode()})
        return text, None if block is None else self._spool.put(bytes(block))

    def blocks(self) -> Iterator[pl.DataFrame]:
        """Return `tape.STATE`, sorted, a few items at a time."""
        held = [(key, kept) for key, kept in sorted(self._items.items()) if kept is not None]
        for first in range(0, max(1, len(held)), ITEMS_PER_BLOCK):
            part = held[first : first + ITEMS_PER_BLOCK]
            rows = [(*key, text, None if at is None else self._spool.get(at)) for key, (text, at) in part]
            yield pl.DataFrame(rows, schema=dict(STATE), orient="row")


def _items_of(params: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """Return what a call is about to write or delete, or the keys of it."""
    batches = params.get("RequestItems", {}).values()
    requests = [request for batch in batches if isinstance(batch, list) for request in batch]
    yield from (part.get("Item") or part["Key"] for request in requests for part in request.values())
    if "Item" in params:
        yield params["Item"]
    elif "Key" in params and "UpdateExpression" in params:
        yield params["Key"]


def _text(value: str | Mapping[str, str]) -> str:
    return value if isinstance(value, str) else value["S"]


def read_items(state: pl.DataFrame) -> Iterator[Item]:
    """Return the items of `tape.STATE` in DynamoDB's own form."""
    for text, block in state.select("item", "data").rows():
        item: Item = json.loads(text, object_hook=_bytes_again)
        yield item if block is None else item | {"data": {"B": block}}


def _bytes_again(value: dict[str, Any]) -> Any:
    return b64decode(value[BASE64]) if BASE64 in value else value
