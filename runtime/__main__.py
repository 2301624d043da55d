"""make runtime: exit 1 when the hour fails, or a function takes too long to import or too much memory."""

import sys
import time
from pathlib import Path

from quantscout.errors import QuantScoutError
from quantscout_local.hour import EMBEDDED_HOUR
from runtime.figures import find_excess, table_of
from runtime.layout import find_layout
from runtime.story import play

ROOT = Path(__file__).parents[1]
LOGS = ROOT / "out" / "runtime"


def main() -> None:
    """Play the embedded hour and print the table."""
    began = time.perf_counter()
    try:
        rows = play(find_layout(ROOT), ROOT, EMBEDDED_HOUR, LOGS, lambda line: print(line, flush=True))
    except QuantScoutError as error:
        sys.exit(f"runtime: {error}")
    print(f"\n{table_of(rows)}\n\n{time.perf_counter() - began:.0f} s; logs in {LOGS.relative_to(ROOT)}")
    if excess := find_excess(rows):
        sys.exit("\n".join(f"runtime: {sentence}" for sentence in excess))


if __name__ == "__main__":
    main()
