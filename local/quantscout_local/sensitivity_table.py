"""How firm the five are, for a person (tables, a summary, one sentence) or for a program (JSON)."""

import json
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from quantscout.decide import PICKS
from quantscout_local.sensitivity import Draws, Effect, Sensitivity

if TYPE_CHECKING:
    from rich.console import Console

HEADINGS = {
    "weight": "one weight, the others brought to a sum of 1",
    "normalisation": "another normalisation",
    "missing": "something missing",
    "level": "a wider gate",
}

OTHER_TABLES = (
    "note: the run's config_hash is not this version's for the same settings: a table of factors, gates or regimes has "
    "changed since, or polars has. The five were found again all the same."
)


def print_sensitivity(console: "Console", result: Sensitivity) -> None:
    """Print the tables, the summary of the draws and the sentence."""
    report = result.report
    head = f"  {report.status}, gate {report.gate_level}, market {report.regime.name}"
    console.print(Text.assemble((f"How firm are the five of {report.hour}?", "bold"), head), soft_wrap=True)
    console.print(f"The five: {', '.join(result.five)}", soft_wrap=True)
    for kind, heading in HEADINGS.items():
        effects = [effect for effect in result.effects if effect.kind == kind]
        if effects:
            console.print(_effects_table(f"With {heading}", effects))
    draws = result.draws
    console.print(f"With all weights at random within 10 %, {draws.total} draws (seed {draws.seed})", style="italic")
    console.print(_draws_table(draws))
    console.print(_draws_line(draws), soft_wrap=True)
    console.print(Text(say(result), "bold"), soft_wrap=True)
    if not result.same_tables:
        console.print(Text(OTHER_TABLES, "yellow"), soft_wrap=True)


def _effects_table(title: str, effects: list[Effect]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("change", "gate", "stay", "Spearman", "of", "in and out"):
        table.add_column(name, justify="right" if name in ("Spearman", "of") else "left", overflow="fold")
    for effect in effects:
        style = "green" if effect.overlap == PICKS else "red" if effect.gate_level is None else "yellow"
        name = f"{effect.name} ({effect.note})" if effect.note else effect.name
        table.add_row(
            name, effect.gate_level or "none", Text(f"{effect.overlap} of {PICKS}", style),
            _rho(effect.spearman), str(effect.scored_in_both), _moves(effect),
        )  # fmt: skip
    return table


def _moves(effect: Effect) -> str:
    if effect.gate_level is None:
        return "no level holds five coins: nothing is ranked"
    return " ".join([*(f"+{coin}" for coin in effect.entered), *(f"-{coin}" for coin in effect.left)])


def _rho(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _draws_table(draws: Draws) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("pick", "stays in", "share"):
        table.add_column(name, justify="left" if name == "pick" else "right")
    for coin, count in draws.kept.items():
        table.add_row(coin, f"{count} of {draws.total}", f"{100 * count / draws.total:.1f} %")
    return table


def _draws_line(draws: Draws) -> str:
    return (
        f"All five stay in {draws.keep_all} of {draws.total} draws, the first stays first in {draws.keep_first}; "
        f"Spearman: median {_rho(draws.spearman_median)}, least {_rho(draws.spearman_least)}."
    )


def say(result: Sensitivity) -> str:
    """Return one plain sentence: who stays whatever changes, and who is the least certain."""
    ranking = [effect for effect in result.effects if effect.gate_level is not None]
    silent = [effect.name for effect in result.effects if effect.gate_level is None]
    out = {coin: sum(coin in effect.left for effect in ranking) for coin in result.five}
    lost = {coin: result.draws.total - kept for coin, kept in result.draws.kept.items()}
    every = f"in all {len(ranking)} single changes that still rank five coins and in all {result.draws.total} draws"
    firm = [coin for coin in result.five if not out[coin] and not lost[coin]]
    weakest = max(result.five, key=lambda coin: (lost[coin], out[coin]))
    leaves = f"{out[weakest]} of {len(ranking)} changes and in {lost[weakest]} of {result.draws.total} draws"
    stay = f"{_joined(firm)} {'stays' if len(firm) == 1 else 'stay'} {every}" if firm else f"None of them stays {every}"
    least = f"; {weakest} is the least certain: it leaves the five in {leaves}"
    text = f"All five stay {every}" if len(firm) == len(result.five) else stay + least
    return text + (f"; nothing could be ranked with {_joined(silent)}." if silent else ".")


def _joined(names: list[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def write_json(result: Sensitivity) -> str:
    """Return the whole answer as JSON text."""
    report, draws = result.report, result.draws
    shares = {coin: count / draws.total for coin, count in draws.kept.items()}
    answer: dict[str, Any] = {
        "hour": report.hour,
        "run_id": report.run_id,
        "status": report.status,
        "gate_level": report.gate_level,
        "same_tables": result.same_tables,
        "five": result.five,
        "changes": [effect._asdict() for effect in result.effects],
        "draws": draws._asdict() | {"kept_share": shares},
        "sentence": say(result),
    }
    return json.dumps(answer, indent=2, ensure_ascii=False)
