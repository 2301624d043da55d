"""make crash: exit 1 with the first rule that was broken. CASES and SEED are read from the environment."""

import os
import secrets
import sys
from statistics import median

from crash.checks import ViolationError
from crash.plan import EXACT, RANDOM
from crash.story import Tally, play
from quantscout.errors import InputError

CASES, MOST = len(EXACT) + RANDOM, 300
"""The market covers some hundred hours after the first one."""


def read_cases(text: str) -> int:
    """Return how many kills are played (InputError)."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise InputError(f"CASES={text}: give a whole number from 1 to {MOST}")
    return int(text)


def print_tally(tally: Tally) -> None:
    """Print the table at the end."""
    counts = (
        ("killed in stage", tally.died),
        ("repetitions", tally.endings),
        ("second messages, after the kill", +tally.repeats),
    )
    print(f"\n{'hours':34}{tally.hours:8}\n{'messages':34}{tally.messages:8}\n{'rows compared':34}{tally.rows:8,}")
    for title, counter in counts:
        print(f"{title:34}{sum(counter.values()):8}")
        for name, count in sorted(counter.items(), key=lambda pair: (-pair[1], pair[0])):
            print(f"    {name:30}{count:8}")
    print(f"{'an undisturbed run, median s':34}{median(tally.run_s):8.2f}")
    print(f"{'a repetition, median s (waits for the lease)':34}{median(tally.repeat_s):8.2f}")
    print(f"{'all together, s':34}{tally.wall_s:8.0f}", flush=True)


def main() -> None:
    """Play the kills and print what came of them."""
    seed = os.environ.get("SEED") or secrets.token_hex(4)
    try:
        cases = read_cases(os.environ.get("CASES") or str(CASES))
    except InputError as error:
        sys.exit(str(error))
    print(f"crash: {cases} kills, SEED={seed}", flush=True)
    try:
        tally = play(seed, cases, lambda line: print(line, flush=True))
    except ViolationError as error:
        sys.exit(f"crash: broken: {error} (SEED={seed})")
    print_tally(tally)


if __name__ == "__main__":
    main()
