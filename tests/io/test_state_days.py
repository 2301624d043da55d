"""Days: folding the hours of a finished day into one block, and adding to a day. Nothing half written is read."""

import random
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import dynalite
import polars as pl
import pytest
from boto3.dynamodb.conditions import Key
from fake_market import COINS, make_bars

from quantscout import folding
from quantscout.frames import BARS, DAY_MS, HOUR_MS, SUPPLY, conform
from quantscout.store import (
    BACKFILLED_BLOCKS,
    BAR_BLOCKS,
    KEEP_DAYS,
    LAYERS_MOST,
    SUPPLY_BLOCKS,
    Kind,
    Store,
    by_hour,
)
from quantscout.table import Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

DATABASES = dynalite.BOTH
DAY = 1_772_236_800_000  # 2026-02-28T00Z
HOURS = range(DAY, DAY + DAY_MS, HOUR_MS)
ALL_MS = DAY - DAY_MS, DAY + 3 * DAY_MS
MOST = 1_000.0


def bars_of(hours: Iterable[int], contracts: int = 3) -> pl.DataFrame:
    """Return the bars that close at these hours."""
    frames = [make_bars("binance", f"C{k:02d}USDT", COINS[k], 1.0, 1.0, taker=True) for k in range(contracts)]
    return pl.concat(frames).filter((pl.col("open_ms") + HOUR_MS).is_in(list(hours)))


def save_hours(store: Store, hours: Iterable[int]) -> None:
    """Save the bars of each hour as its run would."""
    store.save(BAR_BLOCKS, "binance", by_hour(bars_of(hours), "open_ms", HOUR_MS))


def rows(store: Store, first_ms: int = ALL_MS[0], last_ms: int = ALL_MS[1], kind: Kind = BAR_BLOCKS) -> pl.DataFrame:
    """Return what is read of a span, sorted."""
    return store.load(kind, "binance", first_ms, last_ms).sort("contract", "open_ms")


def test_a_folded_day_is_read_as_its_hours_were(store: Store) -> None:
    """Of any span of hours the same rows come, bit for bit, before and after."""
    save_hours(store, range(DAY - 5 * HOUR_MS, DAY + DAY_MS + 5 * HOUR_MS, HOUR_MS))
    dice = random.Random(3)
    spans = [sorted(dice.sample(range(-8, 34), 2)) for _ in range(8)]
    before = [rows(store, DAY + first * HOUR_MS, DAY + last * HOUR_MS) for first, last in spans]
    assert store.fold(BAR_BLOCKS, "binance", DAY, MOST) > 0
    after = [rows(store, DAY + first * HOUR_MS, DAY + last * HOUR_MS) for first, last in spans]
    assert all(one.equals(other) for one, other in zip(before, after, strict=True))


def test_an_older_bar_belongs_to_the_hour_that_brought_it(store: Store) -> None:
    """A row that a later hour healed is not seen by a reader of the hours before, folded or not."""
    late = bars_of([HOURS[3]])
    store.save(BAR_BLOCKS, "binance", [(HOURS[9], late)])
    store.fold(BAR_BLOCKS, "binance", DAY, MOST)
    assert rows(store, DAY, HOURS[8]).is_empty()
    assert rows(store, DAY, HOURS[9]).equals(late)


def test_folding_twice_writes_once(store: Store) -> None:
    """A day that is folded is left alone."""
    save_hours(store, HOURS)
    assert store.fold(BAR_BLOCKS, "binance", DAY, MOST) > 0
    assert store.fold(BAR_BLOCKS, "binance", DAY, MOST) == 0


def test_an_hour_that_changes_later_is_read(store: Store) -> None:
    """A repeated run of a folded day's hour makes the day stale; its hours are read until it is folded anew."""
    save_hours(store, HOURS[:5])
    store.fold(BAR_BLOCKS, "binance", DAY, MOST)
    save_hours(store, HOURS[5:7])
    assert rows(store).equals(bars_of(HOURS[:7]))
    assert store.fold(BAR_BLOCKS, "binance", DAY, MOST) > 0
    assert rows(store).equals(bars_of(HOURS[:7]))


def test_an_hour_that_changes_during_the_fold_is_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written between the reading of the hours and the day's head is not hidden by the head."""
    save_hours(store, HOURS[:5])
    write = store._days.write  # noqa: SLF001 - the moment in between

    def write_late(*args: object, **named: object) -> bool:
        save_hours(store, HOURS[5:6])
        return bool(write(*args, **named))  # type: ignore[arg-type]

    monkeypatch.setattr(store._days, "write", write_late)  # noqa: SLF001
    store.fold(BAR_BLOCKS, "binance", DAY, MOST)
    monkeypatch.undo()
    assert rows(store).equals(bars_of(HOURS[:6]))


