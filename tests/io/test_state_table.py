"""The table's calls: what is turned away is tried again within bounds, what they cost is counted, old items go."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

import dynalite
import pytest
from botocore.exceptions import ClientError
from fake_market import NOON_MS

from quantscout import table as product_table
from quantscout.capacity import item_bytes, read_units, write_units
from quantscout.documents import Breaker
from quantscout.errors import StateError
from quantscout.frames import DAY_MS
from quantscout.store import Store
from quantscout.table import Item, StateTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

DATABASES = dynalite.BOTH
PK = "things#some"


@pytest.fixture
def state(table: "Table", monkeypatch: pytest.MonkeyPatch) -> StateTable:
    """Return the table's calls, which wait no longer than a blink."""
    monkeypatch.setattr(product_table, "FIRST_WAIT_S", 1e-4)
    monkeypatch.setattr(product_table, "LONGEST_WAIT_S", 1e-3)
    return StateTable(table)


def things(count: int, size: int = 10) -> list[Item]:
    """Return so many items."""
    return [{"pk": PK, "sk": f"{number:03}", "data": "x" * size} for number in range(count)]


def throttle(code: str = "ProvisionedThroughputExceededException") -> ClientError:
    """Return the refusal of a whole call."""
    return ClientError({"Error": {"Code": code, "Message": "slow down"}}, "BatchWriteItem")


class Flaky:
    """A client of which batches succeed only in part: `plan` says how many items of each call are turned away."""

    def __init__(self, client: Any, plan: Iterator[int | Exception]) -> None:
        self._client, self._plan, self.calls = client, plan, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_write_item(self, RequestItems: Any, **options: Any) -> Any:  # noqa: N803 - AWS's own name
        """Write all but some, and say which."""
        self.calls += 1
        step = next(self._plan, 0)
        if isinstance(step, Exception):
            raise step
        [(name, requests)] = RequestItems.items()
        taken, refused = requests[step:], requests[:step]
        answer = self._client.batch_write_item(RequestItems={name: taken}, **options) if taken else {}
        return {**answer, "UnprocessedItems": {name: refused} if refused else {}}


def flaky(state: StateTable, *plan: int | Exception) -> Flaky:
    """Stand a flaky client in."""
    client: Any = Flaky(state.client, iter(plan))
    state.client = client
    return cast("Flaky", client)


def test_more_items_than_a_call_takes_are_written(state: StateTable) -> None:
    """Batches of 25, the last one shorter."""
    state.put_all(things(60))
    assert state.query(PK) == things(60)


def test_what_a_batch_turned_away_is_written_by_the_next(state: StateTable) -> None:
    """Partial results of any size lose nothing and write nothing twice."""
    client = flaky(state, 24, 10, 3, 0, 25, 1)
    state.put_all(things(60))
    assert (len(state.query(PK)), client.calls) == (60, 8)
    assert state.meter.take()["by_kind"]["things"]["items_written"] == 60


@pytest.mark.parametrize("code", sorted(product_table.THROTTLED))
def test_a_throttled_call_is_made_again(state: StateTable, code: str) -> None:
    """A refusal of the whole call is as good as all items turned away."""
    client = flaky(state, throttle(code), throttle(code), 5)
    state.put_all(things(8))
    assert (len(state.query(PK)), client.calls) == (8, 4)


def test_attempts_end(state: StateTable) -> None:
    """A table that takes nothing for good is an error that names it, what is left and the next step."""
    client = flaky(state, *[throttle()] * 50)
    with pytest.raises(StateError, match=r"table 'state': 3 of 3 items were not taken in 10 attempts, first things"):
        state.put_all(things(3))
    assert client.calls == product_table.ATTEMPTS


def test_another_refusal_is_not_tried_again(state: StateTable) -> None:
    """A missing permission does not go away by waiting."""
    client = flaky(state, throttle("AccessDeniedException"))
    with pytest.raises(StateError, match="AccessDeniedException"):
        state.put_all(things(3))
    assert client.calls == 1


