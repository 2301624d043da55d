"""The state: blocks in one DynamoDB table made from the template, written and read as the functions do."""

from typing import TYPE_CHECKING, Any

import dynalite
import polars as pl
import pytest
from boto3.dynamodb.conditions import Key
from botocore.exceptions import EndpointConnectionError
from fake_market import COINS, NOON_MS, make_bars

from quantscout import blocks
from quantscout.blocks import pack, unpack
from quantscout.errors import StateError
from quantscout.frames import BARS, HOUR_MS, SUPPLY, conform
from quantscout.store import BACKFILLED_BLOCKS, BAR_BLOCKS, KEEP_DAYS, SUPPLY_BLOCKS, Store, by_hour

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table

DATABASES = dynalite.BOTH
ITEM_LIMIT_BYTES = 400 * 1024


def some_bars(rows: int, contract: str = "C00USDT", seed: int = 0) -> pl.DataFrame:
    """Return the bars of the last hours before noon."""
    whole = make_bars("binance", contract, COINS[seed], 1.0, 1.0, taker=True)
    return whole.filter(pl.col("open_ms") < NOON_MS).tail(rows)


def parts(table: "Table", pk: str = "bars#binance") -> list[str]:
    """Return the sort keys of a partition."""
    return [str(item["sk"]) for item in table.query(KeyConditionExpression=Key("pk").eq(pk))["Items"]]


def test_a_block_comes_back_as_it_was_saved(store: Store) -> None:
    """Every value of every row survives, nulls and booleans too."""
    bars = some_bars(20).with_columns(taker_buy_usdt=pl.lit(None, pl.Float64), filled=pl.col("open_ms") % 2 == 0)
    store.save(BAR_BLOCKS, "binance", [(NOON_MS, bars)])
    assert store.load(BAR_BLOCKS, "binance", NOON_MS, NOON_MS).equals(bars)


def test_an_empty_state_answers_with_an_empty_frame(store: Store) -> None:
    """Nothing stored is a frame of the kind's schema without rows."""
    found = store.load(BAR_BLOCKS, "binance", NOON_MS - 720 * HOUR_MS, NOON_MS)
    assert (found.height, found.schema) == (0, pl.Schema(dict(BARS)))


def test_an_empty_frame_is_not_written(store: Store, table: "Table") -> None:
    """An hour without new rows leaves no item."""
    store.save(BAR_BLOCKS, "binance", [(NOON_MS, some_bars(0))])
    assert parts(table) == []


def test_saving_twice_changes_nothing(store: Store, table: "Table") -> None:
    """A repeated delivery writes the same bytes under the same key."""
    store.save(BAR_BLOCKS, "binance", [(NOON_MS, some_bars(5))])
    before = table.scan()["Items"]
    store.save(BAR_BLOCKS, "binance", [(NOON_MS, some_bars(5))])
    assert table.scan()["Items"] == before


def test_what_a_block_holds_stands_against_what_comes_later(store: Store) -> None:
    """Merging adds new rows and leaves the rows that were there as they are."""
    first = some_bars(3)
    store.save(BAR_BLOCKS, "binance", [(NOON_MS, first)])
    store.save(BAR_BLOCKS, "binance", [(NOON_MS, some_bars(5).with_columns(volume_usdt=pl.lit(1.0)))])
    found = store.load(BAR_BLOCKS, "binance", NOON_MS, NOON_MS).sort("open_ms")
    assert found.height == 5
    assert found.tail(3).equals(first)


def test_the_ends_of_a_range_belong_to_it(store: Store) -> None:
    """Blocks of both hours are found, those of the hours beside them are not."""
    hours = [NOON_MS + k * HOUR_MS for k in range(5)]
    store.save(BAR_BLOCKS, "binance", [(hour, some_bars(5)[k : k + 1]) for k, hour in enumerate(hours)])
    assert (
        store.load(BAR_BLOCKS, "binance", hours[1], hours[3])["open_ms"].sort().to_list()
        == some_bars(5)["open_ms"][1:4].to_list()
    )


