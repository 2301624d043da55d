"""make soak: so many simulated hours under a plan of faults; exit 1 with the first rule that was broken.

HOURS and SEED are read from the environment; the same seed has the same faults.
"""

import logging
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from moto import mock_aws
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table

from quantscout.errors import InputError
from soak.checks import ViolationError
from soak.story import Soak
from soak.summary import print_summary

HOURS, LONGEST_H = 500, 700


@contextmanager
def doubles() -> Iterator[None]:
    """Stand AWS's doubles up in this process, whatever account the shell is set to."""
    kept = dict(os.environ)
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        os.environ.pop(name, None)
    os.environ |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    try:
        with mock_aws(), patch.object(Table, "all_items", _all_items):
            yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def _all_items(table: Table) -> list[Item]:
    """Return what the double's own method does but for the order: it sorts the whole table for every query."""
    return [item for items in table.items.values() for item in items.values()]


def quiet(record: logging.LogRecord) -> bool:
    """Keep back what asyncio says of the simulator's tasks that wait for a client who has given up (a timeout)."""
    return "Task was destroyed" not in record.getMessage()


def read_hours(text: str) -> int:
    """Return how many hours are played (InputError)."""
    if not text.isdecimal() or not 1 <= int(text) <= LONGEST_H:
        raise InputError(f"HOURS={text}: give a whole number from 1 to {LONGEST_H}")
    return int(text)


def main() -> None:
    """Play the hours and print the summary."""
    seed = os.environ.get("SEED") or secrets.token_hex(4)
    try:
        hours = read_hours(os.environ.get("HOURS") or str(HOURS))
    except InputError as error:
        sys.exit(str(error))
    print(f"soak: {hours} hours, SEED={seed}", flush=True)
    logging.getLogger("asyncio").addFilter(quiet)
    with doubles():
        soak = Soak(seed, hours)
        try:
            soak.play(lambda line: print(line, flush=True))
        except ViolationError as error:
            print_summary(soak.tally)
            sys.exit(f"soak: broken: {error} (SEED={seed})")
        print_summary(soak.tally)


if __name__ == "__main__":
    main()