def test_a_day_without_a_part_is_read_by_its_hours(store: Store, table: "Table") -> None:
    """Half a day is never taken for a whole one."""
    save_hours(store, HOURS)
    store.fold(BAR_BLOCKS, "binance", DAY, MOST)
    [part] = [item for item in items(table, "bars_days#binance") if "data" in item]
    table.delete_item(Key={"pk": part["pk"], "sk": part["sk"]})
    assert rows(store).equals(bars_of(HOURS))


def test_a_fold_that_ends_before_its_head_changes_nothing(store: Store, table: "Table") -> None:
    """Parts without a head are not read; the next fold writes the same ones again."""
    save_hours(store, HOURS)
    store.fold(BAR_BLOCKS, "binance", DAY, MOST)
    table.delete_item(Key={"pk": "bars_days#binance", "sk": "head#2026-02-28"})
    assert rows(store).equals(bars_of(HOURS))
    before = len(items(table, "bars_days#binance"))
    store.fold(BAR_BLOCKS, "binance", DAY, MOST)
    assert len(items(table, "bars_days#binance")) == before + 1


def items(table: "Table", pk: str) -> list[Item]:
    """Return the items of a partition."""
    return table.query(KeyConditionExpression=Key("pk").eq(pk))["Items"]


def test_a_day_above_the_allowance_stays_in_hours(store: Store) -> None:
    """Nothing is written that would use more units than are left."""
    save_hours(store, HOURS)
    assert store.fold(BAR_BLOCKS, "binance", DAY, 1.0) == 0
    assert rows(store).equals(bars_of(HOURS))


def test_a_large_day_is_split_and_comes_back_whole(store: Store, table: "Table", small: Callable[[int], None]) -> None:
    """A day above the size of an item is several parts under one head."""
    save_hours(store, HOURS)
    small(4_000)
    store.fold(BAR_BLOCKS, "binance", DAY, MOST)
    assert len(items(table, "bars_days#binance")) > 3
    assert rows(store).equals(bars_of(HOURS))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return what makes items small."""
    return lambda size: monkeypatch.setattr("quantscout.blocks.pack.__defaults__", (size,))


def test_a_half_written_hour_is_not_there(store: Store, table: "Table", small: Callable[[int], None]) -> None:
    """A block of which a part is missing is no block; the run that asks again finds nothing and writes it whole."""
    small(2_000)
    store.save(BAR_BLOCKS, "binance", [(HOURS[9], bars_of(HOURS))])
    last = items(table, "bars#binance")[-1]
    table.delete_item(Key={"pk": last["pk"], "sk": last["sk"]})
    assert rows(store).is_empty()
    store.save(BAR_BLOCKS, "binance", [(HOURS[9], bars_of(HOURS))])
    assert rows(store).equals(bars_of(HOURS))


@pytest.mark.parametrize("died_after", range(5))
def test_a_block_that_is_written_anew_stands_until_the_new_one_is_whole(
    store: Store, died_after: int, small: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever the writer dies, what was verified before is still read: the first part comes last."""
    small(3_000)
    old, new = bars_of(HOURS[:12]), bars_of(HOURS)
    store.save(BAR_BLOCKS, "binance", [(HOURS[0], old)])

    def dying(all_items: Iterable[Item]) -> None:
        for count, item in enumerate(all_items):
            if count == died_after:
                raise KeyboardInterrupt
            store.table.put(item)
        if died_after == 4:
            raise KeyboardInterrupt  # between the parts and the first part

    monkeypatch.setattr(store.table, "put_all", dying)
    with pytest.raises(KeyboardInterrupt):
        store.save(BAR_BLOCKS, "binance", [(HOURS[0], new)])
    monkeypatch.delattr(store.table, "put_all")
    assert rows(store).equals(old)
    store.save(BAR_BLOCKS, "binance", [(HOURS[0], new)])
    assert rows(store).equals(new)


def test_adding_to_a_day_leaves_what_is_there(store: Store, table: "Table") -> None:
    """A few healed bars cost their own size, not the day's; after some layers the day is one again."""
    for k, hour in enumerate(HOURS[: LAYERS_MOST + 2]):
        store.append(BACKFILLED_BLOCKS, "binance", [(hour, bars_of([hour]))])
        [head] = [item for item in items(table, "backfilled_days#binance") if "layers" in item]
        assert len(head["layers"]) == (k % LAYERS_MOST) + 1
    assert rows(store, kind=BACKFILLED_BLOCKS).equals(bars_of(HOURS[: LAYERS_MOST + 2]))


