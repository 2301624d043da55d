"""make golden: the stored hours again; a diff and exit code 1 where one changed. With UPDATE=1 they are stored anew."""

import os
import sys
import time

from golden.hours import HOURS, MARKET, STORED, say_for_make
from golden.results import NEXT_STEP, build_result, difference, path_of, write
from quantscout.errors import InputError
from quantscout_local.archive_hour import open_archive


def main() -> int:
    """Check or store every hour; return the exit code."""
    began, update, changed = time.perf_counter(), bool(os.environ.get("UPDATE")), 0
    archive = open_archive(MARKET)
    for golden in HOURS:
        result, path = build_result(archive, golden), path_of(STORED, golden)
        diff = "" if update and not path.exists() else difference(path, result)
        changed += bool(diff)
        print(diff or f"{golden.at}  {result['status']:<14}  {golden.why}")
        if update:
            write(path, result)
    took_s = time.perf_counter() - began
    print(f"golden: {len(HOURS)} hours, {changed} changed, {took_s:.1f} s" + ("; stored" if update else ""))
    if changed and not update:
        print(f"golden: {NEXT_STEP}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except InputError as error:
        sys.exit(f"golden: {say_for_make(error)}")
