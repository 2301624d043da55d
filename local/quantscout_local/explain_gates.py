"""The gates of one contract: each with its value, the limit in force, and the level from which it would pass."""

from typing import TYPE_CHECKING, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from quantscout.gates import GATES, LEVELS, WIDEST, Gate, Limits
from quantscout.justification import Row
from quantscout.settings import Settings

if TYPE_CHECKING:
    from rich.console import JustifyMethod

SIGNS = {"at_least": "at least", "at_most": "at most", "below": "below"}


class Verdict(NamedTuple):
    """One gate's word on one contract."""

    gate: Gate
    value: float | None
    limits: Limits
    passes: tuple[bool, ...]
    """Per level, L0 to L3."""

    @property
    def first_level(self) -> int | None:
        """The narrowest level at which the contract passes this gate, None if there is none."""
        return next((level for level, passed in enumerate(self.passes) if passed), None)


def judge_gates(row: Row, settings: Settings) -> list[Verdict]:
    """Return every gate's verdict at every level, by the limits in force (the rule of gating.py for a single row)."""
    return [_judge(gate, row[gate.column], settings) for gate in GATES]


def _judge(gate: Gate, value: float | None, settings: Settings) -> Verdict:
    limits = settings.limits_of(gate)
    if value is None:
        excused = gate.setting in settings.unknown_passes
        return Verdict(gate, None, limits, tuple(excused or k >= gate.unknown_passes_from for k in range(len(LEVELS))))
    holds = {"at_least": value.__ge__, "at_most": value.__le__, "below": value.__lt__}[gate.sense]
    return Verdict(gate, value, limits, tuple(bool(holds(limit)) for limit in limits))


def _uncalled(verdicts: list[Verdict]) -> list[Gate]:
    """Return the gates whose value nobody asked for: a contract that fails a cheap gate at L3 is worth no call."""
    if all(v.passes[WIDEST] for v in verdicts if v.gate.stage == "cheap"):
        return []
    return [v.gate for v in verdicts if v.value is None and v.gate.stage == "level"]


def describe_failures(verdicts: list[Verdict], level: int) -> str:
    """Return which gates fail at a level, and from which level all would pass; empty where none fails."""
    failing = [v for v in verdicts if not v.passes[level]]
    if not failing:
        return ""
    known = [v.gate.name for v in failing if v.value is not None]
    calls = {gate.name for gate in _uncalled(verdicts)}
    unknown = [v.gate.name + " (not asked for)" * (v.gate.name in calls) for v in failing if v.value is None]
    parts = [f"fails {', '.join(known)}" if known else "", f"unknown: {', '.join(unknown)}" if unknown else ""]
    count = f"{len(failing)} of {len(verdicts)} gates do not pass at {LEVELS[level]}"
    return f"{count}: {'; '.join(part for part in parts if part)}. {_passing_level(verdicts)}"


def _passing_level(verdicts: list[Verdict]) -> str:
    level = next((k for k in range(len(LEVELS)) if all(v.passes[k] for v in verdicts)), None)
    if level is not None:
        return f"All would pass from {LEVELS[level]} on."
    still = [v for v in verdicts if not v.passes[WIDEST] and v.value is not None] or [
        v for v in verdicts if not v.passes[WIDEST]
    ]
    names = ", ".join(v.gate.name + (" (a guardrail, never widened)" if v.gate.is_guardrail else "") for v in still)
    return f"No level lets it through: even {LEVELS[WIDEST]} stops it at {names}."


def build_gates_table(verdicts: list[Verdict], level: int, title: str, *, narrow: bool = False) -> Table:
    """Return the table of all gates at a level; a narrow one takes two lines for a limit, and cuts nothing."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=0, show_edge=not narrow)
    for name in ("gate", "value", "limit", "unit", "passes", "from"):
        wraps = name == "unit" or (narrow and name in ("limit", "passes"))
        side: JustifyMethod = "right" if name in ("value", "limit") else "left"
        table.add_column(name, justify=side, no_wrap=not wraps, overflow="fold")
    uncalled = _uncalled(verdicts)
    for verdict in verdicts:
        gate, limit = verdict.gate, verdict.limits[level]
        never = "never" if verdict.value is not None else "-"
        first = never if verdict.first_level is None else LEVELS[verdict.first_level]
        passes = _passes(verdict, level, asked=gate not in uncalled)
        value = "-" if verdict.value is None else write_beside(verdict.value, limit)
        bound = (SIGNS[gate.sense], write_short(limit))
        table.add_row(gate.name, value, ("\n" if narrow else " ").join(bound), gate.unit, passes, first)
    return table


def _passes(verdict: Verdict, level: int, *, asked: bool) -> Text:
    if verdict.passes[level]:
        return Text("yes" if verdict.value is not None else "unknown, passes", "green")
    if verdict.value is not None:
        return Text("no", "red")
    return Text("unknown" if asked else "not asked", "yellow")


def write_short(value: float) -> str:
    """Return a number short enough to read: 27.33 M, 63.2 k, 0.0123.

    >>> write_short(50_000_000), write_short(63_214.9), write_short(0.01234567), write_short(5)
    ('50 M', '63.21 k', '0.01235', '5')
    """
    for size, unit in ((1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            text = f"{value / (1e6 if unit == 'M' else 1e3):,.2f}".rstrip("0").rstrip(".")
            return f"{text} {unit}"
    return f"{value:.4g}"


def write_beside(value: float, limit: float) -> str:
    """Return a value short, but never so short that it looks like a limit that it is not.

    >>> write_beside(0.2, 0.2), write_beside(0.200001, 0.2)
    ('0.2', '0.200001')
    """
    text = write_short(value)
    return text if value == limit or text != write_short(limit) else f"{value:.15g}"
