"""Figures as a person reads them on a phone: short, with their unit, "?" where unknown. Pure."""

from datetime import timedelta

UNKNOWN = "?"
MILLION, THOUSAND = 1e6, 1e3
SCALES = ((1e9, "B"), (MILLION, "M"), (THOUSAND, "k"))
PRICE_DIGITS = 5


def money(usd: float | None) -> str:
    """Return an amount in three figures.

    >>> money(12_345_678.0), money(999_999.0), money(12.0), money(None)
    ('12.3 M', '1.00 M', '12.0', '?')
    """
    if usd is None:
        return UNKNOWN
    for scale, unit in SCALES:
        if round(usd / scale, 3) >= 1:
            return f"{_three(usd / scale)} {unit}"
    return _three(usd)


def _three(value: float) -> str:
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"  # noqa: PLR2004


def price(usdt: float) -> str:
    """Return a price in five significant digits, never with an exponent.

    >>> price(0.0000123456), price(1.5), price(64123.456)
    ('0.000012346', '1.5', '64123')
    """
    text = f"{usdt:.{PRICE_DIGITS}g}"
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        digits = len(mantissa.partition(".")[2])
        text = f"{usdt:.{max(0, digits - int(exponent))}f}"
    return text


def percent(value: float | None, digits: int = 1) -> str:
    """Return a change in percent with its sign.

    >>> percent(3.14), percent(-0.01, 3), percent(None)
    ('+3.1 %', '-0.010 %', '?')
    """
    return UNKNOWN if value is None else f"{value:+.{digits}f} %"


def age(seconds: int) -> str:
    """Return an age in its largest sensible unit.

    >>> age(0), age(119), age(1800), age(18000)
    ('0 s', '119 s', '30 min', '5.0 h')
    """
    if seconds < timedelta(minutes=2).total_seconds():
        return f"{seconds} s"
    if seconds < timedelta(hours=2).total_seconds():
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
