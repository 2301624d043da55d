"""Write docs/licences.md: the licences of the packages in the Lambda layer; --check: is it stale?"""

import re
import sys
from importlib.metadata import metadata, version
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from email.message import Message

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/licences.md"
LAYER = ROOT / "layers/dependencies/requirements.txt"
NAME_LENGTH = 30
"""A longer `License` field is the licence's text."""
SAME = {"MIT License": "MIT", "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "BSD License": "BSD"}
HEAD = """# Licences

What ships to Lambda in the layer, as each package's own metadata says. Written by `make docs` from the pinned list; a
test holds it. boto3 and Python come with Lambda's runtime; what only develops or simulates is not shipped.

| package | version | licence |
| --- | --- | --- |
"""
FOOT = """
All are permissive except two. certifi's MPL-2.0 asks that changes to its own files be published: it is shipped
unchanged. pygal's LGPL-3.0-or-later asks that whoever gets it can exchange it: it is shipped unchanged, as files of its
own in a layer that anybody can build anew. `polars-runtime-32` and `pydantic-core` are compiled from Rust and contain
crates with licences of their own, which are not listed here.
"""


def pinned(text: str) -> dict[str, str]:
    """Return the pinned versions of a requirements file by name."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", text, re.MULTILINE))


def licence_of(package: str) -> str:
    """Return the licence that a package's metadata names, "unknown" where it names none."""
    said = cast("Message", metadata(package))  # its protocol leaves out `get`
    plain = [said.get("License-Expression") or "", said.get("License") or ""]
    classified = [line.rpartition(" :: ")[2] for line in said.get_all("Classifier") or [] if line.startswith("License")]
    short = [name for name in plain if 0 < len(name) <= NAME_LENGTH]
    return (short or [SAME.get(name, name) for name in classified] or ["unknown"])[0]


def page(text: str) -> str:
    """Return the page of a pinned list (RuntimeError where another version is installed)."""
    rows = []
    for name, wanted in pinned(text).items():
        if version(name) != wanted:
            raise RuntimeError(f"{name} {wanted} is pinned for the layer, {version(name)} is installed: run make setup")
        rows.append(f"| {name} | {wanted} | {licence_of(name)} |\n")
    return HEAD + "".join(rows) + FOOT


def main() -> None:
    """Write the page, or compare it."""
    text = page(LAYER.read_text("utf-8"))
    if "--check" in sys.argv[1:]:
        if PAGE.read_text("utf-8") != text:
            sys.exit("docs/licences.md is stale: run make docs")
    else:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
