"""The DynamoDB table as the state needs it: pages, batches, conditions. store.py and ledger.py say what is in it.

Keys are texts: `pk` is what an item is, `sk` which one. Every method raises StateError, which names the table and the
cause; a condition that does not hold is an answer, no failure. What every call costs is noted (`meter`).
"""

import itertools
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_random_exponential

from quantscout.capacity import Meter
from quantscout.errors import StateError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

Item = dict[str, Any]
"""In boto3's types: numbers are Decimal, bytes Binary."""
BATCH = 25
"""As many items as one call takes; of ours even the largest stay below its 16 MB."""
ATTEMPTS = 10
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0
"""Full jitter; all attempts together wait less than half a minute."""
THROTTLED = frozenset(
    {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded", "InternalServerError"}
)
"""What a whole call is refused with and that passes; botocore has tried some times by then."""
COUNTED: Any = {"ReturnConsumedCapacity": "TOTAL"}


class StateTable:
    """One table with `pk` and `sk`."""

    def __init__(self, table: "Table") -> None:
        """Take a boto3 Table resource; nothing is asked yet."""
        self._table = table
        self.name = table.name
        self.client = table.meta.client  # unlike the resource, a client may be used by several threads
        self.meter = Meter()

    def get(self, pk: str, sk: str, *, consistent: bool = True, alive_ms: int = 0) -> Item | None:
        """Return an item, by default as it was last written; None if there is none, or it expired by `alive_ms`."""
        key = {"pk": pk, "sk": sk}
        with self._failures():
            answer = self.client.get_item(TableName=self.name, Key=key, ConsistentRead=consistent, **COUNTED)
        found = [cast("Item", answer["Item"])] if "Item" in answer else []
        self.meter.note_read(pk, found, answer.get("ConsumedCapacity"), consistent=consistent)
        return next(iter(_alive(found, alive_ms)), None)

    def query(
        self, pk: str, first: str = "", last: str = "", *, consistent: bool = False, alive_ms: int = 0
    ) -> list[Item]:
        """Return the items of a partition in the order of `sk`, from `first` to `last`, without them all.

        What expired by `alive_ms` is left out: DynamoDB deletes such items only days later.
        """
        options: dict[str, Any] = {"ConsistentRead": consistent, **_between(pk, first, last), **COUNTED}
        found: list[Item] = []
        with self._failures():
            while True:
                page = self.client.query(TableName=self.name, **options)
                items = cast("list[Item]", page["Items"])
                self.meter.note_read(pk, items, page.get("ConsumedCapacity"), consistent=consistent)
                found += _alive(items, alive_ms)
                if not page.get("LastEvaluatedKey"):
                    return found
                options["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def has(self, pk: str, first: str, last: str) -> bool:
        """Tell whether a partition holds anything from `first` to `last`; it costs as much as the first item."""
        options: dict[str, Any] = {"ConsistentRead": True, "Limit": 1, **_between(pk, first, last), **COUNTED}
        with self._failures():
            page = self.client.query(TableName=self.name, **options)
        items = cast("list[Item]", page["Items"])
        self.meter.note_read(pk, items, page.get("ConsumedCapacity"), consistent=True)
        return bool(items)

    def put_all(self, items: Iterable[Item]) -> None:
        """Write items of different keys in batches, each over what its key held; what is turned away is tried again.

        Raises StateError where items are still turned away after `ATTEMPTS`; those before them are written.
        """
        rest = iter(items)
        with self._failures():
            while batch := list(itertools.islice(rest, BATCH)):
                self._put_batch(batch)

    def _put_batch(self, batch: list[Item]) -> None:
        left = batch

        def put() -> list[Item]:
            nonlocal left
            left = self._put_once(left)
            return left

        # Whatever happens in between, the caller hears either that all is written or that it is not.
        wait = wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S)
        stop, again = stop_after_attempt(ATTEMPTS), retry_if_result(bool)
        Retrying(stop=stop, wait=wait, retry=again, sleep=time.sleep, retry_error_callback=lambda _: left)(put)
        if left:
            keys = ", ".join(f"{item['pk']}/{item['sk']}" for item in left[:3])
            raise StateError(
                f"table '{self.name}': {len(left)} of {len(batch)} items were not taken in {ATTEMPTS} attempts, first "
                f"{keys}; next step: deliver the hour again; if it stays so, see docs/state.md"
            )

    def _put_once(self, items: list[Item]) -> list[Item]:
        """Return what was not taken: DynamoDB may take a part of a batch and say so without an error."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as above

        requests: Any = {self.name: [{"PutRequest": {"Item": item}} for item in items]}
        try:
            answer = self.client.batch_write_item(RequestItems=requests, **COUNTED)
        except ClientError as error:
            if error.response["Error"]["Code"] in THROTTLED:
                return items
            raise
        refused = answer.get("UnprocessedItems", {}).get(self.name, [])
        keys = {(each["PutRequest"]["Item"]["pk"], each["PutRequest"]["Item"]["sk"]) for each in refused}
        left = [item for item in items if (item["pk"], item["sk"]) in keys]
        taken = [item for item in items if (item["pk"], item["sk"]) not in keys]
        self.meter.note_write(taken, answer.get("ConsumedCapacity"))
        return left

    def put(self, item: Item) -> None:
        """Write one item over what its key held."""
        with self._failures():
            answer = self.client.put_item(TableName=self.name, Item=item, **COUNTED)
        self.meter.note_write([item], answer.get("ConsumedCapacity"))

    def update(self, pk: str, sk: str, expression: str, condition: str, values: Mapping[str, Any]) -> Item | None:
        """Change one item if the condition holds, and return it whole; None if it does not hold."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as above

        key = {"pk": pk, "sk": sk}
        with self._failures():
            try:
                answer = self.client.update_item(
                    TableName=self.name,
                    Key=key,
                    UpdateExpression=expression,
                    ConditionExpression=condition,
                    ExpressionAttributeValues=dict(values),
                    ReturnValues="ALL_NEW",
                    **COUNTED,
                )
            except ClientError as error:
                if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                    self.meter.note_write([key], None)  # it costs as much as a write
                    return None
                raise
        item = cast("Item", answer["Attributes"])
        self.meter.note_write([item], answer.get("ConsumedCapacity"))
        return item

    @contextmanager
    def _failures(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            yield
        except ClientError as cause:
            code = cause.response["Error"]["Code"]
            step = (
                "deploy the stack, or set TABLE_NAME to its table"
                if code == "ResourceNotFoundException"
                else "see docs/state.md"
            )
            raise StateError(
                f"table '{self.name}': {code}: {cause.response['Error']['Message']}; next step: {step}"
            ) from cause
        except BotoCoreError as cause:
            raise StateError(f"table '{self.name}' cannot be reached: {cause}") from cause


def _between(pk: str, first: str, last: str) -> dict[str, Any]:
    """Return the condition of a query as text: boto3 builds its own in one place for all threads."""
    if not last:
        return {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": pk}}
    return {
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
        "ExpressionAttributeValues": {":pk": pk, ":first": first, ":last": last},
    }


def _alive(items: list[Item], alive_ms: int) -> list[Item]:
    """Leave out what has expired by then; what names no time stays."""
    return [item for item in items if 1000 * int(item.get("expires_at", alive_ms)) > alive_ms or not alive_ms]
