"""What a recording is made of: the clock's readings, the state before the run, the spool, and the bucket."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from io import BytesIO
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import boto3
import polars as pl
import pytest
from botocore.stub import Stubber
from fake_market import NOON, NOON_MS
from taped import ENVIRONMENT, KEYS, SETTINGS, bare_report

from quantscout.errors import DeliveryError
from quantscout.frames import BARS
from quantscout.held import HeldItems, read_items
from quantscout.readings import NotedClock, TapedClock, trace_tasks
from quantscout.recording import open_recorder
from quantscout.spool import Spool, open_spool
from quantscout.store import BAR_BLOCKS, Store
from quantscout.tape import MOMENTS, store_tape, tape_key
from quantscout_local.resources import REGION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

NO_REPORT = bare_report(hour="2026-03-01T12:00:00Z", config_hash="0")

# ---------------------------------------------------------------- the clock


def read_beside_each_other(now: Callable[[], object], order: Sequence[int]) -> dict[int, list[object]]:
    """Return what three tasks read, two readings each, in an order that is set from outside."""
    found: dict[int, list[object]] = {}

    async def reader(number: int) -> None:
        found[number] = [now()]
        await asyncio.sleep(0.002 * order.index(number))
        found[number].append(now())

    async def work() -> None:
        trace_tasks()
        await asyncio.gather(*(reader(number) for number in range(3)))

    asyncio.run(work())
    return found


def test_every_task_gets_the_times_that_it_got() -> None:
    """Tasks that run in another order than they did still read what each of them read."""
    ticks = iter(range(100))
    clock = NotedClock(lambda: NOON + timedelta(microseconds=next(ticks)))
    then = read_beside_each_other(clock.now, [2, 0, 1])
    assert read_beside_each_other(TapedClock(clock.frame()).now, [1, 2, 0]) == then


def test_an_unknown_reading_is_the_latest_known() -> None:
    """Time does not go back for a story that asks for it more often."""
    clock = TapedClock(pl.DataFrame([("0.0", 1, 5_000_000)], schema=dict(MOMENTS), orient="row"))
    read_beside_each_other(clock.now, [0, 1, 2])
    assert clock.unknown == 5


# ---------------------------------------------------------------- the state


def held_after(table: "Table", work: Callable[[Store], object]) -> list[dict[str, Any]]:
    """Return the items that a piece of work finds in the state, as the tape has them."""
    store = Store(table)
    with open_spool() as spool:
        held = HeldItems(spool)
        with held.listening(store):
            work(store)
        return [item for block in held.blocks() for item in read_items(block)]


def bars(close: float) -> pl.DataFrame:
    """Return one bar."""
    row = ("binance", "AUSDT", NOON_MS, 1.0, 9.0, 1.0, close, 1.0, 1.0, None, False)
    return pl.DataFrame([row], schema=dict(BARS), orient="row")


def test_an_item_is_held_as_it_was_before_the_run(table: "Table") -> None:
    """Read, merged and written anew: the tape has the first."""
    store = Store(table)
    store.save(BAR_BLOCKS, "binance", [(NOON_MS, bars(2.0))])
    before: Any = table.meta.client.scan(TableName=table.name)["Items"][0]

    def work(store: Store) -> None:
        store.replace(BAR_BLOCKS, "binance", [(NOON_MS, store.load(BAR_BLOCKS, "binance", NOON_MS, NOON_MS))])
        store.replace(BAR_BLOCKS, "binance", [(NOON_MS, bars(3.0))])
        store.load(BAR_BLOCKS, "binance", NOON_MS, NOON_MS)

    (held,) = held_after(table, work)
    assert held["data"]["B"] == before["data"].value
    assert held["sk"] == {"S": "2026-03-01T12#00"}


def test_what_the_run_itself_wrote_is_not_held(table: "Table") -> None:
    """Written first, read after: there was nothing before."""

    def work(store: Store) -> None:
        store.replace(BAR_BLOCKS, "binance", [(NOON_MS, bars(2.0))])
        assert store.load(BAR_BLOCKS, "binance", NOON_MS, NOON_MS).height == 1

    assert held_after(table, work) == []


def test_every_kind_of_value_survives(table: "Table") -> None:
    """Numbers, texts, nothing, bytes in other places than the block: DynamoDB's own form, exactly."""
    item: Any = {
        "pk": {"S": "breaker"},
        "sk": {"S": "binance"},
        "n": {"N": "1.50"},
        "none": {"NULL": True},
        "bytes": {"B": b"\x00\xff"},
        "list": {"L": [{"B": b"\x01"}, {"S": "é"}]},
    }
    boto3.client("dynamodb", region_name=REGION).put_item(TableName=table.name, Item=item)
    key = {"pk": "breaker", "sk": "binance"}
    assert held_after(table, lambda store: store.table.get(key["pk"], key["sk"])) == [item]


def test_nobody_listens_after_the_run(table: "Table") -> None:
    """A function that stays warm hears of its next hour only once."""
    store = Store(table)
    store.save(BAR_BLOCKS, "binance", [(NOON_MS, bars(2.0))])
    with open_spool() as spool:
        held = HeldItems(spool)
        with held.listening(store):
            pass
        store.load(BAR_BLOCKS, "binance", NOON_MS, NOON_MS)
        assert all(block.is_empty() for block in held.blocks())


# ---------------------------------------------------------------- spool and bucket


def test_a_full_disk_ends_the_tape_and_not_the_run() -> None:
    """Requests go on; finishing the tape says what happened."""

    class Full(BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("quantscout.spool.TemporaryFile", lambda **_: Full())
        with open_recorder(lambda: NOON, KEYS) as tape:
            tape._kept(b"body")  # noqa: SLF001 - as a call does
            with pytest.raises(OSError, match="No space left"):
                tape.finish(ENVIRONMENT, SETTINGS, NO_REPORT, BytesIO())


def test_a_spool_gives_back_what_it_got() -> None:
    """In any order, the empty bytes too."""
    with TemporaryFile() as file:
        spool = Spool(file)
        places = {data: spool.put(data) for data in (b"abc", b"", b"\x00" * 10, b"d")}
        assert all(spool.get(place) == data for data, place in reversed(places.items()))


def test_a_tape_is_found_by_its_report() -> None:
    """Hour, time of making and configuration are in its name."""
    report = bare_report(hour="2026-03-01T12:00:00Z", generated_at="2026-03-01T12:00:42Z", config_hash="4e0215212806")
    assert tape_key(report) == "tapes/2026-03-01T12/20260301T120042Z-4e0215212806.qst"


def test_a_bucket_that_refuses_is_a_delivery_error() -> None:
    """Key, bucket and cause are named."""
    s3 = boto3.client("s3", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(s3) as stub:
        stub.add_client_error("put_object", "AccessDenied")
        with pytest.raises(DeliveryError, match=r"tapes/a\.qst for my-bucket: .*AccessDenied"):
            store_tape(s3, "my-bucket", "tapes/a.qst", BytesIO(b""))
    s3.close()
