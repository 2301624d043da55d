"""The charts of the page: figures with their intervals, the rule's capital, the funnel, and the hours after a pick."""

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import Any

import pygal  # type: ignore[import-untyped]
from markupsafe import Markup

from quantscout.page.axes import build_ticks
from quantscout.page.content import FUNNEL, LEVELS, Figure, Pick, Point, Unit, Week
from quantscout.page.svg import Words, draw, plain
from quantscout.page.wording import say, say_day, say_month, say_tick

WIDTH, HEIGHT = 640, 300
ROW_HEIGHT = 34
PICK_WIDTH, PICK_HEIGHT = 340, 150
FEWEST_BARS, FEWEST_WEEKS = 4, 8
"""As many places as an axis has at least: one bar does not fill the width."""
FEW_POWERS = 3
"""With more powers of ten on an axis it names these alone."""
ALMOST_0 = 1e-9
"""pygal takes an upper end of 0 for none."""
LABELS = 6
"""As many dates as a time axis names, about."""


def chart_bars(figures: Sequence[Figure], labels: Sequence[str], words: Words, line: Figure | None = None) -> Markup:
    """Return upright bars with their intervals; `line` is a figure to compare with, drawn across."""
    unit, zero = figures[0].unit, _zero(figures[0].unit)
    ticks = build_ticks([*_reach(figures, zero), *_reach([line] if line else [], zero)])
    chart = pygal.Bar(**plain(WIDTH, HEIGHT), **_axis(ticks, unit, zero), zero=zero)
    spare = max(0, FEWEST_BARS - len(figures))
    chart.x_labels = [*labels, *[""] * spare]
    chart.add(words.title, [*(_whiskered(figure) for figure in figures), *[None] * spare])
    return draw(chart, words, across=line.value if line else None)


def chart_rows(figures: Sequence[Figure], labels: Sequence[str], words: Words) -> Markup:
    """Return lying bars with their intervals, the first figure on top."""
    unit, zero = figures[0].unit, _zero(figures[0].unit)
    ticks = build_ticks(_reach(figures, zero))
    height = 60 + ROW_HEIGHT * len(figures)
    chart = pygal.HorizontalBar(**plain(WIDTH, height), **_axis(ticks, unit, zero), zero=zero)
    chart.x_labels = list(labels)[::-1]
    chart.add(words.title, [_whiskered(figure) for figure in figures][::-1])
    return draw(chart, words)


def chart_capital(points: Sequence[Point], words: Words) -> Markup:
    """Return the line of the rule's capital, 1 at the start."""
    return _chart_days(points, [point.capital for point in points], "times", words, across=1.0)


def chart_drawdown(points: Sequence[Point], words: Words) -> Markup:
    """Return the depth below the highest capital so far, as an area under 0."""
    return _chart_days(points, [point.drawdown_ratio for point in points], "return", words, fill=True, height=200)


def _chart_days(  # noqa: PLR0913 - two charts of one kind, and what differs between them
    points: Sequence[Point],
    values: Sequence[float],
    unit: Unit,
    words: Words,
    *,
    across: float | None = None,
    fill: bool = False,
    height: int = HEIGHT,
) -> Markup:
    ticks = build_ticks([*values, 0.0 if across is None else across])
    chart = pygal.Line(**plain(WIDTH, height), **_axis(ticks, unit, 0.0), show_dots=len(points) == 1, fill=fill)
    _name_days(chart, [point.at_ms for point in points])
    chart.add(words.title, list(values))
    return draw(chart, words, across=across)


def chart_funnel(weeks: Sequence[Week], words: Words) -> Markup:
    """Return the medians of the funnel's counts by their order of magnitude; a median of 0 has none: a gap."""
    most = max((week.medians[name] or 1 for week in weeks for name in FUNNEL), default=1)
    least = min((week.medians[name] or most for week in weeks for name in FUNNEL), default=1)
    powers = range(floor(log10(least)), max(1, ceil(log10(most))) + 1)
    steps = (1, 2, 5) if len(powers) <= FEW_POWERS else (1,)
    ticks = [power + log10(step) for power in powers for step in steps if power < powers[-1] or step == 1]
    chart = pygal.Line(
        **plain(WIDTH, HEIGHT),
        range=(ticks[0], ticks[-1]),
        y_labels=ticks,
        allow_interruptions=True,
        dots_size=1.6 if len(weeks) >= FEWEST_WEEKS else 3.5,
    )
    chart.value_formatter = _say_magnitude
    _name_days(chart, [week.start_ms for week in weeks])
    for name in FUNNEL:
        medians = (week.medians[name] for week in weeks)
        chart.add(name, [log10(median) if median else None for median in medians])
    return draw(chart, words)


