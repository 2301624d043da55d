"""`quantscout tune`: a replay's folder in; a proposal, its worth and plain words out."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from quantscout.settings import parse_settings
from quantscout_local.evidence.judged import open_judged
from quantscout_local.evidence.sweep import Workers, check_address, check_objective
from quantscout_local.evidence.tune import Ask, tune
from quantscout_local.evidence.tune_models import Tuning
from quantscout_local.evidence.tune_table import print_tuning
from quantscout_local.out_folder import check_folder
from quantscout_local.terminal import going_on, open_console

STUDY = "study.db"
FILES = {"proposal": "proposal.json", "replay": "proposal-replay.json", "result": "result.json"}


class Asked(NamedTuple):
    """What a person asked for, in words."""

    replay: Path
    out: Path
    trials: int
    objective: str
    seed: int
    study: Path | None
    jobs: int | None
    address: str | None
    reach: float
    samples: int
    blocks_h: int


def run_tune(asked: Asked, *, as_json: bool) -> None:
    """Sweep, write the files, print (InputError for what cannot be used, before anything is tried)."""
    ask = build_ask(asked)
    check_folder(asked.out)
    open_judged(asked.replay)  # without a replay no folder is left behind
    asked.out.mkdir(parents=True, exist_ok=True)
    with going_on("tune", f"finished trials are kept in {ask.study}"):
        found = _sweep(ask)
    files = save_result(found, asked)
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        print_tuning(open_console(), found, files)


def build_ask(asked: Asked) -> Ask:
    """Return what is asked for (InputError for an unknown objective or what is no address)."""
    jobs = asked.jobs or os.cpu_count() or 1
    return Ask(
        asked.replay, asked.trials, check_objective(asked.objective), asked.seed, asked.study or asked.out / STUDY,
        Workers(jobs, check_address(asked.address)), asked.reach, asked.samples, asked.blocks_h,
    )  # fmt: skip


def _sweep(ask: Ask) -> Tuning:
    console = open_console(stderr=True)
    bar = Progress(
        TextColumn("trials"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console,
        disable=not console.is_terminal, transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task("trials", total=None)
        return tune(ask, lambda done, total: bar.update(task, completed=done, total=total))


def save_result(found: Tuning, asked: Asked) -> dict[str, Path]:
    """Write the proposal alone, the proposal with the replay's own settings, and all figures; return where."""
    own: dict[str, Any] = open_judged(asked.replay).about["settings"]
    texts = {
        "proposal": json.dumps({"weights": found.proposed}, indent=2),
        "replay": json.dumps(own | {"weights": found.proposed}, indent=2),
        "result": found.model_dump_json(indent=2),
    }
    for name in ("proposal", "replay"):
        parse_settings(texts[name])  # what is written can be used
    paths = {name: asked.out / file for name, file in FILES.items()}
    for name, path in paths.items():
        half = path.with_name(f"{path.name}.tmp")
        half.write_text(texts[name] + "\n", encoding="utf-8")
        half.replace(path)
    return paths
