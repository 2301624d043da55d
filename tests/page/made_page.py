"""A page's content that is made up, and what a browser's parser would see of the page."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

from quantscout.frames import DAY_MS, HOUR_MS
from quantscout.page.content import (
    FUNNEL,
    LEVELS,
    Bar,
    Basis,
    Figure,
    Group,
    Lack,
    PageContent,
    Pick,
    Point,
    Unit,
    Verdict,
    Week,
)
from quantscout.page.titles import NOTES, title_of

START_MS = 1_760_313_600_000  # Monday 2025-10-13 00:00 UTC
HOSTILE = "<script>alert('x')</script>&\"币安人生"
VOID = {"meta", "br", "link", "img", "hr", "input"}


def make_figure(name: str, unit: Unit, value: float | None, width: float | None = None, note: str = "picks") -> Figure:
    """Return a figure with an interval of this half width, if it has one."""
    low, high = (None, None) if value is None or width is None else (value - width, value + width)
    n = 0 if value is None else 17_400
    return Figure(name=name, title=title_of(name), unit=unit, value=value, low=low, high=high, n=n, note=note)


def make_basis(hours: int = 4_000, picks: int = 17_500) -> Basis:
    """Return what a whole replay is measured on."""
    return Basis(
        source="Recorded bars of 539 perpetuals",
        first_hour_ms=START_MS,
        last_hour_ms=START_MS + hours * HOUR_MS,
        method_version="1.1.0",
        config_hash="abcdef012345",
        hours_by_status={"low_confidence": hours - 400, "no_signal": 300, "no_data": 100},
        picks=picks,
        complete_picks=picks - 100,
        lost={"incomplete": 90, "no_entry": 10},
        settings={"min_coverage": "0.3"},
        taker_fee_ratio=0.0005,
        slippage_ratio=0.001,
        survivorship="The archive holds what was listed when it was captured.",
        exclusions={"duplicate bar": 3},
        lacking=(Lack("funding", 2_600, hours, START_MS, START_MS + 2_600 * HOUR_MS),),
    )


def make_pick(number: int, coin: str, step: float) -> Pick:
    """Return a pick whose price moves by `step` an hour."""
    entry, hour_ms = 0.0123 * (number + 1), START_MS + 40 * number * HOUR_MS
    closes = [entry * (1 + step) ** hour for hour in range(25)]
    bars = tuple(
        Bar(hour_ms + hour * HOUR_MS, before, 1.01 * max(before, after), 0.99 * min(before, after), after)
        for hour, (before, after) in enumerate(pairwise(closes))
    )
    return Pick(
        hour_ms=hour_ms, venue="binance", contract=f"COIN{number}USDT", coin=coin, rank=1 + number % 5, score=61.2,
        entry_price=entry, net_return_ratio=closes[-1] / entry - 1.003, best_ratio=max(closes) / entry * 1.01 - 1,
        worst_ratio=min(closes) / entry * 0.99 - 1, barrier=(1, -1, 0)[number % 3], barrier_h=7, bars=bars,
    )  # fmt: skip


def make_weeks(count: int) -> tuple[Week, ...]:
    """Return weeks; in the third nobody passed."""
    counts = dict(zip(FUNNEL, (539.0, 510.0, 490.0, 90.0, 9.0), strict=True))
    levels = dict(zip(LEVELS, (20, 40, 60, 38, 10), strict=True))
    return tuple(
        Week(START_MS + 7 * week * DAY_MS, 168, counts | ({"passed": 0.0} if week == 2 else {}), levels)
        for week in range(count)
    )


def make_month(name: str) -> Group:
    """Return the figures of a month."""
    hits = make_figure("precision_at_5", "share", 0.2, 0.03)
    return Group(name, (hits, make_figure("mean_net_return_24h", "return", -0.01, 0.02)))


def make_content(coin: str = "PEPE", days: int = 180) -> PageContent:
    """Return a page of half a year with everything on it; `coin` is the name of each pick."""
    lifts = [Figure(name="lift_points", title="Difference", unit="points", value=2.0 + place, low=place, high=5 + place)
             for place in range(4)]  # fmt: skip
    unknown = Figure(name="lift_points", title="Difference", unit="points", note="no values that differ")
    return PageContent(
        kind="replay",
        basis=make_basis(),
        verdict=Verdict("cannot_be_told", "It cannot be told.", ("Picks reach +10 % -0.5 points more often.",)),
        kpis=(
            make_figure("precision_at_5", "share", 0.183, 0.014),
            make_figure("base_rate", "share", 0.121, 0.01, "rows"),
            make_figure("lift_over_matched", "times", 1.09, 0.06),
            make_figure("mean_net_return_24h", "return", -0.0042, 0.003),
            make_figure("sharpe_ratio", "per_year", None, note="too few days"),
        ),
        deciles=tuple(make_figure(f"decile_{place}", "share", 0.1 + place / 100, 0.01) for place in range(1, 11)),
        months=tuple(make_month(month) for month in ("2025-10", "2025-11", "2025-12", "2026-01")),
        factors=tuple(Group(name, (figure,)) for name, figure in zip("abcde", [*lifts, unknown], strict=True)),
        equity=tuple(Point(START_MS + day * DAY_MS, 1 - day / 1000, -day / 1000) for day in range(days)),
        weeks=make_weeks(days // 7),
        best=tuple(make_pick(number, coin, 0.02) for number in range(10)),
        worst=tuple(make_pick(number, coin, -0.02) for number in range(10, 20)),
        notes=NOTES,
    )  # fmt: skip


@dataclass
class Element:
    """A start tag as a parser sees it, with the tags around it and the text in it."""

    tag: str
    attributes: dict[str, str | None]
    around: tuple["Element", ...]
    text: str = ""

    def get(self, name: str) -> str:
        """Return an attribute, empty where there is none."""
        return self.attributes.get(name) or ""


@dataclass
class Seen(HTMLParser):
    """All elements of a page in order; a tag that is closed twice or never is refused."""

    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), tuple(self.open))
        assert len(attrs) == len(element.attributes), f"an attribute of {tag} stands twice"
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs), tuple(self.open)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop().tag == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def all(self, *tags: str) -> list[Element]:
        """Return the elements with one of these tags."""
        return [element for element in self.elements if element.tag in tags]


def read_page(page: bytes) -> Seen:
    """Return what a parser sees of a page."""
    seen = Seen()
    seen.feed(page.decode())
    assert not seen.open, f"never closed: {[element.tag for element in seen.open]}"
    return seen