def _say_magnitude(value: float) -> str:
    return f"{10**value:,.6g}"


def chart_levels(weeks: Sequence[Week], words: Words) -> Markup:
    """Return how the hours of each week are shared among the gate's levels."""
    chart = pygal.StackedBar(**plain(WIDTH, 220), **_axis((0.0, 0.25, 0.5, 0.75, 1.0), "share", 0.0))
    _name_days(chart, [week.start_ms for week in weeks])
    spare = max(0, FEWEST_WEEKS - len(weeks))
    chart.x_labels += [""] * spare
    for level in LEVELS:
        chart.add(level, [*(week.levels.get(level, 0) / week.hours for week in weeks), *[None] * spare])
    return draw(chart, words)


def chart_pick(pick: Pick, words: Words) -> Markup:
    """Return the closes of the hours after the entry, from the entry's price; whiskers from low to high."""
    entry = pick.entry_price
    reach = [price / entry - 1 for bar in pick.bars for price in (bar.low, bar.high)]
    low, high = min(0.0, *reach), max(0.0, *reach)
    ticks = [tick for tick in build_ticks([low, high], about=3) if low <= tick <= high]
    chart = pygal.Bar(**plain(PICK_WIDTH, PICK_HEIGHT, font=11), **_axis(ticks, "return", 0.0))
    chart.range = (low, high or ALMOST_0)
    hours = range(1, len(pick.bars) + 1)
    chart.x_labels = [f"{hour} h" for hour in hours]
    chart.x_labels_major = [f"{hour} h" for hour in hours if hour == 1 or hour % 6 == 0]
    chart.show_minor_x_labels = False
    chart.add(
        words.title,
        [
            {
                "value": bar.close / entry - 1,
                "ci": {"low": bar.low / entry - 1, "high": bar.high / entry - 1},
                "node": {"class": "rect rose" if bar.close >= entry else "rect fell"},
            }
            for bar in pick.bars
        ],
    )
    return draw(chart, words, cap=0)


def _zero(unit: Unit) -> float:
    """Return where a bar begins: at no lift, or at nothing."""
    return 1.0 if unit == "times" else 0.0


def _axis(ticks: Sequence[float], unit: Unit, zero: float) -> dict[str, Any]:
    """Return the options of the value axis: its round numbers, the one where bars begin drawn stronger."""
    return {
        "range": (ticks[0], ticks[-1] or ALMOST_0),
        "y_labels": list(ticks),
        "y_labels_major": [zero],
        "value_formatter": lambda value: say_tick(value, unit),
        "formatter": lambda value: say(value, unit),
    }


def _reach(figures: Sequence[Figure], zero: float) -> list[float]:
    known = [value for figure in figures for value in (figure.value, figure.low, figure.high) if value is not None]
    return [zero, *known]


def _whiskered(figure: Figure) -> dict[str, object] | None:
    """Return pygal's value: no bar where the figure is not known, no whisker where its interval is not."""
    if figure.value is None:
        return None
    if figure.low is None or figure.high is None:
        return {"value": figure.value}
    return {"value": figure.value, "ci": {"low": figure.low, "high": figure.high}}


def _name_days(chart: pygal.Line, times_ms: Sequence[int]) -> None:
    """Name some of the moments on the time axis: months where there are several, else days."""
    months = [say_month(at_ms) for at_ms in times_ms]
    starts = [place for place in range(1, len(months)) if months[place] != months[place - 1]]
    if len(starts) >= LABELS // 2:
        every = -(-len(starts) // (2 * LABELS))
        names = {place: months[place] for place in starts[::every]}
    else:
        every = max(1, -(-len(times_ms) // LABELS))
        names = {place: say_day(times_ms[place])[5:] for place in range(0, len(times_ms), every)}
    chart.x_labels = [names.get(place, "") for place in range(len(times_ms))]
    chart.x_labels_major = list(names.values())
    chart.show_minor_x_labels = False