def test_two_writers_of_a_day_lose_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A head that changed since it was read is read again."""
    put, others = store._days.write, iter([HOURS[1]])  # noqa: SLF001 - the moment in between

    def write(*args: object, **named: object) -> bool:
        for hour in others:
            store.append(BACKFILLED_BLOCKS, "binance", [(hour, bars_of([hour]))])
        return bool(put(*args, **named))  # type: ignore[arg-type]

    monkeypatch.setattr(store._days, "write", write)  # noqa: SLF001
    store.append(BACKFILLED_BLOCKS, "binance", [(HOURS[0], bars_of([HOURS[0]]))])
    assert rows(store, kind=BACKFILLED_BLOCKS).equals(bars_of(HOURS[:2]))


def test_a_lost_layer_costs_its_own_rows_alone(store: Store, table: "Table") -> None:
    """The other layers of the day are read, and the lost rows are found missing and asked for again."""
    for hour in HOURS[:2]:
        store.append(BACKFILLED_BLOCKS, "binance", [(hour, bars_of([hour]))])
    [head] = [item for item in items(table, "backfilled_days#binance") if "layers" in item]
    build = str(head["layers"][0]).partition("/")[0]
    table.delete_item(Key={"pk": "backfilled_days#binance", "sk": f"2026-02-28#{build}#00"})
    assert rows(store, kind=BACKFILLED_BLOCKS).equals(bars_of(HOURS[1:2]))


def expired(kind: Kind, hour_ms: int) -> Iterator[int]:
    """Return the last ms at which a block of this hour is read, and the first at which it is not."""
    end_ms = (hour_ms // DAY_MS * DAY_MS + DAY_MS if kind.by_day else hour_ms) + KEEP_DAYS * DAY_MS
    yield from (end_ms - HOUR_MS, end_ms)


def test_expired_items_are_not_read(store: Store) -> None:
    """DynamoDB deletes them days later; an item has expired by the hour that is read for, whatever the clock says."""
    store.save(BAR_BLOCKS, "binance", [(HOURS[0], bars_of([HOURS[0]]))])
    store.append(BACKFILLED_BLOCKS, "binance", [(HOURS[0], bars_of([HOURS[0]]))])
    for kind in (BAR_BLOCKS, BACKFILLED_BLOCKS):
        found = [store.load(kind, "binance", DAY, until_ms).height for until_ms in expired(kind, HOURS[0])]
        assert found == [3, 0]


def test_a_folded_day_expires(store: Store) -> None:
    """Head and parts go together, and its hours were gone before."""
    save_hours(store, HOURS)
    store.fold(BAR_BLOCKS, "binance", DAY, MOST)
    ends_ms = DAY + (1 + KEEP_DAYS) * DAY_MS
    assert [rows(store, DAY, ms).height for ms in (ends_ms - HOUR_MS, ends_ms)] == [72, 0]


def test_only_finished_days_are_folded(store: Store, table: "Table") -> None:
    """The day of the hour and one that a late delivery may still reach stay in hours."""
    save_hours(store, range(DAY, DAY + 2 * DAY_MS, HOUR_MS))
    assert folding.fold_days(store, ["binance"], DAY + DAY_MS + HOUR_MS) == 0
    assert folding.fold_days(store, ["binance"], DAY + DAY_MS + 2 * HOUR_MS) == 1
    assert [item["sk"] for item in items(table, "bars_days#binance") if "layers" in item] == ["head#2026-02-28"]


def test_folding_keeps_to_its_units(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit today is folded by the next call, oldest first."""
    save_hours(store, range(DAY, DAY + 3 * DAY_MS, HOUR_MS))
    monkeypatch.setattr(folding, "UNITS_LEAST", 1.0)
    monkeypatch.setattr(folding, "UNITS_MOST", 13.0)
    counts = [folding.fold_days(store, ["binance"], DAY + 4 * DAY_MS) for _ in range(4)]
    assert counts == [1, 1, 1, 0]


def test_small_kinds_need_no_hours_to_be_unique(store: Store) -> None:
    """Folding works for a kind whose rows are not of one contract."""
    row = conform([("PEP", "binance", 1.0, None, HOURS[0])], SUPPLY)
    store.save(SUPPLY_BLOCKS, "all", [(HOURS[0], row)])
    store.fold(SUPPLY_BLOCKS, "all", DAY, MOST)
    assert store.load(SUPPLY_BLOCKS, "all", DAY, HOURS[5]).equals(row)


def test_the_schema_of_a_folded_bar_is_that_of_bars(store: Store) -> None:
    """The hour that a row belongs to is not seen outside."""
    save_hours(store, HOURS)
    store.fold(BAR_BLOCKS, "binance", DAY, MOST)
    assert rows(store).schema == pl.Schema(dict(BARS))