def test_a_throttled_reading_is_tried_by_botocore_and_then_told(
    state: StateTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left after botocore's own attempts names the table."""

    def refuse(**_: object) -> None:
        raise throttle()

    monkeypatch.setattr(state, "client", type("Throttled", (), {"query": staticmethod(refuse)}))
    with pytest.raises(StateError, match="table 'state': ProvisionedThroughputExceededException"):
        state.query(PK)


@pytest.mark.parametrize("size", [1, 900, 1_024, 5_000, 300_000])
def test_units_are_those_of_awss_rules(state: StateTable, size: int, request: pytest.FixtureRequest) -> None:
    """Ours follow from sizes as AWS describes; dynalite, which follows them too, answers the same."""
    [item] = things(1, size)
    state.put_all([item])
    state.query(PK)
    state.get(PK, "000")
    state.get(PK, "000", consistent=False)
    spent = state.meter.take()
    bytes_ = item_bytes(item)
    reads = read_units(bytes_, consistent=False) * 2 + read_units(bytes_, consistent=True)
    assert (spent["computed_read_units"], spent["computed_write_units"]) == (reads, write_units(bytes_))
    assert spent["max_item_bytes"] == bytes_
    if "dynalite" in request.node.name:
        assert (spent["read_units"], spent["write_units"]) == (reads, write_units(bytes_))


def test_a_query_adds_its_items_up_before_it_rounds(state: StateTable) -> None:
    """Forty small items are read for the price of one page."""
    state.put_all(things(40, 150))
    state.meter.take()
    state.query(PK)
    assert state.meter.take()["computed_read_units"] == 1.0


def test_what_was_spent_is_told_once(state: StateTable) -> None:
    """A process that stays warm has many runs: each sees its own."""
    state.put_all(things(2))
    assert state.meter.take()["items"] == 2
    assert state.meter.take()["items"] == 0


def test_every_call_asks_what_it_cost(state: StateTable, monkeypatch: pytest.MonkeyPatch) -> None:
    """No way into the table goes uncounted: of each the answer's own units are taken."""
    asked: list[tuple[str, object]] = []

    def note(params: dict[str, object], model: Any, **_: object) -> None:
        asked.append((model.name, params.get("ReturnConsumedCapacity")))

    state.client.meta.events.register("before-parameter-build.dynamodb", note)
    try:
        state.put(things(1)[0])
        state.put_all(things(2))
        state.update(PK, "000", "SET a = :a", "attribute_exists(pk)", {":a": 1})
        state.get(PK, "000")
        state.query(PK)
        state.has(PK, "000", "001")
    finally:
        state.client.meta.events.unregister("before-parameter-build.dynamodb", note)
    assert {told for _, told in asked} == {"TOTAL"}
    assert {name for name, _ in asked} == {"PutItem", "BatchWriteItem", "UpdateItem", "GetItem", "Query"}


def test_a_silent_answer_is_marked(state: StateTable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an answer tells no units, they follow from sizes, and the summary says so."""
    put: Any = state.client.put_item
    monkeypatch.setattr(state, "client", type("Silent", (), {"put_item": lambda _, **options: put(**options) and {}})())
    state.put(things(1, 3_000)[0])
    spent = state.meter.take()
    assert (spent["write_units"], spent["computed"]) == (3.0, True)


def test_an_expired_item_is_not_there(state: StateTable) -> None:
    """DynamoDB returns it for days; a reader goes by the time it reads for."""
    state.put({"pk": PK, "sk": "a", "expires_at": NOON_MS // 1000})
    found: list[Callable[[int], object]] = [
        lambda ms: state.get(PK, "a", alive_ms=ms),
        lambda ms: state.query(PK, alive_ms=ms) or None,
    ]
    assert all(look(NOON_MS - 1000) is not None for look in found)
    assert all(look(NOON_MS) is None for look in found)


def test_an_item_without_an_end_stays(state: StateTable) -> None:
    """What names no time does not expire."""
    state.put({"pk": PK, "sk": "a"})
    assert state.get(PK, "a", alive_ms=NOON_MS) is not None


def test_an_expired_breaker_is_not_read(store: Store) -> None:
    """A day after its end the word is gone for the hours that come then, and stands for those before."""
    store.save_breakers({"binance": Breaker(NOON_MS, "banned")})
    assert "binance" in store.load_breakers(NOON_MS)
    assert store.load_breakers(NOON_MS + DAY_MS) == {}


def test_a_condition_that_does_not_hold_costs_a_unit(state: StateTable) -> None:
    """It is an answer, and it is counted."""
    assert state.update(PK, "a", "SET a = :a", "attribute_exists(pk)", {":a": 1}) is None
    assert state.meter.take()["computed_write_units"] == 1.0


def test_queries_of_many_threads_do_not_mix(state: StateTable) -> None:
    """Each thread finds what it asked for: a condition is a text, not something that the client builds."""
    state.put_all([{"pk": f"{PK}{number}", "sk": "a", "is": number} for number in range(8)])
    asked = [number % 8 for number in range(400)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda number: state.query(f"{PK}{number}", "a", "b"), asked))
    assert [[int(item["is"]) for item in items] for items in found] == [[number] for number in asked]


def test_no_condition_is_built_by_the_client(state: StateTable, monkeypatch: pytest.MonkeyPatch) -> None:
    """The builder of boto3 is one for all threads of a client: whoever starts over in between mixes two conditions."""

    def built(*_: object, **__: object) -> None:
        raise AssertionError("a condition was built")

    monkeypatch.setattr("boto3.dynamodb.conditions.ConditionExpressionBuilder.build_expression", built)
    state.query(PK, "a", "b")
    state.query(PK)
    state.has(PK, "a", "b")
    state.update(PK, "a", "SET a = :a", "attribute_exists(pk)", {":a": 1})
