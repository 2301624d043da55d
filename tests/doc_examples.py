"""The worked examples of docs/how-to-add.md: what they change, put into a copy of the code."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "how-to-add.md"
EXAMPLE = re.compile(r"^<!-- example: (\w+) -->\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HUNK = re.compile(r"^--- (\S+)\n((?:(?!--- ).*\n)*)", re.MULTILINE)


class Change(NamedTuple):
    """One change of one file: the text that must be there once, and what stands there afterwards."""

    path: str
    old: str
    new: str


def parts_of(example: str, kind: str) -> list[str]:
    """Return the example's fenced blocks of a kind (diff, python, sh), in their order."""
    return [text for name, fence, text in EXAMPLE.findall(GUIDE.read_text("utf-8")) if (name, fence) == (example, kind)]


def changes_of(example: str) -> list[Change]:
    """Return the example's changes, in their order."""
    hunks = [hunk for text in parts_of(example, "diff") for hunk in HUNK.findall(text)]
    return [Change(path, _side(body, "-"), _side(body, "+")) for path, body in hunks]


def _side(body: str, sign: str) -> str:
    lines = body.splitlines()
    return "".join(f"{line[1:]}\n" for line in lines if line[:1] in {sign, " ", ""})


def copy_with(example: str, folder: Path) -> Path:
    """Return a copy of the product and the local stack with the example's changes; each must have exactly one place."""
    for name in ("shared", "local"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "template.yaml", folder)
    for path, old, new in changes_of(example):
        text = (folder / path).read_text("utf-8")
        assert text.count(old) == 1, f"{path} has {text.count(old)} places for:\n{old}"
        (folder / path).write_text(text.replace(old, new), "utf-8")
    return folder


def run_in(folder: Path, code: str) -> str:
    """Return what the code prints, run by a Python that imports the copy; its errors are the test's."""
    paths = f"{folder / 'shared'}:{folder / 'local'}:{ROOT / 'tests'}"
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env={"PYTHONPATH": paths})
    assert done.returncode == 0, done.stderr
    return done.stdout
