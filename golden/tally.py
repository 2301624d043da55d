"""What became of the contracts of one hour, and of many hours as tables. Pure: tallies in, text out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median
from typing import NamedTuple

from quantscout.decide import Decision, funnel
from quantscout.gates import LEVELS, REASONS

STAGES = ("listed", "eligible", "with_data", "scored_set")
NO_LEVEL = "none"
FREQUENT = 8


class Tally(NamedTuple):
    """One hour: contracts per stage, coins per level, how it went, why contracts fell out, what was not recorded."""

    stages: dict[str, int]
    passed: dict[str, int]
    passed_if_small: dict[str, int]
    """As `passed`, had every market cap been below the narrowest limit."""
    level: str
    level_if_small: str
    status: str
    reasons: dict[str, int]
    lacking: list[str]


def build_tally(decision: Decision, if_small: Decision, status: str, lacking: list[str]) -> Tally:
    """Return the tally of a decision; `if_small` is the same hour's with small market caps."""
    counts = funnel(decision.universe)
    reasons = counts.pop("by_reason")
    assert isinstance(reasons, dict)
    return Tally(
        stages={name: count for name in STAGES if isinstance(count := counts[name], int)},
        passed=decision.passed_per_level,
        passed_if_small=if_small.passed_per_level,
        level=_level_of(decision),
        level_if_small=_level_of(if_small),
        status=status,
        reasons=reasons,
        lacking=lacking,
    )


def _level_of(decision: Decision) -> str:
    return NO_LEVEL if decision.level is None else LEVELS[decision.level]


def tables(tallies: Sequence[Tally]) -> str:
    """Return the tables of some hours in Markdown: counts, shares of levels and statuses, reasons, what is missing."""
    return "\n\n".join([_counts(tallies), _shares(tallies), _reasons(tallies), _absent(tallies)])


def _counts(tallies: Sequence[Tally]) -> str:
    rows = [(f"`{name}`", [tally.stages[name] for tally in tallies]) for name in STAGES]
    rows += [(f"passed {level}", [tally.passed[level] for tally in tallies]) for level in LEVELS]
    rows += [(f"passed {level}, if small", [tally.passed_if_small[level] for tally in tallies]) for level in LEVELS]
    lines = [(name, _number(median(values)), str(min(values)), str(max(values))) for name, values in rows]
    return _table(("per hour", "median", "least", "most"), lines)


def _shares(tallies: Sequence[Tally]) -> str:
    found, small = (Counter(getattr(tally, name) for tally in tallies) for name in ("level", "level_if_small"))
    statuses, total = Counter(tally.status for tally in tallies), len(tallies)
    levels = [(name, _share(found[name], total), _share(small[name], total)) for name in (*LEVELS, NO_LEVEL)]
    rows = [(f"`{name}`", _share(count, total)) for name, count in sorted(statuses.items(), key=_most_first)]
    return "\n\n".join([_table(("level", "hours", "hours, if small"), levels), _table(("status", "hours"), rows)])


def _most_first(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def _reasons(tallies: Sequence[Tally]) -> str:
    totals = Counter[str]()
    for tally in tallies:
        totals.update(tally.reasons)
    rows = []
    for code, count in sorted(totals.items(), key=_most_first)[:FREQUENT]:
        values = [tally.reasons.get(code, 0) for tally in tallies]
        hours = sum(value > 0 for value in values)
        share = _share(count, totals.total())
        rows.append((f"`{code}`", REASONS[code], share, _number(median(values)), _share(hours, len(tallies))))
    return _table(("reason", "in words", "of all rejections", "median per hour", "hours with it"), rows)


def _absent(tallies: Sequence[Tally]) -> str:
    names = Counter(name for tally in tallies for name in tally.lacking)
    rows = [(name, _share(count, len(tallies))) for name, count in names.most_common()]
    return _table(("not recorded", "hours"), rows)


def _share(count: int, total: int) -> str:
    return f"{100 * count / total:.1f} %"


def _number(value: float) -> str:
    return f"{value:g}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
