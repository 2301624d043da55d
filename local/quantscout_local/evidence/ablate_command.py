"""`quantscout ablate`: a replay's folder in, the table out."""

from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import NamedTuple

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from quantscout.errors import InputError
from quantscout.settings import Settings
from quantscout_local.evidence.ablate import Ablation, Drawn, Without, build_ablation, leave_out_parts
from quantscout_local.evidence.ablate_gates import Archive, leave_out_gates
from quantscout_local.evidence.ablate_table import print_ablation
from quantscout_local.evidence.judged import Judged, open_judged
from quantscout_local.evidence.rescore import Sheet, build_sheet
from quantscout_local.evidence.rescore_check import check_found_again
from quantscout_local.evidence.rescore_rank import build_rule
from quantscout_local.evidence.rescore_tally import tally_rule
from quantscout_local.evidence.stats_bootstrap import draw_hours
from quantscout_local.terminal import going_on, open_console


class Ask(NamedTuple):
    """What a person asked for; without a market the gates stay as they are."""

    replay: Path
    market: Path | None
    out: Path
    seed: int
    samples: int
    blocks_h: int


def run_ablate(ask: Ask, *, as_json: bool) -> None:
    """Print the table (InputError where the replay cannot be used)."""
    with going_on("ablate", f"finished replays are kept in {ask.out}/") if ask.market else nullcontext():
        found = ablate(ask)
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        print_ablation(open_console(), found)


def ablate(ask: Ask) -> Ablation:
    """Return what each part is worth: by ranking again, and, with a market, by replaying with each gate open."""
    judged = open_judged(ask.replay)
    loaded = build_sheet(judged.scan(), judged.hours())
    settings = Settings.model_validate(judged.about["settings"])
    check_found_again(loaded, build_rule(settings))
    resamples = draw_hours(loaded.sheet.hours_ms.size, ask.seed, ask.blocks_h, ask.samples)
    left_out = _leave_out(ask, judged, loaded.sheet, settings)
    baseline = tally_rule(loaded.sheet, build_rule(settings))
    return build_ablation(loaded.sheet, baseline, left_out, Drawn(resamples, ask.seed, ask.blocks_h))


def _leave_out(ask: Ask, judged: Judged, sheet: Sheet, settings: Settings) -> list[Without]:
    console = open_console(stderr=True)
    with ExitStack() as stack:
        bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console,
            disable=not console.is_terminal, transient=True,
        )  # fmt: skip
        task = stack.enter_context(bar).add_task("ranking again", total=None)
        found = list(leave_out_parts(sheet, settings))
        if ask.market is None:
            return found

        def progress(done: int, total: int, said: str) -> None:
            bar.update(task, description=f"gates, each a replay {said}".strip(), completed=done, total=total)

        if not ask.market.is_dir():
            raise InputError(f"{ask.market} is no folder: give the archive that was replayed with --market")
        return found + list(leave_out_gates(judged, sheet, Archive(ask.market, ask.out), progress))
