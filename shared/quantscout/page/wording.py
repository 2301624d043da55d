"""Numbers and times in words, the same everywhere on the page. What is not known is said, never written as 0."""

import re
from calendar import month_abbr
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from quantscout.page.content import Figure, Unit

UNKNOWN = "not known"
MINUS, SPACE, TIMES = "\u2212", "\u00a0", "\u00d7"
HYPHEN = re.compile(r"(?<![\w-])-(?=\d)")
STAMP = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::00)?Z")
BREAK = re.compile(r"(?<=\d) (?=%|h\b|\u00d7)")
MONTHS_NAMED = 12
PERCENT = f"{SPACE}%"
_WORDS: dict[Unit, str] = {
    "share": PERCENT,
    "return": PERCENT,
    "points": f"{SPACE}points",
    "times": TIMES,
    "per_day": f"{SPACE}a day",
    "per_year": f"{SPACE}a year",
    "rank": "",
    "count": "",
}


def _plain(value: float, digits: int, *, signed: bool) -> str:
    text = f"{value:+,.{digits}f}" if signed else f"{value:,.{digits}f}"
    if not float(text.replace(",", "")):
        text = text.lstrip("+-")  # what rounds to zero has no sign
    return text.replace("-", MINUS)


def say_bare(value: float, unit: Unit) -> str:
    """Return the number as it is shown, without the word for its unit."""
    match unit:
        case "share":
            return _plain(100 * value, 1, signed=False)
        case "return":
            return _plain(100 * value, 2, signed=True)
        case "points":
            return _plain(value, 1, signed=True)
        case "times" | "per_day" | "per_year":
            return _plain(value, 2, signed=False)
        case "count":
            return _plain(value, 0, signed=False)
        case "rank":
            return _plain(value, 3, signed=True)


def say(value: float | None, unit: Unit) -> str:
    """Return the number with its unit, or that it is not known."""
    return UNKNOWN if value is None else say_bare(value, unit) + _WORDS[unit]


def say_tick(value: float, unit: Unit) -> str:
    """Return the number for an axis: as it is shown, without decimals that are all 0; points without their word."""
    word = "" if unit == "points" else _WORDS[unit]
    whole, dot, decimals = say_bare(value, unit).partition(".")
    decimals = decimals.rstrip("0")
    return whole + (dot + decimals if decimals else "") + word


def say_fine(text: str) -> str:
    """Return a sentence with units beside their numbers, minus signs for hyphens, and hours as a person reads them."""
    told = STAMP.sub(rf"\1 \2{SPACE}UTC", text)
    return BREAK.sub(SPACE, HYPHEN.sub(MINUS, told))


def say_interval(figure: Figure) -> str:
    """Return the 95 % interval, empty where there is none."""
    if figure.low is None or figure.high is None:
        return ""
    return f"{say_bare(figure.low, figure.unit)} to {say(figure.high, figure.unit)}"


def say_price(value: float) -> str:
    """Return a price with six significant digits, never as a power of ten."""
    return f"{Decimal(f'{value:.6g}'):,f}"


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def say_hour(at_ms: int | None) -> str:
    """Return e.g. 2026-03-01 12:00 UTC."""
    return UNKNOWN if at_ms is None else f"{_moment(at_ms):%Y-%m-%d %H:%M} UTC"


def say_day(at_ms: int | None) -> str:
    """Return e.g. 2026-03-01."""
    return UNKNOWN if at_ms is None else f"{_moment(at_ms):%Y-%m-%d}"


def say_span(first_ms: int | None, last_ms: int | None) -> str:
    """Return from which day to which, one day alone where they are the same, nothing where none is known."""
    if first_ms is None or last_ms is None:
        return ""
    days = say_day(first_ms), say_day(last_ms)
    return days[0] if days[0] == days[1] else f"{days[0]} to {days[1]}"


def say_month(at_ms: int) -> str:
    """Return e.g. Mar, for an axis."""
    return f"{_moment(at_ms):%b}"


def say_months(months: Sequence[str]) -> list[str]:
    """Return short names for an axis of months such as 2026-03: Mar, and of many every third."""
    every = 1 if len(months) <= MONTHS_NAMED else 3
    names = [month_abbr[int(month[5:])] for month in months]
    return [name if place % every == 0 else "" for place, name in enumerate(names)]


def say_setting(value: object) -> str:
    """Return a setting's value: a list's parts one after the other."""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def say_stamp(at_ms: int) -> str:
    """Return the hour as a machine reads it, for <time>."""
    return f"{_moment(at_ms):%Y-%m-%dT%H:%MZ}"


def say_barrier(barrier: int, after_h: int) -> str:
    """Return which side of the triple barrier ended the pick, and in which hour."""
    ends = {1: f"+10{PERCENT} first, in hour {after_h}", -1: f"{MINUS}5{PERCENT} first, in hour {after_h}"}
    return ends.get(barrier, f"neither +10{PERCENT} nor {MINUS}5{PERCENT} in 24 hours")
