"""From what a page says to its bytes: one HTML file without script, request or date, the same for the same content."""

from collections.abc import Mapping, Sequence
from functools import cache, partial

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from quantscout.outcomes import HORIZON_H, STOP_RATIO, TARGET_RATIO
from quantscout.page import charts
from quantscout.page.content import BASE_RATE, FUNNEL, HEADLINE, LEVELS, Figure, Group, PageContent, Pick, Unit
from quantscout.page.svg import Words
from quantscout.page.titles import TITLES, title_of
from quantscout.page.wording import (
    PERCENT,
    UNKNOWN,
    say,
    say_barrier,
    say_day,
    say_fine,
    say_hour,
    say_interval,
    say_months,
    say_price,
    say_span,
    say_stamp,
    say_tick,
)

MONTHLY: Mapping[str, Unit] = {"precision_at_5": "share", "mean_net_return_24h": "return"}
"""The figures of a month that have a chart."""


PARTS = (
    ("basis", "What this is measured on"),
    ("kpis", "All figures"),
    ("deciles", "Deciles"),
    ("months", "Months"),
    ("equity", "The rule"),
    ("factors", "Factors"),
    ("funnel", "Funnel"),
    ("picks", "Best and worst picks"),
    ("notes", "How to read this"),
)


def write_page(content: PageContent) -> bytes:
    """Return the page as UTF-8 bytes; the same content gives the same bytes."""
    page = _environment().get_template("page.html.j2")
    text = page.render(
        content=content,
        basis=content.basis,
        headline=[(name, content.figure(name)) for name in HEADLINE],
        charts=build_charts(content),
        funnel=FUNNEL,
        levels=LEVELS,
        factor_units=_columns(content.factors),
        month_units=_columns(content.months),
        monthly=MONTHLY,
        parts=PARTS,
        titles=TITLES,
        whiskers=_say_whiskers,
        of_months=partial(_by_month, content),
        of_factors=_lifts(content),
        horizon_h=HORIZON_H,
        target_pct=say_tick(TARGET_RATIO, "share"),
        stop_pct=say_tick(STOP_RATIO, "share"),
    )
    return text.encode()


def write_live_page(content: PageContent) -> bytes:
    """Return the page of the live picks, as it is stored under `LIVE_KEY`."""
    return write_page(content)


LIVE_KEY = "evidence/index.html"
CONTENT_TYPE = "text/html; charset=utf-8"


@cache
def _environment() -> Environment:
    """Return the templates: everything that they put in is escaped, and nothing that they name may be absent."""
    made = Environment(
        loader=PackageLoader("quantscout.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["unknown"] = UNKNOWN
    made.filters |= {
        "say": say, "interval": say_interval, "hour": say_hour, "day": say_day, "stamp": say_stamp, "price": say_price,
        "barrier": say_barrier, "fine": say_fine, "span": say_span,
    }  # fmt: skip
    return made


def build_charts(content: PageContent) -> dict[str, Markup]:
    """Return the charts by their ids; a part without figures has none."""
    made = _of_figures(content) | _of_time(content)
    for side, picks in (("best", content.best), ("worst", content.worst)):
        for place, pick in enumerate(picks, start=1):
            if pick.bars:
                name = f"{side}-{place}"
                made[name] = charts.chart_pick(pick, _words_of_pick(name, pick))
    return made


def _of_figures(content: PageContent) -> dict[str, Markup]:
    made: dict[str, Markup] = {}
    if known(content.deciles):
        names = [figure.title for figure in content.deciles]
        words = Words("deciles-chart", "Hit rate by decile of the score", _describe(content.deciles, names))
        labels = [str(place) for place in range(1, len(names) + 1)]
        made["deciles"] = charts.chart_bars(content.deciles, labels, words, content.figure(BASE_RATE))
    months = [group.name for group in content.months]
    for name in MONTHLY:
        figures = _by_month(content, name)
        if known(figures):
            words = Words(f"month-{name}-chart", f"{title_of(name)} by month", _describe(figures, months))
            made[f"month-{name}"] = charts.chart_bars(figures, say_months(months), words)
    factors, lifts = [group.name for group in content.factors], _lifts(content)
    if known(lifts):
        words = Words("factors-chart", "Lift of each factor, in percentage points", _describe(lifts, factors))
        made["factors"] = charts.chart_rows(lifts, factors, words)
    return made


def _by_month(content: PageContent, name: str) -> list[Figure]:
    """Return a figure of each month, one without a value where the month does not have it."""
    return [
        group.figure(name) or Figure(name=name, title=title_of(name), unit=MONTHLY[name]) for group in content.months
    ]


def _lifts(content: PageContent) -> list[Figure]:
    return [group.figures[0] for group in content.factors]


def _of_time(content: PageContent) -> dict[str, Markup]:
    made: dict[str, Markup] = {}
    if content.equity:
        last, deepest = content.equity[-1], min(content.equity, key=lambda point: point.drawdown_ratio)
        ends = f"From 1 to {say(last.capital, 'times')} of the capital on {say_day(last.at_ms)}."
        depth = f"At its deepest {say(deepest.drawdown_ratio, 'return')}, on {say_day(deepest.at_ms)}."
        made["equity"] = charts.chart_capital(content.equity, Words("equity-chart", "Capital of the rule", ends))
        made["drawdown"] = charts.chart_drawdown(content.equity, Words("drawdown-chart", "Drawdown of the rule", depth))
    if content.weeks:
        weeks = f"{len(content.weeks)} weeks; the numbers are in the table below."
        made["funnel"] = charts.chart_funnel(content.weeks, Words("funnel-chart", "Contracts in the funnel", weeks))
        made["levels"] = charts.chart_levels(content.weeks, Words("levels-chart", "Hours by level of the gate", weeks))
    return made


def known(figures: Sequence[Figure]) -> bool:
    """Tell whether any of the figures has a value: a chart of none is none."""
    return any(figure.value is not None for figure in figures)


def _describe(figures: Sequence[Figure], names: Sequence[str]) -> str:
    """Return for those who do not see the chart which figures are lowest and highest, and how many are missing."""
    pairs = zip(figures, names, strict=True)
    there = sorted((figure.value, name) for figure, name in pairs if figure.value is not None)
    (low, lowest), (high, highest), unit = there[0], there[-1], figures[0].unit
    missing = len(figures) - len(there)
    text = f"Lowest {lowest}: {say(low, unit)}. Highest {highest}: {say(high, unit)}."
    return text + (f" Not known: {missing}." if missing else "")


def _say_whiskers(figures: Sequence[Figure]) -> str:
    """Return what a chart's caption says of intervals: nothing where it has none."""
    with_one = [bool(say_interval(figure)) for figure in figures if figure.value is not None]
    if not any(with_one):
        return ""
    return f"; whiskers are 95{PERCENT} intervals" + ("" if all(with_one) else ", and a bar without has none")


def _words_of_pick(name: str, pick: Pick) -> Words:
    lowest, highest = say(pick.worst_ratio, "return"), say(pick.best_ratio, "return")
    text = f"{len(pick.bars)} hourly closes against the entry price; lowest {lowest}, highest {highest}."
    return Words(f"{name}-chart", f"{pick.coin} after {say_hour(pick.hour_ms)}", text)


def _columns(groups: Sequence[Group]) -> Mapping[str, str]:
    """Return the titles of the groups' figures by name, in order."""
    return {figure.name: figure.title for group in groups for figure in group.figures}
