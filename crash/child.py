"""One delivery in a process of its own: the real handler, and the exact place where it is killed.

Orders come as JSON lines on the standard input: the variables, the event, the lease, and where to die. Nothing of this
is in the product: the kill stands around the one method that writes the table and the one call of SNS.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from botocore.client import BaseClient

from crash.plan import SNS
from quantscout import ledger
from quantscout.table import StateTable
from quantscout_local import handlers
from quantscout_local.resources import REGION

MEMORY_MB, TIMEOUT_S = 1769, 300.0


def die() -> None:
    """End this process as a crash does: nothing is flushed, closed or given back."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_at_stage(when: str, stage: str) -> None:
    """Arrange the kill around the write of a stage into the run record."""
    update = StateTable.update

    def deadly(table: StateTable, pk: str, sk: str, *rest: Any) -> Any:
        is_it = pk == ledger.PK and rest[-1].get(":stage") == stage
        if is_it and when == "before":
            die()
        done = update(table, pk, sk, *rest)
        if is_it:
            die()
        return done

    setattr(StateTable, "update", deadly)  # noqa: B010 - the one method that writes the record


def die_at_sns(when: str) -> None:
    """Arrange the kill around SNS's acceptance of the message."""
    ask = vars(BaseClient)["_make_api_call"]

    def deadly(client: BaseClient, operation: str, params: Any) -> Any:
        if operation == "Publish" and when == "before":
            die()
        done = ask(client, operation, params)
        if operation == "Publish":
            die()
        return done

    setattr(BaseClient, "_make_api_call", deadly)  # noqa: B010 - every call of AWS passes it


def deliver(order: dict[str, Any]) -> dict[str, Any]:
    """Deliver one event and return the handler's answer, and how long it took."""
    ledger.LEASE_S = order["lease_s"]
    if order.get("what") == SNS:
        die_at_sns(order["when"])
    elif order.get("what"):
        die_at_stage(order["when"], order["what"])
    with handlers.environment(order["variables"]):
        handler = handlers.load_handler(Path(order["folder"]), "app.handler")
        print(json.dumps({"begun": True}), flush=True)
        began_s = time.perf_counter()
        answer = handler(order["event"], handlers.LambdaContext("ScreenFunction", MEMORY_MB, TIMEOUT_S, REGION))
        return {"answer": answer, "took_s": time.perf_counter() - began_s}


def main() -> None:
    """Say that everything is imported, then deliver until the input ends."""
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        with handlers.LOG.kept():
            done = deliver(json.loads(line))
        print(json.dumps(done), flush=True)


if __name__ == "__main__":
    main()
