"""Invoke one function in a process of its own, as Lambda does: cold start, peak memory, time. Prints one JSON line.

python -m bench.invoke FOLDER EVENT_JSON, with the function's environment.
"""

import json
import sys
import time
from pathlib import Path

from quantscout_local.handlers import LambdaContext, load_handler


def main() -> None:
    """Load the handler, call it, and say how long both took and how much memory the process had at most."""
    folder, event = Path(sys.argv[1]), json.loads(sys.argv[2])
    began = time.perf_counter()
    handler = load_handler(folder, "app.handler")
    loaded = time.perf_counter()
    answer = handler(event, LambdaContext(folder.name, 1769, 300.0, "us-east-1"))
    ended = time.perf_counter()
    figures = {"import_s": loaded - began, "handler_s": ended - loaded, "peak_mb": peak_mb()}
    print(json.dumps({"answer": answer, "figures": figures}), file=sys.__stdout__)


def peak_mb() -> float:
    """Return the most memory that this process had resident (ru_maxrss would count the parent's before the exec)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
