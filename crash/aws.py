"""AWS's doubles in a process of their own, with the one promise of DynamoDB's that the double does not keep.

DynamoDB checks a condition and applies the write in one step; moto's threads may check two before they apply either.
"""

from collections.abc import Callable
from threading import RLock
from typing import Any

from moto.dynamodb.models import DynamoDBBackend

from quantscout_local.servers import serve_aws

ONE_STEP = ("get_item", "put_item", "update_item", "delete_item", "query", "scan")


def one_at_a_time(work: Callable[..., Any], lock: RLock) -> Callable[..., Any]:
    """Return the work behind a lock."""

    def locked(*args: Any, **named: Any) -> Any:
        with lock:
            return work(*args, **named)

    return locked


def main() -> None:
    """Serve until the standard input ends."""
    lock = RLock()
    for name in ONE_STEP:
        setattr(DynamoDBBackend, name, one_at_a_time(getattr(DynamoDBBackend, name), lock))
    serve_aws()


if __name__ == "__main__":
    main()
