"""A score in words (SPEC 7): its parts, strongest first, what was missing. Only what the numbers say."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from quantscout.decide import missing
from quantscout.factors import FACTORS, NAMES, Factor

Row = dict[str, Any]
"""A row of an hour's universe."""
WEIGHTY_POINTS = 1.0
"""What takes less than this from a score is not worth a line on a phone."""


class Contribution(NamedTuple):
    """One part of a score: its points above or below neutral (50), and what it rests on in words."""

    name: str
    points: float
    phrase: str


def contributions(row: Row) -> list[Contribution]:
    """Return the parts of a scored contract's score, strongest lift first; 50 and their sum, within 0 to 100, is it.

    A factor counts 100 x weight x (norm - 1/2). What counts nothing is no part: a factor without data or at neutral, no
    penalty, no boost.
    """
    lifts = [(f, factor_points(row, f.name)) for f in FACTORS]
    parts = [Contribution(f.name, points, _phrase(row, f)) for f, points in lifts if points]
    if row["penalty"] > 0:
        parts.append(Contribution("penalty", -100 * row["penalty"], _penalty_phrase(row)))
    if row["boost"] > 0:
        boost = 100 * row["boost"]
        parts.append(Contribution("boost", boost, f"listed {row['listed_days']:.1f} days ago (+{boost:.1f} points)"))
    return sorted(parts, key=lambda part: (-part.points, part.name))


def factor_points(row: Row, name: str) -> float | None:
    """Return a factor's points above or below neutral, None where its data was missing."""
    norm = row[f"{name}_norm"]
    return None if norm is None else float(100 * row[f"{name}_weight"] * (norm - 0.5))


def _penalty_phrase(row: Row) -> str:
    known = {"funding": row["funding_z"], "its 24 h change": row["funding_change_z"]}
    causes = ", ".join(f"{name} z {z:+.1f}" for name, z in known.items() if z is not None)
    return f"funding penalty {100 * row['penalty']:.1f} points ({causes} against its own 30 days)"


def _ordered(row: Row, *, against: bool) -> list[Contribution]:
    """Return the parts that lift the score above neutral, or those that press it below, strongest first."""
    parts = contributions(row)
    return [p for p in reversed(parts) if p.points < 0] if against else [p for p in parts if p.points > 0]


def reasons(row: Row, *, against: bool = False, least: float = 0.0) -> list[str]:
    """Return the phrases of what lifts the score above neutral (or presses it below), strongest first.

    What counts fewer points than `least` is left out.
    """
    return [part.phrase for part in _ordered(row, against=against) if abs(part.points) >= least]


def _phrase(row: Row, factor: Factor) -> str:
    """Return the value in words, with its place in the scored set: "+1 %" may be much or little in an hour's market."""
    z = row[f"{factor.name}_z"]
    place = "" if z is None else f" (z {z:+.1f})"
    if z is None and factor.kind == "z":  # norms by rank have no z
        place = f" (above {100 * row[f'{factor.name}_norm']:.0f} % of the scored set)"
    return factor.phrase(row[factor.name]) + place


def justify(row: Row) -> str:
    """Return why a contract stands where it does: what lifts it and what speaks against it, missing data, flags.

    Of the factors the four and the two strongest are named; a penalty or a boost is never left out.
    """
    favour = _named(_ordered(row, against=False), 4, "boost")
    against = _named(_ordered(row, against=True), 2, "penalty")
    parts = [
        _sentence("", favour) or "Nothing lifts it above neutral.",
        _sentence("Against: ", against),
        _missing_sentence(row),
        _sentence("Flags: ", row["flags"]),
    ]
    return " ".join(part for part in parts if part)


def _named(parts: Sequence[Contribution], count: int, always: str) -> list[str]:
    return [part.phrase for place, part in enumerate(parts) if place < count or part.name == always]


def _missing_sentence(row: Row) -> str:
    """Name what was missing and, where a factor was, how much of the weights had data."""
    absent = missing(row)
    if any(name in NAMES for name in absent):
        return f"Missing: {', '.join(absent)} ({100 * row['coverage']:.0f} % of the weights have data)."
    return _sentence("Missing: ", absent)


def _sentence(lead: str, phrases: Sequence[str]) -> str:
    if not phrases:
        return ""
    text = lead + ", ".join(phrases) + "."
    return text[0].upper() + text[1:]
