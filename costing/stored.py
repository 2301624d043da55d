"""The measured figures that the pages are written from: measured.json and scale.json, small enough to be read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Figures = dict[str, Any]
COST = Path(__file__).with_name("measured.json")
SCALE = Path(__file__).with_name("scale.json")
RUN = ("init_s", "handler_s", "processor_s", "peak_mb", "memory_mb", "calls", "log_bytes", "log_lines", "metrics")
UNITS = ("computed_read_units", "computed_write_units")


def keep_run(run: Mapping[str, Any]) -> Figures:
    """Return what the pages need of a run."""
    small: Figures = {name: round(run[name], 3) if isinstance(run[name], float) else run[name] for name in RUN}
    small["bytes"] = {name: size for name, size in run["bytes"].items() if size}
    small["spent"] = [_keep_spent(spent) for spent in run["spent"] if spent["items"]]
    if "bound" in run:
        small |= _keep_venues(run)
    return small


def _keep_spent(spent: Mapping[str, Any]) -> Figures:
    by_kind = {kind: {name: cost[name] for name in UNITS if name in cost} for kind, cost in spent["by_kind"].items()}
    return {name: spent[name] for name in UNITS} | {"by_kind": by_kind}


def _keep_venues(run: Mapping[str, Any]) -> Figures:
    venues = {
        name: {"requests": part["requests"], "limits_s": part["limits_s"]}
        for name, part in run["bound"]["venues"].items()
    }
    pools = {
        venue: {
            name: {key: pool[key] for key in ("limit", "window_s", "weight")} for name, pool in part["pools"].items()
        }
        for venue, part in run["usage"]["venues"].items()
    }
    report = {
        "status": run["report"]["status"],
        "funnel": {key: run["report"]["funnel"][key] for key in ("listed", "eligible", "with_data")},
        "sources": {name: {"late": part["late"], "cut": _cut(part)} for name, part in run["report"]["sources"].items()},
    }
    return {"bound": {"bound_s": run["bound"]["bound_s"], "venues": venues}, "pools": pools, "report": report}


def _cut(source: Mapping[str, Any]) -> int:
    """Return how many answers the source did not give before the function's time was over."""
    return sum(error["count"] for error in source["errors"] if error["reason"].endswith("deadline"))


def save_cost(found: Mapping[str, Any]) -> None:
    """Store the figures of a measurement with upkeep."""
    runs = {name: keep_run(found[name]) for name in ("before", "fold", "idle", "hour", "evaluate", "page")}
    _write(COST, {name: found[name] for name in ("contracts", "stored", "machine")} | runs)


def load_cost() -> Figures:
    """Return the figures that docs/cost.md is written from."""
    found: Figures = json.loads(COST.read_text("utf-8"))
    return found


def save_scale(found: Mapping[str, Any]) -> None:
    """Store the figures of one size beside those of the others."""
    others = [size for size in (load_scale() if SCALE.exists() else []) if size["contracts"] != found["contracts"]]
    runs = {"hour": keep_run(found["hour"]), "loads": [keep_run(load) for load in found["loads"]]}
    size = {name: found[name] for name in ("contracts", "machine")} | runs
    _write(SCALE, sorted([*others, size], key=lambda each: int(each["contracts"])))


def load_scale() -> list[Figures]:
    """Return the figures that docs/scale.md is written from, by size."""
    found: list[Figures] = json.loads(SCALE.read_text("utf-8"))
    return found


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
