"""make build: exit 1 with what is too large, foreign or not the same twice. ARCH and TWICE are its variables."""

import os
import sys
import tempfile
import time
from pathlib import Path

from artefact import contents, foreign, reach
from artefact.build import ARCHITECTURES, build
from artefact.parts import Parts, load_parts
from quantscout.errors import QuantScoutError

ROOT = Path(__file__).parents[1]
SAM = ROOT / ".venv-sam" / "bin" / "sam"
BUILT = ROOT / ".aws-sam"


def print_table(architecture: str, rows: list[contents.Measure], took_s: float) -> None:
    """Print the sizes of one architecture."""
    print(f"\n{architecture}, built in {took_s:.0f} s\n{'':22}{'bytes':>14}{'with layers':>14}  digest")
    for row in rows:
        total = "" if row.total_bytes is None else f"{row.total_bytes:,}"
        print(f"{row.name:22}{row.own_bytes:14,}{total:>14}  {row.digest}", flush=True)


def find_faults(source: Parts, built: Parts, architecture: str) -> list[str]:
    """Return a sentence for everything in the built parts that should not be there as it is."""
    faults = reach.idle_carriers(built, ROOT / "shared")
    for name, folder in built.layers.items():
        packages, pins = folder / foreign.PYTHON, source.layers[name] / foreign.LIST
        pinned = foreign.read_pins(pins)
        check = (
            foreign.foreign_in_packages(packages, pins) if pinned else foreign.foreign_in_copy(packages, pins.parent)
        )
        faults += [*check, *foreign.foreign_machines(folder, architecture)]
    for name, part in built.functions.items():
        faults += foreign.foreign_in_copy(part.folder, source.functions[name].folder)
    return faults


def differs(architecture: str, rows: list[contents.Measure]) -> list[str]:
    """Build a second time, elsewhere, and return a sentence for each part that came out otherwise."""
    with tempfile.TemporaryDirectory(prefix="quantscout-") as folder:
        again = contents.measure(build(ROOT, architecture, Path(folder) / architecture, SAM))
    other = contents.changed({row.name: row.digest for row in rows}, {row.name: row.digest for row in again})
    print(f"built twice: {'not the same' if other else 'the same names and bytes'}", flush=True)
    return [f"{name} came out otherwise the second time" for name in other]


def make(architecture: str, *, twice: bool) -> list[str]:
    """Build one architecture, print its table and return what is wrong with it."""
    began = time.perf_counter()
    built = build(ROOT, architecture, BUILT / architecture, SAM)
    rows = contents.measure(built)
    print_table(architecture, rows, time.perf_counter() - began)
    faults = contents.too_large(rows) + find_faults(load_parts(ROOT / "template.yaml"), built, architecture)
    return faults + (differs(architecture, rows) if twice else [])


def main() -> None:
    """Build one architecture or both."""
    asked, twice = os.environ.get("ARCH"), os.environ.get("TWICE", "") not in {"", "0"}
    try:
        faults = [fault for name in ([asked] if asked else [*ARCHITECTURES]) for fault in make(name, twice=twice)]
    except QuantScoutError as error:
        sys.exit(f"build: {error}")
    if faults:
        sys.exit("\n".join(f"build: {fault}" for fault in faults))
    print(f"\nat most {contents.LIMIT_BYTES:,} bytes each, every file the repository's or a pinned package's")


if __name__ == "__main__":
    main()
