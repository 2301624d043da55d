"""How long a handler takes to import, in a fresh process of Lambda's stand-in Python, from the built artefact."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from quantscout.errors import QuantScoutError
from quantscout_local.resources import Function
from runtime.layout import Layout, function_environment

TRIES = 3
TIMEOUT_S = 60.0
OURS, LAMBDAS = "quantscout", "boto3"
PROBE = """
import json, pathlib, sys, time
def waited_s():
    path = pathlib.Path("/proc/self/schedstat")
    return int(path.read_text().split()[1]) / 1e9 if path.exists() else 0.0
wall, waited = time.perf_counter(), waited_s()
__import__(sys.argv[1])
wall, waited = time.perf_counter() - wall, waited_s() - waited
origins = {name: module.__file__ for name, module in sys.modules.items() if getattr(module, "__file__", None)}
print(json.dumps({"wall_s": wall, "waited_s": waited, "origins": origins}))
"""
"""`waited_s`: how long the process was ready to run and had no processor, because others used them all."""


class Import(NamedTuple):
    """One import: by the wall clock, and how much of it was waiting for a processor that other processes used."""

    wall_s: float
    waited_s: float

    @property
    def own_s(self) -> float:
        """Return what it would have taken on a machine that nobody else uses."""
        return self.wall_s - self.waited_s


def measure_import(layout: Layout, function: Function, variables: Mapping[str, str]) -> Import:
    """Return the best of some imports (QuantScoutError if it fails, or finds something outside the artefact)."""
    part = layout.parts.functions[function.name]
    environment = function_environment(layout, function, variables)
    module = function.handler.rpartition(".")[0]
    command = [str(layout.python), "-c", PROBE, module]
    found = []
    for _ in range(TRIES):
        done = subprocess.run(
            command, cwd=part.folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        if done.returncode:
            raise QuantScoutError(f"{function.name} cannot be imported from the artefact:\n{done.stderr[-2000:]}")
        answer = json.loads(done.stdout.splitlines()[-1])
        check_origins(answer["origins"], layout)
        found.append(Import(answer["wall_s"], answer["waited_s"]))
    return min(found, key=lambda one: one.own_s)


def check_origins(origins: Mapping[str, str], layout: Layout) -> None:
    """Raise QuantScoutError unless every module is the artefact's or Lambda's, and both have been seen."""
    folders = [*layout.parts.folders().values()]
    prefix = layout.python.parents[1]
    ours = {name for name, path in origins.items() if _below(path, folders)}
    lambdas = {name for name, path in origins.items() if _below(path, [prefix])}
    if OURS not in ours or (LAMBDAS in origins and LAMBDAS not in lambdas):
        found = f"{origins.get(OURS)}, {origins.get(LAMBDAS)}"
        raise QuantScoutError(f"{OURS} must come from the artefact and {LAMBDAS} from {prefix}, found {found}")
    foreign = sorted(path for name, path in origins.items() if "site-packages" in path and name not in lambdas)
    if foreign:
        raise QuantScoutError(f"{foreign[0]} was imported, which neither the artefact nor Lambda has")


def _below(path: str, folders: list[Path]) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in folders)
