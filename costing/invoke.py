"""Invoke one function in a process of its own and count what AWS would bill. Prints one JSON line.

python -m costing.invoke FOLDER EVENT_JSON TIMEOUT_S MEMORY_MB, with the function's environment.
"""

import gc
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.invoke import peak_mb
from botocore.client import BaseClient

from quantscout.capacity import Meter, Spent
from quantscout_local.handlers import LOG, LambdaContext, load_handler


class Calls:
    """Counts the calls to AWS that leave this process, and what they carry."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.counts: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()

    def listen(self) -> None:
        """Stand in the way of every call of every client."""
        call = BaseClient._make_api_call  # type: ignore[attr-defined] # noqa: SLF001 - the one place all calls pass

        def counted(client: Any, operation: str, params: Mapping[str, Any]) -> Any:
            name = f"{client.meta.service_model.service_name}.{operation}"
            self.counts[name] += 1
            self.bytes[name] += _carried(params)
            return call(client, operation, params)

        BaseClient._make_api_call = counted  # type: ignore[attr-defined] # noqa: SLF001


def _carried(params: Mapping[str, Any]) -> int:
    """Return the size of a message or an object; what DynamoDB carries is counted by the state itself."""
    body = params.get("Body")
    if body is not None and hasattr(body, "seek"):
        at = body.tell()
        size = body.seek(0, 2) - at
        body.seek(at)
        return int(size)
    return len(body) if body is not None else len(str(params.get("Message", "")).encode())


def keep_spent() -> list[Spent]:
    """Return a list that takes whatever the state says it spent, whoever asks it."""
    kept: list[Spent] = []
    take = Meter.take

    def taken(meter: Meter) -> Spent:
        spent = take(meter)
        kept.append(spent)
        return spent

    Meter.take = taken  # type: ignore[method-assign,assignment]
    return kept


def count_metrics(log: str) -> int:
    """Return how many metrics the log's lines make in CloudWatch: one per namespace, name and set of dimensions."""
    found: set[tuple[str, ...]] = set()
    for line in filter(lambda line: '"_aws"' in line, log.splitlines()):
        said = json.loads(line)
        for group in said["_aws"]["CloudWatchMetrics"]:
            for keys in group["Dimensions"] or [[]]:
                values = tuple(f"{key}={said.get(key)}" for key in keys)
                found |= {(group["Namespace"], metric["Name"], *values) for metric in group["Metrics"]}
    return len(found)


def main() -> None:
    """Load the handler, call it, and print its answer and what was counted."""
    folder, event = Path(sys.argv[1]), json.loads(sys.argv[2])
    calls, spent = Calls(), keep_spent()
    calls.listen()
    context = LambdaContext(folder.name, int(sys.argv[4]), float(sys.argv[3]), "us-east-1")
    with LOG.kept() as log:
        began = time.perf_counter()
        handler = load_handler(folder, "app.handler")
        loaded = time.perf_counter()
        answer = handler(event, context)
        ended = time.perf_counter()
    for meter in [thing for thing in gc.get_objects() if isinstance(thing, Meter)]:
        meter.take()  # what no summary has told
    figures = {
        "init_s": loaded - began,
        "handler_s": ended - loaded,
        "processor_s": time.process_time(),
        "peak_mb": peak_mb(),
        "calls": dict(sorted(calls.counts.items())),
        "bytes": dict(sorted(calls.bytes.items())),
        "log_bytes": len(log.getvalue().encode()),
        "log_lines": log.getvalue().count("\n"),
        "metrics": count_metrics(log.getvalue()),
        "spent": spent,
    }
    print(json.dumps({"answer": answer, "figures": figures}), file=sys.__stdout__)


if __name__ == "__main__":
    main()
