"""The sweep for a person: weights, both parts side by side, what it says, and how to try it."""

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from quantscout_local.evidence.ablate_table import NOT_ADVICE, build_table
from quantscout_local.program import program

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from quantscout_local.evidence.tune_models import Answer, Part, Tuning

STYLES: "dict[Answer, str]" = {
    "better": "bold green", "worse": "bold red", "cannot_be_told": "bold yellow", "no_change": "bold yellow",
}  # fmt: skip


def print_tuning(console: "Console", tuning: "Tuning", files: "dict[str, Path]") -> None:
    """Print the weights, the figures of both parts, the sentences, and where the files are."""
    console.print(Text(f"{tuning.trials} trials, objective {tuning.objective}, seed {tuning.seed}", "bold"))
    console.print(_build_weights(tuning))
    for title, part in (("chosen on", tuning.fitted), ("held against", tuning.validated)):
        console.print(f"{title} {part.first_hour} to {part.last_hour}, {part.hours:,} hours", style="bold")
        console.print(_build_part(part))
    head, *rest = tuning.sentences
    console.print(Text(head, STYLES[tuning.answer]), soft_wrap=True)
    for line in (*rest, *say_files(tuning, files), NOT_ADVICE):
        console.print(line, soft_wrap=True)


def _build_weights(tuning: "Tuning") -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for title in ("factor", "in force", "proposal"):
        table.add_column(title, justify="left" if title == "factor" else "right")
    table.add_column("not tried because", overflow="fold")
    for name, weight in tuning.weights.items():
        table.add_row(name, f"{weight:.4f}", f"{tuning.proposed[name]:.4f}", tuning.fixed.get(name, ""))
    return table


def _build_part(part: "Part") -> Table:
    rows = [("in force", part.baseline, ()), ("proposal", part.proposal, part.differences)]
    return build_table("weights", rows, ())


def say_files(tuning: "Tuning", files: "dict[str, Path]") -> list[str]:
    """Return where the proposal is, and how to try it."""
    if tuning.answer == "no_change":
        return [f"All figures: {files['result']}."]
    return [
        f"All figures: {files['result']}. The proposal, as QUANTSCOUT_SETTINGS takes it: {files['proposal']}.",
        "To see it judged on other hours, replay them with it, then say how many settings were tried:",
        f'  {program()} replay --market DIR --from DAY --settings "$(cat {files["replay"]})" --out out/replay-proposal',
        f"  {program()} kpis --replay out/replay-proposal --trials {tuning.trials}",
    ]
