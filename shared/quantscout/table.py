"""The DynamoDB table as the state needs it: pages, batches, conditions. store.py and ledger.py say what is in it.

Keys are texts: `pk` is what an item is, `sk` which one. Every method raises StateError, which names the table and the
cause; a condition that does not hold is an answer, no failure.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from quantscout.errors import StateError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

Item = dict[str, Any]
"""In boto3's types: numbers are Decimal, bytes Binary."""


class StateTable:
    """One table with `pk` and `sk`."""

    def __init__(self, table: "Table") -> None:
        """Take a boto3 Table resource; nothing is asked yet."""
        self._table = table
        self.name = table.name
        self.client = table.meta.client  # unlike the resource, a client may be used by several threads

    def get(self, pk: str, sk: str) -> Item | None:
        """Return an item as it was last written, None if there is none."""
        with self._failures():
            answer = self.client.get_item(TableName=self.name, Key={"pk": pk, "sk": sk}, ConsistentRead=True)
        return cast("Item | None", answer.get("Item"))

    def query(self, pk: str, first: str = "", last: str = "", *, consistent: bool = False) -> list[Item]:
        """Return the items of a partition in the order of `sk`, from `first` to `last`, without them all."""
        from boto3.dynamodb.conditions import Key  # noqa: PLC0415 - kept out of the import of the core

        wanted = Key("pk").eq(pk) & Key("sk").between(first, last) if last else Key("pk").eq(pk)
        with self._failures():
            return self._pages(wanted, ConsistentRead=consistent)

    def _pages(self, condition: object, **options: Any) -> list[Item]:
        found: list[Item] = []
        while True:
            page = self.client.query(TableName=self.name, KeyConditionExpression=cast("str", condition), **options)
            found += cast("list[Item]", page["Items"])
            if not page.get("LastEvaluatedKey"):
                return found
            options["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def put_all(self, items: Iterable[Item]) -> None:
        """Write items in batches, each over what its key held."""
        with self._failures(), self._table.batch_writer() as batch:
            for item in items:
                batch.put_item(Item=item)

    def put(self, item: Item) -> None:
        """Write one item over what its key held."""
        with self._failures():
            self.client.put_item(TableName=self.name, Item=item)

    def update(self, pk: str, sk: str, expression: str, condition: str, values: Mapping[str, Any]) -> Item | None:
        """Change one item if the condition holds, and return it whole; None if it does not hold."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as above

        with self._failures():
            try:
                answer = self.client.update_item(
                    TableName=self.name,
                    Key={"pk": pk, "sk": sk},
                    UpdateExpression=expression,
                    ConditionExpression=condition,
                    ExpressionAttributeValues=dict(values),
                    ReturnValues="ALL_NEW",
                )
            except ClientError as error:
                if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                    return None
                raise
        return cast("Item", answer["Attributes"])

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