def test_partitions_and_kinds_are_apart(store: Store) -> None:
    """A venue sees only its own rows, and each kind its own."""
    store.save(BAR_BLOCKS, "binance", [(NOON_MS, some_bars(2))])
    assert store.load(BAR_BLOCKS, "kucoin", NOON_MS, NOON_MS).is_empty()
    assert store.load(BACKFILLED_BLOCKS, "binance", NOON_MS, NOON_MS).is_empty()


def test_a_block_above_the_limit_is_split(store: Store, table: "Table", monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame that does not fit into one item is kept in parts and comes back whole."""
    monkeypatch.setattr(blocks.pack, "__defaults__", (8_000,))
    store.save(BAR_BLOCKS, "binance", [(NOON_MS, some_bars(400))])
    assert [key[:16] for key in parts(table)] == [f"2026-03-01T12#{number:02}" for number in range(len(parts(table)))]
    assert len(parts(table)) > 3
    assert store.load(BAR_BLOCKS, "binance", NOON_MS, NOON_MS).equals(some_bars(400))


def test_parts_of_a_longer_version_are_not_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that got shorter leaves its old parts behind; they do not come back."""
    with monkeypatch.context() as small:
        small.setattr(blocks.pack, "__defaults__", (8_000,))
        store.replace(BAR_BLOCKS, "binance", [(NOON_MS, some_bars(400))])
    store.replace(BAR_BLOCKS, "binance", [(NOON_MS, some_bars(3))])
    assert store.load(BAR_BLOCKS, "binance", NOON_MS, NOON_MS).equals(some_bars(3))


def test_items_stay_below_the_limit_of_the_service(store: Store, table: "Table") -> None:
    """The first hour of 600 contracts, 98 bars each, needs several items and none is too large."""
    frame = pl.concat(
        make_bars("binance", f"C{k:03d}USDT", COINS[k % 9], 1.0 + k, 1.0, taker=True)[:98] for k in range(600)
    )
    store.replace(BAR_BLOCKS, "binance", [(NOON_MS, frame)])
    items: list[Any] = table.query(KeyConditionExpression=Key("pk").eq("bars#binance"))["Items"]
    sizes = [len(bytes(item["data"].value)) for item in items]
    assert len(sizes) > 1
    assert max(sizes) < ITEM_LIMIT_BYTES - 1_024


def test_an_answer_of_several_pages_is_read_to_its_end(store: Store) -> None:
    """DynamoDB answers 1 MB at a time; a day of large blocks takes several."""
    frame = pl.concat(
        make_bars("binance", f"C{k:03d}USDT", COINS[k % 9], 1.0 + k, 1.0, taker=True)[:80] for k in range(70)
    )
    hours = [NOON_MS + k * HOUR_MS for k in range(4)]
    store.replace(
        BAR_BLOCKS, "binance", [(hour, frame.with_columns(pl.col("open_ms") + k)) for k, hour in enumerate(hours)]
    )
    assert store.load(BAR_BLOCKS, "binance", hours[0], hours[-1]).height == 4 * frame.height


def test_bars_of_both_writers_are_one_series(store: Store) -> None:
    """The run's and the backfill's blocks are read together, each bar once."""
    bars = some_bars(10)
    store.save(BAR_BLOCKS, "binance", [(NOON_MS, bars[4:])])
    store.append(BACKFILLED_BLOCKS, "binance", by_hour(bars[:6], "open_ms", HOUR_MS))
    found = store.load_bars("binance", NOON_MS - 20 * HOUR_MS, NOON_MS)
    assert found.sort("open_ms").equals(bars)


def test_where_both_writers_know_a_bar_the_runs_own_stands(store: Store) -> None:
    """What an hour was ranked on is what a replay of it sees."""
    store.save(BAR_BLOCKS, "binance", [(NOON_MS, some_bars(1))])
    store.append(BACKFILLED_BLOCKS, "binance", [(NOON_MS, some_bars(1).with_columns(close=pl.lit(9.0)))])
    assert store.load_bars("binance", NOON_MS, NOON_MS)["close"].to_list() == some_bars(1)["close"].to_list()


def test_a_block_says_when_it_may_be_deleted(store: Store, table: "Table") -> None:
    """Blocks outlive the 30 days that are read, by the attribute that the template names for it."""
    store.save(BAR_BLOCKS, "binance", [(NOON_MS, some_bars(1))])
    [item] = table.scan()["Items"]
    assert item["expires_at"] == NOON_MS // 1000 + KEEP_DAYS * 86_400


def test_supply_is_unique_by_coin_and_source(store: Store) -> None:
    """Two sources of one coin are two rows, and the earlier figure of a source stands."""
    rows = [
        ("PEP", "binance", 1.0, None, NOON_MS),
        ("PEP", "coingecko", 2.0, "pep", NOON_MS),
        ("PEP", "binance", 3.0, None, NOON_MS),
    ]
    for row in rows:
        store.save(SUPPLY_BLOCKS, "all", [(NOON_MS, conform([row], SUPPLY))])
    assert store.load(SUPPLY_BLOCKS, "all", NOON_MS, NOON_MS)["supply_coins"].sort().to_list() == [1.0, 2.0]


def test_a_report_that_is_not_there_is_none(store: Store) -> None:
    """An hour that was not run has neither report nor universe."""
    assert (store.load_report(NOON_MS), store.load_universe(NOON_MS)) == (None, None)


def test_a_missing_table_is_named_with_the_next_step(dynamodb: "DynamoDBServiceResource") -> None:
    """A person learns which table and what to do."""
    with pytest.raises(
        StateError, match=r"^table 'nowhere': ResourceNotFoundException.*deploy the stack, or set TABLE_NAME"
    ):
        Store(dynamodb.Table("nowhere")).load(BAR_BLOCKS, "binance", NOON_MS, NOON_MS)


def test_writing_to_a_missing_table_is_a_state_error(dynamodb: "DynamoDBServiceResource") -> None:
    """A batch of writes fails with the same words as a reading."""
    with pytest.raises(StateError, match="table 'nowhere': ResourceNotFoundException"):
        Store(dynamodb.Table("nowhere")).replace(BAR_BLOCKS, "binance", [(NOON_MS, some_bars(1))])


def test_an_unreachable_service_is_a_state_error(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection to DynamoDB names the table."""

    def refuse(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    monkeypatch.setattr(store.table, "client", type("Unreachable", (), {"query": staticmethod(refuse)}))
    with pytest.raises(StateError, match="table 'state' cannot be reached"):
        store.load(BAR_BLOCKS, "binance", NOON_MS, NOON_MS)


def test_a_damaged_block_is_a_state_error(store: Store, table: "Table") -> None:
    """Bytes that are no block are refused, never taken for an empty one."""
    table.put_item(Item={"pk": "bars#binance", "sk": "2026-03-01T12#00", "part": 0, "parts": 1, "data": b"not arrow"})
    with pytest.raises(StateError, match="a stored block cannot be read"):
        store.load(BAR_BLOCKS, "binance", NOON_MS, NOON_MS)


def test_a_block_of_another_shape_is_a_state_error() -> None:
    """A block without the schema's columns is refused."""
    with pytest.raises(StateError, match="a stored block cannot be read"):
        unpack(pack(pl.DataFrame({"a": [1]}))[0], BARS)


def test_a_row_is_never_split() -> None:
    """A single row above the limit is one block: there is nothing to halve."""
    assert len(pack(some_bars(1), limit_bytes=1)) == 1


def test_a_bar_belongs_to_the_hour_at_which_it_closes() -> None:
    """`by_hour` rounds up, so that what stands on the hour belongs to it."""
    frame = pl.DataFrame({"at_ms": [NOON_MS - 1, NOON_MS, NOON_MS + 1]})
    assert [(hour, part.height) for hour, part in by_hour(frame, "at_ms")] == [(NOON_MS, 2), (NOON_MS + HOUR_MS, 1)]
