"""The events of events/, moved to the hour that the simulator stands at."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from quantscout.clock import floor_hour
from quantscout.errors import InputError

TIMES = ("scheduled_at", "at")
KINDS = ("scheduled", "at")
"""What AWS sends stands before what a person sends."""


def load_event(folder: Path, verb: str, hour: datetime) -> dict[str, Any]:
    """Return the function's example event at `hour`, its minutes kept (InputError if the folder has none for it)."""
    named = [folder / f"{verb}_{kind}.json" for kind in KINDS]
    found = [path for path in (*named, *sorted(folder.glob(f"{verb}*.json"))) if path.is_file()]
    if not found:
        raise InputError(
            f"{folder} has no event for {verb}: add {named[0].name}, as its schedule or its caller sends it"
        )
    return moved_to(json.loads(found[0].read_text("utf-8")), hour)


def moved_to(event: dict[str, Any], hour: datetime) -> dict[str, Any]:
    """Return the event with its time moved by whole hours so that it lies in `hour`."""
    times = {name: datetime.fromisoformat(event[name]) for name in TIMES if name in event}
    moved = {name: hour + (at - floor_hour(at)) for name, at in times.items()}
    return event | {name: at.strftime("%Y-%m-%dT%H:%M:%SZ") for name, at in moved.items()}
