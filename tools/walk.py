"""Walk the newcomer's way: every command of README.md and docs/deploy.md that needs no AWS account, in a clean clone.

The documents say what is run. Above each block of shell commands stands `<!-- walk: run -->`, `<!-- walk: run, may
fail: WHY -->` (with exit 1) or `<!-- walk: skip, WHY -->`. With --here the clone holds the files as they are now, not
as committed.
"""
# ruff: noqa: S603, T201 - it prints, and running the documents' commands is its purpose

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "docs/deploy.md")
BLOCK = re.compile(r"^<!-- walk: (?P<mark>[^\n]*) -->\n```sh\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
HIDDEN = ("AWS_", "PYTHON", "VIRTUAL_ENV", "MAKE", "QUANTSCOUT_")
"""Variables of whoever walks that a newcomer does not have."""
LONGEST_S = 1_800


class Step(NamedTuple):
    """One command of a document, and what its block says of it."""

    document: str
    command: str
    mark: str

    @property
    def is_run(self) -> bool:
        """Tell whether it is run at all."""
        return self.mark.startswith("run")

    @property
    def reason(self) -> str:
        """Return why it is skipped or may fail, empty for one that must succeed."""
        return self.mark.partition(", ")[2].removeprefix("may fail: ")


def main() -> int:
    """Walk, print what was run and what was not and why; 1 where a command fails that must not."""
    with tempfile.TemporaryDirectory(prefix="walk-") as folder:
        clone = make_clone(Path(folder), as_it_is="--here" in sys.argv[1:])
        steps = [step for name in DOCUMENTS for step in steps_of(name, (clone / name).read_text("utf-8"))]
        for step in steps:
            if step.is_run and not run(step, clone):
                print(f"\nwalk: {step.document} says what does not work: {step.command}", file=sys.stderr)
                return 1
    skipped = [step for step in steps if not step.is_run]
    print(f"\n== {len(steps) - len(skipped)} commands run, {len(skipped)} not:")
    for step in skipped:
        print(f"   {step.document}: {step.command.splitlines()[0]}\n      ({step.reason})")
    return 0


def make_clone(folder: Path, *, as_it_is: bool) -> Path:
    """Return a clean clone of the repository, or with `as_it_is` a copy of all files that git would take."""
    clone, git, root = folder / "quantscout", shutil.which("git") or "git", str(ROOT)
    if not as_it_is:
        subprocess.run([git, "clone", "--quiet", "--no-hardlinks", root, clone], check=True)
        return clone
    listed = [git, "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    return clone


def steps_of(document: str, text: str) -> Iterator[Step]:
    """Yield a document's commands in their order; a line that ends in a backslash or a pipe goes on."""
    for block in BLOCK.finditer(text):
        whole = re.sub(r"([\\|])\n\s*", lambda end: "" if end[1] == "\\" else "| ", block["text"])
        for line in whole.splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                yield Step(document, line.strip(), block["mark"])


def run(step: Step, clone: Path) -> bool:
    """Run a command in the clone, its output on the screen; tell whether the walk can go on."""
    print(f"\n== {step.document}: $ {step.command}", flush=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN)}
    began = time.monotonic()
    command = ["/bin/bash", "-euo", "pipefail", "-c", step.command]
    status = subprocess.run(command, cwd=clone, env=environment, check=False, timeout=LONGEST_S).returncode
    may_fail = f"; it may fail: {step.reason}" if step.reason else ""
    print(f"-- {time.monotonic() - began:.0f} s, exit {status}{may_fail if status else ''}", flush=True)
    return status == 0 or (bool(step.reason) and status == 1)


if __name__ == "__main__":
    sys.exit(main())
