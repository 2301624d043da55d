"""What installs dynalite: pinned by content, and from whatever registry a person's npm is set to."""

import json
from pathlib import Path
from urllib.parse import urlsplit

TOOL = Path(__file__).parents[1] / "tools" / "dynalite"
LOCK = json.loads((TOOL / "package-lock.json").read_text(encoding="utf-8"))
PACKAGES = {name: package for name, package in LOCK["packages"].items() if name}


def test_every_package_is_pinned_by_its_content() -> None:
    """Version and checksum of each stand in the lock."""
    assert len(PACKAGES) > 10
    assert [name for name, package in PACKAGES.items() if not package.get("integrity") or not package["version"]] == []


def test_no_registry_is_named() -> None:
    """The lock has no address of a download, and none of its addresses is a registry's."""
    assert [name for name, package in PACKAGES.items() if "resolved" in package] == []
    asked = {urlsplit(text).netloc for text in json.dumps(LOCK).split('"') if text.startswith("http")}
    assert not [host for host in asked if "registry" in host or "npm" in host]


def test_the_lock_is_that_of_the_package() -> None:
    """What is asked for is what is locked."""
    asked = json.loads((TOOL / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert {name: PACKAGES[f"node_modules/{name}"]["version"] for name in asked} == asked
