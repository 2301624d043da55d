"""The score of one contract: neutral, what each part adds or takes as a signed bar, and the sum."""

from typing import NamedTuple

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from quantscout.factors import FACTORS, Factor
from quantscout.justification import Row, contributions, factor_points

NEUTRAL = 50.0
"""The score of a contract that is average in everything."""
BAR_CELLS = 6
"""Per side, in a terminal of 80 columns; the longest bar of a contract fills its side."""
WIDE_BAR_CELLS = 14
WIDE_COLUMNS = 110
NARROW_COLUMNS = 72
"""Below it there is no room for bars: the points say the same."""
NO_DATA = "no data, weight shared"


class Part(NamedTuple):
    """One line of the score: its name, in words, z, norm and weight of a factor, and its points."""

    name: str
    words: str
    figures: tuple[float | None, float | None, float | None]
    points: float | None
    """None for a factor without data."""


def score_parts(row: Row) -> list[Part]:
    """Return the lines of a scored contract's score, largest first, those without data last.

    `NEUTRAL` and their points sum to the score: where the sum leaves 0 to 100, the last line is what was cut off.
    """
    factors = [_factor_part(row, factor) for factor in FACTORS]
    extras = [
        Part(c.name, c.phrase, (None, None, None), c.points)
        for c in contributions(row)
        if c.name in ("penalty", "boost")
    ]
    known = [part for part in factors + extras if part.points is not None]
    known.sort(key=lambda part: -(part.points or 0))
    whole = NEUTRAL + sum(part.points or 0 for part in known)
    if not 0 <= whole <= 100:
        known.append(Part("cut off", "a score stays within 0 and 100", (None, None, None), row["score"] - whole))
    return known + [part for part in factors if part.points is None]


def _factor_part(row: Row, factor: Factor) -> Part:
    points = factor_points(row, factor.name)
    words = NO_DATA if points is None else factor.phrase(row[factor.name])
    z, norm, weight = (row[f"{factor.name}_{key}"] for key in ("z", "norm", "weight"))
    return Part(factor.name, words, (z, norm, weight), points)


def printed_points(parts: list[Part], score: float) -> list[float | None]:
    """Return the points to two decimals such that with `NEUTRAL` they sum to the printed score.

    Each is the step between two rounded running sums: rounded one by one they would miss the score by some hundredths.
    """
    exact = before = NEUTRAL
    steps: list[float | None] = []
    for place, part in enumerate(parts):
        if part.points is None:
            steps.append(None)
            continue
        exact += part.points
        last = all(other.points is None for other in parts[place + 1 :])
        now = round(score if last else exact, 2)
        steps.append(round(now - before, 2) + 0.0)  # never -0.00
        before = now
    return steps


class Ink(NamedTuple):
    """What bars are drawn with."""

    cells: int
    mark: str
    axis: str


def choose_ink(width: int, *, ascii_only: bool) -> Ink:
    """Return what suits a terminal of this width and encoding."""
    cells = WIDE_BAR_CELLS if width >= WIDE_COLUMNS else BAR_CELLS if width >= NARROW_COLUMNS else 0
    return Ink(cells, *(("#", "|") if ascii_only else ("█", "│")))


def signed_bar(points: float, longest: float, ink: Ink) -> str:
    """Return a bar to the right of the axis for points above neutral, to the left for those below.

    >>> signed_bar(3, 6, Ink(6, "#", "|")), signed_bar(-6, 6, Ink(6, "#", "|"))
    ('      |###   ', '######|      ')
    """
    drawn = ink.mark * round(ink.cells * abs(points) / longest) if longest else ""
    left, right = ("", drawn) if points >= 0 else (drawn, "")
    return f"{left:>{ink.cells}}{ink.axis}{right:<{ink.cells}}"


def build_score_table(row: Row, ink: Ink) -> Table:
    """Return the table of a scored contract's score, without bars where the ink has no room for them."""
    title = f"Score {row['score']:.2f}, from neutral {NEUTRAL:g}; points = 100 x weight x (norm - 1/2)"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=0)
    for name in ("part", "value", "z", "norm", "weight", "points"):
        left = name in ("part", "value")
        table.add_column(name, justify="left" if left else "right", no_wrap=name != "value", overflow="fold")
    if ink.cells:
        table.add_column(f"{'below':>{ink.cells}}{ink.axis}{'above':<{ink.cells}}", no_wrap=True)
    for cells in _score_rows(row, ink):
        table.add_row(*cells[: len(table.columns)])
    table.add_section()
    table.add_row("score", "the sum", "", "", "", f"{row['score']:.2f}", style="bold")
    return table


def _score_rows(row: Row, ink: Ink) -> list[list[str | Text]]:
    """Return the cells of neutral and of every part, the bar last."""
    parts = score_parts(row)
    longest = max((abs(part.points or 0) for part in parts), default=0.0)
    rows: list[list[str | Text]] = [
        ["neutral", "average in everything", "", "", "", f"{NEUTRAL:.2f}", signed_bar(0, 1, ink)]
    ]
    for part, points in zip(parts, printed_points(parts, row["score"]), strict=True):
        bar = Text("") if part.points is None else _coloured(part.points, signed_bar(part.points, longest, ink))
        rows.append([part.name, part.words, *_figures(part), "-" if points is None else f"{points:+.2f}", bar])
    return rows


def _coloured(points: float, bar: str) -> Text:
    return Text(bar, "green" if points > 0 else "red" if points < 0 else "")


def _figures(part: Part) -> list[str]:
    """Return z, norm and weight as text; a line that is no factor has none of them."""
    if part.figures == (None, None, None):
        return ["", "", ""]
    forms = ("+.2f", ".2f", ".3f")
    return ["-" if figure is None else format(figure, form) for figure, form in zip(part.figures, forms, strict=True)]
